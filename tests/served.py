"""A small collection for the tests of ``fundstelle mcp`` and ``fundstelle serve``, answered by doubles.

As a process: ``python -m tests.served HOME`` is the MCP server over it, and ``python -m tests.served HOME serve …`` the
command ``fundstelle serve``. The reader prints, as libraries may.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bot.access.service import Service
from retrieval.answer import Span
from retrieval.collection import Collection
from retrieval.types import Document, Landmark
from tests.doubles import HashEmbedder, ScriptedReader

HARBOUR = Document(
    "Der Hafen wird erweitert. Die neue Kaimauer kostet 12 Millionen Euro & mehr. Am Abend regnete es.\n\n"
    "Die Reederei <Nord> hat 300 Schiffe. Im Hafen arbeiten viele.",
    title="Hafen <b>wächst</b>",
    source="dpa & Söhne",
    published="2024-05-17",
    url="https://hafen.example/1?a=1&b=2",
    path="/artikel/hafen.txt",
    author="Eva Beispiel",
    landmarks=(Landmark(0, page=3), Landmark(99, page=4, ocr=True)),
)
EVIL = Document(
    'Das Skript <script>alert(1)</script> steht hier. Der Angreifer heißt "><img src=x onerror=alert(2)>.',
    title="\"><script>alert('Titel')</script>",
    source="{{ 7 * 7 }} <i>Quelle</i>",
    published="2024-06-01",
    url="javascript:alert(3)",
    path="/artikel/boese.txt",
)
COSTS, SHIPS, ATTACKER = "Was kostet die Kaimauer?", "Wie viele Schiffe hat die Reederei?", "Wie heißt der Angreifer?"
SLOW, BROKEN = "Wie langsam ist das Skript?", "Wer zerstört das Skript?"
SCRIPT = {
    COSTS: "12 Millionen Euro",
    SHIPS: "300 Schiffe",
    ATTACKER: '"><img src=x onerror=alert(2)>',
}


class NoisyReader(ScriptedReader):
    """Prints while it reads; ``SLOW`` takes ``seconds``, at ``BROKEN`` it breaks."""

    seconds = 0.5

    def read(self, question: str, passages: Sequence[str]) -> tuple[Span | None, ...]:
        print("noise")
        os.write(1, b"more noise\n")
        if question == BROKEN:
            raise RuntimeError("secret inner matters")
        if question == SLOW:
            time.sleep(self.seconds)
        return super().read(question, passages)


def collection(home: Path, articles: Sequence[Document] = (HARBOUR, EVIL)) -> Collection:
    """A real collection with doubles for the two models; a new one gets the articles, HARBOUR as 1 and EVIL as 2."""
    made = Collection(home, embedder=HashEmbedder(), reader=NoisyReader(SCRIPT), threshold=0.3)
    if not made.article_count():
        made.indexer.index_documents(articles)
    return made


if __name__ == "__main__":
    home, *command = sys.argv[1:]
    if command:
        from bot.cli import app, serving

        NoisyReader.seconds = 60.0
        serving.open_collection = lambda settings, notify: collection(settings.home)
        app.app([*command, "--home", home])
    else:
        from bot.mcp.server import run

        with collection(Path(home)) as served:
            run(Service(served), "de")
