"""Lists as answers: where a question asks for several things, the whole list that the quote is an item of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from retrieval.answer import Item, Span
from retrieval.answering.alternatives import Candidate
from retrieval.answering.table_columns import column
from retrieval.language.enumerations import enumeration
from retrieval.language.lines import CELL_SEPARATOR
from retrieval.language.listed_lines import listed_lines
from retrieval.language.sentence_items import Place


@dataclass(frozen=True, slots=True)
class Listing:
    """A candidate whose quote goes on over a whole enumeration, and the items, by their places in the document.

    Items that are lines or cells of their own lie outside the quote, which stays in its paragraph.
    """

    candidate: Candidate
    items: tuple[Item, ...] = ()


def listing(question: str, candidate: Candidate, sentences: Sequence[Place]) -> Listing:
    """The list that the candidate's quote is of; without ``items`` where it is of none.

    ``sentences`` are places in the document, those that the passage consists of.
    """
    start, end = candidate.place()
    hit, text = candidate.hit, candidate.hit.document.text
    first, last = _bounds(text, start, end, sentences or [(hit.passage.start, hit.passage.end)])
    if places := enumeration(text, start, end, (first, last)):
        start, end = places[0][0], places[-1][1]
        offset = hit.passage.start
        if not offset <= start <= end <= hit.passage.end:
            return Listing(candidate)
        span = replace(candidate.span, text=text[start:end], start=start - offset, end=end - offset)
        return Listing(replace(candidate, span=span), _items(text, places))
    return Listing(candidate, _items(text, listed_lines(text, start, end) or column(question, text, start, end)))


def each_item(found: Listing) -> list[Candidate]:
    """A candidate for each item that lies in the passage; the candidate itself where there are none."""
    hit = found.candidate.hit
    offset, span = hit.passage.start, found.candidate.span
    items = [
        replace(
            found.candidate,
            span=Span(item.text, item.start - offset, item.end - offset, span.score, span.null_score),
        )
        for item in found.items
        if offset <= item.start and item.end <= hit.passage.end
    ]
    return items or [found.candidate]


def _bounds(text: str, start: int, end: int, sentences: Sequence[Place]) -> Place:
    """Where the sentence of a place stands; in a row of a table, the cell's value."""
    inside = [(first, last) for first, last in sentences if first < end and start < last] or [(start, end)]
    first, last = min(place[0] for place in inside), max(place[1] for place in inside)
    line = max(first, text.rfind("\n", 0, start) + 1)
    before = text.rfind(CELL_SEPARATOR, line, start)
    after = text.find(CELL_SEPARATOR, end, last)
    return (line if before < 0 else before + len(CELL_SEPARATOR)), (last if after < 0 else after)


def _items(text: str, places: Sequence[Place]) -> tuple[Item, ...]:
    return tuple(Item(text[start:end], start, end) for start, end in places)
