"""All answers to a question, from all articles: how a number changed, who said what and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from retrieval.answer import Certainty
from retrieval.answering.alternatives import Candidate, differ
from retrieval.answering.calibration import sigmoid
from retrieval.answering.same_quotes import same_kind
from retrieval.types import Document, Passage


@dataclass(frozen=True, slots=True)
class Mention:
    """A quote that answers, in one article: ``document.text[start:end] == text``, and it lies inside ``passage``.

    ``confidence`` (0..1) is the estimated probability that it is right; ``copies`` are the articles that say the same
    as ``document``.
    """

    text: str
    start: int
    end: int
    document: Document
    passage: Passage
    confidence: float
    copies: tuple[Document, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is answered, and where: ``mentions``, at least one, the oldest first, undated ones last.

    Their quotes say the same, in other words at most.
    """

    mentions: tuple[Mention, ...]

    @property
    def first(self) -> Mention:
        """The oldest mention: what is shown of the finding, with its date."""
        return self.mentions[0]

    @property
    def confidence(self) -> float:
        """That of the surest mention."""
        return max(mention.confidence for mention in self.mentions)

    @property
    def certainty(self) -> Certainty:
        """The confidence in words."""
        return Certainty.of(self.confidence)

    @property
    def others(self) -> tuple[Document, ...]:
        """The other articles that say it: of the further mentions, and the copies of each, the oldest first."""
        found = [article for mention in self.mentions for article in (mention.document, *mention.copies)]
        others = {article.id: article for article in found if article.id != self.first.document.id}
        return tuple(sorted(others.values(), key=_day))


@dataclass(frozen=True, slots=True)
class AllAnswers:
    """What the articles say to a question: distinct ``findings``, the surest first; empty if they do not say.

    ``understood`` is the complete question that was asked in the place of a follow-up.
    """

    question: str
    findings: tuple[Finding, ...] = ()
    elapsed_ms: float = 0.0
    understood: str = ""

    @property
    def text(self) -> str | None:
        """The surest quote."""
        return self.findings[0].first.text if self.findings else None

    @property
    def differ(self) -> bool:
        """Whether two articles name different things of one kind: two amounts of a unit, two times, or two names."""
        firsts = [finding.first for finding in self.findings]
        return any(
            one.document.id != other.document.id and same_kind(one.text, other.text)
            for one, other in combinations(firsts, 2)
        )

    def by_date(self) -> tuple[Finding, ...]:
        """The findings by the date of their first mention, undated ones last."""
        return tuple(sorted(self.findings, key=lambda finding: _day(finding.first.document)))

    def without_texts(self) -> AllAnswers:
        """The same without the texts of its articles, which may be long."""
        findings = (Finding(tuple(_without_text(mention) for mention in found.mentions)) for found in self.findings)
        return replace(self, findings=tuple(findings))


def merge(candidates: Sequence[Candidate]) -> tuple[Finding, ...]:
    """The distinct findings among candidates, the surest first; each article is in a finding once."""
    groups: list[list[Candidate]] = []
    for candidate in sorted(candidates, key=lambda candidate: -candidate.logit):
        group = next((group for group in groups if not differ(candidate, group[0])), None)
        if group is None:
            groups.append([candidate])
        elif candidate.hit.document.id not in {other.hit.document.id for other in group}:
            group.append(candidate)
    return tuple(_finding(group) for group in groups)


def _finding(group: Sequence[Candidate]) -> Finding:
    return Finding(tuple(sorted(map(_mention, group), key=lambda mention: _day(mention.document))))


def _mention(candidate: Candidate) -> Mention:
    start, end = candidate.place()
    hit = candidate.hit
    return Mention(candidate.span.text, start, end, hit.document, hit.passage, sigmoid(candidate.logit), hit.copies)


def _day(document: Document) -> tuple[bool, str]:
    return not document.published, document.published


def _without_text(mention: Mention) -> Mention:
    copies = tuple(copy.without_text() for copy in mention.copies)
    return replace(mention, document=mention.document.without_text(mention.start), copies=copies)
