"""PDF: the text of its pages, lines put together to paragraphs again, without what stands on every page."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING, Final

from retrieval.errors import LoadingError
from retrieval.loading.normalise import clean, is_divided
from retrieval.loading.parsed import Article, Block
from retrieval.messages import notice

if TYPE_CHECKING:
    from pypdf import PdfReader

logger = logging.getLogger(__name__)

# What programs write as a title if nobody gives one.
_NO_TITLE: Final = re.compile(r"untitled|unbenannt|ohne titel|microsoft word - .*|.*\.\w{2,5}", re.IGNORECASE)
_SENTENCE_ENDS: Final = '.!?:…“”"«»'
_BULLETS: Final = "•▪‣–-*"
# A line this much shorter than most ends a paragraph.
_SHORT_LINE: Final = 0.75
_RUNNING_HEAD_PAGES: Final = 3


def read_pdf_file(raw: bytes, name: str) -> Iterator[Article]:
    """The text of a .pdf file, page by page. Scanned pages are pictures and give none."""
    from pypdf import PdfReader
    from pypdf.errors import DependencyError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it tells of each irregularity
    try:
        reader = PdfReader(BytesIO(raw))
        if reader.is_encrypted and not reader.decrypt(""):
            raise LoadingError(notice("loading.password", name=name))
        count = len(reader.pages)
        title = _title(reader)
    except (LoadingError, MemoryError):
        raise
    except DependencyError as error:
        raise LoadingError(notice("loading.encryption", name=name)) from error
    except Exception as error:  # damaged files make it raise whatever comes along
        raise LoadingError(notice("loading.unreadable", name=name, kind=notice("loading.kind_pdf"))) from error
    pages = [_lines(reader, number, name) for number in range(count)]
    blocks = tuple(_paragraphs(_without_running_heads(pages)))
    if not blocks:
        raise LoadingError(notice("loading.scanned", name=name))
    yield Article(blocks, title=title)


def _title(reader: PdfReader) -> str:
    title = str((reader.metadata and reader.metadata.title) or "").strip()
    return "" if _NO_TITLE.fullmatch(title) else title


def _lines(reader: PdfReader, number: int, name: str) -> list[str]:
    """The lines of a page (from 0); none if it is damaged."""
    try:
        text = reader.pages[number].extract_text()
    except MemoryError:
        raise
    except Exception as error:
        logger.warning("%s: page %d is damaged and left out (%r)", name, number + 1, error)
        return []
    return [line.strip() for line in clean(text).strip().split("\n")]


def _without_running_heads(pages: Sequence[list[str]]) -> list[list[str]]:
    """The pages without first and last lines that, numbers aside, many pages share."""

    def pattern(line: str) -> str:
        return re.sub(r"\d+", "0", line)

    kept = [list(lines) for lines in pages]
    for edge in (0, -1):
        seen = Counter(pattern(lines[edge]) for lines in kept if lines)
        for lines in kept:
            if lines and seen[pattern(lines[edge])] >= max(_RUNNING_HEAD_PAGES, len(pages) / 3):
                del lines[edge]
    return kept


def _paragraphs(pages: Sequence[Sequence[str]]) -> Iterator[Block]:
    """Blocks that end where a paragraph or a page does; a paragraph that runs on to the next page is joined to it."""
    lengths = sorted(len(line) for lines in pages for line in lines if line)
    full = _SHORT_LINE * lengths[len(lengths) * 3 // 4] if lengths else 0.0
    current: Block | None = None
    last = ""
    for number, lines in enumerate(pages, 1):
        for line in lines:
            if not line:
                last = ""
                continue
            joint = "\n"
            if current and last and _goes_on(last, line, full, other_page=current.page != number):
                joint = " "
                if is_divided(last, line):
                    joint = ""
                    current = replace(current, text=current.text[:-1])
            last = line
            if current and current.page == number and joint != "\n":
                current = replace(current, text=current.text + joint + line)
                continue
            if current:
                yield current
            current = Block(line, page=number, joint=joint)
    if current:
        yield current


def _goes_on(line: str, following: str, full: float, *, other_page: bool) -> bool:
    """Whether a paragraph does not end with ``line``, where most lines have more than ``full`` characters."""
    if following[0].islower() and line[-1] not in ".!?":
        return True
    if following[0] in _BULLETS:
        return False
    return len(line) >= full and not (other_page and line[-1] in _SENTENCE_ENDS)
