"""What speaks for a span, and against it: the features of its confidence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from retrieval.language.compounds import all_terms
from retrieval.language.detection import question_language
from retrieval.language.terms import keyword_terms
from retrieval.types import Hit

_WORD = re.compile(r"\w+(?:[.,:]\d+)*")


@dataclass(frozen=True, slots=True)
class Evidence:
    """The features of a span's confidence.

    ``margin`` is its margin over "no answer" (logits). The others come from search, and stay 0 for a text that was
    given: ``agreeing`` counts the other passages that were read whose best span says the same, ``behind`` is how far
    the passage's fused score lies behind the question's best (0 or less). ``unsaid`` is the share (0..1) of the things
    that a German question names, and ``unsaid_in_english`` of those that an English one names, of which neither passage
    nor title, source and date have a word.
    """

    margin: float
    agreeing: float = 0.0
    behind: float = 0.0
    unsaid: float = 0.0
    unsaid_in_english: float = 0.0


@dataclass(frozen=True, slots=True)
class Named:
    """What a question names: the terms of its nouns, names and numbers; ``english`` says in which language it is."""

    terms: frozenset[str]
    english: bool

    def unsaid(self, hit: Hit) -> dict[str, float]:
        """The share (0..1) of the terms that the hit does not have, by its name in ``Evidence``."""
        document = hit.document
        said = _terms_of(hit.passage.text) | _terms_of(f"{document.title} {document.source} {document.published}")
        share = len(self.terms - said) / max(1, len(self.terms))
        return {"unsaid_in_english": share} if self.english else {"unsaid": share}


def named_in(question: str) -> Named:
    """What a question names. In one without any capital inside all its terms are taken for names."""
    english = question_language(question) == "en"
    words = [match.group() for match in _WORD.finditer(question)]
    # The first word has a capital anyway.
    names = [word for position, word in enumerate(words) if word[0].isdigit() or (position and word[0].isupper())]
    if question.isupper() or not any(word[0].isupper() for word in words[1:]):
        names = [] if english else words
    return Named(frozenset(term for word in names for term in keyword_terms(word)), english)


@lru_cache(maxsize=4_000)
def _terms_of(text: str) -> frozenset[str]:
    terms = all_terms(text)
    return frozenset((*terms.words, *terms.parts))
