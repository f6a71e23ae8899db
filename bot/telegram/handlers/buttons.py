"""Presses of buttons under an answer: the question, article and quote they belong to."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from telegram import CallbackQuery, InlineKeyboardMarkup, Message, Update
from telegram.error import BadRequest

from bot.messages import text
from bot.telegram.handlers.excerpts import Place
from bot.telegram.service import Service, acknowledge, question_before
from retrieval.types import Document


@dataclass(frozen=True, slots=True)
class Press:
    """A button press: the answer's message, its question, and where the quote stands.

    ``document`` is None only for an answer without a quote.
    """

    query: CallbackQuery
    message: Message
    question: str
    place: Place
    document: Document | None
    quote: str


async def find_press(service: Service, update: Update, *, needs_question: bool = True) -> Press | None:
    """The press in ``update``; None if question, article or quote are gone, or it is no button of the bot's.

    The user is told so. What only shows the place of a quote needs no question, which may have been deleted.
    """
    query = update.callback_query
    place = Place.read(query.data or "") if query else None
    if query is None or place is None or not isinstance(query.message, Message):
        await say_expired(service, update)
        return None
    document = await service.queue.run(service.collection.document, place.document_id)
    question, quote = question_before(query.message), place.quote(document, service.seal(query.message.chat.id))
    if (needs_question and not question) or quote is None or (quote and document is None):
        await say_expired(service, update)
        return None
    return Press(query, query.message, question, place, document, quote)


async def take_away(query: CallbackQuery, message: Message, data: str) -> None:
    """Takes the button with this data from under the message, as far as it is there."""
    rows = message.reply_markup.inline_keyboard if message.reply_markup else ()
    rest = [[button for button in row if button.callback_data != data] for row in rows]
    with suppress(BadRequest):  # It may be gone already: pressed twice, or the message deleted.
        await query.edit_message_reply_markup(InlineKeyboardMarkup([row for row in rest if row]))


async def say_expired(service: Service, update: Update) -> None:
    """Tells the user that a button is out of date."""
    if update.callback_query:
        line = text("telegram.expired", service.language(update.effective_user))
        await acknowledge(update.callback_query, line)
