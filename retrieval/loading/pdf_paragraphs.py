"""The lines of a PDF put together to paragraphs again, over the ends of columns and pages."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from typing import Final

from retrieval.loading.normalise import line_start
from retrieval.loading.parsed import Block
from retrieval.loading.pdf_layout import Line
from retrieval.loading.pdf_rows import LABEL

_SENTENCE_ENDS: Final = '.!?:…“”"«»'
# In font sizes: how much farther in a first line begins, and how much room a word needs more than it has.
_INDENT: Final = 0.7
_ROOM: Final = 0.25
_SPACE: Final = 0.25
# Lines farther apart than so many times the usual distance do not belong together; what "usual" is where none is known.
_LOOSE: Final = 1.25
_USUAL: Final = 1.35
_KNOWN: Final = 4
_SAME_SIZE: Final = 0.12
_LARGE: Final = 1.15
_SMALL: Final = 0.93
_MAX_HEADING_CHARS: Final = 150
_NOTE_SIGNS: Final = "0123456789¹²³⁴⁵⁶⁷⁸⁹*†"


@dataclass(frozen=True, slots=True)
class PageLines:
    """The lines of a page in the order that they are read in; ``number`` from 1."""

    number: int
    lines: Sequence[Line]


@dataclass
class _Paragraph:
    """What has been read of a paragraph: its blocks, one a page, its lines of this page."""

    blocks: list[Block]
    last: Line
    page: int
    count: int = 1
    label: float = 0.0  # the width of the label and the room after it, 0 for none


def to_blocks(pages: Sequence[PageLines]) -> Iterator[Block]:
    """Blocks that end where a paragraph or a page does; a paragraph that runs on to the next page is joined to it.

    Footnotes come after the paragraph that goes on over them.
    """
    size = text_size(pages)
    steps = _usual_steps(pages)
    current: _Paragraph | None = None
    waiting: list[Block] = []
    for page in pages:
        body, notes = _parted(page.lines, size)
        for line in body:
            if current and _goes_on(current, line, page.number, steps):
                _add(current, line, page.number)
                continue
            if current:
                yield from _finished(current, size)
                if current.page == page.number or line is not body[0]:
                    yield from waiting
                    waiting = []
            elif waiting:
                yield from waiting
                waiting = []
            current = _begun(line, page.number)
        if notes:
            waiting += _notes(notes, page.number, steps)
    if current:
        yield from _finished(current, size)
    yield from waiting


def text_size(pages: Sequence[PageLines]) -> float:
    """The font size of most of the text, 0 if there is none."""
    sizes: Counter[float] = Counter()
    for page in pages:
        for line in page.lines:
            sizes[round(line.size, 1)] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _usual_steps(pages: Sequence[PageLines]) -> dict[int, float]:
    """By font size (rounded), how far apart lines of running text are."""
    steps: dict[int, list[float]] = defaultdict(list)
    for page in pages:
        for line, following in pairwise(page.lines):
            step = line.y - following.y
            if _alike(line, following) and 0 < step < 2.5 * line.size and line.flow == following.flow:
                steps[round(line.size)].append(step)
    return {size: median(values) for size, values in steps.items() if len(values) >= _KNOWN}


def _parted(lines: Sequence[Line], size: float) -> tuple[list[Line], list[Line]]:
    """The lines of a page without its footnotes, and these: smaller, at the foot, the first with a number or a star."""
    if not lines:
        return [], []
    lowest = min(line.y for line in lines if not line.is_row) if any(not line.is_row for line in lines) else 0.0
    start = len(lines)
    while start and lines[start - 1].size < _SMALL * size and not lines[start - 1].is_row:
        start -= 1
    notes = list(lines[start:])
    is_note = notes and start and min(line.y for line in notes) <= lowest and notes[0].text[0] in _NOTE_SIGNS
    return (list(lines[:start]), notes) if is_note else (list(lines), [])


def _notes(lines: Sequence[Line], number: int, steps: dict[int, float]) -> Iterator[Block]:
    current: _Paragraph | None = None
    for line in lines:
        is_first = line.text[0] in _NOTE_SIGNS
        if current and not is_first and _goes_on(current, line, number, steps):
            _add(current, line, number)
            continue
        if current:
            yield from current.blocks
        current = _begun(line, number)
    if current:
        yield from current.blocks


def _begun(line: Line, number: int) -> _Paragraph:
    paragraph = _Paragraph([Block(line.text, page=number)], line, number)
    word = line.text.split(maxsplit=1)[0]
    if LABEL.fullmatch(word) and not line.is_row:
        paragraph.label = line.label or line.size
    return paragraph


def _add(paragraph: _Paragraph, line: Line, number: int) -> None:
    block = paragraph.blocks[-1]
    before = line_start(block.text, line.text)
    if number == block.page:
        paragraph.blocks[-1] = replace(block, text=before + line.text)
    else:
        paragraph.blocks[-1] = replace(block, text=before.rstrip())
        paragraph.blocks.append(Block(line.text, page=number, joint=" " if before[-1] == " " else ""))
    paragraph.last, paragraph.page = line, number
    paragraph.count += 1


def _finished(paragraph: _Paragraph, size: float) -> Iterator[Block]:
    first = paragraph.blocks[0]
    is_heading = (
        len(paragraph.blocks) == 1
        and paragraph.last.size > _LARGE * size
        and len(first.text) <= _MAX_HEADING_CHARS
        and not paragraph.last.is_row
        and any(character.isalpha() for character in first.text)
    )
    yield replace(first, heading=is_heading)
    yield from paragraph.blocks[1:]


def _goes_on(paragraph: _Paragraph, line: Line, number: int, steps: dict[int, float]) -> bool:
    """Whether a paragraph goes on with ``line``."""
    last = paragraph.last
    if last.is_row or line.is_row or not _alike(last, line):
        return False
    divided = last.text[-1] in "-\u00ad\u2010\u2011" and line_start(last.text, line.text)[-1] != " "
    lower = line.text[0].islower() and last.text[-1] not in ".!?"
    if LABEL.fullmatch(line.text.split(maxsplit=1)[0]) and _is_labelled(paragraph, line):
        return False
    elsewhere = number != paragraph.page or line.flow != last.flow or line.y > last.y
    if elsewhere:
        return lower or divided or (_is_full(last, line) and last.text[-1] not in _SENTENCE_ENDS)
    usual = steps.get(round(line.size), _USUAL * line.size)
    step = last.y - line.y
    if step > _LOOSE * max(usual, line.size) and not (step < 2 * usual and (lower or divided)):
        return False
    if lower or divided:
        return True
    return not _is_first(paragraph, line) and _is_full(last, line)


def _alike(line: Line, other: Line) -> bool:
    return abs(line.size - other.size) <= _SAME_SIZE * max(line.size, other.size)


def _is_labelled(paragraph: _Paragraph, line: Line) -> bool:
    """Whether a line that begins as a bullet or a number does begins a paragraph; „17. Mai“ may stand anywhere."""
    last = paragraph.last
    if line.text[0] in "•▪▫◦‣●○■□◆➢➤✓–—*·-§(" or line.label > _INDENT * line.size:
        return True
    if last.text[-1] in ".!?:;" or not _is_full(last, line):
        return True
    return abs(line.left - last.left) > _INDENT * line.size


def _is_full(line: Line, following: Line) -> bool:
    """Whether the first word of the following line had no room in ``line``."""
    word = following.text.split(maxsplit=1)[0]
    width = (following.right - following.left) * len(word) / max(len(following.text), 1)
    return line.right + width + _SPACE * line.size > line.edge - _ROOM * line.size


def _is_first(paragraph: _Paragraph, line: Line) -> bool:
    """Whether a line begins where first lines of paragraphs do: farther in, or out again after a list's item."""
    last = paragraph.last
    step = line.left - last.left
    if abs(step) <= _INDENT * line.size:
        return False
    if paragraph.count == 1:
        # After a label the text may stand farther in; after a first line that does, it goes out.
        return step > 0 and not paragraph.label
    return True
