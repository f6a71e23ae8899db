"""An answer or a listed passage to take along: its quote with the source, as a message to copy and as a picture."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import Final

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, InputFile, Message, Update
from telegram.ext import CallbackQueryHandler, CommandHandler, filters

from bot.errors import PictureError
from bot.messages import in_language, text
from bot.render.cite import Quotation, Style, cite, press_parts
from bot.render.telegram import TELEGRAM_LIMIT, plain
from bot.render.text import SHORT_LIMIT, cut
from bot.render.wording import line
from bot.telegram.handlers.buttons import find_press
from bot.telegram.handlers.excerpts import CITE, PICTURE, Place
from bot.telegram.handlers.talks import Talks
from bot.telegram.service import AnyApplication, Context, Service, acknowledge, question_of, say
from retrieval.types import Document

#: Telegram allows 1,024 characters under a photo.
_CAPTION_LIMIT: Final = 1000
#: How a quotation is given: as an answer to the message.
_Give = Callable[[Update, Message, Document, Place], Awaitable[None]]


class Citations:
    """The handlers.

    One picture is drawn at a time, and by a thread: drawing takes half a second.
    """

    def __init__(self, service: Service, talks: Talks) -> None:
        self._service = service
        self._talks = talks
        self._drawing = asyncio.Semaphore(1)

    def register(self, application: AnyApplication) -> None:
        """Adds the handlers."""
        new = filters.UpdateType.MESSAGE
        application.add_handlers(
            [
                CommandHandler(["zitat", "cite"], self.command, filters=new),
                CallbackQueryHandler(self.button, pattern=f"^{CITE}:"),
                CommandHandler(["bild", "picture"], self.picture_command, filters=new),
                CallbackQueryHandler(self.picture_button, pattern=f"^{PICTURE}:"),
            ]
        )

    async def command(self, update: Update, context: Context) -> None:
        """/zitat [NUMBER]: the last answer, or one of what was listed, as a quotation with its source."""
        await self._from_command(update, self._send, "chat.nothing_to_cite")

    async def button(self, update: Update, context: Context) -> None:
        """The button for the same."""
        await self._from_button(update, self._send)

    async def picture_command(self, update: Update, context: Context) -> None:
        """/bild [NUMBER]: the same as a picture of the quote."""
        await self._from_command(update, self._draw, "telegram.no_picture")

    async def picture_button(self, update: Update, context: Context) -> None:
        """The button for the same, under a quotation."""
        await self._from_button(update, self._draw)

    async def _from_command(self, update: Update, give: _Give, nothing: str) -> None:
        """Gives the last answer of a user, or what stood behind the number in the list after it.

        Where there is no answer, or its article does not say that any more, says ``nothing``, a key of messages.
        """
        message = update.effective_message
        if message is None:
            return
        talk = self._talks.of(update)
        place = talk.answer
        if number := question_of(message):
            place = {str(n): place for n, place in enumerate(talk.listed, 1)}.get(number)
            if place is None:
                await self._service.say(update, "no_such_place", number=cut(line(number), SHORT_LIMIT))
                return
            nothing = "telegram.expired"
        document = (
            await self._service.queue.run(self._service.collection.document, place.document_id) if place else None
        )
        if place is None or document is None or place.quote(document, self._service.seal(message.chat_id)) is None:
            await say(update, text(nothing, self._service.language(update.effective_user)))
        else:
            await give(update, message, document, place)

    async def _from_button(self, update: Update, give: _Give) -> None:
        press = await find_press(self._service, update, needs_question=False)
        if press and press.document:
            await acknowledge(press.query)
            await give(update, press.message, press.document, press.place)

    async def _quotation(self, document: Document, place: Place) -> Quotation:
        if place.end <= place.start:  # it is what the article states of itself
            return Quotation(document)
        find = self._service.collection.sentence_of
        sentence = await self._service.queue.run(find, document.id, place.start, place.end)
        return Quotation.at(document, place.start, place.end, lambda *_: sentence)

    async def _send(self, update: Update, message: Message, document: Document, place: Place) -> None:
        quotation, language = await self._quotation(document, place), self._service.language(update.effective_user)
        button = InlineKeyboardButton(text("telegram.picture", language), callback_data=place.data(PICTURE))
        # Telegram copies what is set as code when it is tapped.
        shown = cut(cite(quotation, Style.PRESS, language), TELEGRAM_LIMIT)
        await message.reply_html(
            f"<code>{plain(shown)}</code>",
            reply_markup=InlineKeyboardMarkup([[button]]) if quotation.words else None,
            do_quote=True,
        )

    async def _draw(self, update: Update, message: Message, document: Document, place: Place) -> None:
        quotation, language = await self._quotation(document, place), self._service.language(update.effective_user)
        try:
            async with self._service.typing(message), self._drawing:
                png, notes = await asyncio.to_thread(_picture, quotation, language)
        except PictureError as error:
            await message.reply_html(plain(in_language(error, language)), do_quote=True)
            return
        _, source = press_parts(quotation, language)
        caption = "\n".join([cut(source, _CAPTION_LIMIT - sum(len(note) + 1 for note in notes)), *notes])
        await message.reply_photo(
            InputFile(BytesIO(png), "zitat.png"), caption=plain(caption), parse_mode="HTML", do_quote=True
        )


def _picture(quotation: Quotation, language: str) -> tuple[bytes, list[str]]:
    """The picture, and what is to be said of it. Loading the library that draws takes a moment, too."""
    from bot.render.quote_picture import picture_notes, quote_picture

    picture = quote_picture(quotation, language)
    return picture.png, picture_notes(picture, language)
