"""Quotes as pictures: ``fundstelle ask --picture``, and ``/bild`` in the chat."""

from __future__ import annotations

from pathlib import Path

from bot.cli.console import say, show
from bot.cli.inline_picture import show_inline
from bot.cli.show_quote import QUOTE_FILE, write_output, write_shown
from bot.render.cite import Quotation
from bot.settings import Settings


def draw_quote(settings: Settings, quotation: Quotation, output: Path | None = None) -> None:
    """Writes the picture to ``output``, by default into the data directory; shows it where that works, and its path.

    Raises:
        PictureError: the quote cannot be drawn.
        ShowError: the file cannot be written.
    """
    from bot.render.quote_picture import picture_notes, quote_picture

    picture = quote_picture(quotation, settings.language)
    if output is None:
        path = write_shown(settings.home / QUOTE_FILE, picture.png)
    else:
        path = write_output(output, picture.png, settings.language)
    for note in picture_notes(picture, settings.language):
        say(note)
    show_inline(picture.png)
    show(str(path))
