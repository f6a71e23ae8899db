"""Speed and size: first and later answers, reading, indexing with its parts, memory, models.

Times are wall-clock. "Fresh process" is the command from its start to its end; all else runs with loaded models.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import NamedTuple, TypeVar

import numpy as np

from benchmarks import markdown
from benchmarks.articles import SEEDS, write_articles
from bot.settings import load_settings
from bot.wiring import open_collection
from retrieval.collection import Collection
from retrieval.errors import FundstelleError
from retrieval.indexing.indexer import EMBEDDED_TOGETHER, Indexer
from retrieval.indexing.segments import split_article
from retrieval.inference.model_files import fast_bfloat16
from retrieval.loading import load_document
from retrieval.search.vector_index import FaissVectorIndex
from retrieval.store.store import Store

FUNDSTELLE = Path(sys.executable).with_name("fundstelle")
QUESTIONS = SEEDS.parent / "tests" / "data" / "seeds.json"
FRESH_RUNS = 5
Result = TypeVar("Result")


class Figure(NamedTuple):
    """One measured value: its name in JSON, its label in the table."""

    key: str
    label: str
    value: float
    unit: str


def measure(articles: Path | None) -> list[Figure]:
    """All figures, in the order of the table. Raises FundstelleError when a model is missing."""
    german, english = seed_questions()
    with tempfile.TemporaryDirectory(prefix="fundstelle-bench-") as name:
        folder = Path(name)
        settings = load_settings(home=folder / "home")
        with open_collection(settings, _say) as collection:
            collection.answerer.load()
            collection.indexer.index([SEEDS])
            figures = [
                *_sizes({"embedder": settings.embedder, "reader": settings.reader}),
                *_first_answer(settings.home, german[0]),
                *_answers(collection, "German", german),
                *_answers(collection, "English", english),
                *_reading(collection, german + english),
            ]
            (folder / "articles").mkdir()
            files = write_articles(folder / "articles", articles)
            figures += _indexing(collection, files, folder / "whole")
            figures += _indexing_parts(collection, files, folder / "parts")
            figures += _indexing_command(files, folder / "command")
    return figures


def machine() -> str:
    """The CPU, its cores, and what matters for the models' speed."""
    import torch

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    units = "bfloat16" if fast_bfloat16() else "float32, no bfloat16 in hardware"
    versions = f"Python {platform.python_version()}, PyTorch {torch.__version__}"
    return f"{_cpu()}, {cores} cores, {torch.get_num_threads()} PyTorch threads, {units}; {versions}"


def _sizes(models: dict[str, str]) -> Iterator[Figure]:
    for name, folder in models.items():
        files = [path for path in Path(folder).expanduser().rglob("*") if path.is_file()]
        if files:  # a model from the hub lies elsewhere
            yield Figure(f"{name}_mb", f"Size of the {name}", sum(path.stat().st_size for path in files) / 1e6, "MB")


def _first_answer(home: Path, question: str) -> Iterator[Figure]:
    seconds, memory = zip(*(_command(home, "ask", question) for _ in range(FRESH_RUNS)), strict=True)
    yield Figure("first_answer_s", f"First answer, fresh process (median of {FRESH_RUNS})", median(seconds), "s")
    yield Figure("ask_memory_mb", "Memory of that process, peak", max(memory), "MB")


def _answers(collection: Collection, language: str, questions: Sequence[str]) -> Iterator[Figure]:
    collection.answerer.ask(questions[0])  # opens the index and warms up
    seconds = [_timed(collection.answerer.ask, question)[1] for question in questions]
    yield from _spread(f"answer_{language.lower()}", f"Later answers, {len(seconds)} {language} questions", seconds)


def _reading(collection: Collection, questions: Sequence[str]) -> Iterator[Figure]:
    seconds = []
    for question in questions:
        passages = [hit.passage.text for hit in collection.search.search(question, limit=5)]
        seconds.append(_timed(collection.reader.read, question, passages)[1])
    yield from _spread("reading", "Reading 5 passages, the reader alone", seconds)


