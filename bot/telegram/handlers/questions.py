"""The handlers for questions: new ones, edited ones, and the buttons under an answer."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial

from telegram import InlineKeyboardMarkup, Message, Update
from telegram.constants import ChatType
from telegram.error import BadRequest
from telegram.ext import CallbackQueryHandler, CommandHandler, MessageHandler, filters

from bot.messages import text
from bot.render.telegram import passages_html, to_html
from bot.render.text import other_hits
from bot.telegram.handlers.buttons import find_press, say_expired, take_away
from bot.telegram.handlers.excerpts import CONTEXT, MORE, SOURCE, Place, buttons, context_html, source_html
from bot.telegram.handlers.filters import describe
from bot.telegram.handlers.talks import Talks
from bot.telegram.service import (
    AnyApplication,
    Context,
    Service,
    acknowledge,
    mentions,
    question_before,
    question_of,
    say,
)
from retrieval.answer import Answer
from retrieval.errors import QuestionError
from retrieval.types import Filter

#: How many answers are remembered, to be edited when their question is.
_ANSWERS = 10_000


class _ToTheBot(filters.MessageFilter):
    """A text in a group that is a reply to the bot, or mentions it."""

    def filter(self, message: Message) -> bool:
        """As the base class."""
        replied_to = message.reply_to_message.from_user if message.reply_to_message else None
        return bool(message.text) and (
            (replied_to is not None and replied_to.id == message.get_bot().id) or bool(mentions(message))
        )


class Questions:
    """The handlers for questions."""

    def __init__(self, service: Service, talks: Talks) -> None:
        self._service = service
        self._talks = talks
        self._answers: OrderedDict[tuple[int, int], int] = OrderedDict()

    def register(self, application: AnyApplication) -> None:
        """Adds the handlers."""
        asked = filters.TEXT & ~filters.COMMAND & (filters.ChatType.PRIVATE | _ToTheBot())
        new, edited = filters.UpdateType.MESSAGE, filters.UpdateType.EDITED_MESSAGE
        application.add_handlers(
            [
                CommandHandler("ask", self.question, filters=new),
                CommandHandler(["neu", "new", "ende"], self.start_anew, filters=new),
                CommandHandler("ask", self.correct, filters=edited),
                MessageHandler(new & asked, self.question),
                MessageHandler(edited & asked, self.correct),
                CallbackQueryHandler(self.more, pattern=f"^{MORE}$"),
                CallbackQueryHandler(self.context, pattern=f"^{CONTEXT}:"),
                CallbackQueryHandler(self.source, pattern=f"^{SOURCE}:"),
            ]
        )

    async def question(self, update: Update, context: Context) -> None:
        """Answers a question: text in a private chat, after /ask anywhere, or addressed to the bot in a group."""
        message = update.effective_message
        if message is None:
            return
        if not question_of(message):
            await self._service.say(update, "ask_usage")
            return
        asked = await self._ask(update, message)
        if asked is None:
            await self._service.say(update, "bad_question")
            return
        await self._reply(update, message, *asked)

    async def start_anew(self, update: Update, context: Context) -> None:
        """/neu, /new or /ende: the next question starts a new conversation."""
        self._talks.end(update)
        language = self._service.language(update.effective_user)
        notes = await self._notes(self._talks.within(update), language)
        await say(update, "\n".join([text("chat.forgotten", language), *notes]))

    async def correct(self, update: Update, context: Context) -> None:
        """Edits the answer of an edited question; if the bot no longer knows it, sends a new answer."""
        message = update.effective_message
        if message is None or not question_of(message):
            return
        asked = await self._ask(update, message)
        if asked is None:
            return
        answer, notes = asked
        known = self._answers.get((message.chat_id, message.message_id))
        language = self._service.language(update.effective_user)
        notes = [*notes, text("telegram.edited", language)]
        if known is None:
            await self._reply(update, message, answer, notes)
            return
        try:
            await message.get_bot().edit_message_text(
                to_html(answer, language, notes=notes),
                message.chat_id,
                known,
                parse_mode="HTML",
                reply_markup=self._buttons(answer, language, message),
            )
        except BadRequest as error:
            if "not modified" not in error.message:  # otherwise the answer has not changed
                await self._reply(update, message, answer, notes)
                return
        self._record(update, answer)

    async def more(self, update: Update, context: Context) -> None:
        """The button for the other passages."""
        query, language = update.callback_query, self._service.language(update.effective_user)
        message = query.message if query else None
        question = question_before(message) if isinstance(message, Message) else ""
        if query is None or not isinstance(message, Message) or not question:
            await say_expired(self._service, update)
            return
        await acknowledge(query)
        talk = self._talks.of(update)
        conversation = self._talks.new_conversation(talk.conversation.within)
        async with self._service.typing(message):
            please_wait = partial(self._service.please_wait, update)
            answer = await self._service.queue.ask(conversation.ask, question, please_wait)
        talk.listed = self._places(answer, message)
        self._talks.keep(update, talk)
        await message.reply_html(passages_html(answer, language), do_quote=True)
        await take_away(query, message, MORE)

    async def context(self, update: Update, context: Context) -> None:
        """The button for the article around the quote."""
        press = await find_press(self._service, update, needs_question=False)
        if press and press.document:
            await acknowledge(press.query)
            language = self._service.language(update.effective_user)
            await press.message.reply_html(context_html(press.document, press.place, language), do_quote=True)

    async def source(self, update: Update, context: Context) -> None:
        """The button for where the quote stands."""
        press = await find_press(self._service, update, needs_question=False)
        if press and press.document:
            await acknowledge(press.query)
            language = self._service.language(update.effective_user)
            copies = await self._service.queue.run(self._service.collection.copies, press.document.id)
            html = source_html(press.document, press.place, copies, language)
            await press.message.reply_html(html, do_quote=True)

    async def _ask(self, update: Update, message: Message) -> tuple[Answer, list[str]] | None:
        """The answer to the question in ``message``, with notes for below it; None if that is not a valid question.

        A talk's latest question, edited, continues the same conversation; an earlier one starts from nothing.
        """
        talk = self._talks.of(update)
        if message.message_id > talk.message:
            ask = talk.conversation.ask
        elif message.message_id == talk.message:
            ask = talk.conversation.correct
        else:
            ask = self._talks.new_conversation(talk.conversation.within).ask
        within = talk.conversation.within
        try:
            async with self._service.typing(message):
                please_wait = partial(self._service.please_wait, update)
                reading = partial(self._answer, ask, within)
                answer = await self._service.queue.ask(reading, question_of(message), please_wait)
        except QuestionError:
            return None
        if message.message_id >= talk.message:
            talk.message = message.message_id
            if answer.small_talk is None:
                talk.answer = Place.of(answer, self._service.seal(message.chat_id)) if answer.document else None
                talk.listed = self._places(answer, message)
            self._talks.keep(update, talk)
        return answer, await self._notes(within, self._service.language(update.effective_user))

    async def _notes(self, within: Filter, language: str) -> list[str]:
        """The line that says where was looked, if not everywhere."""
        if not within:
            return []
        described = await self._service.queue.run(describe, self._service.collection, within, language)
        return [text("telegram.within_note", language, within=described)]

    def _answer(self, ask: Callable[[str], Answer], within: Filter, question: str) -> Answer:
        """Runs in the reader thread. A missed question is noted before the reply is sent, not after.

        What is missed within a filter may well stand elsewhere, and is none.

        Once the reply is sent, nothing may follow that stopping the bot could interrupt: it would be sent again.
        """
        answer = ask(question)
        if answer.is_missed and not within:
            self._service.collection.feedback.note_missed(answer.complete_question)
        return answer

    async def _reply(self, update: Update, message: Message, answer: Answer, notes: Sequence[str]) -> None:
        language = self._service.language(update.effective_user)
        # Sent as a reply: the buttons later read the question from the message replied to.
        sent = await message.reply_html(
            to_html(answer, language, notes=notes),
            reply_markup=self._buttons(answer, language, message),
            do_quote=True,
        )
        self._answers[message.chat_id, message.message_id] = sent.message_id
        while len(self._answers) > _ANSWERS:
            self._answers.popitem(last=False)
        self._record(update, answer)

    def _buttons(self, answer: Answer, language: str, message: Message) -> InlineKeyboardMarkup | None:
        is_private = message.chat.type == ChatType.PRIVATE
        return buttons(answer, language, self._service.seal(message.chat_id), private=is_private)

    def _places(self, answer: Answer, message: Message) -> tuple[Place, ...]:
        """Where the further passages stand that "Weitere Stellen" lists."""
        seal = self._service.seal(message.chat_id)
        return tuple(Place.of_passage(hit, seal) for hit in other_hits(answer))

    def _record(self, update: Update, answer: Answer) -> None:
        """Adds to the user's history, if one is kept."""
        user = update.effective_user
        if user and self._service.settings.telegram_history and not self._talks.is_forgotten(update):
            self._service.people.record(user.id, answer.question, answer.text or "")
