"""What became of the articles of an ``index`` run."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class IndexOutcome(StrEnum):
    """What became of one article, or of a file that gave none."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    DUPLICATE = "duplicate"
    REMOVED = "removed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ArticleReport:
    """One article of an ``index`` run.

    ``reason``, a Notice, says why it failed, which article it repeats, or what is odd about it.
    """

    path: str
    outcome: IndexOutcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SkippedPart:
    """What an ``index`` run did not read of a file or below a folder (``path``): which part, and why, both Notices."""

    path: str
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Timings:
    """Where the time of an ``index`` run went, in milliseconds, and how many sentences were embedded."""

    sentences: int = 0
    parse_ms: float = 0.0
    split_ms: float = 0.0
    embed_ms: float = 0.0
    store_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class IndexReport:
    """All articles of an ``index`` run, in the order of their files, and the parts of files that were not read."""

    articles: tuple[ArticleReport, ...] = ()
    elapsed_ms: float = field(default=0.0, compare=False)
    timings: Timings = field(default=Timings(), compare=False)
    skipped: tuple[SkippedPart, ...] = ()

    def __add__(self, then: IndexReport) -> IndexReport:
        """Both runs, one after the other; the timings are those of the first."""
        articles, skipped = (*self.articles, *then.articles), (*self.skipped, *then.skipped)
        return IndexReport(articles, self.elapsed_ms + then.elapsed_ms, self.timings, skipped)

    def count(self, outcome: IndexOutcome) -> int:
        """The number of articles with this outcome."""
        return sum(report.outcome is outcome for report in self.articles)
