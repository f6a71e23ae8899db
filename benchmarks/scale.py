"""Cost against size: a collection that grows to a million sentences, measured on the way.

The articles are taken from large German texts and indexed for real; a text that does not suffice goes on with sentences
put together from the halves of others. The collection and the figures stay in the work folder: interrupted, the next
call goes on. The table and the plot go to ``docs/``.

With ``--backend postgres`` the same collection is moved to PostgreSQL at each size, and both engines stand in one
table, which is printed only.
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.articles import SEEDS
from benchmarks.scale_report import engines_table, write_report
from benchmarks.speed import machine
from bot.settings import load_settings
from bot.wiring import open_collection
from retrieval.collection import Collection
from retrieval.search.search import question_terms
from retrieval.types import Document, Filter

ROOT = SEEDS.parent
TEXTS = ROOT.parent / "shared" / "data" / "text"
FILES = ("wikipedia_de.txt.xz", "bundestag_reden_de.txt.xz")
SIZES = (10_000, 100_000, 1_000_000)
ARTICLE_CHARS = 4000  # a long news report
BATCH_CHARS = 3_000_000
QUESTIONS = 300
RECALL_QUESTIONS = 100
YEARS = range(2000, 2025)
DATABASE_URL = "FUNDSTELLE_DATABASE_URL"
SQLITE, POSTGRES = "SQLite", "PostgreSQL"
MOST = Filter(since="2002-01-01")  # lets 23 of 25 articles through


@dataclass(frozen=True, slots=True)
class Figures:
    """What a collection of so many sentences costs; times in milliseconds but for ``opening_s``, sizes in MB."""

    sentences: int
    articles: int
    indexed_per_second: float | None  # None: not embedded, but moved
    search_p50_ms: float
    search_p95_ms: float
    search_p99_ms: float
    dense_p95_ms: float
    keyword_p95_ms: float
    filtered_p95_ms: float
    opening_s: float
    add_article_ms: float
    peak_memory_mb: float
    database_mb: float
    index_mb: float
    recall_at_10: float
    engine: str = SQLITE
    server_memory_mb: float | None = None  # beside that of the process that asks
    import_s: float | None = None  # of the whole collection with its vectors


def articles(paths: Sequence[Path]) -> Iterator[str]:
    """The articles of texts with a blank line between any two, cut into parts of about ARTICLE_CHARS; then others."""
    sentences: list[str] = []
    for path in paths:
        raw = path.read_bytes()
        text = (lzma.decompress(raw) if path.suffix == ".xz" else raw).decode("utf-8")
        for article in re.split(r"\n\s*\n", text):
            for part in _parts(article):
                sentences += islice(re.split(r"(?<=[.!?])\s+", part), 3)
                yield part
    rng = random.Random(0)
    while sentences:
        halves = [rng.choice(sentences).split() for _ in range(2 * 30)]
        yield " ".join(
            " ".join((*one[: len(one) // 2], *other[len(other) // 2 :]))
            for one, other in zip(halves[::2], halves[1::2], strict=True)
        )


def _parts(article: str) -> Iterator[str]:
    part = ""
    for paragraph in article.split("\n"):
        if part and len(part) + len(paragraph) > ARTICLE_CHARS:
            yield part
            part = ""
        part = f"{part}\n{paragraph}".strip()
    if part:
        yield part


def grow(collection: Collection, source: Iterator[Document], size: int) -> float:
    """Takes up articles until the collection holds ``size`` sentences; sentences a second."""
    started, before = time.perf_counter(), collection.store.sentence_count()
    while (count := collection.store.sentence_count()) < size:
        budget = min(BATCH_CHARS, (size - count) * 110 + ARTICLE_CHARS)
        batch = []
        while budget > 0:
            batch.append(next(source))
            budget -= len(batch[-1].text)
        collection.indexer.index_documents(batch)
        print(f"{collection.store.sentence_count():,} of {size:,} sentences", file=sys.stderr, flush=True)
    return (collection.store.sentence_count() - before) / (time.perf_counter() - started)


def measure(home: Path) -> dict[str, float]:
    """What a process that opens the collection sees; run in a process of its own, for its memory."""
    settings = load_settings(home=home)
    with open_collection(settings, _say) as collection:
        collection.embedder.load()
        started = time.perf_counter()
        collection.keywords.load()
        collection.vectors.load()
        opening = time.perf_counter() - started
        search, store = collection.search, collection.store
        asked = questions()
        search.search(asked[0])  # a model's first text takes longer than the others
        times = [_seconds(lambda q=q: search.search(q)) for q in asked]
        queries = collection.embedder.embed_questions(asked)
        dense = [_seconds(lambda q=q: collection.vectors.search(q, 120)) for q in queries]
        words = [_seconds(lambda q=q: collection.keywords.search(question_terms(q), 40)) for q in asked]
        filtered = [_seconds(lambda q=q: search.search(q, within=MOST)) for q in asked]
        new = [Document(" ".join(asked[5 * i : 5 * i + 5]), path=f"/neu/{i}") for i in range(5)]
        adding = [
            _seconds(lambda document=document: collection.indexer.index_documents([document])) for document in new
        ]
        memory = {"peak_memory_mb": _peak_memory_mb()}
        if settings.database_url:
            from benchmarks.scale_postgres import server_memory_mb

            memory["server_memory_mb"] = server_memory_mb(store.database)
        for document in store.documents():
            if document.path.startswith("/neu/"):
                store.remove(document.id)
        return {
            **{f"search_p{p}_ms": 1000 * float(np.percentile(times, p)) for p in (50, 95, 99)},
            "dense_p95_ms": 1000 * float(np.percentile(dense, 95)),
            "keyword_p95_ms": 1000 * float(np.percentile(words, 95)),
            "filtered_p95_ms": 1000 * float(np.percentile(filtered, 95)),
            "opening_s": opening,
            "add_article_ms": 1000 * float(np.median(adding)),
            **memory,
            "recall_at_10": recall(collection, queries[:RECALL_QUESTIONS]),
        }


def recall(collection: Collection, queries: np.ndarray) -> float:
    """The share of the ten nearest sentences, by comparison with all, that search gets as candidates and rescores."""
    ids, scores = np.empty((len(queries), 0), np.int64), np.empty((len(queries), 0), np.float32)
    for block, vectors in collection.store.all_vectors():
        ids = np.concatenate([ids, np.broadcast_to(block, (len(queries), len(block)))], axis=1)
        scores = np.concatenate([scores, queries @ vectors.T], axis=1)
        best = np.argsort(-scores, axis=1)[:, :10]
        ids, scores = np.take_along_axis(ids, best, 1), np.take_along_axis(scores, best, 1)
    found = [{sentence for sentence, _ in collection.vectors.search(query, 120)} for query in queries]
    return float(np.mean([len(set(exact.tolist()) & some) / 10 for exact, some in zip(ids, found, strict=True)]))


def questions() -> list[str]:
    """German questions on all kinds of subjects."""
    from training.corpora import held_out_questions

    return [example.question for example in islice(held_out_questions(), QUESTIONS)]


def _peak_memory_mb() -> float:
    """Of this program: what getrusage() gives begins with the memory of the process that has started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024


