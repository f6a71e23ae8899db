"""Last stage: how sure is sure? Fits ``calibration.json`` of the embedded reader.

On the held-out questions (``training/data/held_out``), German and English, asked of the whole pipeline among twenty
of the held-out articles at a time; ``retrieval.evaluation.fitting`` says how it is fitted. The questions were written
with one article in view: among all of them many would be ambiguous ("Wann begann der Umbau?"), and for the same reason
only those are asked that share a word with their article and with no other of the twenty. Most were reworded on purpose
and are harder than what people ask; how sure is sure is told by the others (``plain_*.txt``) and as many of these. The
threshold is chosen with off-topic questions, too, and with near misses about the very articles.
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
from training.check_questions import HELD_OUT_OFF_TOPIC, OffTopic, off_topic_questions
from training.corpora import Example, held_out_questions
from training.paths import MODELS

TOGETHER = 20  # articles that are searched together


def held_out_set(held_out: Sequence[Example]) -> EvaluationSet:
    """The held-out questions, first in German, then those that are there in English too, over their texts."""
    asked = [
        *held_out,
        *(replace(example, question=example.question_en) for example in held_out if example.question_en),
    ]
    titles = {example.context: example.title for example in held_out}
    texts = {text: number for number, text in enumerate(titles)}
    return EvaluationSet(
        tuple(
            Document(text, title=titles[text], path=f"written:{number}") for text, number in texts.items()
        ),
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


def off_topic_set(asked: Sequence[OffTopic], documents: Sequence[Document], rng: random.Random) -> EvaluationSet:
    """Questions that none of the documents answers, in both languages; the text of a near miss is the one it names."""
    places = {document.title: place for place, document in enumerate(documents)}
    questions = [
        EvaluationQuestion(wording, wording, (), places.get(item.title, rng.randrange(len(documents))))
        for item in asked
        for wording in (item.question, item.question_en)
    ]
    return EvaluationSet(tuple(documents), tuple(questions))


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


def some(observed: Observations, count: int) -> Observations:
    """``count`` of the questions at random, or all."""
    total = len(observed.answerable)
    chosen = set(random.Random(0).sample(range(total), min(count, total)))
    return observed.of([number in chosen for number in range(total)])


def main() -> None:
    embedder, reader = SentenceTransformerEmbedder(str(MODELS / "embedder")), TransformersReader(str(MODELS / "reader"))
    plainly, reworded, off_topic, rng = Observations(), Observations(), Observations(), random.Random(0)
    plain = {example.context for example in held_out_questions("plain_*.txt")}
    groups = list(collections(list(held_out_questions())))
    asked_in_vain = list(off_topic_questions(HELD_OUT_OFF_TOPIC))
    for number, examples in enumerate(groups):
        asked = held_out_set(specific(examples))
        titles = {document.title for document in asked.documents}
        strangers = [
            item
            for place, item in enumerate(asked_in_vain)
            if (item.title in titles if item.title else place % len(groups) == number)
        ]
        found = observe(asked, embedder, reader)
        is_plain = [asked.documents[question.context].text in plain for question in asked.questions]
        plainly += found.of(is_plain)
        reworded += found.of([not chosen for chosen in is_plain])
        off_topic += observe(off_topic_set(strangers, asked.documents, rng), embedder, reader)
        print(f"{number + 1} of {len(groups)}", flush=True)
    fits = (plainly + reworded).fits(off_topic, plainly + some(reworded, len(plainly.answerable)))
    print(fits.found, fits.given, sep="\n")
    fits.calibrations.write(MODELS / "reader")


if __name__ == "__main__":
    main()
