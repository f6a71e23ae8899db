"""How long a collection takes from one engine to the other: ``export --vectors`` and ``import``, without embedding.

The articles are made of words of a list and have vectors by chance: what they say costs no time, how many they are
does. PostgreSQL takes part where ``FUNDSTELLE_DATABASE_URL`` names an empty database.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import markdown
from retrieval.backend import Backend, open_backend
from retrieval.indexing.embedded import Embedded
from retrieval.indexing.indexer import Indexer
from retrieval.indexing.transfer import export, take_in
from retrieval.language.sentences import SentenceSplitter
from retrieval.types import Document, Sentence

DIMENSION = 384
SENTENCES = 25  # of an article
WORDS_EACH = 14  # of a sentence
VOCABULARY = 50_000


class NoEmbedder:
    """An embedder that is never asked: its vectors are there."""

    signature = f"transfer-{DIMENSION}"
    dimension = DIMENSION

    def load(self) -> None:
        """There is nothing to load."""

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Never called."""
        raise RuntimeError(f"{len(texts)} texts were to be embedded")

    embed_questions = embed_texts


def articles(count: int) -> Iterator[tuple[Document, Embedded]]:
    """Articles of SENTENCES sentences each, ``count`` sentences in all."""
    rng, numbers = random.Random(0), np.random.default_rng(0)
    words = ["".join(rng.choices("aeiourstnlmbdgk", k=rng.randint(4, 12))) for _ in range(VOCABULARY)]
    for number in range(-(-count // SENTENCES)):
        texts = [" ".join(rng.choices(words, k=WORDS_EACH)).capitalize() + "." for _ in range(SENTENCES)]
        sentences, start = [], 0
        for text in texts:
            sentences.append(Sentence(text, start, start + len(text)))
            start += len(text) + 1
        vectors = numbers.normal(size=(SENTENCES, DIMENSION)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        document = Document(" ".join(texts), path=f"/artikel/{number}", language="de")
        yield document, Embedded(NoEmbedder.signature, tuple(sentences), vectors)


def indexer(backend: Backend) -> Indexer:
    """Takes articles up into this engine."""
    return Indexer(backend.store, SentenceSplitter(), NoEmbedder(), backend=backend)


def measure(source: Backend, target: Backend, file: Path) -> tuple[float, float]:
    """Seconds for the export and for the import."""
    started = time.perf_counter()
    with file.open("w", encoding="utf-8") as lines:
        export(source.store, lines, vectors=True)
    exported = time.perf_counter()
    report = take_in(file, target.store, indexer(target))
    imported = time.perf_counter()
    if target.store.sentence_count() != source.store.sentence_count():
        raise RuntimeError(f"not all has arrived: {report.articles[-1]}")
    return exported - started, imported - exported


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.transfer", description=__doc__.splitlines()[0])
    parser.add_argument("--sentences", type=int, default=200_000)
    options = parser.parse_args(arguments)
    url = os.environ.get("FUNDSTELLE_DATABASE_URL", "")
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fundstelle-transfer-")))

        def opened(name: str, address: str = "") -> Backend:
            backend = open_backend(work / name, address)
            stack.callback(backend.close)
            return backend

        first = opened("first")
        made = dict((document.path, (document, known)) for document, known in articles(options.sentences))
        started = time.perf_counter()
        indexer(first).index_documents(
            [document for document, _ in made.values()], embedded=lambda document: made[document.path][1]
        )
        print(f"made in {time.perf_counter() - started:.1f} s", file=sys.stderr)
        made.clear()
        ways = [("SQLite → SQLite", first, opened("second"))]
        if url:
            server = opened("", url)
            if server.store.row_count():
                parser.error("the database is not empty")
            ways += [("SQLite → PostgreSQL", first, server), ("PostgreSQL → SQLite", server, opened("third"))]
        rows = []
        for name, source, target in ways:
            file = work / "articles.jsonl"
            times = measure(source, target, file)
            rows.append((name, *(f"{seconds:.1f} s" for seconds in times), f"{file.stat().st_size / 1e6:.0f} MB"))
        count = first.store.sentence_count()
        print(markdown((f"{count:,} sentences", "Export", "Import", "File"), rows))


if __name__ == "__main__":
    main()
