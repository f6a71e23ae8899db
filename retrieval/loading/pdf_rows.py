"""The rows of a PDF page: words that stand side by side, parted where there is room between them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from statistics import median
from typing import Final

from retrieval.loading.pdf_words import SUPERSCRIPTS, Word

# In font sizes: how far apart the baselines of one row are, and from which gap on there may be a column's edge.
_SAME_ROW: Final = 0.3
_RAISED: Final = 0.6
GAP: Final = 0.7
_SMALL: Final = 0.8
_OVER: Final = 0.15
_LABEL_GAP: Final = 6.0
_STRETCHED: Final = 2.0
_SAME_GAP: Final = 0.3  # points
#: A bullet, or a number that begins a paragraph: "•", "3.", "2.1", "(4)", "b)", "§ 7", "aa)".
LABEL: Final = re.compile(
    r"[•▪▫◦‣●○■□◆➢➤✓–—*·-]|\(?(?:\d{1,3}[a-z]?|[a-z]|([a-z])\1|[IVX]{1,5})[.)]|\d{1,2}(?:\.\d{1,2})+\.?|§§?|\(\d{1,3}[a-z]?\)"
)
_FAR: Final = 1000.0
_LETTERS: Final = 4  # that are set apart before it is a word


@dataclass(frozen=True)
class Segment:
    """Words of a row, with no wide gap between them."""

    words: tuple[Word, ...]

    @property
    def left(self) -> float:
        return self.words[0].left

    @property
    def right(self) -> float:
        return self.words[-1].right

    @property
    def position(self) -> int:
        """Its place in the order of the file."""
        return self.words[0].position

    @cached_property
    def text(self) -> str:
        return _join(self.words)


@dataclass(frozen=True)
class Row:
    """Segments side by side, from left to right, on the baseline ``y`` (points, upwards)."""

    segments: tuple[Segment, ...]
    y: float
    size: float
    is_turned: bool = False

    @property
    def left(self) -> float:
        return self.segments[0].left

    @property
    def right(self) -> float:
        return self.segments[-1].right

    @cached_property
    def text(self) -> str:
        return " ".join(segment.text for segment in self.segments)


def to_rows(words: Iterable[Word]) -> list[Row]:
    """The rows of a page, from top to bottom. Words that are turned make rows of their own, last."""
    words = _with_marks(words)
    straight = sorted((word for word in words if not word.turned), key=lambda word: (-word.y, word.left))
    groups: list[list[Word]] = []
    for word in straight:
        if groups and groups[-1][0].y - word.y <= _SAME_ROW * max(groups[-1][0].size, word.size):
            groups[-1].append(word)
        else:
            groups.append([word])
    rows = [_row(group) for group in _with_raised(groups)]
    if turned := [word for word in words if word.turned]:
        lowest = min((row.y for row in rows), default=0.0)
        rows.append(Row((Segment(tuple(turned)),), lowest - _FAR, turned[0].size, is_turned=True))
    return rows


def _with_marks(words: Iterable[Word]) -> list[Word]:
    """The words with the small numbers right behind them, which are marks of footnotes or powers."""
    kept: list[Word] = []
    for word in words:
        if kept and word.text.isdigit() and word.size < _SMALL * kept[-1].size and not kept[-1].turned:
            before = kept[-1]
            over, apart = (word.y - before.y) / before.size, (word.left - before.right) / before.size
            if _OVER < over < _RAISED and -_OVER < apart < _SAME_ROW:
                mark = word.text.translate(SUPERSCRIPTS)
                kept[-1] = replace(before, text=before.text + mark, right=max(before.right, word.right))
                continue
        kept.append(word)
    return kept


def _with_raised(groups: Sequence[list[Word]]) -> list[list[Word]]:
    """The groups with such as hold nothing but small signs (of footnotes, of indices) added to their row."""
    kept: list[list[Word]] = []
    for number, group in enumerate(groups):
        size = max(word.size for word in group)
        for neighbour in (*kept[-1:], *groups[number + 1 : number + 2]):
            large = max(word.size for word in neighbour)
            is_near = abs(neighbour[0].y - group[0].y) <= _RAISED * large
            if is_near and size < _SMALL * large and sum(len(word.text) for word in group) <= 4 * len(group):
                neighbour.extend(_raised(word, neighbour[0].y) for word in group)
                break
        else:
            kept.append(group)
    return kept


def _raised(word: Word, y: float) -> Word:
    """A word as a part of the row on the baseline ``y``, numbers over it as small ones."""
    over = word.y - y > _OVER * word.size
    return replace(word, text=word.text.translate(SUPERSCRIPTS) if over else word.text, y=y)


def _row(words: Sequence[Word]) -> Row:
    words = sorted(words, key=lambda word: word.left)
    size = max(word.size for word in words)
    is_spaced = len(words) > _LETTERS and all(len(word.text) == 1 and word.text.isalpha() for word in words)
    segments: list[list[Word]] = [[words[0]]]
    for number in range(1, len(words)):
        before, word = words[number - 1], words[number]
        gap = word.left - before.right
        is_labelled = number == 1 and LABEL.fullmatch(before.text) and gap < _LABEL_GAP * size
        if gap > GAP * size and not is_labelled and not is_spaced and not _is_stretched(words, number, size):
            segments.append([word])
        else:
            segments[-1].append(word)
    base = max(words, key=lambda word: word.size)
    return Row(tuple(Segment(tuple(segment)) for segment in segments), base.y, size)


def _is_stretched(words: Sequence[Word], number: int, size: float) -> bool:
    """Whether the gap before a word is just as wide as the one beside it, as in a justified line with few words."""

    def gap(place: int) -> float:
        inside = 0 < place < len(words)
        return words[place].left - words[place - 1].right if inside else 0.0

    here = gap(number)
    if here > _STRETCHED * size or (words[number].text[-1].isdigit() and words[number - 1].text[-1].isdigit()):
        return False
    return any(abs(gap(place) - here) <= _SAME_GAP for place in (number - 1, number + 1))


def _join(words: Sequence[Word]) -> str:
    """The text of words side by side; letters that are set apart („S A T Z U N G“) come together."""
    parts: list[str] = []
    number = 0
    while number < len(words):
        end = number
        while end < len(words) and len(words[end].text) == 1 and words[end].text.isalnum():
            end += 1
        # A last sign may cling to its letter: "G:".
        if end < len(words) and len(words[end].text) == 2 and words[end].text[0].isalpha() and end > number:
            end += not words[end].text[1].isalnum()
        letters = sum(word.text[0].isalpha() for word in words[number:end])
        if letters >= _LETTERS and letters * 2 > end - number:
            parts += _unspaced(words[number:end])
            number = end
        else:
            stop = max(end, number + 1)
            parts += (word.text for word in words[number:stop])
            number = stop
    return " ".join(parts)


def _unspaced(letters: Sequence[Word]) -> list[str]:
    """The words that letters make which are set apart; between words there is more room than between letters."""
    gaps = [after.left - before.right for before, after in pairwise(letters)]
    usual = max(median(gaps), 0.1)
    words = [letters[0].text]
    for letter, gap in zip(letters[1:], gaps, strict=True):
        if gap > 1.7 * usual:
            words.append(letter.text)
        else:
            words[-1] += letter.text
    return words
