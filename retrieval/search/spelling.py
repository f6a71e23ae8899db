"""A question's words as the articles spell them: with umlauts, with capitals, without a slip of the fingers."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from retrieval.errors import StoreError
from retrieval.language.compounds import noun_in_vocabulary, split
from retrieval.language.detection import Language, question_language
from retrieval.language.helping_words import helping_words, listed_words, plain_helping_word
from retrieval.language.question_words import words_of
from retrieval.language.slips import early_slips, is_mendable, may_share_stem, slip_weight
from retrieval.language.terms import keyword_term
from retrieval.language.typed_words import Manner, TypedWord, manner, typed_words
from retrieval.language.umlauts import fold, is_german_spelling, is_right_plain, spells_out, with_umlauts
from retrieval.search.indexes import Keywords
from retrieval.search.word_forms import WordForms

#: Passages in which a word is looked for, and those in which it must be missing before another one takes its place.
FEW, MANY = 8, 200
#: Words of a question that may be taken for others with a slip in them: looking for these costs some 2 ms each.
MENDED = 3
#: Terms with the same beginning that are compared with such a word, and how many that are like it are looked up.
COMPARED, LOOKED_UP = 2000, 6
#: Of two words that are equally like it, the right one is in so many times as many passages.
CLEARLY = 8
#: A word that one of so many passages has, at least, may be taken for the right one: the more words there are, the more
#: names are like others.
RARELY = 50_000

# Words in capitals that are no longer may be acronyms: "NATO", or "BKA" where nothing else says so.
_ACRONYM, _SHORT = 4, 3
_BE = frozenset({"is", "are", "was", "were"})


class Spelling:
    """Restores the spelling of questions by the words of the collection."""

    def __init__(self, keywords: Keywords) -> None:
        self._keywords = keywords

    def restored(self, question: str) -> str:
        """``question`` as the articles would spell it; as it is where they do not tell.

        A word gets its umlauts back ("Koehlau", "Kohlau") if the articles have it with them and not without. In a
        question without capitals, or with nothing else, nouns and names get those that they have in the articles. A
        word that nobody knows becomes the only one of the articles that it is with one slip in it. What the articles
        have as it is typed stays, and so do numbers, file references and addresses; in an English question all but
        names. Takes 0.1 ms a word, and 2 ms each for up to three that are not known.
        """
        text = unicodedata.normalize("NFC", question)
        words = typed_words(text)
        language = question_language(text)
        restoring = _Restoring(self._keywords, language, manner(words, language))
        try:
            spelled = [restoring.spelled(word) for word in words]
        except StoreError:
            return question  # search meets the same damage, and mends or explains it
        if all(word.text == new for word, new in zip(words, spelled, strict=True)):
            return question
        if words[0].first and restoring.manner is not Manner.CAREFUL:
            spelled[0] = _capital(spelled[0])
        parts, end = [], 0
        for word, new in zip(words, spelled, strict=True):
            parts += [text[end : word.start], new]
            end = word.start + len(word.text)
        return "".join(parts) + text[end:]


@dataclass(slots=True)
class _Restoring:
    """The work on one question."""

    keywords: Keywords
    language: Language
    manner: Manner
    mended: int = 0
    done: dict[tuple[str, str], str] = field(default_factory=dict)

    def spelled(self, word: TypedWord) -> str:
        """A word as it will be spelled."""
        key = (word.text, word.before)
        if key not in self.done:
            self.done[key] = self._spelled(word)
        return self.done[key]

    @property
    def _is_german(self) -> bool:
        return self.language == "de"

    def _is_named(self, word: TypedWord) -> bool:
        """Whether a capital says that it is a noun or a name."""
        return self.manner is Manner.CAREFUL and word.text[0].isupper() and not word.first

    def _spelled(self, word: TypedWord) -> str:
        helping = plain_helping_word(word.low) if self._is_german and not self._is_named(word) else None
        if helping is not None:
            return self._cased_like(word, helping)
        if not keyword_term(word.low):
            return word.low if self.manner is Manner.SHOUTED and len(word.text) > 1 else word.text
        if not self._is_german and self.manner is Manner.CAREFUL and word.text.islower() and not spells_out(word.low):
            return word.text
        for way in (self._by_articles, self._by_base, self._mend):
            if (spelled := way(word)) is not None:
                return spelled
        return self._by_itself(word)

    # Words that the articles have

    def _by_articles(self, word: TypedWord) -> str | None:
        """The word as the articles have it; None if they have no form of it."""
        term = keyword_term(word.low)
        texts = self.keywords.texts_with(term, FEW)
        if not texts:
            return None
        if self._stands_in(texts, word):
            return word.text
        forms = WordForms.of(term, texts)
        restored = None if word.low in forms.lower() else self._with_umlauts(word, forms)
        # That form or the typed one may stand in passages that have not been looked at.
        if len(texts) == FEW and word.low not in forms.lower() and (restored or spells_out(word.low)):
            texts = self.keywords.texts_with(term, MANY)
            if self._stands_in(texts, word):
                return word.text
            forms = WordForms.of(term, texts)
            restored = self._with_umlauts(word, forms)
        if usual := forms.usual(word.low):
            return self._recased(word, usual, forms)
        return restored or self._by_itself(word)

    def _stands_in(self, texts: Sequence[str], word: TypedWord) -> bool:
        """Whether the articles have the word as it is typed, unless capitals are all that there is."""
        return self.manner is not Manner.SHOUTED and any(_stands(word.text, text) for text in texts)

    def _with_umlauts(self, word: TypedWord, forms: WordForms) -> str | None:
        """The word with the umlauts that the only form like it has."""
        low = word.low
        if is_right_plain(low) and not spells_out(low):
            return None
        if not self._is_german and not self._is_named(word) and not (spells_out(low) and is_mendable(low)):
            return None
        endings = [(False, len(forms.term))] if spells_out(low) else []
        for missing, stem in [(False, None), (True, None), *endings]:
            ways = ((with_umlauts(low, form, missing=missing, stem=stem), form) for form in forms.lower())
            found = {
                new: form
                for new, form in ways
                if new
                and self._suits(word, form, forms, missing=missing)
                and (noun_in_vocabulary(low) is None or is_german_spelling(new))
            }
            if len(found) == 1:
                ((new, form),) = found.items()
                return self._cased_like(word, _capital(new) if (forms.usual(form) or form)[0].isupper() else new)
        return None

    def _suits(self, word: TypedWord, form: str, forms: WordForms, *, missing: bool = True) -> bool:
        """Whether a form may stand for the word: a noun for a noun, and in an English question only names."""
        if not self._is_german:
            # English words are rarely like a name of which the articles say much.
            return forms.is_name(form) and (self._is_named(word) or forms.count(form) > 1)
        is_capital = (forms.usual(form) or form)[0].isupper()
        return not missing or self.manner is not Manner.CAREFUL or word.first or is_capital != word.text.islower()

    def _recased(self, word: TypedWord, usual: str, forms: WordForms) -> str:
        """A word that the articles have, with the capitals that they give it."""
        low, is_name, known = word.low, forms.is_name(word.low), noun_in_vocabulary(word.low)
        if self.manner is Manner.CAREFUL:
            is_odd = len(low) > _ACRONYM and sum(letter.isupper() for letter in word.text) > 1
            is_small = word.text.islower() and len(low) > _SHORT and self._is_german and is_name and known is None
            return self._cased_like(word, usual) if is_odd or is_small else word.text
        if self._is_german:
            return usual if usual[0].islower() or is_name or known is not False else low
        # Of words in lower case names are those that stand behind "of", "from", "is" and the like.
        is_telling = self.manner is Manner.SHOUTED or words_of("en").is_preposition(word.before) or word.before in _BE
        return usual if is_name and is_telling and low not in listed_words("en") else low

    def _cased_like(self, word: TypedWord, usual: str) -> str:
        """``usual``, with the capital that the word has where it says something or begins the question."""
        return _capital(usual) if self.manner is Manner.CAREFUL and word.text[0].isupper() else usual

    # Words that they do not have

    def _by_base(self, word: TypedWord) -> str | None:
        """The genitive of a word that they have, where the stemmer does not know it for one: "Köhlaus"."""
        if not word.low.endswith("s") or not is_mendable(word.low[:-1]):
            return None
        base = self._by_articles(TypedWord(word.text[:-1], word.start, word.before))
        return None if base is None else base + "s"

    def _mend(self, word: TypedWord) -> str | None:
        """The only word that ``word`` is with one slip in it; None if there is none, or if it is one itself."""
        low = word.low
        if not is_mendable(low) or (noun_in_vocabulary(low) is not None and not split(low)):
            return None
        if any(low in listed_words(language) for language in ("de", "en")):
            return None
        if self.mended == MENDED or not (self._is_german or self._is_named(word)):
            return None
        self.mended += 1
        found = self._alike(word)
        if not found or (len(found) > 1 and found[0][1] < CLEARLY * found[1][1]):
            return None
        return self._cased_like(word, found[0][2])

    def _alike(self, word: TypedWord) -> list[tuple[int, int, str]]:
        """The words most like ``word``: how much (1..4), in how many passages, and as they are spelled; best first."""
        typed = fold(word.low)
        terms = self.keywords.terms_from(typed[:3], COMPARED)
        found = self._weighed(word, {term: often for term, often in terms.items() if may_share_stem(term, typed)})
        if not found:
            found = self._weighed(word, self.keywords.frequencies(list(map(keyword_term, early_slips(typed)))))
        if self._is_german and not self._is_named(word):
            helping = [(self._weight(word, low), CLEARLY, low) for low in helping_words() if low[0] == word.low[0]]
            found += [each for each in helping if each[0]]
        found.sort(reverse=True)
        return [each for each in found if each[0] == found[0][0]]

    def _weighed(self, word: TypedWord, terms: dict[str, int]) -> list[tuple[int, int, str]]:
        """Of each of these terms the form that is most like ``word``."""
        found = []
        least = self.keywords.highest_passage() / RARELY
        terms = {term: often for term, often in terms.items() if often >= least}
        for term in sorted(terms, key=lambda term: (-len(term), -terms[term]))[:LOOKED_UP]:
            forms = WordForms.of(term, self.keywords.texts_with(term, FEW))
            near = [
                (weight, forms.count(low), low)
                for low in forms.lower()
                if self._suits(word, low, forms) and (weight := self._weight(word, low))
            ]
            if near:
                weight, _, low = max(near)
                found.append((weight, terms[term], forms.usual(low) or low))
        return found

    def _weight(self, word: TypedWord, right: str) -> int:
        """How surely ``word`` is ``right`` with one slip in it: 4 and 3; 2 and 1 if umlauts are missing, too; or 0."""
        low, exact = word.low, slip_weight(word.low, right)
        weight = exact + 2 if exact else slip_weight(fold(low), fold(right)) if low.isascii() else 0
        # A wrong letter in a compound may well make another one.
        return 0 if weight % 2 and split(low) else weight

    def _by_itself(self, word: TypedWord) -> str:
        """A word of a question in capitals as it will be written."""
        if self.manner is not Manner.SHOUTED or len(word.text) <= _SHORT:
            return word.text
        is_small = not self._is_german or noun_in_vocabulary(word.low) is False
        return word.low if is_small else _capital(word.low)


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]


def _stands(word: str, text: str) -> bool:
    """Whether a word stands in a text just like that."""
    start = text.find(word)
    while start >= 0:
        end = start + len(word)
        if not text[max(0, start - 1) : start].isalpha() and not text[end : end + 1].isalpha():
            return True
        start = text.find(word, end)
    return False
