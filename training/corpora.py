"""Readers for the training data (``paths.DATA``). None of them opens anything below ``eval/``."""

from __future__ import annotations

import json
import lzma
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from training.check_questions import HELD_OUT, read_questions
from training.paths import DATA, WORK

#: Written by ``silence.py``: question, passage, answers, kind, a JSON list a line.
FOUND = WORK / "found.jsonl"


@dataclass(frozen=True, slots=True)
class Example:
    """One question on one text. ``answers`` holds (start, end) of each right answer, empty when there is none.

    ``question_en`` is the English form of a German question where there is one; ``title`` and ``source`` are those of a
    written question's text.
    """

    question: str
    context: str
    answers: tuple[tuple[int, int], ...]
    article: str
    question_en: str = ""
    title: str = ""
    source: str = ""


def lines(name: str) -> Iterator[str]:
    """The lines of ``text/<name>.txt.xz``; blank ones divide the articles."""
    with lzma.open(DATA / "text" / f"{name}.txt.xz", "rt", encoding="utf-8") as file:
        yield from map(str.rstrip, file)


def pairs(name: str) -> Iterator[tuple[str, str]]:
    """The first two columns of ``pairs/<name>.tsv.xz``."""
    with lzma.open(DATA / "pairs" / f"{name}.tsv.xz", "rt", encoding="utf-8") as file:
        for line in file:
            columns = line.rstrip("\n").split("\t")
            if len(columns) >= 2 and columns[0] and columns[1]:
                yield columns[0], columns[1]


def _examples(articles: list[dict], name: str) -> Iterator[Example]:
    for position, article in enumerate(articles):
        for paragraph in article["paragraphs"]:
            context = paragraph["context"]
            for qa in paragraph["qas"]:
                spans = []
                for answer in qa["answers"]:
                    start, end = answer["answer_start"], answer["answer_start"] + len(answer["text"])
                    if context[start:end] == answer["text"] and (start, end) not in spans:
                        spans.append((start, end))
                if qa["answers"] and not spans:
                    continue
                yield Example(
                    qa["question"], context, tuple(spans), f"{name}:{position}", qa.get("question_en", ""),
                    article.get("title", ""), article.get("source", ""),
                )  # fmt: skip


def questions(name: str) -> Iterator[Example]:
    """The examples of ``qa/<name>.json``."""
    articles = json.loads((DATA / "qa" / f"{name}.json").read_text(encoding="utf-8"))["data"]
    yield from _examples(articles, name)


def written_questions() -> Iterator[Example]:
    """The German questions that were written for this project (``training/data``)."""
    yield from _examples(read_questions(), "written")


def found_passages() -> dict[str, list[Example]]:
    """What search found for questions (``silence.py``), by kind; empty before that stage."""
    kinds: dict[str, list[Example]] = defaultdict(list)
    if FOUND.is_file():
        for line in FOUND.read_text(encoding="utf-8").splitlines():
            question, context, answers, kind = json.loads(line)
            kinds[kind].append(Example(question, context, tuple((start, end) for start, end in answers), kind))
    return dict(kinds)


def held_out_questions(files: str = "*.txt") -> Iterator[Example]:
    """Those of them that nothing is trained on (``training/data/held_out``)."""
    yield from _examples(read_questions(HELD_OUT, files), "held out")
