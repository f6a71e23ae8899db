"""Fundstelle's own terms as PostgreSQL's keyword search keeps and finds them."""

from __future__ import annotations

from collections import Counter
from typing import Final

from retrieval.types import Terms

#: A tsvector takes no longer lexemes, no higher positions, and no more positions of one lexeme; and so much in all.
MOST_LEXEME_BYTES: Final = 2046
MOST_POSITION: Final = 16_383
MOST_POSITIONS: Final = 255
MOST_BYTES: Final = 900_000


def tsvector(terms: Terms) -> str:
    """The keyword terms of a passage as PostgreSQL reads them: words with weight A, then parts of compounds with B."""
    places: dict[str, list[str]] = {}
    position = 0
    for of_kind, weight in ((terms.words, "A"), (terms.parts, "B")):
        for term in of_kind:
            position += 1
            places.setdefault(term, []).append(f"{min(position, MOST_POSITION)}{weight}")
    size, entries = 0, []
    for term, of_term in places.items():
        lexeme = quoted(term)
        size += len(lexeme.encode("utf-8", "replace")) + 4 * len(of_term)
        if lexeme and size < MOST_BYTES:
            entries.append(f"{lexeme}:{','.join(of_term[:MOST_POSITIONS])}")
    return " ".join(entries)


def quoted(term: str) -> str:
    """A term as it stands in a tsvector or tsquery; empty for one that neither can hold."""
    term = term.replace("\0", "").strip()
    if not term or len(term.encode("utf-8", "replace")) > MOST_LEXEME_BYTES:
        return ""
    return "'" + term.replace("\\", "\\\\").replace("'", "''") + "'"


def in_text(phrase: str, text: str) -> int:
    """How often the terms of ``phrase`` stand in ``text`` one after the other; both are terms with spaces between."""
    wanted, terms = phrase.split(" "), text.split(" ")
    if len(wanted) == 1:
        return Counter(terms)[phrase]
    return sum(terms[i : i + len(wanted)] == wanted for i in range(len(terms) - len(wanted) + 1))
