"""The text of an article: normalised once, put together from blocks, with its pages and headings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Final
from urllib.parse import quote

from retrieval.dates import iso_date
from retrieval.language.word_lists import read_words
from retrieval.loading.limits import MAX_LINE_CHARS
from retrieval.loading.parsed import Block
from retrieval.types import Document, Landmark

_LINE_ENDS: Final = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
# Invisible characters would tear words and quotes; joiners (U+200C, U+200D) stay, emojis and scripts need them. Lone
# surrogates, which JSON can spell out, are no characters at all.
# Those that turn the writing direction round (U+061C, U+202A–E, U+2066–9) make a text look like another one.
_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]"
)
_NO_ADDRESS: Final = re.compile(r"\s|" + _INVISIBLE.pattern)
# More marks on one letter than these are none.
_MARKS: Final = 30
# How many neighbouring lines have to show it before a text counts as hard-wrapped, and how wide such texts are at most.
_WRAPPED_SHARE: Final = 0.2
_WRAPPED_WIDTH: Final = 120


def clean(text: str) -> str:
    """NFC, ``\\n`` line ends, nothing invisible."""
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", _LINE_ENDS.sub("\n", text)))


def tidy(text: str) -> str:
    """Without blanks around lines and without empty lines at both ends; at most one empty line in a row."""
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.strip() for line in text.split("\n"))).strip("\n")


def one_line(text: str) -> str:
    """A title or a name: clean, without line ends, and not longer than one is."""
    return " ".join(clean(text).split())[:MAX_LINE_CHARS].rstrip()


def clean_document(document: Document) -> Document:
    """The article with every string clean, wherever it comes from: the text, all that is said about it, its headings.

    ``path`` stays as it is, since the file is found by it again. An article that is clean stays the same.
    """
    text, landmarks = _clean_text(document.text, document.landmarks)
    return replace(
        document,
        text=text,
        title=one_line(document.title),
        source=one_line(document.source),
        url=_NO_ADDRESS.sub(lambda found: quote(found[0], errors="replace"), document.url),
        published=iso_date(document.published),
        language=one_line(document.language),
        author=one_line(document.author),
        landmarks=landmarks,
    )


def _clean_text(text: str, landmarks: tuple[Landmark, ...]) -> tuple[str, tuple[Landmark, ...]]:
    """The text clean, and the landmarks where they are in it."""
    if clean(text) == text:
        return text, tuple(replace(landmark, heading=one_line(landmark.heading)) for landmark in landmarks)
    bounds = [0, *(landmark.start for landmark in landmarks), len(text)]
    first, *others = [clean(text[start:end]) for start, end in pairwise(bounds)]
    parts, length, end, moved = [first], len(first), first[-_MARKS:], []
    for landmark, piece in zip(landmarks, others, strict=True):
        joint = _joint(end, "", piece)
        moved.append(replace(landmark, start=length + len(joint), heading=one_line(landmark.heading)))
        parts += (joint, piece)
        length += len(joint) + len(piece)
        end = (end + joint + piece[-_MARKS:])[-_MARKS:]
    return "".join(parts), tuple(moved)


def _joint(before: str, joint: str, after: str) -> str:
    """What goes between two clean pieces: a line end where the second begins with a mark that the first would take."""
    together = before[-_MARKS:] + joint + after[:_MARKS]
    return joint if unicodedata.is_normalized("NFC", together) else "\n"


def compose(blocks: Iterable[Block]) -> tuple[str, tuple[Landmark, ...]]:
    """The normalised text of an article, and a landmark at each block with another page or heading.

    Each block is normalised by itself, so that the landmarks' offsets are those of the text as it stays.
    """
    parts: list[str] = []
    landmarks: list[Landmark] = []
    here = Landmark(0)
    length = 0
    for block in blocks:
        piece = tidy(clean(block.text))
        if not piece:
            continue
        joint = _joint(parts[-1], block.joint, piece) if parts else ""
        start = length + len(joint)
        heading = one_line(piece) if block.heading else here.heading
        if (block.page, heading) != (here.page, here.heading):
            here = Landmark(start, block.page, heading)
            landmarks.append(here)
        parts += (joint, piece)
        length = start + len(piece)
    return "".join(parts), tuple(landmarks)


def is_divided(line: str, following: str) -> bool:
    """Whether a word that is divided at the end of ``line`` goes on in ``following``; neither is empty."""
    ends_within_word = line[-1] == "-" and line[-2:-1].isalpha() and following[0].islower()
    return ends_within_word and following.split(maxsplit=1)[0] not in _followers()


@cache
def _followers() -> frozenset[str]:
    return read_words("suspended_hyphen_followers_de.txt")


def unwrap(text: str) -> str:
    """``text`` with its paragraphs on one line each if its lines are broken at a fixed width, else as it is.

    Two lines belong together if the second one's first word had no room in the first. Words divided at the line end
    are put together again.
    """
    lines = text.split("\n")
    width = max(map(len, lines))
    if width > _WRAPPED_WIDTH:
        return text
    pairs = [(line, following) for line, following in pairwise(lines) if line and following]
    broken = sum(following[0].islower() and line[-1] not in ".!?:" for line, following in pairs)
    if broken < 2 or broken < _WRAPPED_SHARE * len(pairs):
        return text
    joined = lines[:1]
    room = width - len(lines[0])
    for line in lines[1:]:
        before = joined[-1]
        if before and line and len(line.split(maxsplit=1)[0]) + 1 > room and not line.startswith(("- ", "* ", "• ")):
            joined[-1] = before[:-1] + line if is_divided(before, line) else f"{before} {line}"
        else:
            joined.append(line)
        room = width - len(line)
    return "\n".join(joined)
