"""Pages of the PDFs that articles came from, as pictures with a quote marked."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from retrieval.errors import LoadingError
from retrieval.loading.files import read_file
from retrieval.loading.pdf_picture import PDF_SUFFIX, Words
from retrieval.loading.process import WORKER
from retrieval.messages import notice
from retrieval.types import Document

# So many characters before and after a quote tell it from equal ones on its page.
_CONTEXT: Final = 60


@dataclass(frozen=True, slots=True)
class PagePicture:
    """A page (from 1) as PNG; ``is_marked`` says whether the quote was found on it."""

    page: int
    png: bytes
    is_marked: bool


def is_page_of_pdf(document: Document, start: int) -> bool:
    """Whether the character ``start`` of an article stands on a page of a PDF on this machine."""
    return document.path.startswith("/") and document.path.lower().endswith(PDF_SUFFIX) and _page(document, start) > 0


def page_picture(
    document: Document, page: int = 0, start: int = 0, end: int = 0, *, size: int | None = None
) -> PagePicture:
    """The page, or with 0 that of the character ``start``, with the words ``start``..``end`` of the text marked.

    ``size`` are the bytes that the file had when it was read, None if that is not known.

    Raises:
        LoadingError: the article is not from a PDF, or its file is gone, has changed, or has no such page.
    """
    if not document.path.lower().endswith(PDF_SUFFIX):
        raise LoadingError(notice("loading.no_pdf"))
    if "://" in document.path:
        raise LoadingError(notice("loading.pdf_on_web", url=document.path))
    number = page or _page(document, start)
    if not number:
        raise LoadingError(notice("loading.no_page_known"))
    file, member = _parts(document.path)
    if not os.path.exists(file):
        raise LoadingError(notice("loading.original_gone", path=file))
    raw = read_file(file)
    if size is not None and size != len(raw):
        raise LoadingError(notice("loading.original_changed", path=file))
    text = document.text
    words = Words(text[max(0, start - _CONTEXT) : start], text[start:end], text[end : end + _CONTEXT])
    return PagePicture(number, *WORKER.draw_page(raw, file, member, number, words))


def _page(document: Document, start: int) -> int:
    return document.landmark_at(start).page


def _parts(path: str) -> tuple[Path, str]:
    """The file, and what the article is called in it: "" in a file of its own."""
    at = path.find("#")
    while at >= 0 and not os.path.exists(path):
        if os.path.isfile(path[:at]):
            return Path(path[:at]), path[at + 1 :]
        at = path.find("#", at + 1)
    return Path(path), ""
