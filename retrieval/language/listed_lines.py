"""Lists whose items are lines of their own: with bullets or numbers, or without, below a line that ends with ":"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from retrieval.language.lines import CELL_SEPARATOR, line_end

Place = tuple[int, int]

_MARKER = re.compile(r"[ \t]*(?:[•▪▫◦‣●○■□◆➢➤✓–—*·-][ \t]+|\(?(?:\d{1,3}|[a-z])[.)][ \t]+)?")
#: A longer line is a paragraph; more lines are no answer.
_LONGEST_LINE, _MOST_LINES = 120, 60
#: A line of so many words that ends with a full stop is a sentence.
_SENTENCE_WORDS = 6


def listed_lines(text: str, start: int, end: int) -> tuple[Place, ...]:
    """The items of the list that the place in ``text`` begins an item of, its own among them; () if there is none."""
    line = text.rfind("\n", 0, start) + 1, line_end(text, end)
    own = _item(text, *line)
    if own is None or not own[0] <= start < end <= line[1] or "\n" in text[start:end]:
        return ()
    if text[own[0] : start].strip("„“\"»«‚'(") or CELL_SEPARATOR in text[line[0] : line[1]]:
        return ()
    is_marked = own[0] > line[0]
    above = list(_neighbours(text, line, is_marked, up=True))
    first = above[-1][0] if above else line[0]
    if not is_marked and not _introduces(text, first):
        return ()
    lines = [*reversed(above), line, *_neighbours(text, line, is_marked, up=False)]
    items = [found for place in lines[:_MOST_LINES] if (found := _item(text, *place)) is not None]
    return tuple(items) if len(items) > 1 and own in items and len(lines) <= _MOST_LINES else ()


def _neighbours(text: str, line: Place, is_marked: bool, *, up: bool) -> Iterator[Place]:
    """The lines next to ``line`` that belong to its list, the nearest first, and no more of them than needed."""
    for _ in range(_MOST_LINES):
        if up:
            if line[0] == 0:
                return
            line = text.rfind("\n", 0, line[0] - 1) + 1, line[0] - 1
        else:
            if line[1] >= len(text):
                return
            line = line[1] + 1, line_end(text, line[1] + 1)
        item = _item(text, *line)
        if item is None or (item[0] > line[0]) != is_marked or text[line[0] : line[1]].rstrip().endswith(":"):
            return
        yield line


def _item(text: str, first: int, last: int) -> Place | None:
    """Where the item of a line stands, without its bullet and the mark behind it; None for a line that is none."""
    if last - first > _LONGEST_LINE:
        return None
    marker = _MARKER.match(text, first, last)
    begin = marker.end() if marker else first
    words = text[begin:last].rstrip()
    is_sentence = words.endswith((".", "!", "?")) and len(words.split()) >= _SENTENCE_WORDS
    words = words.rstrip(" ,;.")
    return None if not words or is_sentence or CELL_SEPARATOR in words else (begin, begin + len(words))


def _introduces(text: str, first: int) -> bool:
    """Whether the line before the character ``first`` ends with a colon."""
    return text[max(0, first - 5) : first].rstrip("\n ")[-1:] == ":"
