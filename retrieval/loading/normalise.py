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
_SOFT_HYPHEN: Final = "\u00ad"
_HYPHEN: Final = "\u2010"
# What divides a word at the end of a line: hyphen-minus, soft hyphen, hyphen, and the one that is not to divide it.
_HYPHENS: Final = "-\u00ad\u2010\u2011"
_PUNCTUATION: Final = ".,;:!?)"
_LAST_LETTERS: Final = re.compile(r"[^\W\d_]+$")
_AT_LINE_END: Final = re.compile("\u00ad(?=[ \t]*(?:\r?\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]))")
# A soft hyphen divides a word where it is seen, at the end of a line; the rest of the word moves up.
_DIVIDED: Final = re.compile("(?<=[^\\W\\d_])\u00ad[ \t]*\n[ \t]*([^\\W\\d_]\\S*)[ \t]*\n?")
_DIVIDED_HERE: Final = re.compile("([^\\W\\d_]+)\u2010\n([^\\W\\d_]\\S*)[ \t]*\n?")
# More marks on one letter than these are none.
_MARKS: Final = 30
# How many neighbouring lines have to show it before a text counts as hard-wrapped, and how wide such texts are at most.
_WRAPPED_SHARE: Final = 0.2
_WRAPPED_WIDTH: Final = 120


def clean(text: str) -> str:
    """NFC, ``\\n`` line ends, nothing invisible; words that soft hyphens divide at line ends are whole."""
    text = _LINE_ENDS.sub("\n", text)
    if _SOFT_HYPHEN in text:
        text = _DIVIDED.sub(r"\1\n", text)
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", text))


def show_hyphens(text: str) -> str:
    """``text`` with soft hyphens at line ends as the hyphens that they stand for; lines keep their length."""
    return _AT_LINE_END.sub(_HYPHEN, text)


def tidy(text: str) -> str:
    """Without blanks around lines and without empty lines at both ends; at most one empty line in a row."""
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.strip() for line in text.split("\n"))).strip("\n")


def one_line(text: str) -> str:
    """A title or a name: clean, without line ends, and not longer than one is."""
    return " ".join(clean(text).split())[:MAX_LINE_CHARS].rstrip()


def shown_line(text: str, most: int) -> str:
    """``text`` on one line without what cannot be seen, at most so many characters of it."""
    return "".join(character for character in one_line(text) if character.isprintable())[:most]


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
        if (block.page, heading, block.ocr) != (here.page, here.heading, here.ocr):
            here = Landmark(start, block.page, heading, block.ocr)
            landmarks.append(here)
        parts += (joint, piece)
        length = start + len(piece)
    return "".join(parts), tuple(landmarks)


def join_lines(line: str, following: str) -> str:
    """Two lines of a paragraph as one, a word that is divided between them put together; neither is empty."""
    return line_start(line, following) + following


def line_start(line: str, following: str) -> str:
    """``line`` as it stands before ``following`` when both become one: with a blank, or without its hyphen.

    A hyphen that is a part of its word stays: „Nord-/Süd“, „2024-/2025“, „S-/Bahn“. One that stands for what is left
    out („Ein-/und Ausgang“) has a blank after it.
    """
    hyphen, before = line[-1], line[:-1]
    if hyphen not in _HYPHENS or not before or not before[-1].isalnum() or not following[0].isalnum():
        return line + " "
    if hyphen == _SOFT_HYPHEN:
        return before
    first = following.split(maxsplit=1)[0]
    if first in _followers() or first.rstrip(_PUNCTUATION) in _followers():
        return line + " "
    word = _LAST_LETTERS.search(before[-MAX_LINE_CHARS:])
    # „E-Mail“ and „EU-weit“ are divided at their own hyphens.
    is_part = following[0].islower() and word is not None and len(word[0]) > 1 and not word[0].isupper()
    return before if is_part or _is_capitals(before, following) else line


def _is_capitals(before: str, following: str) -> bool:
    """Whether a line in capitals goes on: „BEKANNT-/MACHUNG DER STADT“, but not „CDU-/SPD-Antrag“."""
    both = [*before[-MAX_LINE_CHARS:].split()[-2:], *following.split(maxsplit=2)[:2]]
    return len(both) > 2 and all(word.isupper() for word in both)


def is_divided(line: str, following: str) -> bool:
    """Whether a word that is divided at the end of ``line`` goes on in ``following``; neither is empty."""
    return line_start(line, following) == line[:-1]


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
        return _whole_words(text)
    pairs = [(line, following) for line, following in pairwise(lines) if line and following]
    broken = sum(following[0].islower() and line[-1] not in ".!?:" for line, following in pairs)
    if broken < 2 or broken < _WRAPPED_SHARE * len(pairs):
        return _whole_words(text)
    joined = lines[:1]
    room = width - len(lines[0])
    for line in lines[1:]:
        before = joined[-1]
        is_full = bool(line) and len(line.split(maxsplit=1)[0]) + 1 > room
        if before and line and (is_full or is_divided(before, line)) and not line.startswith(("- ", "* ", "• ")):
            joined[-1] = join_lines(before, line)
        else:
            joined.append(line)
        room = width - len(line)
    return _whole_words("\n".join(joined))


def _whole_words(text: str) -> str:
    """``text`` with words whole that a hyphen (U+2010, as ``show_hyphens`` writes it) divides at line ends."""
    return _DIVIDED_HERE.sub(
        lambda found: f"{found[1]}{found[2]}\n" if is_divided(f"{found[1]}-", found[2]) else found[0], text
    )
