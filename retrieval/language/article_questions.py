"""Tells questions about an article itself: when it appeared, who wrote it, where it is from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from retrieval.answer import ArticleField
from retrieval.language.word_lists import read_entries

_LISTS = ("noun", "text", "it", "the", "about")


@dataclass(frozen=True, slots=True)
class ArticleQuestion:
    """Which ``field`` of the article that is ``about`` something is asked for.

    ``about`` is "" where the question means the article that the talk is about. ``certain`` is False where the question
    may as well be on something that an article tells of ("der Bericht", "das").
    """

    field: ArticleField
    about: str = ""
    certain: bool = True


def article_question(question: str) -> ArticleQuestion | None:
    """What ``question`` asks of an article, None for a question on what articles say."""
    asked = " ".join(question.split()).rstrip(" ?!.")
    for field, pattern in _patterns():
        if found := pattern.fullmatch(asked):
            named = found.groupdict()
            return ArticleQuestion(field, (named.get("about") or "").strip(), not named.get("text"))
    return None


@cache
def _patterns() -> Sequence[tuple[ArticleField, re.Pattern[str]]]:
    entries = [(kind, words.strip()) for kind, _, words in (line.partition(":") for line in _lines())]
    lists = {name: "|".join(words.replace(" | ", "|") for kind, words in entries if kind == name) for name in _LISTS}
    parts = {
        "the": rf"(?:(?:{lists['the']}) )?",
        "noun": rf"(?:(?:{lists['noun']})|(?P<text>{lists['text']}))",
        "about": rf"(?: (?:{lists['about']}) (?P<about>.+?))?",
        "it": rf"(?:{lists['it']})",
        "that": rf"(?P<text>{lists['it']})",
    }
    patterns = [(kind, words) for kind, words in entries if kind not in _LISTS]
    return [
        (ArticleField(kind), re.compile(re.sub(r"\{(\w+)\}", lambda name: parts[name[1]], words), re.IGNORECASE))
        for kind, words in patterns
    ]


def _lines() -> list[str]:
    return read_entries("article_questions.txt")