def _indexing(collection: Collection, files: list[Path], home: Path) -> Iterator[Figure]:
    """As ``fundstelle index`` does it."""
    with Store(home) as store:
        indexer = Indexer(store, collection.splitter, collection.embedder, notify=_say)
        _, seconds = _timed(indexer.index, files)
        count = store.sentence_count()
        yield Figure("sentences", f"Sentences of the {store.article_count()} articles indexed", count, "")
    yield Figure("indexing", "Indexing, end to end", count / seconds, "sentences/s")


def _indexing_parts(collection: Collection, files: list[Path], home: Path) -> Iterator[Figure]:
    """The same work in one process, one part after the other."""
    embedder, times = collection.embedder, {}
    with Store(home) as store:
        documents, times["loading"] = _timed(lambda: [load_document(path) for path in files])
        parts, times["splitting"] = _timed(lambda: [split_article(collection.splitter, d.text) for d in documents])
        sentences = [sentence.text for part in parts for sentence in part.sentences]
        starts = range(0, len(sentences), EMBEDDED_TOGETHER)
        blocks, times["embedding"] = _timed(
            lambda: [embedder.embed_texts(sentences[start : start + EMBEDDED_TOGETHER]) for start in starts]
        )
        ends = np.cumsum([len(part.sentences) for part in parts])[:-1]

        def put() -> None:
            for document, part, rows in zip(documents, parts, np.split(np.concatenate(blocks), ends), strict=True):
                store.put(document, part, rows, signature=embedder.signature)
            FaissVectorIndex(store).load()

        _, times["storing"] = _timed(put)
    for name, seconds in times.items():
        yield Figure(f"indexing_{name}", f"Indexing, {name} alone", len(sentences) / seconds, "sentences/s")


def _indexing_command(files: list[Path], home: Path) -> Iterator[Figure]:
    seconds, memory = _command(home, "index", str(files[0].parent))
    yield Figure("indexing_command_s", "Indexing these articles, fresh process", seconds, "s")
    yield Figure("indexing_memory_mb", "Memory of that process, peak", memory, "MB")


def _command(home: Path, *arguments: str) -> tuple[float, float]:
    """Runs ``fundstelle``: seconds from start to end and peak memory in MB. Raises SystemExit if it fails."""
    start = time.perf_counter()
    environment = {**os.environ, "FUNDSTELLE_HOME": str(home)}
    process = subprocess.Popen([FUNDSTELLE, *arguments], env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(process.returncode)  # the command has said why
    return seconds, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def seed_questions() -> tuple[list[str], list[str]]:
    """The German and the English questions on the samples."""
    articles = json.loads(QUESTIONS.read_text(encoding="utf-8"))["data"]
    qas = [qa for article in articles for paragraph in article["paragraphs"] for qa in paragraph["qas"]]
    return [qa["question"] for qa in qas], [qa["question_en"] for qa in qas]


def _timed(function: Callable[..., Result], *arguments: object) -> tuple[Result, float]:
    """The result and the seconds it took."""
    start = time.perf_counter()
    result = function(*arguments)
    return result, time.perf_counter() - start


def _spread(key: str, label: str, seconds: Sequence[float]) -> Iterator[Figure]:
    yield Figure(f"{key}_median_ms", f"{label}: median", 1000 * median(seconds), "ms")
    yield Figure(f"{key}_p95_ms", f"{label}: 95th percentile", 1000 * quantiles(seconds, n=20)[-1], "ms")


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def _say(notice: str) -> None:
    print(notice, file=sys.stderr)


def _shown(figure: Figure) -> str:
    return f"{figure.value:,.{1 if figure.value < 100 and figure.unit else 0}f} {figure.unit}".rstrip()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__.splitlines()[0])
    about = "index the first articles of this text (a blank line between any two; .xz too), not varied samples"
    parser.add_argument("--articles", type=Path, metavar="FILE", help=about)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    try:
        figures = measure(options.articles)
    except (FundstelleError, OSError) as error:
        raise SystemExit(str(error)) from None
    if options.json:
        print(json.dumps({"machine": machine(), **{figure.key: round(figure.value, 2) for figure in figures}}))
    else:
        print(f"{machine()}\n\n{markdown(['', ''], [(figure.label, _shown(figure)) for figure in figures])}")


if __name__ == "__main__":
    main()
