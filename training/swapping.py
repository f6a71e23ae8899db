"""Stage 2: English text with its words swapped for German ones, keeping track of offsets.

The word for word copies teach the German words in English sentences whose questions and answers are known.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter, defaultdict

import numpy as np

from training.corpora import pairs
from training.lexicon import translation_table
from training.paths import WORK

WORD = re.compile(r"[^\W\d_]+")
LEXICON = WORK / "swaps.json"
DICTIONARY_PAIRS = 400_000


def build_lexicon() -> None:
    """Write ``swaps.json``: for each English word (lower case) its German words with their weights."""
    english_ids: dict[str, int] = {}
    german_ids: dict[str, int] = {}
    sources, targets = [], []
    rng = random.Random(1)
    entries = [pair for pair in pairs("ding_dictionary_de_en") if len(pair[0]) < 40 and "…" not in pair[0]]
    parallel = [*pairs("tatoeba_de_en"), *pairs("documentation_de_en"), *rng.sample(entries, DICTIONARY_PAIRS)]
    counts: Counter[str] = Counter()
    for german, english in parallel:
        german_words = WORD.findall(german)
        if german_words:  # a sentence's first word is only capitalised by its position, unless it is a noun elsewhere
            german_words[0] = german_words[0].lower() if len(german_words) > 1 else german_words[0]
        counts.update(german_words)
        targets.append(np.array([german_ids.setdefault(word, len(german_ids)) for word in german_words], np.int32))
        words = WORD.findall(english.lower())
        sources.append(np.array([english_ids.setdefault(word, len(english_ids)) for word in words], np.int32))
    forward = translation_table(sources, targets, source_size=len(english_ids), target_size=len(german_ids))
    backward = translation_table(targets, sources, source_size=len(german_ids), target_size=len(english_ids))
    back = {(e, g): p for g, e, p in zip(*(column.tolist() for column in backward), strict=True) if p >= 0.05}
    english, german = list(english_ids), list(german_ids)
    table: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for e, g, p in zip(*(column.tolist() for column in forward), strict=True):
        # Both directions have to agree: one alone gives rare words to whatever stands beside them.
        weight = (p * back.get((e, g), 0.0)) ** 0.5
        if weight >= 0.1 and p >= 0.02:
            table[english[e]].append((german[g], round(weight * min(counts[german[g]], 20), 3)))
    chosen = {word: sorted(found, key=lambda item: -item[1])[:4] for word, found in table.items()}
    LEXICON.write_text(json.dumps(chosen, ensure_ascii=False), encoding="utf-8")


class WordSwapper:
    """Swaps English words for German ones that are drawn by their weight."""

    def __init__(self, seed: int = 0) -> None:
        self._table = json.loads(LEXICON.read_text(encoding="utf-8"))
        self._random = random.Random(seed)

    def swap(self, text: str, rate: float) -> tuple[str, list[int]]:
        """The swapped text, and for every character position of ``text`` (and its end) the new position.

        ``rate`` (0..1) is the share of the known words that is swapped. A word keeps its translation within
        the text, so that a question and its passage, swapped together, still share their words.
        """
        chosen: dict[str, str] = {}
        parts: list[str] = []
        positions: list[int] = []
        done = length = 0
        for match in WORD.finditer(text):
            word = match.group()
            german = self._german(word, rate, chosen)
            if german is None:
                continue
            between = text[done : match.start()]
            positions += range(length, length + len(between))
            length += len(between)
            # Inside a swapped word only its two ends are meaningful.
            positions += [length] * len(word)
            parts += (between, german)
            length += len(german)
            done = match.end()
        positions += range(length, length + len(text) - done + 1)
        parts.append(text[done:])
        return "".join(parts), positions

    def _german(self, word: str, rate: float, chosen: dict[str, str]) -> str | None:
        if word in chosen:
            return chosen[word]
        options = self._table.get(word.lower())
        if not options or self._random.random() >= rate:
            return None
        words, weights = zip(*options, strict=True)
        chosen[word] = self._random.choices(words, weights)[0]
        return chosen[word]


if __name__ == "__main__":
    build_lexicon()
