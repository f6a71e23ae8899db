"""Tells what is no question to articles: greetings, thanks, questions about the program itself, and noise."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from retrieval.answer import SmallTalk
from retrieval.language.word_lists import read_entries

_WORD = re.compile(r"[^\W_]+")
#: Longer inputs are no small talk, whatever they begin with.
_MOST_WORDS = 9


def small_talk(text: str) -> SmallTalk | None:
    """Which small talk ``text`` is; None for anything that may be a question to the articles."""
    words = _WORD.findall(unicodedata.normalize("NFC", text).casefold().replace("ß", "ss"))
    if not text.strip() or len(words) > _MOST_WORDS:
        return None
    if not words:
        return SmallTalk.NOISE
    phrases = _phrases()
    asked = " ".join(word for word in words if word not in _filler())
    repeated = words[0] if len(set(words)) == 1 else ""  # "hi hi"
    return phrases.get(" ".join(words)) or phrases.get(asked) or phrases.get(repeated)


@cache
def _phrases() -> dict[str, SmallTalk]:
    return {phrase: SmallTalk(kind) for kind, phrase in _entries() if kind != "filler"}


@cache
def _filler() -> frozenset[str]:
    return frozenset(phrase for kind, phrase in _entries() if kind == "filler")


@cache
def _entries() -> tuple[tuple[str, str], ...]:
    found = []
    for entry in read_entries("small_talk.txt"):
        kind, _, phrases = entry.partition(":")
        found += [(kind, " ".join(phrase.casefold().replace("ß", "ss").split())) for phrase in phrases.split("|")]
    return tuple(found)
