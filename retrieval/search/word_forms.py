"""The forms in which the articles write a word."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from retrieval.language.compounds import noun_in_vocabulary
from retrieval.language.terms import keyword_term
from retrieval.language.umlauts import fold

_WORD = re.compile(r"[^\W\d_]+")
_QUOTES = " „“”\"»«›‹‚‘’'("
_OPENING = "\n.!?:;–—-"
_LONGEST_ACRONYM = 4
_ARTICLE = re.compile(
    r"\b(?:[Dd](?:er|ie|as|en|em|es)|[KkMmDdSs]?[Ee]in(?:e[mnrs]?)?|[Zz]u[mr]|[Ii](?:m|ns)|[Vv]om|[Aa]m|[Bb]eim) $"
)


_plain = lru_cache(maxsize=1000)(fold)


@dataclass(slots=True)
class WordForms:
    """The forms of a keyword term in some texts, with how often each stands there: ``inside`` sentences, or
    ``elsewhere``, where a capital says nothing."""

    term: str
    inside: Counter[str] = field(default_factory=Counter)
    elsewhere: Counter[str] = field(default_factory=Counter)
    with_article: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, term: str, texts: Iterable[str]) -> WordForms:
        """The forms of ``term`` in these texts."""
        forms = cls(term)
        for text in texts:
            for match in _WORD.finditer(text):
                if _plain(text[match.start()]) == term[0] and keyword_term(match[0].lower()) == term:
                    forms._add(text, match)
        return forms

    def _add(self, text: str, match: re.Match[str]) -> None:
        before = text[max(0, match.start() - 12) : match.start()].rstrip(_QUOTES)
        is_inside = bool(before) and before[-1] not in _OPENING
        (self.inside if is_inside else self.elsewhere)[match[0]] += 1
        if _ARTICLE.search(before + " "):
            self.with_article.add(match[0].lower())

    def lower(self) -> set[str]:
        """The forms in lower case."""
        return {form.lower() for form in (*self.inside, *self.elsewhere)}

    def count(self, low: str) -> int:
        """How often a form stands there, in any case."""
        forms = self.inside + self.elsewhere
        return sum(forms[form] for form in forms if form.lower() == low)

    def usual(self, low: str) -> str | None:
        """A form with the capitals that it has most often, inside sentences if it is ever there; None if there is none.

        A place in capitals that begins an agency's report gets those of a name.
        """
        for forms in (self.inside, self.elsewhere):
            cased = [form for form in forms if form.lower() == low]
            if cased:
                best = max(cased, key=forms.__getitem__)
                is_dateline = forms is self.elsewhere and best.isupper() and len(best) > _LONGEST_ACRONYM
                return low.capitalize() if is_dateline else best
        return None

    def is_name(self, low: str) -> bool:
        """Whether a form is a name rather than a noun: always with a capital, never behind an article. Where it only
        begins sentences, it also has to be a word that the vocabulary does not know."""
        if low in self.with_article or low in self.inside or low in self.elsewhere:
            return False
        return any(form.lower() == low for form in self.inside) or noun_in_vocabulary(low) is None
