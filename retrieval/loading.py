"""From files to documents: finding, reading, decoding, and what is known about an article besides its text."""

from __future__ import annotations

import codecs
import logging
import os
import re
import stat
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from retrieval.errors import LoadingError
from retrieval.markup import Page, read_html, read_markdown, unwrap
from retrieval.metadata import front_matter, iso_date, source_and_date, title_line
from retrieval.types import Document

logger = logging.getLogger(__name__)

MAX_FILE_BYTES: Final = 20_000_000
TEXT_SUFFIXES: Final = frozenset({".txt", ".text"})
MARKDOWN_SUFFIXES: Final = frozenset({".md", ".markdown"})
HTML_SUFFIXES: Final = frozenset({".html", ".htm", ".xhtml"})
SUFFIXES: Final = TEXT_SUFFIXES | MARKDOWN_SUFFIXES | HTML_SUFFIXES

# The longer mark first: UTF-32's begins with UTF-16's.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROLS: Final = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a\x1b"))
_DECLARED: Final = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE)
# What German text in one of Windows' and Western Europe's old encodings holds besides ASCII.
_WESTERN: Final = frozenset("äöüÄÖÜßéèêëáàâåçñóòôøíìîïúùûœæÉÈÁÀÂÅÇÑÓÔØÍÎÚÆ„“”‚‘’»«›‹–—…•·€£§°²³µ½¼©®™´×\xa0\xad")

_LINE_ENDS: Final = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
# Invisible characters would tear words and quotes; joiners (U+200C, U+200D) stay, emojis and scripts need them.
_INVISIBLE: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u2060\ufeff]")
_WEB_ADDRESS: Final = re.compile(r"https?://\S+")


def find_files(paths: Sequence[Path]) -> list[Path]:
    """The files that ``paths`` mean, each once: files as they are given, folders with the known types below them.

    A folder's files come sorted by path. Hidden files and folders are left out, links to folders are not followed.
    A folder below that cannot be opened is in the list itself, so that loading it says so.
    Raises LoadingError if a path does not exist or a folder holds no file of a known type.
    """
    found: dict[str, Path] = {}
    for path in paths:
        if os.path.isdir(path):  # Path.is_dir() raises where it may not look
            files = _files_below(path)
            if not files:
                raise LoadingError(f"Im Ordner {path} liegt keine Datei der Typen {_types()}.")
        elif os.path.lexists(path):
            files = [path]
        else:
            raise LoadingError(f"{path} gibt es nicht. Bitte den Pfad prüfen.")
        for file in files:
            found.setdefault(os.path.abspath(file), file)
    return list(found.values())


