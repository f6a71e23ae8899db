"""Answers as they are compared: without capitals, punctuation and articles.

As in MLQA's evaluation for German (Lewis et al. 2020): lower case, no punctuation, no articles, single blanks; English
articles go too, since questions come in both languages.
"""

from __future__ import annotations

import re
import string
import unicodedata

_ARTICLES = re.compile(r"\b(?:ein|eine|einen|einem|einer|eines|der|die|das|den|dem|des|a|an|the)\b", re.IGNORECASE)


def normalise(text: str) -> str:
    """The text as it is compared."""
    text = "".join(letter for letter in text.lower() if not _is_punctuation(letter))
    return " ".join(_ARTICLES.sub(" ", text).split())


def _is_punctuation(letter: str) -> bool:
    return letter in string.punctuation or unicodedata.category(letter).startswith("P")
