"""The page of a PDF that an answer stands on, as a photo with the quote marked."""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import Final

from telegram import InputFile, Message, Update
from telegram.error import BadRequest
from telegram.ext import CallbackQueryHandler

from bot.messages import text
from bot.render.telegram import plain
from bot.render.text import cut
from bot.render.wording import citation
from bot.telegram.handlers.buttons import find_press
from bot.telegram.handlers.excerpts import PAGE
from bot.telegram.service import AnyApplication, Context, Service, acknowledge
from retrieval.errors import LoadingError
from retrieval.messages import Notice

#: Telegram allows 1,024 characters under a photo.
_CAPTION_LIMIT: Final = 1000
# What the library says names the file's path on the server, which is nobody's business.
_REASONS: Final = {
    "loading.original_gone": "telegram.page_gone",
    "loading.original_changed": "telegram.page_changed",
}


class Pages:
    """The handler of the button. One page is drawn at a time: it costs as much as a question."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._drawing = asyncio.Semaphore(1)

    def register(self, application: AnyApplication) -> None:
        """Adds the handler."""
        application.add_handler(CallbackQueryHandler(self.button, pattern=f"^{PAGE}:"))

    async def button(self, update: Update, context: Context) -> None:
        """Sends the page, or says why there is none: the file may be gone, or may have changed."""
        press = await find_press(self._service, update, needs_question=False)
        if press is None or press.document is None:
            return
        await acknowledge(press.query)
        document, place, language = press.document, press.place, self._service.language(update.effective_user)
        try:
            async with self._service.typing(press.message), self._drawing:
                # Another process draws; who asks a question meanwhile need not wait for it.
                draw = self._service.collection.page_picture
                picture = await asyncio.to_thread(draw, document, 0, place.start, place.end)
        except LoadingError as error:
            said = str(error)
            key = _REASONS.get(said.key if isinstance(said, Notice) else "", "telegram.page_failed")
            await press.message.reply_html(plain(text(key, language)), do_quote=True)
            return
        caption = cut(citation(document, language, place.start), _CAPTION_LIMIT // 2)
        if not picture.is_marked:
            caption += "\n" + text("cli.not_marked", language, page=picture.page)
        await _send(press.message, picture.png, f"seite-{picture.page}.png", plain(caption))


async def _send(message: Message, png: bytes, name: str, caption: str) -> None:
    """As a photo; a page that is too long or too wide for one as a file."""
    try:
        await message.reply_photo(InputFile(BytesIO(png), name), caption=caption, parse_mode="HTML", do_quote=True)
    except BadRequest:
        await message.reply_document(InputFile(BytesIO(png), name), caption=caption, parse_mode="HTML", do_quote=True)