def load_document(path: Path) -> Document:
    """The article in one file: NFC text with ``\\n`` line ends, a paragraph a line, and what is known about it.

    Text and Markdown may begin with front matter: a line ``---``, lines like ``title: ...`` (title, source, url,
    published), another ``---``. Without a title the first heading or a short first line serves, else the file's name;
    without a source a dateline such as "MOSKAU, 17. Mai (BelTA) - ".
    Raises LoadingError with the reason if the file cannot be taken up.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        shown = os.fsencode(path).decode("utf-8", "replace")
        raise LoadingError(f"Der Dateiname von {shown} ist kein gültiges UTF-8. Bitte umbenennen.") from None
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES and not os.path.isdir(path):
        raise LoadingError(f"{path.name} ist kein bekannter Dateityp. Bekannt sind {_types()}.")
    return read_document(_read(path), path)


def read_document(raw: bytes, path: Path) -> Document:
    """The article in a file with this content, as ``load_document``; ``path`` tells its type and need not exist."""
    suffix = path.suffix.lower()
    text = _decode(raw, path, html=suffix in HTML_SUFFIXES)
    text = _clean(text)
    if not text.strip():
        raise LoadingError(f"{path.name} ist leer. Bitte eine Datei mit Text angeben.")
    fields: dict[str, str] = {}
    if suffix in HTML_SUFFIXES:
        page = _read_page(text, path)
    else:
        fields, text = front_matter(text)
        page = read_markdown(text) if suffix in MARKDOWN_SUFFIXES else Page(unwrap(_tidy(text)))
    # Markup can spell out what was normalised above: "u&#776;", "&shy;".
    text = _tidy(_clean(page.text))
    if not text:
        raise LoadingError(f"{path.name} enthält keinen Artikeltext.")
    named_source, named_date = source_and_date(text)
    title = fields.get("title") or page.title or title_line(text) or path.stem.replace("_", " ")
    return Document(
        text=text,
        title=" ".join(_clean(title).split()),
        source=fields.get("source") or " ".join(_clean(page.source).split()) or named_source,
        url=_web_address(fields.get("url") or page.url, path),
        published=_date(fields.get("published") or page.published, path) or named_date,
        path=os.path.abspath(path),
    )


def _types() -> str:
    return ", ".join(sorted(SUFFIXES))


def _files_below(folder: Path) -> list[Path]:
    unreadable: list[Path] = []
    files: list[Path] = []
    for parent, folders, names in os.walk(folder, onerror=lambda error: unreadable.append(Path(error.filename))):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            file = Path(parent, name)
            known = not name.startswith(".") and file.suffix.lower() in SUFFIXES
            # What cannot be looked at, as a broken link, is kept: to load it tells what is wrong. Pipes and devices
            # are not articles.
            if known and (os.path.isfile(file) or not os.path.exists(file)):
                files.append(file)
    return sorted(files + unreadable)


def _read(path: Path) -> bytes:
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            os.listdir(path)  # the reason why it was not opened, if there is one
            raise LoadingError(f"{path} ist ein Ordner, keine Datei.")
        if not stat.S_ISREG(status.st_mode):
            raise LoadingError(f"{path.name} ist keine gewöhnliche Datei.")
        if status.st_size <= MAX_FILE_BYTES:
            with path.open("rb") as file:
                raw = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise LoadingError(f"{path} gibt es nicht (mehr). Bitte den Pfad prüfen.") from None
    except PermissionError:
        raise LoadingError(f"{path} darf nicht gelesen werden. Bitte die Zugriffsrechte prüfen.") from None
    except OSError as error:
        raise LoadingError(f"{path} kann nicht gelesen werden: {error.strerror or error}.") from error
    size = max(status.st_size, 0 if status.st_size > MAX_FILE_BYTES else len(raw))
    if size > MAX_FILE_BYTES:
        raise LoadingError(
            f"{path.name} ist mit {size / 1e6:.0f} MB zu groß; erlaubt sind {MAX_FILE_BYTES // 1_000_000} MB. "
            "Bitte in einzelne Artikel teilen."
        )
    return raw


def _decode(raw: bytes, path: Path, *, html: bool) -> str:
    """UTF-8, UTF-16 and UTF-32 with a mark, what an HTML page declares, and old Western European encodings."""
    unknown = LoadingError(
        f"Der Zeichensatz von {path.name} ist nicht zu erkennen. Bitte die Datei als UTF-8 speichern."
    )
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            try:
                return raw[len(mark) :].decode(encoding)
            except UnicodeDecodeError:
                raise unknown from None
    # A stray control character may be in any text, more of them are not.
    if b"\0" in raw or len(raw) - len(raw.translate(None, _CONTROLS)) > 1 + len(raw) / 1000:
        raise LoadingError(f"{path.name} ist eine Binärdatei, kein Text.")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        pass
    declared = _DECLARED.search(raw[:2048]) if html else None
    if declared and declared[1].lower() not in (b"utf-8", b"utf8"):
        try:
            page = raw.decode(declared[1].decode("ascii"))
            page.encode()  # some codecs let lone surrogates pass, which nothing further on can store
            return page
        except (LookupError, UnicodeError):
            pass
    text = _decode_western(raw)
    if text is None:
        raise unknown
    return text


def _decode_western(raw: bytes) -> str | None:
    from charset_normalizer import from_bytes

    best = from_bytes(raw, cp_isolation=["cp1252", "latin_1"]).best()
    if best is None:
        return None
    # The detector's mark is a guess. Every byte is a letter in these encodings, so Cyrillic and damaged UTF-8 pass it
    # too, but then most of the letters beyond ASCII are not those of German text.
    text = str(best)
    foreign = [character for character in text if character > "\x7f"]
    return text if sum(character in _WESTERN for character in foreign) >= 0.9 * len(foreign) else None


def _read_page(text: str, path: Path) -> Page:
    try:
        page = read_html(text)
    except (ValueError, RecursionError) as error:  # what lxml raises for input that it cannot make a tree of
        raise LoadingError(f"{path.name} ist kein lesbares HTML.") from error
    if not page.text.strip():
        raise LoadingError(f"In {path.name} ist kein Artikeltext zu finden.")
    return page


def _date(value: str, path: Path) -> str:
    published = iso_date(value)
    if value and not published:
        logger.warning("%s: Das Datum „%s“ ist nicht zu verstehen und bleibt leer.", path.name, value)
    return published


def _web_address(value: str, path: Path) -> str:
    """A web address, which will be shown as a link; "" for anything else."""
    if value and not _WEB_ADDRESS.fullmatch(value):
        logger.warning("%s: „%s“ ist keine Webadresse und bleibt leer.", path.name, value)
        return ""
    return value


def _clean(text: str) -> str:
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", _LINE_ENDS.sub("\n", text)))


def _tidy(text: str) -> str:
    """Without blanks around lines and without empty lines at both ends; at most one empty line in a row."""
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.strip() for line in text.split("\n"))).strip("\n")
