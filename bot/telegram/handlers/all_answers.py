"""/alle and /verlauf: all answers to a question, as a numbered list, and as a chart where they are numbers."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Final

from telegram import InputFile, Message, Update
from telegram.error import TelegramError as BotApiError
from telegram.ext import CommandHandler, filters

from bot.render.all_answers import ordered, shown_width, to_html
from bot.render.chart import chart
from bot.render.values import series
from bot.telegram.handlers.excerpts import Place
from bot.telegram.handlers.talks import Talks
from bot.telegram.service import AnyApplication, Context, Service, question_of
from retrieval.answering.all_answers import AllAnswers
from retrieval.errors import QuestionError

log = logging.getLogger(__name__)

#: What Telegram takes below a photo, in UTF-16 units and after it has taken the tags out.
_CAPTION_LIMIT: Final = 1024
_PICTURE: Final = "verlauf.png"
_ALL, _BY_DATE = ("alle", "all"), ("verlauf", "timeline")


class AllAnswersHandlers:
    """The handlers."""

    def __init__(self, service: Service, talks: Talks) -> None:
        self._service = service
        self._talks = talks
        self._drawing = asyncio.Semaphore(1)

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
        talk = self._talks.of(update)
        try:
            async with self._service.typing(message):
                please_wait = partial(self._service.please_wait, update)
                answers = await self._service.queue.ask(talk.conversation.ask_all, question, please_wait)
        except QuestionError:
            if question:
                await self._service.say(update, "bad_question")
            else:
                command = (_BY_DATE if by_date else _ALL)[0 if language == "de" else 1]
                await self._service.say(update, "all_usage", command=command)
            return
        seal = self._service.seal(message.chat_id)
        talk.listed = tuple(Place.of_finding(finding, seal) for finding in ordered(answers, by_date=by_date))
        self._talks.keep(update, talk)
        await self._reply(message, answers, language, by_date=by_date)

    async def _reply(self, message: Message, answers: AllAnswers, language: str, *, by_date: bool) -> None:
        """Sends the list, and where it tells how a number changed, a chart: with the list below it if that fits."""
        html = to_html(answers, language, by_date=by_date)
        png = await self._chart(message, answers, language)
        if png is None:
            await message.reply_html(html, do_quote=True)
            return
        photo = partial(message.reply_photo, InputFile(BytesIO(png), _PICTURE), do_quote=True)
        if shown_width(html) <= _CAPTION_LIMIT:
            await photo(caption=html, parse_mode="HTML")
            return
        await message.reply_html(html, do_quote=True)
        with suppress(BotApiError):  # An error would have the list sent again.
            await photo(disable_notification=True)

    async def _chart(self, message: Message, answers: AllAnswers, language: str) -> bytes | None:
        async with self._service.typing(message), self._drawing:
            try:
                return await asyncio.to_thread(_drawn, answers, language, self._service.settings.home)
            except Exception:  # The list is worth sending without it.
                log.exception("No chart could be drawn")
                return None


def _drawn(answers: AllAnswers, language: str, home: Path) -> bytes | None:
    """The chart; None where there is nothing to draw."""
    values = series(answers)
    return None if values is None else chart(answers, values, language, home)
