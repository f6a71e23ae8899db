"""Questions that German text asks of itself: a sentence with a gap, and another place of the article that fills it.

Of a name, number or noun that stands in several places of an article, one sentence loses it, and a passage elsewhere in
the article answers what is missing (recurring spans, Ram et al. 2021; cloze questions, Lewis et al. 2019). The gap
becomes a question word, and words are left out, so that not only what is written alike is found. Some of these
questions are made English, word by word: what is asked in English is answered by German text, too.
"""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from retrieval.language.word_lists import read_words
from training.corpora import Example, lines
from training.passages import PASSAGE_CHARS, sentence_spans, widened
from training.swapping import LEXICON

WORD = re.compile(r"\w+(?:[.,]\d+)*")
LONGEST_SPAN = 4  # words
COMMON = 6  # a span that stands in more paragraphs than that says what the article is about, and nothing else
LEFT_OUT = 0.15  # share of the question's words
SHARED = 2  # words of the sentence, at least, that the passage has as well
STEM = 6  # letters by which two forms of a word are taken for one
UNANSWERED = 0.2  # share of the questions that get a passage without what is missing
IN_ENGLISH = 0.35
QUESTION_WORDS = 18
SOURCES = ("wikipedia_de", "bundestag_reden_de")


def articles(name: str) -> Iterator[list[str]]:
    """The paragraphs of each article; several articles of one paragraph count as none."""
    current: list[str] = []
    for line in lines(name):
        if line:
            current.append(line[:2_000])
        elif current:
            if len(current) > 2:
                yield current
            current = []


