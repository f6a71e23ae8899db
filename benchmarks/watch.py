"""Standing questions: how long one new article takes when many questions wait, with the models that come along.

The questions are about many buildings in many towns; the new article has 30 sentences and is about one of them. What is
measured is ``Watch.run`` after the article is indexed: the questions were embedded when the first article came.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import islice, product
from statistics import median
from typing import NamedTuple

from benchmarks import markdown
from benchmarks.articles import SEEDS
from benchmarks.speed import machine
from retrieval.collection import Collection
from retrieval.types import Document

QUESTIONS = 1000
SENTENCES = 30
ROUNDS = 3

_TOWNS = ("Aalen", "Bautzen", "Celle", "Dessau", "Emden", "Fürth", "Gera", "Hameln", "Itzehoe", "Jena")
_SUBJECTS = (
    "Brücke", "Feuerwache", "Turnhalle", "Bibliothek", "Kläranlage", "Grundschule", "Markthalle", "Seilbahn", "Klinik",
    "Kita", "Eishalle", "Sternwarte", "Schleuse", "Stadthalle", "Mensa", "Tiefgarage", "Messe", "Kapelle", "Mühle",
    "Jugendherberge", "Synagoge", "Moschee", "Oper", "Gärtnerei", "Molkerei",
)  # fmt: skip
_ASKED = (
    "Was kostet die {} in {}?",
    "Wann öffnet die {} in {}?",
    "Wer leitet die {} in {}?",
    "Warum ist die {} in {} gesperrt?",
)
_SAID = (
    "Die Brücke in Aalen kostet {} Millionen Euro.",
    "Der Rat hat am Dienstag lange darüber gesprochen.",
    "Die Anwohner hatten {} Unterschriften gesammelt.",
    "Gebaut wird voraussichtlich bis zum Jahr {}.",
    "Ein Sprecher der Stadt lobte die Planer.",
    "Der alte Bau war {} Meter lang und aus Stahl.",
)


class Measured(NamedTuple):
    """Seconds that a new article takes, in the median, and what came of it."""

    questions: int
    sentences: int
    seconds: float
    answers: int


def wordings(count: int) -> list[str]:
    """That many different questions, of up to a thousand."""
    asked = product(_ASKED, _TOWNS, _SUBJECTS)
    return [asking.format(subject, town) for asking, town, subject in islice(asked, count)]


def article(sentences: int, number: int) -> Document:
    """An article of that many sentences, which the first question is answered by."""
    lines = [_SAID[i % len(_SAID)].format(2 * number + 3 * i + 12) for i in range(sentences)]
    return Document(" ".join(lines), "Brücke in Aalen", "Beispiel", path=f"/neu/{number}.txt")


def measure(questions: int, sentences: int, rounds: int) -> Measured:
    """The median of several articles, after one that does not count."""
    with tempfile.TemporaryDirectory(prefix="fundstelle-bench-") as home, Collection(home) as collection:
        collection.index([SEEDS])
        collection.load()
        for wording in wordings(questions):
            collection.watch.questions.add(wording)
        taken, answers = [], 0
        for number in range(rounds + 1):
            collection.add_document(article(sentences, number))
            began = time.perf_counter()
            answers = collection.watch.run()
            taken.append(time.perf_counter() - began)
            print(f"article {number}: {taken[-1]:.2f} s, {answers} answers", file=sys.stderr, flush=True)
        return Measured(questions, sentences, median(taken[1:]), answers)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.watch", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--questions", type=int, default=QUESTIONS, help="how many wait")
    parser.add_argument("--sentences", type=int, default=SENTENCES, help="of the new article")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="new articles")
    parser.add_argument("--json", action="store_true", help="print a line of JSON")
    options = parser.parse_args(arguments)
    row = measure(options.questions, options.sentences, options.rounds)
    if options.json:
        print(json.dumps(row._asdict()))
        return
    print(f"{machine()}\n")
    print(
        markdown(
            ["standing questions", "sentences", "seconds", "answers"],
            [[f"{row.questions:,}", row.sentences, f"{row.seconds:.2f}", row.answers]],
        )
    )


if __name__ == "__main__":
    main()
