"""Articles for the tests of store and search, cut up in the simplest way: a line is a sentence, two are a passage."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from retrieval.language.compounds import all_terms
from retrieval.language.terms import keyword_terms
from retrieval.store.store import Store
from retrieval.store.stored import Stored
from retrieval.types import Document, Passage, Segments, Sentence
from tests.doubles import HashEmbedder

PERM = "Dmitri Machonin ist Gouverneur der Region Perm.\nEr besuchte Minsk am 17. Mai.\nDer Handel wächst."
BREST = "In Brest beginnt die Messe.\nSie zeigt Maschinen aus Minsk."


def sentences_of(text: str) -> tuple[Sentence, ...]:
    sentences, start = [], 0
    for line in text.split("\n"):
        sentences.append(Sentence(line, start, start + len(line)))
        start += len(line) + 1
    return tuple(sentences)


def passages_of(text: str, sentences: tuple[Sentence, ...]) -> tuple[Passage, ...]:
    """Sentences 0 and 1, 1 and 2, and so on: neighbours that overlap by one."""
    ends = [(i, min(i + 1, len(sentences) - 1)) for i in range(max(1, len(sentences) - 1))]
    spans = [(sentences[a].start, sentences[b].end, a, b) for a, b in ends]
    return tuple(Passage(text[start:end], start, end, a, b) for start, end, a, b in spans)


def put(store: Store, text: str, path: str, embedder: HashEmbedder | None = None, **fields: Any) -> Stored:
    """Puts an article as Indexer would."""
    embedder = embedder or HashEmbedder()
    sentences = sentences_of(text)
    passages = passages_of(text, sentences)
    return store.put(
        Document(text, **{"title": path, **fields}, path=path),
        Segments(sentences, passages, tuple(all_terms(passage.text) for passage in passages)),
        embedder.embed_texts([sentence.text for sentence in sentences]),
        signature=embedder.signature,
    )


def let_read(home: Path) -> None:
    """Lets everybody read a data directory, and nobody write it."""
    for file in home.iterdir():
        file.chmod(0o444)
    home.chmod(0o555)


def as_nobody(function: Callable[[Path], None], home: Path) -> int:
    """Runs a module's ``function(home)`` in a process that root's rights do not help; its exit status."""
    process = get_context("spawn").Process(target=_without_rights, args=(function, home))
    process.start()
    process.join(60)
    assert process.exitcode is not None
    return process.exitcode


def _without_rights(function: Callable[[Path], None], home: Path) -> None:
    keyword_terms("Was erst jetzt importiert wird, liegt vielleicht in root's Verzeichnis.")
    if os.getuid() == 0:
        os.setgid(65534)
        os.setuid(65534)
    try:
        function(home)
    except BaseException as error:
        print(repr(error), file=sys.stderr)
        os._exit(1)
    os._exit(0)
