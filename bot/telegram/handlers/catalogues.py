"""A file of questions that an owner sends with the caption /fragen, and the table of answers that comes back."""

from __future__ import annotations

from functools import partial
from io import StringIO
from pathlib import Path
from typing import Final

from telegram import InputFile, Message, Update
from telegram.error import BadRequest
from telegram.ext import MessageHandler, filters

from bot.messages import in_language, text
from bot.render.csv import COLUMNS, TableWriter, answer_row
from bot.render.text import number
from bot.telegram.service import AnyApplication, Context, Service
from retrieval.answer import Answer
from retrieval.errors import FundstelleError
from retrieval.loading.question_list import read_question_list

#: No more questions are asked at once: others wait meanwhile, though every one of them comes in between.
MOST_QUESTIONS: Final = 100
_MOST_BYTES: Final = 1_000_000
_CAPTION: Final = r"(?i)^/(?:fragen|questions)(?:@\w+)?\s*$"


class Catalogues:
    """The handler, for owners in their private chats."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def register(self, application: AnyApplication) -> None:
        """Adds the handler. Call it before that of submissions, which takes any file."""
        asked = filters.Document.ALL & filters.CaptionRegex(_CAPTION)
        application.add_handler(MessageHandler(self._service.from_owners() & asked, self.answer))

    async def answer(self, update: Update, context: Context) -> None:
        """Answers each question of the file, in the order of the file."""
        message, language = update.effective_message, self._service.language(update.effective_user)
        if message is None or message.document is None:
            return
        if (message.document.file_size or 0) > _MOST_BYTES:
            await self._service.say(update, "questions_large")
            return
        async with self._service.typing(message):
            try:
                content = bytes(await (await message.document.get_file()).download_as_bytearray())
                questions = read_question_list(content[:_MOST_BYTES], message.document.file_name or "")
            except BadRequest as error:  # gone
                await self._service.say(update, "file_gone", error=error.message)
                return
            except FundstelleError as error:
                await self._service.say(update, "not_added", reason=in_language(error, language))
                return
            if not questions:
                await self._service.say(update, "questions_none")
                return
            table = await self._table(questions[:MOST_QUESTIONS], language)
        await self._send(message, table, len(questions), language)

    async def _table(self, questions: list[str], language: str) -> str:
        """The table of answers as CSV. One question at a time, so that those of others come in between."""
        file = StringIO()
        table = TableWriter(file)
        table.write(COLUMNS)
        ask = partial(self._service.collection.ask, top_k=self._service.settings.top_k)
        for question in questions:
            answer: Answer | None = None
            said = ""
            try:
                answer = await self._service.queue.ask(ask, question)
            except FundstelleError as error:
                said = in_language(error, language)
            table.write(answer_row(question, None, answer, said))
        return file.getvalue()

    async def _send(self, message: Message, table: str, count: int, language: str) -> None:
        name = Path((message.document and message.document.file_name) or "").stem or "fundstelle"
        asked = number(min(count, MOST_QUESTIONS), language)
        key = "questions_answered" if count <= MOST_QUESTIONS else "questions_cut"
        caption = text(f"telegram.{key}", language, asked=asked, count=number(count, language))
        # Spreadsheets take a file for UTF-8 if it begins with this mark.
        file = InputFile(table.encode("utf-8-sig"), filename=f"{name[:60]}-antworten.csv")
        await message.reply_document(file, caption=caption, do_quote=True)
