"""Inline mode: ``@bot Frage`` in any chat offers answers."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from contextlib import suppress
from functools import partial

from telegram import (
    InlineQuery,
    InlineQueryResultArticle,
    InlineQueryResultsButton,
    InputTextMessageContent,
    Update,
)
from telegram.error import BadRequest
from telegram.ext import InlineQueryHandler

from bot.messages import text
from bot.render.telegram import passage_html, to_html
from bot.render.text import cut, other_hits
from bot.render.wording import COLOURED_DOTS, certainty, citation, correction_line, short_answer, silence_lines
from bot.telegram.reader_queue import QueueFullError
from bot.telegram.service import AnyApplication, Context, Service
from retrieval.answer import Answer
from retrieval.answering.conversation import Conversation
from retrieval.characters import without_controls
from retrieval.errors import QuestionError

log = logging.getLogger(__name__)

#: A query without a question mark is answered after a pause in typing of this many seconds.
PAUSE_SECONDS = 0.8
#: How long, in seconds, Telegram caches an answer.
CACHE_SECONDS = 30
_USERS = 1000
_TITLE_LIMIT = 100
_START = "inline"


class Inline:
    """The handler of inline queries. One comes with each key press; only a user's newest is answered."""

    def __init__(self, service: Service, pause_seconds: float = PAUSE_SECONDS) -> None:
        self._service = service
        self._pause_seconds = pause_seconds
        self._newest: OrderedDict[int, str] = OrderedDict()

    def register(self, application: AnyApplication) -> None:
        """Adds the handler."""
        application.add_handler(InlineQueryHandler(self.query))

    async def query(self, update: Update, context: Context) -> None:
        """Answers a query that ends in "?" or that no other follows for a moment; drops others."""
        query = update.inline_query
        if query is None:
            return
        question = query.query.encode("utf-8", "replace").decode().strip()
        self._newest[query.from_user.id] = query.id
        self._newest.move_to_end(query.from_user.id)
        while len(self._newest) > _USERS:
            self._newest.popitem(last=False)
        if not question.endswith("?"):
            await asyncio.sleep(self._pause_seconds)
        if not question or self._is_old(query):
            return
        language = self._service.language(query.from_user)
        try:
            answer = await self._service.queue.ask(partial(self._ask, query), question)
        except QuestionError:
            return
        except QueueFullError:
            await refuse(query, text("telegram.too_many", language))
            return
        if answer is None:
            return
        if answer.text is None and not answer.corrections:
            await refuse(query, silence_lines(answer, language)[0])
        else:
            await _answer(query, results(answer, language))

    def _ask(self, query: InlineQuery, question: str) -> Answer | None:
        """Runs in the reader thread; None if a newer query has arrived meanwhile."""
        if self._is_old(query):
            return None
        conversation = Conversation(self._service.collection, top_k=self._service.settings.top_k)
        return conversation.ask(question)

    def _is_old(self, query: InlineQuery) -> bool:
        return self._newest.get(query.from_user.id) != query.id


def results(answer: Answer, language: str) -> list[InlineQueryResultArticle]:
    """The quote, what others gave as right, and the other passages worth a look."""
    offered, html = [], to_html(answer, language)
    if answer.text is not None and answer.document is not None:
        where = f"{certainty(answer, language, COLOURED_DOTS)} – {citation(answer.document, language, answer.start)}"
        offered = [(short_answer(answer, language), where, html)]
    for correction in answer.corrections:
        where = citation(correction.document, language, correction.start)
        offered.append((correction_line(correction, language), where, html))
    for hit in other_hits(answer) if offered else ():
        where = citation(hit.document, language, hit.passage.start)
        offered.append((hit.passage.text, where, passage_html(hit, language)))
    return [
        InlineQueryResultArticle(
            id=str(number),
            title=cut(without_controls(" ".join(quote.split())), _TITLE_LIMIT),
            description=cut(without_controls(where), _TITLE_LIMIT),
            input_message_content=InputTextMessageContent(html, parse_mode="HTML"),
        )
        for number, (quote, where, html) in enumerate(offered)
    ]


async def refuse(query: InlineQuery, line: str) -> None:
    """Shows no results, only a line that leads to the bot."""
    await _answer(query, [], InlineQueryResultsButton(cut(line, 64), start_parameter=_START))


async def _answer(
    query: InlineQuery, offered: list[InlineQueryResultArticle], button: InlineQueryResultsButton | None = None
) -> None:
    with suppress(BadRequest):  # Telegram waits only some seconds; a user who typed on no longer needs it.
        await query.answer(offered, cache_time=CACHE_SECONDS, is_personal=True, button=button)
