"""Questions made to take long: every function that sees a question takes time in proportion to its length, no more."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from itertools import cycle
from pathlib import Path

import pytest

from bot.access.filters import filter_from
from bot.errors import FilterError
from bot.render.text import cut, cut_left
from retrieval.answering.answerer import Answerer
from retrieval.answering.conversation import Conversation
from retrieval.answering.followups import Turn, complete
from retrieval.answering.incomplete import lacks_subject
from retrieval.answering.questions import checked_question
from retrieval.errors import QuestionError
from retrieval.language.capitals import recased
from retrieval.language.compounds import all_terms, noun_in_vocabulary, split
from retrieval.language.detection import Language, question_language, text_language
from retrieval.language.normalise import normalise
from retrieval.language.question_phrases import asking, content, naming, nouns_before, phrases
from retrieval.language.question_words import tokens, without_lead, words_of
from retrieval.language.small_talk import small_talk
from retrieval.language.terms import keyword_term, keyword_terms
from retrieval.language.umlauts import fold, spells_out
from retrieval.search.keyword_index import KeywordIndex
from retrieval.search.search import Search, question_terms
from retrieval.search.vector_index import FaissVectorIndex
from retrieval.store.store import Store
from tests.collection import BREST, PERM, put
from tests.doubles import HashEmbedder, ScriptedReader

SHORT, LONG = 1024, 4096
#: Four times as long may take four times as long, and what a busy machine adds.
GROWTH = 4 * 2.5
#: What takes less is not worth comparing, in seconds of this thread's processor; nothing takes longer than the second.
NOTHING, MOST = 0.1, 2.0

# What questions are made of here, by the kind of word.
MADE_OF: dict[str, list[str]] = {
    "letters": ["q"],
    "capital letters": ["Q"],
    "one long word": ["x" * LONG],
    "one long number": ["1" * LONG],
    "compounds": [f"{'handel' * count}s{word}" for count in (1, 5, 9) for word in ("vertrag", "ziel", "xyz")],
    "compounds without blanks": ["handelsregierungsmaschinen" * 200],
    "numbers": ["1", "2.000", "0,5", "9.30", "1900", "5g", "²", "٣"],
    "names": ["Goslar", "Petermann", "Fulda", "Ghana"],
    "all capitals": ["WIE", "VIELE", "TAGESKARTEN", "KOSTEN", "DIE"],
    "adjectives": ["neuen", "junge", "finnische", "großer"],
    "adjectives before a noun": [*["neuen"] * 30, "Brücke"],
    "nouns in lower case": ["tageskarte", "brücke", "gouverneur"],
    "joined nouns": ["Haus", "der"],
    "english verbs": ["asked", "going", "tickets", "borders"],
    "participles": ["gesagt", "das", "geschrieben"],
    "dotted": ["a.b.c.d", "a-b", "rock’n’roll", "9/11"],
    "one dotted word": ["a." * (LONG // 2)],
    "quotes": ["„Undine“", "“", "«", "»", "'"],
    "commas": [",", "wer,", ";", "?!", "…"],
    "marks": ["e\u0301", "\u0301", "\u200b", "a\u00ad", "\u200d"],
    "one letter with many marks": ["e" + "\u0301" * LONG],
    "other scripts": ["Пермь", "北京", "دبي", "🙂", "ﷺ", "İ", "ŉ"],
    "other blanks": ["a\u00a0", "b\u2028", "c\t"],
    "umlauts spelled out": ["ue", "aeoeue", "ss", "strassenlaerm", "ae" * 30],
    "isch": ["isch", "ghanaische", "x" * 300 + "isch"],
} | {
    f"{language} {name}": sorted(word.replace("_", " ") for word in listed)
    for language in ("de", "en")
    for name, listed in {**words_of(language).lists, "stop": words_of(language).stop}.items()
    if len(listed) > 4
}  # fmt: skip

DE: Language = "de"
WORDS, ENGLISH = words_of("de"), words_of("en")
LAST = Turn("Wer leitet die Sternwarte in Jena?", "Katrin Vogel", 3)
SEEN_BY: dict[str, Callable[[str], object]] = {
    "complete": lambda question: complete(question, LAST),
    "complete with a lead": lambda question: complete(f"Und {question}?", LAST),
    "complete after itself": lambda question: complete("Und wann?", Turn(question, "Ja")),
    "complete a phrase": lambda question: complete("Und in Belgien im Jahr 2023?", Turn(question)),
    "complete English": lambda question: complete(f"what about {question}", Turn("Who runs it?", question)),
    "complete after a long answer": lambda question: complete("Und wie alt ist sie dort?", Turn("Wer?", question)),
    "lacks_subject": lambda question: lacks_subject(question, tokens(question), 1, question, WORDS),
    "recased": lambda question: (recased(question, WORDS), recased(question.upper(), ENGLISH)),
    "without_lead": lambda question: (without_lead(question, WORDS), without_lead(question, ENGLISH)),
    "asking": lambda question: (asking(tokens(f"which {question}"), ENGLISH), asking(tokens(question), WORDS)),
    "asking how many": lambda question: asking(tokens(f"Wie viele {question}"), WORDS),
    "phrases": lambda question: [phrases(question, tokens(question), words) for words in (WORDS, ENGLISH)],
    "naming": lambda question: naming(tokens(question), WORDS, frozenset(question.lower().split())),
    "content": lambda question: content(tokens(question), WORDS),
    "nouns_before": lambda question: nouns_before(tokens(question), WORDS, 0, naming=True),
    "noun_in_vocabulary": lambda question: [noun_in_vocabulary(word) for word in question.lower().split()],
    "question_language": question_language,
    "text_language": text_language,
    "keyword_terms": keyword_terms,
    "all_terms": all_terms,
    "question_terms": question_terms,
    "normalise": normalise,
    "small_talk": lambda question: (small_talk(question), small_talk(f"hallo {question}")),
    "umlauts": lambda question: (fold(question), spells_out(question)),
    "filter_from": lambda question: _tried(lambda: filter_from(question, question, None, "de", question.split())),
    "checked_question": lambda question: _tried(lambda: checked_question(question)),
    "cut": lambda question: (cut(question, 500), cut_left(question, 500)),
}  # fmt: skip


def _tried(call: Callable[[], object]) -> object:
    try:
        return call()
    except (FilterError, QuestionError) as error:
        return error


def made_of(words: list[str], length: int) -> str:
    parts: list[str] = []
    size = 0
    for word in cycle(words):
        if size >= length:
            break
        parts.append(word)
        size += len(word) + 1
    return " ".join(parts)[:length]


def seconds(function: Callable[[str], object], question: str, tries: int = 1) -> float:
    """The shortest time of some tries, each without what an earlier one has cached."""
    best = float("inf")
    for _ in range(tries):
        keyword_term.cache_clear()
        split.cache_clear()
        began = time.thread_time()
        function(question)
        best = min(best, time.thread_time() - began)
    return best


@pytest.mark.parametrize("name", SEEN_BY)
def test_time_grows_no_faster_than_a_question(name: str) -> None:
    function = SEEN_BY[name]
    function("Wer leitet die Sternwarte in Jena?")  # word lists are read once
    for kind, words in MADE_OF.items():
        short, long = made_of(words, SHORT), made_of(words, LONG)
        taken = seconds(function, long)
        if taken > NOTHING:
            taken = seconds(function, long, tries=3)
        assert taken < MOST, kind
        if taken > NOTHING:
            assert taken < GROWTH * max(seconds(function, short, tries=3), NOTHING / 4), kind


@pytest.mark.parametrize("length", [1000, LONG])
def test_nobody_waits_for_a_long_question(tmp_path: Path, length: int) -> None:
    """Of the whole way from a conversation to its answer, models aside."""
    with Store(tmp_path / "home") as store:
        put(store, PERM, "/perm.txt")
        put(store, BREST, "/brest.txt")
        search = Search(store, HashEmbedder(), FaissVectorIndex(store), KeywordIndex(store))
        conversation = Conversation(Answerer(search, ScriptedReader({})))
        conversation.ask("Wer besuchte Minsk?")
        for kind, words in MADE_OF.items():
            # The turn before is as long as this one.
            began = time.thread_time()
            answer = _tried(partial(conversation.ask, made_of(words, length)))
            assert time.thread_time() - began < MOST, kind
            assert isinstance(answer, QuestionError) == (length == LONG), kind
