"""``fundstelle show --open | --page``: an article with a quote marked, in the browser or as a picture of its page."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import webbrowser
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.console import say, show, show_json, whole_path
from bot.cli.inline_picture import show_inline
from bot.errors import ShowError
from bot.messages import text
from bot.render.page import ANCHOR, to_page
from bot.settings import Settings
from retrieval.files import replace_file
from retrieval.search.exact_words import literal

if TYPE_CHECKING:
    from retrieval.answer import Answer
    from retrieval.collection import Collection
    from retrieval.types import Document

#: What was opened last, in the data directory.
PAGE_FILE, PICTURE_FILE, QUOTE_FILE = "fundstelle.page.html", "fundstelle.page.png", "fundstelle.quote.png"


def find_quote(
    document: Document, mark: str | None, start: int | None, end: int | None, language: str
) -> tuple[int, int] | None:
    """Where the words to mark stand in the text: the first place of ``mark``, else ``start``..``end``; None for none.

    Raises:
        ShowError: the words do not stand there, or there is no such place.
    """
    if mark is not None:
        # As whole words, else wherever it stands.
        loose = re.compile(r"\s+".join(map(re.escape, mark.split())), re.IGNORECASE)
        found = (literal(mark).search(document.text) or loose.search(document.text)) if mark.strip() else None
        if found is None:
            raise ShowError(text("cli.mark_missing", language, words=mark, id=document.id))
        return found.span()
    if start is None and end is None:
        return None
    if start is None or end is None or not 0 <= start < end <= len(document.text):
        raise ShowError(text("cli.no_place", language, count=len(document.text)))
    return start, end


def open_in_browser(
    settings: Settings, document: Document, place: tuple[int, int] | None, *, as_json: bool = False
) -> None:
    """Writes the article as a page and opens it; where there is no display, and for programs, prints its path."""
    page = to_page(document, [place] if place else [], settings.language)
    path = write_shown(settings.home / PAGE_FILE, page.encode("utf-8", "replace"))
    if as_json:
        show_json({"id": document.id, "page": str(path)})
    else:
        _open(path, settings, f"#{ANCHOR}" if place else "")


def show_answer(settings: Settings, collection: Collection, answer: Answer) -> None:
    """Opens the page that the answer stands on: of its PDF if it is from one, else the article, with the quote marked.

    Raises:
        LoadingError: the page of the PDF cannot be had.
        StoreError: the article cannot be read.
    """
    from retrieval.loading.page_pictures import is_page_of_pdf

    document = collection.document(answer.document.id) if answer.document else None
    if document is None:
        say(text("chat.nothing_to_show", settings.language))
        return
    start, end = answer.start or 0, answer.end or 0
    place = (start, end) if start < end and document.text[start:end] == answer.quote else None
    if place is None or not is_page_of_pdf(document, start):
        open_in_browser(settings, document, place)
        return
    picture = collection.page_picture(document, 0, start, end)
    if not picture.is_marked:
        say(text("cli.not_marked", settings.language, page=picture.page))
    _open(write_shown(settings.home / PICTURE_FILE, picture.png), settings)


def remove_shown(home: Path) -> None:
    """Deletes what was shown last: an article that was removed is to be nowhere any more."""
    for name in (PAGE_FILE, PICTURE_FILE, QUOTE_FILE):
        (home / name).unlink(missing_ok=True)


def _open(path: Path, settings: Settings, fragment: str = "") -> None:
    """Opens a file in the browser; where that does not work, its path is printed."""
    is_open = False
    if has_display():
        with suppress(webbrowser.Error):
            is_open = webbrowser.open(path.as_uri() + fragment)
    if is_open:
        say(text("cli.opened", settings.language, path=path))
        return
    if path.suffix == ".png":
        show_inline(path.read_bytes())
    show(str(path))


def has_display() -> bool:
    """Whether a browser can show something here."""
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))


def draw_page(
    settings: Settings,
    collection: Collection,
    document: Document,
    page: int,
    place: tuple[int, int] | None,
    output: Path,
    *,
    as_json: bool = False,
) -> None:
    """Writes the page of a PDF as a PNG with the quote marked.

    Raises:
        LoadingError: the page cannot be had, see ``page_pictures.page_picture``.
        ShowError: the file cannot be written.
    """
    start, end = place or (0, 0)
    picture = collection.page_picture(document, page, start, end)
    path = write_output(output, picture.png, settings.language)
    if place and not picture.is_marked:
        say(text("cli.not_marked", settings.language, page=picture.page))
    if as_json:
        show_json({"id": document.id, "picture": str(path), "page": picture.page, "marked": picture.is_marked})
    else:
        show_inline(picture.png)
        show(str(path))


def write_output(output: Path, content: bytes, language: str) -> Path:
    """Writes a file where people want it, and gives its whole path. Raises ShowError if that cannot be done."""
    path = whole_path(output)
    try:
        replace_file(path, content)
    except OSError as error:
        raise ShowError(text("cli.not_written", language, path=path, error=error.strerror)) from error
    return path


def write_shown(path: Path, content: bytes) -> Path:
    """The file with this content: in the data directory, or a temporary one where that cannot be written."""
    try:
        replace_file(path, content, mode=0o600)
    except OSError:
        handle, name = tempfile.mkstemp(prefix="fundstelle-", suffix=path.suffix)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        path = Path(name)
    return path
