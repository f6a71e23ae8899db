"""Stage 8: how sure is sure? Fits ``calibration.json`` of the embedded reader.

On the held-out questions (``training/data/held_out``), German and English, asked of the whole pipeline among the
held-out articles; ``retrieval.calibrating`` says how it is fitted. Among all thousand written articles many of the
questions, written with one article in view, would be ambiguous ("Wann begann der Umbau?"), and for the same reason
only those questions are asked that share a word with their article and with no other held-out one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from retrieval.calibrating import calibrate
from retrieval.embedding import SentenceTransformerEmbedder
from retrieval.evaluation import EvaluationQuestion, EvaluationSet
from retrieval.german import keyword_terms
from retrieval.reader import TransformersReader
from retrieval.types import Document
from training.corpora import Example, held_out_questions
from training.paths import MODELS


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


def main() -> None:
    data = held_out_set(specific(list(held_out_questions())))
    fits = calibrate(
        data, SentenceTransformerEmbedder(str(MODELS / "embedder")), TransformersReader(str(MODELS / "reader"))
    )
    print(fits.found, fits.given, sep="\n")
    fits.calibrations.write(MODELS / "reader")


if __name__ == "__main__":
    main()
