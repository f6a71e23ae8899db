"""The words of a question as they were typed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from retrieval.language.detection import Language

_WORD = re.compile(r"[^\W\d_]+")
_CHUNK = re.compile(r"\S+")
# Numbers, file references, addresses.
_UNTOUCHED = re.compile(r"[\d@_\\]|://|\w\.\w")


class Manner(Enum):
    """What the capitals of a question say."""

    CAREFUL = "careful"
    FLAT = "flat"  # there are none, or only the first
    SHOUTED = "shouted"  # there is nothing else


@dataclass(frozen=True, slots=True)
class TypedWord:
    """A word at ``start`` of a question."""

    text: str
    start: int
    before: str  # the word before it, in lower case; "" for the first

    @property
    def first(self) -> bool:
        """Whether the question begins with it."""
        return not self.before

    @property
    def low(self) -> str:
        """The word in lower case."""
        return self.text.lower()


def typed_words(text: str) -> list[TypedWord]:
    """The words of a question that may be spelled otherwise."""
    chunks = list(_CHUNK.finditer(text))
    words: list[TypedWord] = []
    before = ""
    for chunk, following in zip(chunks, [*chunks[1:], None], strict=False):
        # "Az. 17/2024": an abbreviation before a number belongs to it.
        is_reference = chunk[0].endswith(".") and following is not None and following[0][0].isdigit()
        is_touched = not is_reference and not _UNTOUCHED.search(chunk[0])
        for match in _WORD.finditer(text, chunk.start(), chunk.end()):
            if is_touched:
                words.append(TypedWord(match[0], match.start(), before))
            before = match[0].lower()
    return words


def manner(words: Sequence[TypedWord], language: Language) -> Manner:
    """What the capitals of these words say."""
    is_upper = all(word.text.replace("ß", "").isupper() for word in words)
    if is_upper and len(words) > 1 and any(len(word.text) > 4 for word in words):
        return Manner.SHOUTED
    # Many an English question has no other capital than the first, many a telephone writes only that.
    if all(word.text.islower() or (word.first and word.text[1:].islower() and language == "de") for word in words):
        return Manner.FLAT
    return Manner.CAREFUL