class ClozeSource:
    """Draws cloze examples, from article after article, without end."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)
        self._stopped = read_words("stop_words_de.txt")
        self._articles = {name: list(articles(name)) for name in SOURCES}
        self._english = _backward(json.loads(LEXICON.read_text(encoding="utf-8")))
        self._ready: list[Example] = []

    def draw(self) -> Example:
        while not self._ready:
            name = self._random.choices(SOURCES, (0.65, 0.35))[0]
            self._ready = self._examples(self._random.choice(self._articles[name]))
        return self._ready.pop()

    def _examples(self, paragraphs: list[str]) -> list[Example]:
        """At most as many examples as the article has paragraphs."""
        first = self._random.randrange(max(1, len(paragraphs) - 24))
        paragraphs = paragraphs[first : first + 24]
        places = self._recurring(paragraphs)
        keys = list(places)
        self._random.shuffle(keys)
        asked: set[int] = set()
        made = []
        for key in keys:
            asking, *others = self._random.sample(places[key], len(places[key]))
            if asking[0] in asked or not (others := [place for place in others if place[0] != asking[0]]):
                continue
            text = paragraphs[asking[0]]
            sentence = next(((a, b) for a, b in sentence_spans(text) if a <= asking[1] and asking[2] <= b), None)
            if sentence is None:
                continue
            told = self._telling(text[sentence[0] : asking[1]]) | self._telling(text[asking[2] : sentence[1]])
            if self._random.random() < UNANSWERED:
                holding = {place for place, _, _ in places[key]}
                others = [(place, 0, 0) for place in range(len(paragraphs)) if place not in holding]
            passages = [(*self._passage(paragraphs[where], start), start, end) for where, start, end in others]
            passage, shift, start, end = max(
                passages, key=lambda found: len(told & self._telling(found[0])), default=("", 0, 0, 0)
            )
            # Where nothing else of the sentence is said, the passage is about something else.
            if len(told & self._telling(passage)) < SHARED or not shift <= start <= end <= shift + len(passage):
                continue
            question = self._question(text[sentence[0] : sentence[1]], asking[1] - sentence[0], asking[2] - sentence[0])
            if question is None:
                continue
            asked.add(asking[0])
            said = passage[start - shift : end - shift]
            spans = re.finditer(rf"\b{re.escape(said)}\b", passage) if said else ()
            made.append(Example(question, passage, tuple(match.span() for match in spans), "cloze"))
        self._random.shuffle(made)
        return made

    def _recurring(self, paragraphs: list[str]) -> dict[tuple[str, ...], list[tuple[int, int, int]]]:
        """Spans in two to ``COMMON`` paragraphs, the longest that can be: (paragraph, start, end) of each."""
        words = [[(m.group(), *m.span()) for m in WORD.finditer(text)] for text in paragraphs]
        taken = [[False] * len(found) for found in words]
        recurring: dict[tuple[str, ...], list[tuple[int, int, int]]] = {}
        for size in range(LONGEST_SPAN, 0, -1):
            places: dict[tuple[str, ...], list[tuple[int, int]]] = defaultdict(list)
            for number, found in enumerate(words):
                for i in range(len(found) - size + 1):
                    key = tuple(word for word, _, _ in found[i : i + size])
                    gap = paragraphs[number][found[i][1] : found[i + size - 1][2]]
                    if self._tells(key) and not re.search(r"[.;:!?()\"„“”]", gap):
                        places[key].append((number, i))
            for key, found_places in places.items():
                free = [(n, i) for n, i in found_places if not any(taken[n][i : i + size])]
                if 1 < len({n for n, _ in free}) <= COMMON:
                    for n, i in free:
                        taken[n][i : i + size] = [True] * size
                    recurring[key] = [(n, words[n][i][1], words[n][i + size - 1][2]) for n, i in free]
        return recurring

    def _telling(self, text: str) -> set[str]:
        """The beginnings of the words that say what a text is about."""
        return {word[:STEM] for word in WORD.findall(text.lower()) if len(word) > 3 and word not in self._stopped}

    def _tells(self, key: tuple[str, ...]) -> bool:
        """Whether a span is a name, a noun or a number, with what belongs to it."""
        ends = (key[0], key[-1])
        if any(word.lower() in self._stopped for word in ends):
            return False
        return all(word[0].isdigit() or (word[0].isupper() and len(word) > 2) for word in ends)

    def _question(self, sentence: str, start: int, end: int) -> str | None:
        """The sentence with a question word where the span was; None if it is too short to ask anything."""
        before, after = WORD.findall(sentence[:start]), WORD.findall(sentence[end:])
        if len(before) + len(after) < 5:
            return None
        room = self._random.randint(7, QUESTION_WORDS)
        kept = min(len(before), max(room // 2, room - len(after)))
        before, after = before[len(before) - kept :], after[: room - kept]
        words = [*self._thinned(before), "", *self._thinned(after)]
        english = self._random.random() < IN_ENGLISH
        asked = self._asked(sentence[start:end], english)
        if english:
            words = [self._in_english(word) for word in words]
        gap = words.index("")
        words[gap] = asked
        if self._random.random() < 0.6:  # the question word goes to the front, as in most questions
            words = [asked, *words[:gap], *words[gap + 1 :]]
        question = " ".join(words)
        return question[0].upper() + question[1:] + "?"

    def _thinned(self, words: list[str]) -> list[str]:
        return [word for word in words if self._random.random() >= LEFT_OUT]

    def _asked(self, span: str, english: bool) -> str:
        """A question word that may fit."""
        if re.fullmatch(r"1\d{3}|20\d\d", span):
            options = ("when", "in what year", "which year") if english else ("wann", "in welchem Jahr", "seit wann")
        elif span[0].isdigit():
            options = ("how many", "how much", "what") if english else ("wie viele", "wie viel", "wie hoch")
        else:
            options = ("who", "what", "which", "where", "whom") if english else (
                "wer", "was", "welche", "welcher", "welches", "wo", "wen", "wem", "wofür", "womit")  # fmt: skip
        return self._random.choice(options)

    def _in_english(self, word: str) -> str:
        options = self._english.get(word) or self._english.get(word.lower())
        return self._random.choices(*options)[0] if options else word

    def _passage(self, text: str, place: int) -> tuple[str, int]:
        """Whole sentences around a place, as long as what the reader gets, and where they begin."""
        limit = self._random.randint(350, PASSAGE_CHARS)
        spans = sentence_spans(text)
        around = next((i for i, (a, b) in enumerate(spans) if a <= place < b), 0)
        start, end = widened(spans, around, around, limit, self._random)
        return text[start:end].rstrip(), start


def _backward(table: Mapping[str, list[tuple[str, float]]]) -> dict[str, tuple[list[str], list[float]]]:
    """German word -> its English words and their weights."""
    found: dict[str, tuple[list[str], list[float]]] = {}
    for english, options in table.items():
        for german, weight in options:
            words, weights = found.setdefault(german, ([], []))
            words.append(english)
            weights.append(weight)
    return found
