"""/alle and /verlauf: all answers to a question, as a numbered list."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from telegram import Update
from telegram.ext import CommandHandler, filters

from bot.render.all_answers import to_html
from bot.telegram.service import AnyApplication, Context, Service, question_of
from retrieval.answering.conversation import Conversation
from retrieval.errors import QuestionError

_ALL, _BY_DATE = ("alle", "all"), ("verlauf", "timeline")


class AllAnswersHandlers:
    """The handlers. ``conversation`` gives that of a user in a chat."""

    def __init__(self, service: Service, conversation: Callable[[int, int], Conversation]) -> None:
        self._service = service
        self._conversation = conversation

    def register(self, application: AnyApplication) -> None:
        """Adds the handlers."""
        new = filters.UpdateType.MESSAGE
        application.add_handlers(
            [
                CommandHandler(_ALL, self.surest_first, filters=new),
                CommandHandler(_BY_DATE, self.oldest_first, filters=new),
            ]
        )

    async def surest_first(self, update: Update, context: Context) -> None:
        """/alle [question]: by default the last one."""
        await self._answer(update, by_date=False)

    async def oldest_first(self, update: Update, context: Context) -> None:
        """/verlauf [question]."""
        await self._answer(update, by_date=True)

    async def _answer(self, update: Update, *, by_date: bool) -> None:
        message, user = update.effective_message, update.effective_user
        if message is None:
            return
        question, language = question_of(message), self._service.language(user)
        conversation = self._conversation(message.chat_id, user.id if user else 0)
        try:
            async with self._service.typing(message):
                please_wait = partial(self._service.please_wait, update)
                answers = await self._service.queue.ask(conversation.ask_all, question, please_wait)
        except QuestionError:
            if question:
                await self._service.say(update, "bad_question")
            else:
                command = (_BY_DATE if by_date else _ALL)[0 if language == "de" else 1]
                await self._service.say(update, "all_usage", command=command)
            return
        await message.reply_html(to_html(answers, language, by_date=by_date), do_quote=True)
