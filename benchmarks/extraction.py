"""``python -m benchmarks.extraction FOLDER REFERENCE.json``: how much of web pages' articles is read, and what else.

The reference is one JSON object: an entry for each page under its address, as in trafilatura's ``evaldata.json``. All
but ``file`` may be missing, and what is missing is not judged:

- ``file``: the page's path in the folder (trafilatura's folders ``cache`` and ``eval`` are looked in, too)
- ``with``, ``without``: pieces of text that belong to the article, and such that do not
- ``lead``, ``text``: the article's paragraphs in full, without the title
- ``also``: paragraphs that count neither for nor against (captions, names)
- ``title``; ``date``: ISO, "" where the page states none, null where it is not known

With ``--pages`` a line for each page, with ``--json`` everything as one JSON object.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from retrieval.errors import LoadingError
from retrieval.loading.documents import Member, read_documents
from retrieval.types import Document

#: Words in a row that count as found together.
RUN = 4
#: A lead is present if this share of its words is.
LEAD_SHARE = 0.9

_WORD = re.compile(r"\w+")


@dataclass(slots=True)
class Page:
    """What was found on one page; lists and counts are of words, None is "not judged"."""

    file: str
    seconds: float = 0.0
    read: bool = False
    lead: bool | None = None
    words: int = 0  # of the reference
    found: int = 0  # of these
    got: int = 0  # of what was read
    other: int = 0  # of these, in neither the article nor its title
    pieces: int = 0
    pieces_found: int = 0
    foreign: int = 0
    foreign_found: int = 0
    title: bool | None = None
    date: bool | None = None
    wrong_date: bool = False
    remarks: list[str] = field(default_factory=list)


def measure(folder: Path, reference: dict[str, dict[str, Any]]) -> list[Page]:
    """What reading each page of the reference gives; pages that are not in the folder are passed over."""
    pages = []
    for entry in reference.values():
        path = next((path for path in _places(folder, entry["file"]) if path.is_file()), None)
        if path is not None:
            pages.append(_measured(path, entry))
    return pages


def _places(folder: Path, file: str) -> Iterator[Path]:
    return (folder / inner / file for inner in ("", "cache", "eval"))


def _measured(path: Path, entry: dict[str, Any]) -> Page:
    raw = path.read_bytes()
    page = Page(path.name)
    start = time.process_time()
    try:
        document = next((read.document for read in read_documents(raw, "page.html") if isinstance(read, Member)), None)
    except LoadingError as error:
        document = None
        page.remarks.append(str(error))
    page.seconds = time.process_time() - start
    page.read = document is not None
    _compare(page, document or Document(text=""), entry)
    return page


def _compare(page: Page, document: Document, entry: dict[str, Any]) -> None:
    got = _words(document.text)
    lead = list(entry.get("lead", ()))
    if lead:
        share = _covered([lead_words := _words(" ".join(lead))], [got]) / max(1, len(lead_words))
        page.lead = share >= LEAD_SHARE
    if "text" in entry:
        paragraphs = [_words(paragraph) for paragraph in (*lead, *entry["text"])]
        page.words = sum(map(len, paragraphs))
        page.found = _covered(paragraphs, [got])
        lines = [_words(line) for line in document.text.split("\n")]
        page.got = len(got)
        whole = [word for paragraph in paragraphs for word in paragraph]
        known = [whole, *paragraphs, *map(_words, (entry.get("title") or "", *entry.get("also", ())))]
        page.other = page.got - _covered(lines, known)
    spaced = f" {' '.join(got)} "
    for name, total, found in (("with", "pieces", "pieces_found"), ("without", "foreign", "foreign_found")):
        pieces = [" ".join(_words(piece)) for piece in entry.get(name, ())]
        setattr(page, total, len(pieces))
        setattr(page, found, sum(f" {piece} " in spaced for piece in pieces))
    if entry.get("title"):
        page.title = _words(document.title) == _words(entry["title"])
        if not page.title:
            page.remarks.append(f"title {document.title!r} for {entry['title']!r}")
    if entry.get("date") is not None:
        page.date = document.published == entry["date"]
        page.wrong_date = bool(document.published) and not page.date
        if not page.date:
            page.remarks.append(f"date {document.published!r} for {entry['date']!r}")


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def _covered(paragraphs: Iterable[list[str]], known: Iterable[list[str]]) -> int:
    """How many words of ``paragraphs`` stand in a run of RUN words (or their whole paragraph) that is in ``known``."""
    paragraphs = list(paragraphs)
    sizes = {min(RUN, len(paragraph)) for paragraph in paragraphs} - {0}
    runs = {tuple(text[at : at + size]) for text in known for size in sizes for at in range(len(text) - size + 1)}
    covered = 0
    for paragraph in paragraphs:
        size = min(RUN, len(paragraph))
        marked = [False] * len(paragraph)
        for at in range(len(paragraph) - size + 1 if size else 0):
            if tuple(paragraph[at : at + size]) in runs:
                marked[at : at + size] = [True] * size
        covered += sum(marked)
    return covered


def summary(pages: list[Page]) -> dict[str, str]:
    """The figures of all pages, as shown; those that the reference says nothing about are missing."""

    def counted(values: Iterable[bool | None]) -> str:
        judged = [value for value in values if value is not None]
        return f"{sum(judged)} of {len(judged)}" if judged else ""

    def share(part: int, whole: int) -> str:
        return f"{part / whole:.3f}" if whole else ""

    seconds = sum(page.seconds for page in pages)
    figures = {
        "pages": counted(page.read for page in pages),
        "lead present": counted(page.lead for page in pages),
        "recall (words)": share(sum(page.found for page in pages), sum(page.words for page in pages)),
        "other text (words)": share(sum(page.other for page in pages), sum(page.got for page in pages)),
        "pieces found": share(sum(page.pieces_found for page in pages), sum(page.pieces for page in pages)),
        "foreign pieces found": share(sum(page.foreign_found for page in pages), sum(page.foreign for page in pages)),
        "title right": counted(page.title for page in pages),
        "date right": counted(page.date for page in pages),
        "wrong dates": counted(page.wrong_date if page.date is not None else None for page in pages),
        "CPU time a page": f"{1000 * seconds / max(1, len(pages)):.0f} ms",
    }
    return {name: value for name, value in figures.items() if value}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("reference", type=Path)
    parser.add_argument("--pages", action="store_true", help="a line for each page")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    pages = measure(options.folder, json.loads(options.reference.read_text("utf-8")))
    if options.json:
        print(json.dumps({"summary": summary(pages), "pages": [asdict(page) for page in pages]}, ensure_ascii=False))
        return
    if options.pages:
        for page in pages:
            lead = {True: "lead", False: "NO LEAD", None: "-"}[page.lead]
            recall = page.found / page.words if page.words else 1.0
            other = page.other / page.got if page.got else 0.0
            print(f"{page.file}: {lead}, recall {recall:.2f}, other {other:.2f}; {'; '.join(page.remarks)}")
    for name, value in summary(pages).items():
        print(f"{name}: {value}", file=sys.stdout)


if __name__ == "__main__":
    main()
