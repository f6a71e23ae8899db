"""The file types that are known: a new one is a reader and an entry here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from retrieval.loading.docx import read_word_file
from retrieval.loading.epub import read_epub_file
from retrieval.loading.json_articles import read_json_file, read_json_lines_file
from retrieval.loading.limits import MAX_FILE_BYTES, MAX_LARGE_FILE_BYTES
from retrieval.loading.mail import read_mail_file, read_mailbox_file
from retrieval.loading.odf import read_odp_file, read_ods_file, read_odt_file
from retrieval.loading.parsed import Reader
from retrieval.loading.pdf import read_pdf_file
from retrieval.loading.pptx import read_powerpoint_file
from retrieval.loading.rtf import read_rtf_file
from retrieval.loading.spreadsheets import read_csv_file
from retrieval.loading.text_files import read_html_file, read_markdown_file, read_plain_file
from retrieval.loading.xlsx import read_excel_file


@dataclass(frozen=True, slots=True)
class Format:
    """How files of a type are read, and how large they may be."""

    read: Reader
    max_bytes: int = MAX_FILE_BYTES


_PLAIN: Final = Format(read_plain_file)
_MARKDOWN: Final = Format(read_markdown_file)
_HTML: Final = Format(read_html_file)
_JSON_LINES: Final = Format(read_json_lines_file)
_CSV: Final = Format(read_csv_file)
_WORD: Final = Format(read_word_file, MAX_LARGE_FILE_BYTES)
_EXCEL: Final = Format(read_excel_file, MAX_LARGE_FILE_BYTES)
_POWERPOINT: Final = Format(read_powerpoint_file, MAX_LARGE_FILE_BYTES)

#: By the end of the file's name, in lower case.
FORMATS: Final[Mapping[str, Format]] = MappingProxyType(
    {
        ".txt": _PLAIN,
        ".text": _PLAIN,
        ".md": _MARKDOWN,
        ".markdown": _MARKDOWN,
        ".html": _HTML,
        ".htm": _HTML,
        ".xhtml": _HTML,
        ".json": Format(read_json_file),
        ".jsonl": _JSON_LINES,
        ".ndjson": _JSON_LINES,
        ".pdf": Format(read_pdf_file, MAX_LARGE_FILE_BYTES),
        ".docx": _WORD,
        ".docm": _WORD,
        ".odt": Format(read_odt_file, MAX_LARGE_FILE_BYTES),
        ".rtf": Format(read_rtf_file, MAX_LARGE_FILE_BYTES),
        ".pptx": _POWERPOINT,
        ".pptm": _POWERPOINT,
        ".odp": Format(read_odp_file, MAX_LARGE_FILE_BYTES),
        ".xlsx": _EXCEL,
        ".xlsm": _EXCEL,
        ".ods": Format(read_ods_file, MAX_LARGE_FILE_BYTES),
        ".csv": _CSV,
        ".tsv": _CSV,
        ".epub": Format(read_epub_file, MAX_LARGE_FILE_BYTES),
        ".eml": Format(read_mail_file, MAX_LARGE_FILE_BYTES),
        ".mbox": Format(read_mailbox_file, MAX_LARGE_FILE_BYTES),
    }
)
#: Holds files of the other types.
ARCHIVE_SUFFIX: Final = ".zip"
SUFFIXES: Final = FORMATS.keys() | {ARCHIVE_SUFFIX}


def known_types() -> str:
    """The known types, for people."""
    return ", ".join(sorted(SUFFIXES))


def max_size(suffix: str) -> int:
    """How many bytes a file of this type may have."""
    return FORMATS[suffix].max_bytes if suffix in FORMATS else MAX_LARGE_FILE_BYTES
