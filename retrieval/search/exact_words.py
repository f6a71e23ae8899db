"""Words in quotation marks in a question: they have to stand literally in what is found."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_QUOTED: Final = re.compile('„([^„“”"]+)[“”"]|“([^„“”"]+)”|»([^»«]+)«|«([^»«]+)»|"([^"]+)"')
_WORD: Final = re.compile(r"\w")
# A word that ends in letters may stand there with the ending of a case: „Hallenbad“ in "des Hallenbads". A number or
# a single letter may not go on: 17/2024-A is not 17/2024-AB.
_INFLECTED: Final = re.compile(r"[^\W\d_]{4,}\Z")
_ENDING: Final = "(?:e[nrs]?|n|s)?"


def exact_words(question: str) -> tuple[str, ...]:
    """What stands in quotation marks in a question, in order; nothing if the question stands in them as a whole."""
    found = [next(words for words in match.groups() if words) for match in _QUOTED.finditer(question)]
    if not _WORD.search(_QUOTED.sub("", question)):
        return ()
    return tuple(dict.fromkeys(" ".join(words.split()) for words in found if _WORD.search(words)))


def literal(words: str) -> re.Pattern[str]:
    """Finds ``words`` in a text: in any case, with any space between them, and not within longer words."""
    parts = r"\s+".join(map(re.escape, words.split()))
    before = r"(?<!\w)" if _WORD.match(words) else ""
    ending = _ENDING if _INFLECTED.search(words) else ""
    after = r"(?!\w)" if _WORD.match(words[-1:]) else ""
    return re.compile(f"{before}{parts}{ending}{after}", re.IGNORECASE)


def holds_all(text: str, patterns: Sequence[re.Pattern[str]]) -> bool:
    """Whether all of these are found in a text."""
    return all(pattern.search(text) for pattern in patterns)