def _seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _say(notice: str) -> None:
    print(notice, file=sys.stderr)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__.splitlines()[0])
    parser.add_argument("--articles", nargs="+", type=Path, default=[TEXTS / name for name in FILES])
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES, help="numbers of sentences, rising")
    parser.add_argument("--work", type=Path, default=ROOT / "benchmarks" / "work", help="where the collection is kept")
    parser.add_argument("--docs", type=Path, default=ROOT / "docs", help="where the table and the plot go")
    parser.add_argument("--backend", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    home = options.work / "home"
    if options.measure:
        print(json.dumps(measure(home)))
        return
    os.environ.pop(DATABASE_URL, None)  # nobody's collection is to get these articles
    home.mkdir(parents=True, exist_ok=True)
    done = options.work / "scale.json"
    figures = [Figures(**entry) for entry in json.loads(done.read_text())] if done.exists() else []
    with open_collection(load_settings(home=home), _say) as collection:
        # Every article has a number for a path: what is there already is skipped, not looked at again.
        known = collection.store.database.rows("SELECT count(*) FROM documents")[0][0]
        source = islice(enumerate(articles(options.articles)), known, None)
        dated = (Document(text, path=f"/artikel/{i}", published=f"{YEARS[i % 25]}-01-01") for i, text in source)

        def keep(size: int, speed: float | None, **seen: Any) -> None:
            figures.append(Figures(size, collection.store.article_count(), speed, **seen))
            done.write_text(json.dumps([asdict(entry) for entry in figures], indent=2))

        def in_process(database_url: str = "") -> dict[str, float]:
            command = [sys.executable, "-m", "benchmarks.scale", "--measure", "--work", str(options.work)]
            environment = {**os.environ, **({DATABASE_URL: database_url} if database_url else {})}
            result = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=environment)
            seen: dict[str, float] = json.loads(result.stdout)
            return seen

        known_sizes = {(entry.engine, entry.sentences) for entry in figures}
        for size in sorted(set(options.sizes)):
            if (SQLITE, size) not in known_sizes:
                speed = grow(collection, dated, size)
                database, index = collection.backend.size()
                keep(size, speed, database_mb=database / 1e6, index_mb=index / 1e6, **in_process())
            if options.backend == "postgres" and (POSTGRES, size) not in known_sizes:
                if (count := collection.store.sentence_count()) > 1.1 * size + 100:
                    _say(f"{size:,} in PostgreSQL: left out, the collection has {count:,} already")
                    continue
                from benchmarks.scale_postgres import moved

                keep(size, None, engine=POSTGRES, **moved(collection, home, in_process))
    if options.backend == "postgres":
        print(f"{machine()}\n\n{engines_table([asdict(entry) for entry in figures])}")
    else:
        write_report(options.docs, [asdict(entry) for entry in figures if entry.engine == SQLITE], machine())


if __name__ == "__main__":
    main()
