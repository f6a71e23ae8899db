"""Reads the word lists in ``retrieval/data``; each says in comments what it is for."""

from __future__ import annotations

from importlib.resources import files


def read_entries(name: str) -> list[str]:
    """The lines of a word list in ``retrieval/data``, without comments ("#") and empty lines."""
    lines = files("retrieval").joinpath("data", name).read_text(encoding="utf-8").split("\n")
    entries = (line.partition("#")[0].strip() for line in lines)
    return [entry for entry in entries if entry]


def read_lists(name: str) -> dict[str, frozenset[str]]:
    """The words of a list in ``retrieval/data`` with several: ``name: words``, a name on as many lines as it takes."""
    lists: dict[str, set[str]] = {}
    for entry in read_entries(name):
        head, _, words = entry.partition(":")
        lists.setdefault(head, set()).update(words.split())
    return {head: frozenset(words) for head, words in lists.items()}


def read_words(name: str) -> frozenset[str]:
    """The words of a list in ``retrieval/data`` that are separated by blanks or line ends."""
    return frozenset(word for entry in read_entries(name) for word in entry.split())
