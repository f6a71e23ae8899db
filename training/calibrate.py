"""Last stage: how sure is sure? Fits ``calibration.json`` of the embedded reader.

On the held-out questions (``training/data/held_out``), German and English, asked of the whole pipeline among forty of
the held-out articles at a time; ``retrieval.evaluation.fitting`` says how it is fitted. The questions were written with
one article in view: among all of them many would be ambiguous ("Wann begann der Umbau?"), and for the same reason only
those are asked that share a word with their article and with no other of the forty.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from retrieval.evaluation.fitting import Observations, observe
from retrieval.evaluation.squad import EvaluationQuestion, EvaluationSet
from retrieval.inference.embedder import SentenceTransformerEmbedder
from retrieval.inference.reader import TransformersReader
from retrieval.language.terms import keyword_terms
from retrieval.types import Document
from training.corpora import Example, held_out_questions
from training.paths import MODELS

TOGETHER = 40  # articles that are searched together


def held_out_set(held_out: Sequence[Example]) -> EvaluationSet:
    """The held-out questions, first in German, then those that are there in English too, over their texts."""
    asked = [
        *held_out,
        *(replace(example, question=example.question_en) for example in held_out if example.question_en),
    ]
    texts = {text: number for number, text in enumerate(dict.fromkeys(example.context for example in held_out))}
    return EvaluationSet(
        tuple(Document(text, path=f"written:{number}") for text, number in texts.items()),
        tuple(
            EvaluationQuestion(
                str(number),
                example.question,
                tuple(example.context[start:end] for start, end in example.answers),
                texts[example.context],
            )
            for number, example in enumerate(asked)
        ),
    )


def specific(examples: Sequence[Example]) -> list[Example]:
    """The examples whose German question holds a term that its text has and no other text of theirs."""
    terms = {text: set(keyword_terms(text)) for text in {example.context for example in examples}}
    texts_with = Counter(term for found in terms.values() for term in found)
    return [
        example
        for example in examples
        if any(term in terms[example.context] and texts_with[term] == 1 for term in keyword_terms(example.question))
    ]


def collections(examples: Sequence[Example]) -> Iterator[list[Example]]:
    """The examples of ``TOGETHER`` texts at a time, in random order."""
    texts = sorted({example.context for example in examples})
    random.Random(0).shuffle(texts)
    for start in range(0, len(texts), TOGETHER):
        chosen = set(texts[start : start + TOGETHER])
        yield [example for example in examples if example.context in chosen]


def main() -> None:
    embedder, reader = SentenceTransformerEmbedder(str(MODELS / "embedder")), TransformersReader(str(MODELS / "reader"))
    observed = Observations()
    for examples in collections(list(held_out_questions())):
        observed += observe(held_out_set(specific(examples)), embedder, reader)
    fits = observed.fits()
    print(fits.found, fits.given, sep="\n")
    fits.calibrations.write(MODELS / "reader")


if __name__ == "__main__":
    main()
