"""An answer to take along: its quote with the source, as a message to copy."""

from __future__ import annotations

from collections.abc import Callable

from telegram import Message, Update
from telegram.ext import CallbackQueryHandler, CommandHandler, filters

from bot.messages import text
from bot.render.cite import Quotation, Style, cite
from bot.render.telegram import TELEGRAM_LIMIT, plain
from bot.render.text import cut
from bot.telegram.handlers.buttons import find_press
from bot.telegram.handlers.excerpts import CITE
from bot.telegram.service import AnyApplication, Context, Service, acknowledge, say
from retrieval.answer import Answer
from retrieval.types import Document


class Citations:
    """The handlers. ``last_answer`` gives the latest answer of a user in a chat, without its article."""

    def __init__(self, service: Service, last_answer: Callable[[int, int], Answer | None]) -> None:
        self._service = service
        self._last_answer = last_answer

    def register(self, application: AnyApplication) -> None:
        """Adds the handlers."""
        application.add_handlers(
            [
                CommandHandler(["zitat", "cite"], self.command, filters=filters.UpdateType.MESSAGE),
                CallbackQueryHandler(self.button, pattern=f"^{CITE}:"),
            ]
        )

    async def command(self, update: Update, context: Context) -> None:
        """/zitat: the last answer as a quotation with its source."""
        message, user = update.effective_message, update.effective_user
        if message is None:
            return
        answer = self._last_answer(message.chat_id, user.id if user else 0)
        document = None
        if answer is not None and answer.document is not None:
            document = await self._service.queue.run(self._service.collection.document, answer.document.id)
        start, end = (answer.start, answer.end) if answer is not None else (None, None)
        if answer is None or document is None or (answer.quote and document.text[start:end] != answer.quote):
            await say(update, text("chat.nothing_to_cite", self._service.language(user)))
            return
        await self._send(update, message, document, start or 0, end or 0)

    async def button(self, update: Update, context: Context) -> None:
        """The button for the same."""
        press = await find_press(self._service, update, needs_question=False)
        if press and press.document:
            await acknowledge(press.query)
            await self._send(update, press.message, press.document, press.place.start, press.place.end)

    async def _send(self, update: Update, message: Message, document: Document, start: int, end: int) -> None:
        quotation = Quotation(document)
        if end > start:  # otherwise it is what the article states of itself
            sentence = await self._service.queue.run(self._service.collection.sentence_of, document.id, start, end)
            quotation = Quotation.at(document, start, end, lambda *_: sentence)
        language = self._service.language(update.effective_user)
        # Telegram copies what is set as code when it is tapped.
        shown = cut(cite(quotation, Style.PRESS, language), TELEGRAM_LIMIT)
        await message.reply_html(f"<code>{plain(shown)}</code>", do_quote=True)
