"""Articles to index: the samples many times over with other numbers, or those of a large text."""

from __future__ import annotations

import lzma
import re
from collections.abc import Iterator
from pathlib import Path

from retrieval.loading import find_files, load_document

SEEDS = Path(__file__).resolve().parents[1] / "seeds"
COPIES = 20
MAX_CHARS = 2_000_000


def write_articles(folder: Path, source: Path | None) -> list[Path]:
    """Writes the articles of ``source``, by default varied samples, as text files; returns the files."""
    paths = []
    for position, text in enumerate(_variations() if source is None else _articles_of(source)):
        paths.append(folder / f"{position:04}.txt")
        paths[-1].write_text(text, encoding="utf-8")
    return paths


def _variations() -> Iterator[str]:
    """COPIES of each sample; its numbers grow from copy to copy, so none says the same as another."""
    samples = [load_document(path) for path in find_files([SEEDS])]
    for copy in range(COPIES):
        for sample in samples:
            text = re.sub(r"\d+", lambda number: str(int(number[0]) + copy), sample.text)  # noqa: B023 (used at once)
            yield f"{sample.title}\n\n{text}\n"


def _articles_of(source: Path) -> Iterator[str]:
    """The first articles, MAX_CHARS in all, of a text with a blank line between any two (plain or .xz)."""
    raw = source.read_bytes()
    text = (lzma.decompress(raw) if source.suffix == ".xz" else raw).decode("utf-8")
    yield from re.split(r"\n\s*\n", text[:MAX_CHARS].strip())
