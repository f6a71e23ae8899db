"""The spans that compete for an answer, and which of them are worth showing beside the best."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from retrieval.answer import Alternative, Span
from retrieval.answering.calibration import sigmoid
from retrieval.answering.evidence import Evidence
from retrieval.answering.same_quotes import same_kind, say_the_same
from retrieval.language.compounds import noun_in_vocabulary
from retrieval.language.terms import keyword_term, keyword_terms, keyword_words
from retrieval.search.word_forms import WordForms
from retrieval.types import Hit

#: An alternative is at least this share as likely to be right as the answer, and no more than this many are shown.
CLOSE = 0.5
ALTERNATIVES = 2

_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A span in a found passage, with what speaks for it and its log odds of being right."""

    span: Span
    hit: Hit
    evidence: Evidence
    logit: float

    def place(self) -> tuple[int, int]:
        """Where the span stands in its document. It is a literal part of it, or it is a bug that must show."""
        document, start = self.hit.document, self.hit.passage.start + self.span.start
        end = self.hit.passage.start + self.span.end
        if document.text[start:end] != self.span.text:
            raise RuntimeError(f"quote {self.span.text!r} is not at {start}:{end} of document {document.id}")
        return start, end


def alternatives(
    question: str, best: Candidate, candidates: Sequence[Candidate], threshold: float
) -> tuple[Alternative, ...]:
    """Of ``candidates``, the surest first, those that say something else than ``best`` and are close to it.

    ``threshold`` is the confidence from which on an answer is shown.
    """
    least = max(threshold, CLOSE * sigmoid(best.logit))
    shown = [best]
    for candidate in candidates:
        if sigmoid(candidate.logit) < least or len(shown) > ALTERNATIVES:
            break
        if all(differ(candidate, other) for other in shown):
            shown.append(candidate)
    return tuple(_alternative(question, other, best) for other in shown[1:])


def _alternative(question: str, other: Candidate, best: Candidate) -> Alternative:
    start, end = other.place()
    document, passage = other.hit.document, other.hit.passage
    contradicts = (
        document.id != best.hit.document.id
        and same_kind(other.span.text, best.span.text)
        and _is_about_the_same(question, other.hit, best.hit)
    )
    return Alternative(other.span.text, start, end, document, passage, sigmoid(other.logit), contradicts)


def _is_about_the_same(question: str, one: Hit, other: Hit) -> bool:
    """Whether two passages, with the titles of their articles, are about the same thing, which the question is about.

    Both hold the same nouns and names of the question. Names in a title tell apart what the question does not name: two
    towns have two mayors.
    """
    terms, other_terms = (set(keyword_terms(f"{hit.document.title} {hit.passage.text}")) for hit in (one, other))
    wanted = {keyword_term(word): noun_in_vocabulary(word) is not False for word in keyword_words(question)}
    shared, other_shared = wanted.keys() & terms, wanted.keys() & other_terms
    if not shared & other_shared or any(wanted[term] for term in shared ^ other_shared):
        return False
    titles = [_names(hit.document.title, hit.document.text) for hit in (one, other)]
    return all(not names or names & said for names, said in zip(titles, (other_terms, terms), strict=True))


def _names(words: str, text: str) -> set[str]:
    """The keyword terms of those ``words`` that ``text`` uses as names: of people and places, mostly."""
    terms = ((word.lower(), keyword_term(word.lower())) for word in _WORD.findall(words))
    return {term for low, term in terms if term and WordForms.of(term, [text]).is_name(low)}


def differ(one: Candidate, other: Candidate) -> bool:
    """Whether two spans share no place, and neither says what the other does."""
    (start, end), (other_start, other_end) = one.place(), other.place()
    if one.hit.document.id == other.hit.document.id and start < other_end and other_start < end:
        return False
    return not say_the_same(one.span.text, other.span.text)
