"""Reading examples, drawn afresh each round: which text, in which language, with an answer or without one."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from training.cloze import ClozeSource
from training.corpora import Example, found_passages, questions, written_questions
from training.passages import PASSAGE_CHARS, as_passage, without_answer
from training.swapping import WordSwapper

WORDS = re.compile(r"\w{4,}")
UNSWAPPED = 0.6  # share of the English examples that stay as they are, for the reader
#: What shares the kinds of found passages have among them.
FOUND_SHARES = {
    "at home": 0.32, "elsewhere": 0.2, "near miss": 0.18, "general knowledge": 0.06, "other news": 0.06,
    "wrong premise": 0.1, "keywords": 0.03, "chat": 0.03, "commands": 0.01, "private life": 0.01,
}  # fmt: skip
COMPARED = 150  # texts among which the likest to a question is looked for


class ExampleSource:
    """Draws training examples.

    ``easy`` ones are from one sentence, ``hard`` ones from a paragraph, ``written`` are the German ones, ``found`` what
    search found for those and for off-topic questions (``silence.py``), ``cloze`` what German text asks of itself
    (``cloze.py``).
    """

    def __init__(self, seed: int = 0, *, unswapped: float = UNSWAPPED) -> None:
        self._seed = seed
        self._random = random.Random(seed)
        self._unswapped = unswapped
        self._swapper = WordSwapper(seed)
        self.easy = [*questions("qamr_dev_en"), *questions("qamr_test_en"), *questions("qasrl_gs_en")]
        self.hard = [*questions("squad11_en"), *questions("squadshifts_new_wiki_en"), *questions("qed_nq_en")]
        self.hard += [example for example in questions("squad20_en") if not example.answers]
        self.written = list(written_questions())
        self.found = found_passages()
        self._contexts: dict[str, list[str]] = defaultdict(list)
        for example in self.hard:
            if example.context not in self._contexts[example.article]:
                self._contexts[example.article].append(example.context)
        self._written_contexts = sorted({example.context for example in self.written})
        self._words: dict[str, frozenset[str]] = {}
        self._by_context: dict[str, list[Example]] = defaultdict(list)
        for example in self.hard:
            if example.answers:
                self._by_context[example.context].append(example)

    @cached_property
    def _cloze(self) -> ClozeSource:
        return ClozeSource(self._seed)

    def draw(self, size: int, *, easy: float, written: float, found: float, cloze: float) -> list[Example]:
        """``size`` examples; the arguments are the shares of those kinds, the rest is hard."""
        drawn = []
        for _ in range(size):
            kind = self._random.random()
            if kind < easy:
                drawn.append(self._in_german(self._random.choice(self.easy)))
            elif kind < easy + written:
                drawn.append(self._written(self._random.choice(self.written)))
            elif kind < easy + written + found:
                kinds = self._random.choices(list(self.found), [FOUND_SHARES[name] for name in self.found])
                drawn.append(self._random.choice(self.found[kinds[0]]))
            elif kind < easy + written + found + cloze:
                drawn.append(self._cloze.draw())
            else:
                drawn.append(self._in_german(self._silenced(self._random.choice(self.hard), self._contexts)))
        return drawn

    def draw_neighbours(self, size: int) -> list[Example]:
        """A question each on up to ``size`` paragraphs of one article: texts that are easily taken for each other."""
        article = self._random.choice(self.hard).article
        contexts = [context for context in self._contexts[article] if context in self._by_context]
        chosen = self._random.sample(contexts, min(size, len(contexts)))
        return [self._in_german(self._random.choice(self._by_context[context])) for context in chosen]

    def _written(self, example: Example) -> Example:
        example = self._silenced(example, None)
        if example.question_en and self._random.random() < 0.45:
            return replace(example, question=example.question_en)
        return example

    def _silenced(self, example: Example, contexts: dict[str, list[str]] | None) -> Example:
        """With some chance, the question on a text that does not answer it."""
        chance = self._random.random()
        if chance > 0.6 and len(example.context) > PASSAGE_CHARS:
            return as_passage(example, self._random)
        if not example.answers or chance > 0.17:
            return example
        if chance < 0.07:
            return without_answer(example) or example
        options = self._written_contexts if contexts is None else contexts[example.article]
        likest = self._likest(example, options)
        return example if likest is None else replace(example, context=likest, answers=())

    def _likest(self, example: Example, options: Sequence[str]) -> str | None:
        """The one of some other texts that says most of what question and text say, but not the answer."""
        asked, told = self._words_of(example.question), self._words_of(example.context)
        answers = {example.context[start:end] for start, end in example.answers}

        def likeness(text: str) -> float:
            words = self._words_of(text)
            return float((3 * len(asked & words) + len(told & words)) / len(text) ** 0.5)

        others = self._random.sample(options, min(COMPARED, len(options)))
        for text in sorted(others, key=likeness, reverse=True)[:5]:
            if text != example.context and not any(answer in text for answer in answers):
                return text
        return None

    def _words_of(self, text: str) -> frozenset[str]:
        if text not in self._words:
            self._words[text] = frozenset(WORDS.findall(text.lower()))
        return self._words[text]

    def _in_german(self, example: Example) -> Example:
        """An English example as it is, or with swapped words in the text, the question, or both."""
        form = self._random.random()
        if form < self._unswapped:
            return example
        rate = self._random.choice((0.7, 0.85, 1.0))
        if form < self._unswapped + (1 - self._unswapped) * 0.4:  # English question, German words in the text
            context, positions = self._swapper.swap(example.context, rate)
            question = example.question
        elif form < self._unswapped + (1 - self._unswapped) * 0.7:  # both, a word with the same translation everywhere
            joined, positions = self._swapper.swap(f"{example.question}\n{example.context}", rate)
            offset = positions[len(example.question)] + 1
            question, context = joined[: offset - 1], joined[offset:]
            positions = [position - offset for position in positions[len(example.question) + 1 :]]
        else:  # both, each on its own: the question uses other words than the text
            question, _ = self._swapper.swap(example.question, rate)
            context, positions = self._swapper.swap(example.context, rate)
        answers = tuple((positions[start], positions[end]) for start, end in example.answers)
        return replace(example, question=question, context=context, answers=answers)
