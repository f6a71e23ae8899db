"""Check and read the question files that people wrote (``training/data/*.txt``).

``python training/check_questions.py [FILE...]`` prints every answer that is not a literal part of its text and
ends with exit code 1 if there is one. ``read_questions`` is what training uses: SQuAD-2.0-shaped articles.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).parent / "data"
#: Never trained on: confidence and search weights are fitted there.
HELD_OUT = DATA / "held_out"

#: Questions that no text of a collection answers.
OFF_TOPIC = DATA / "off_topic"
HELD_OUT_OFF_TOPIC = HELD_OUT / "off_topic"


@dataclass(frozen=True, slots=True)
class OffTopic:
    """A question that nothing answers, in German and English; ``title`` names the text that a near miss is about."""

    question: str
    question_en: str
    kind: str
    title: str = ""


class FormatError(ValueError):
    """A question file breaks the format that ``training/data/README.md`` describes."""


def find_answer(context: str, answer: str) -> dict[str, object]:
    """The answer with its offset. ``text @@2`` means the second occurrence.

    Raises:
        FormatError: the text does not hold the answer that often.
    """
    text, _, occurrence = answer.partition(" @@")
    start = -1
    for _ in range(int(occurrence or 1)):
        start = context.find(text, start + 1)
        if start < 0:
            raise FormatError(f"answer is not in the text: {answer!r}")
    return {"text": text, "answer_start": start}


def read_articles(path: Path) -> tuple[list[dict[str, object]], list[str]]:
    """The articles of one file in SQuAD 2.0 form, and what is wrong with it (one line a fault)."""
    articles: list[dict[str, object]] = []
    faults: list[str] = []
    for block in ("\n" + path.read_text(encoding="utf-8")).split("\n## ")[1:]:
        heading, _, rest = block.partition("\n")
        body, separator, questions = rest.partition("\n---\n")
        title, source, date = (part.strip() for part in (heading + " | | ").split("|")[:3])
        if not separator:
            faults.append(f"{path.name}: {title}: no line '---' after the text")
            continue
        context = body.strip()
        qas: list[dict[str, object]] = []
        question: dict[str, object] = {}
        for line in filter(None, map(str.strip, questions.splitlines())):
            kind, _, value = line.partition(": ")
            if kind == "Q":
                question = {"question": value}
            elif kind == "E":
                question["question_en"] = value
            elif kind == "A" and len(question) == 2:
                try:
                    parts = [] if value == "-" else [part.strip() for part in value.split("||")]
                    answers = [find_answer(context, part) for part in parts]
                except FormatError as error:
                    faults.append(f"{path.name}: {title}: {question['question']}: {error}")
                    continue
                identity = f"{path.stem}-{len(articles)}-{len(qas)}"
                qas.append({"id": identity, **question, "is_impossible": not answers, "answers": answers})
            else:
                faults.append(f"{path.name}: {title}: unexpected line {line!r}")
        article = {"title": title, "source": source, "date": date, "paragraphs": [{"context": context, "qas": qas}]}
        articles.append(article)
    return articles, faults


def read_questions(folder: Path = DATA, files: str = "*.txt") -> list[dict[str, object]]:
    """All articles of the question files in a folder, or of some of the files."""
    articles: list[dict[str, object]] = []
    for path in sorted(folder.glob(files)):
        articles += read_articles(path)[0]
    return articles


def off_topic_questions(folder: Path = OFF_TOPIC) -> Iterator[OffTopic]:
    """All off-topic questions of the files in a folder: blocks "## kind" or "## kind | title" of lines Q and E.

    Raises:
        FormatError: a line is neither, or an E has no Q.
    """
    for path in sorted(folder.glob("*.txt")):
        kind = title = question = ""
        for line in filter(None, map(str.strip, path.read_text(encoding="utf-8").splitlines())):
            if line.startswith("## "):
                kind, _, title = (part.strip() for part in line[3:].partition("|"))
            elif line.startswith("Q: "):
                question = line[3:]
            elif line.startswith("E: ") and question:
                yield OffTopic(question, line[3:], kind, title)
                question = ""
            else:
                raise FormatError(f"{path.name}: unexpected line {line!r}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Check that every answer is a literal part of its text.")
    parser.add_argument("files", nargs="*", type=Path)
    paths = parser.parse_args().files or sorted([*DATA.glob("*.txt"), *HELD_OUT.glob("*.txt")])
    answerable = unanswerable = 0
    faults: list[str] = []
    for path in paths:
        articles, wrong = read_articles(path)
        faults += wrong
        for article in articles:
            for paragraph in article["paragraphs"]:  # type: ignore[attr-defined]
                for question in paragraph["qas"]:
                    answerable += not question["is_impossible"]
                    unanswerable += question["is_impossible"]
    print(*faults, sep="\n")
    print(
        f"{len(paths)} files, {answerable} answerable and {unanswerable} unanswerable questions, {len(faults)} faults"
    )
    print(f"{sum(1 for _ in off_topic_questions())} off-topic questions")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
