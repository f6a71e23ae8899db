"""What people gave as right after 👎: shown to the next one who asks the same, if it stands literally in an article."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final

from retrieval.answer import Answer, Correction
from retrieval.answering.excerpts import excerpt
from retrieval.answering.text_fragments import address_at
from retrieval.language.normalise import normalise
from retrieval.language.umlauts import fold
from retrieval.language.word_lists import read_words
from retrieval.search.search import Search
from retrieval.store.feedback import FeedbackLog, Judgement
from retrieval.types import Filter, Hit, Standing

#: So many corrections are shown of one question, and so many are tried for that.
SHOWN: Final = 2
TRIED: Final = 8
#: Passages with the wanted words that are looked through.
PLACES: Final = 10
#: Of the questions that were corrected, so many like the asked one are spelled anew to compare them.
RESPELLED: Final = 8
#: Words in which such a question may differ, and letters by which they may differ in length.
SLIPS: Final = 3
LETTERS: Final = 2

_NUMBER: Final = re.compile(r"\d+")
_WORD: Final = re.compile(r"\w+")
_QUOTES: Final = "„“”\"»«›‹‚‘’' \t\n"


def everyone(user: str) -> Standing:
    """Where there are no accounts: whoever sits at the machine is the owner, all others count, too."""
    return Standing.MEMBER if user else Standing.OWNER


class Corrections:
    """Finds the corrections of a question.

    ``standing`` says what those of a user count for, by the name under which their feedback is kept.
    """

    def __init__(self, search: Search, feedback: FeedbackLog, standing: Callable[[str], Standing] = everyone) -> None:
        self._search = search
        self._feedback = feedback
        self._standing = standing

    def added_to(self, answer: Answer, within: Filter | None = None) -> Answer:
        """The answer with the corrections of its question, at most ``SHOWN``: those of owners first, then the latest.

        A correction is a quote, or it is not shown: its words have to stand in an article that ``within`` lets through.
        That is the article of the corrected answer, one of those found for the question, or the only one that has them.
        What the answer says already is no correction. Raises StoreError, ModelError.
        """
        corrections = self._feedback.corrections()
        same = list(self._of_same_question(answer.complete_question, corrections)) if corrections else []
        ranked = sorted(((self._standing(judgement.user), judgement) for judgement in same), key=lambda pair: pair[0])
        tried = [(standing, judgement) for standing, judgement in ranked if standing is not Standing.NONE][:TRIED]
        seen, found = {normalise(answer.text or "")}, []
        for standing, judgement in tried:
            correction = self._placed(answer, judgement, within)
            if correction is None or normalise(correction.text) in seen:
                continue
            seen.add(normalise(correction.text))
            found.append(replace(correction, by_owner=standing is Standing.OWNER))
            if len(found) == SHOWN:
                break
        return replace(answer, corrections=tuple(found)) if found else answer

    def _of_same_question(self, question: str, corrections: Sequence[Judgement]) -> Iterator[Judgement]:
        """Those of the same question: in its words, whatever their case, with or without a slip of the fingers."""
        spelled = self._search.restored(question)
        same = {question_key(question), question_key(spelled)}
        respelled: dict[str, tuple[str, tuple[str, ...]]] = {}
        for judgement in corrections:
            other = judgement.question
            if question_key(other) in same:
                yield judgement
            elif may_be_same(spelled, other):
                if other not in respelled and len(respelled) < RESPELLED:
                    respelled[other] = question_key(self._search.restored(other))
                if respelled.get(other) in same:
                    yield judgement

    def _placed(self, answer: Answer, judgement: Judgement, within: Filter | None) -> Correction | None:
        """A correction with its place; None if it stands nowhere, or if it is not clear where."""
        question = self._search.restored(answer.complete_question)
        for words in wanted_words(judgement.wanted):
            hits = self._search.search(question, limit=PLACES, within=within, exact=(words,))
            places = [(hit, place) for hit in hits if (place := _place(words, hit.passage.text)) is not None]
            if places:
                return self._quoted(places, answer, judgement)
        return None

    def _quoted(
        self, places: Sequence[tuple[Hit, tuple[int, int]]], answer: Answer, judgement: Judgement
    ) -> Correction | None:
        articles = {hit.document.id for hit, _ in places}
        near = {hit.document.id for hit in answer.hits}
        clear = ({judgement.document_id}, near, articles if len(articles) == 1 else set[int]())
        for chosen in clear:
            for hit, (start, end) in places:
                if hit.document.id in chosen:
                    return self._correction(hit, hit.passage.start + start, hit.passage.start + end)
        return None

    def _correction(self, hit: Hit, start: int, end: int) -> Correction:
        document, passage = hit.document, hit.passage
        shown = excerpt(document, passage, start, end, self._search.sentences_around(passage))
        return Correction(
            document.text[start:end], start, end, document, passage, shown, link=address_at(document, start, end)
        )


@lru_cache(4096)
def question_key(question: str) -> tuple[str, tuple[str, ...]]:
    """What is the same for the same question: its words as answers are compared, and its numbers, digit by digit."""
    return normalise(question), tuple(_NUMBER.findall(question))


def may_be_same(question: str, other: str) -> bool:
    """Whether two questions may be the same but for slips, as far as their words' number and lengths tell."""
    words, others = _folded(question), _folded(other)
    if len(words) != len(others) or question_key(question)[1] != question_key(other)[1]:
        return False
    unlike = [(one, two) for one, two in zip(words, others, strict=True) if one != two]
    return len(unlike) <= SLIPS and all(abs(len(one) - len(two)) <= LETTERS for one, two in unlike)


@lru_cache(4096)
def _folded(question: str) -> tuple[str, ...]:
    return tuple(fold(word.casefold()) for word in _WORD.findall(question))


def wanted_words(wanted: str) -> tuple[str, ...]:
    """The words to look for, as they were given and without a full stop; none for "nichts" and what has no word."""
    words = " ".join(wanted.strip(_QUOTES).split())
    bare = words.rstrip(".! ").strip(_QUOTES)
    if bare.casefold() in _nothing_words() or not _WORD.search(bare):
        return ()
    return tuple(dict.fromkeys((words, bare)))


def _place(words: str, text: str) -> tuple[int, int] | None:
    """Where ``words`` stand in a text, in any case and with any space between them, as whole words."""
    before = r"(?<!\w)" if _WORD.match(words) else ""
    after = r"(?!\w)" if _WORD.match(words[-1:]) else ""
    found = re.search(before + r"\s+".join(map(re.escape, words.split())) + after, text, re.IGNORECASE)
    return found and found.span()


def _nothing_words() -> frozenset[str]:
    return read_words("nothing_words.txt")
