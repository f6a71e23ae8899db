"""Which articles somebody asks in a chat: /quelle, /seit, /bis, /artikel, /ohneocr."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from telegram import Update
from telegram.ext import CommandHandler, filters

from bot.access.filters import filter_from
from bot.errors import FilterError
from bot.messages import text
from bot.render.text import SHORT_LIMIT, cut
from bot.render.wording import citation, describe_filter, line, quantity, unknown_source
from bot.telegram.service import AnyApplication, Context, Service, listing, question_of, say
from retrieval.collection import Collection
from retrieval.types import Document, Filter

#: So many articles are looked at for those whose titles have the words, and so many are named.
_LOOKED_AT, _NAMED = 500, 10
_NUMBER = re.compile(r"[0-9]{1,18}")


class Filters:
    """The handlers. Nothing behind a command takes its filter away."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def register(self, application: AnyApplication) -> None:
        """Adds the handlers."""
        new = filters.UpdateType.MESSAGE
        application.add_handlers(
            [
                CommandHandler(["quelle", "source"], self.source, filters=new),
                CommandHandler(["seit", "since"], self.since, filters=new),
                CommandHandler(["bis", "until"], self.until, filters=new),
                CommandHandler(["artikel", "article"], self.article, filters=new),
                CommandHandler(["ohneocr", "noocr"], self.without_ocr, filters=new),
            ]
        )

    async def source(self, update: Update, context: Context) -> None:
        """/quelle NAME: only articles whose source is called so."""
        value, language = _value(update), self._service.language(update.effective_user)
        names = await self._service.queue.run(self._service.collection.source_names)
        if unknown := unknown_source(value, names, language):
            await say(update, listing(unknown, [], language))
            return
        await self._set(update, lambda now: replace(now, source=value))

    async def since(self, update: Update, context: Context) -> None:
        """/seit DAY: only articles from then on; a month or a year counts from its first day."""
        await self._set_days(update, since=_value(update))

    async def until(self, update: Update, context: Context) -> None:
        """/bis DAY: only articles up to then; a month or a year counts to its last day."""
        await self._set_days(update, until=_value(update))

    async def without_ocr(self, update: Update, context: Context) -> None:
        """/ohneocr: no articles that OCR has read; once more, and they count again."""
        await self._set(update, lambda now: replace(now, without_ocr=not now.without_ocr))

    async def article(self, update: Update, context: Context) -> None:
        """/artikel WORDS or NUMBER: only this article."""
        value, language = _value(update), self._service.language(update.effective_user)
        if not value:
            await self._set(update, lambda now: replace(now, article=0))
            return
        found = await self._service.queue.run(find_articles, self._service.collection, value)
        if len(found) == 1:
            await self._set(update, lambda now: replace(now, article=found[0].id))
            return
        if not found:
            await self._service.say(update, "no_article_called", words=cut(line(value), SHORT_LIMIT))
            return
        lines = [f"/artikel {document.id} – {citation(document, language)}" for document in found[:_NAMED]]
        await say(update, listing(text("telegram.which_article", language), lines, language, len(found) - len(lines)))

    async def _set_days(self, update: Update, **changed: str) -> None:
        before = self._service.people.filters.get(*_whose(update))
        days = {"since": before.since, "until": before.until, **changed}
        try:
            given = filter_from("", days["since"], days["until"], self._service.language(update.effective_user))
        except FilterError as error:
            await say(update, str(error))
            return
        await self._set(update, lambda now: replace(now, since=given.since, until=given.until))

    async def _set(self, update: Update, change: Callable[[Filter], Filter]) -> None:
        whose, kept = _whose(update), self._service.people.filters
        within = change(kept.get(*whose))
        await self._say(update, within)
        # Not before: where the reply cannot be sent the command comes again, and /ohneocr would undo itself.
        kept.put(*whose, within)

    async def _say(self, update: Update, within: Filter) -> None:
        """Says where is looked from now on."""
        language = self._service.language(update.effective_user)
        if not within:
            await say(update, text("chat.within_all", language))
            return
        described = await self._service.queue.run(describe, self._service.collection, within, language)
        _, count = await self._service.queue.run(lambda: self._service.collection.titles(within, most=0))
        articles = quantity("chat.articles", count, language)
        await self._service.say(update, "within" if count else "within_none", within=described, articles=articles)


def find_articles(collection: Collection, words: str) -> list[Document]:
    """The articles whose title or source has all of these words, without their texts; or the one with this number."""
    wanted = words.casefold().split()
    listed, _ = collection.titles(Filter(words=tuple(words.split())), most=_LOOKED_AT, copies=False)
    # The path counts for the collection, which is nobody's business here.
    found = [d for d in listed if all(word in f"{d.title} {d.source}".casefold() for word in wanted)]
    if _NUMBER.fullmatch(words):
        numbered = collection.document(int(words))
        return [numbered] if numbered is not None else found
    return [d for d in found if d.title.casefold() == words.casefold()] or found


def describe(collection: Collection, within: Filter, language: str) -> str:
    """A filter in words, an article with its title."""
    document = collection.document(within.article) if within.article else None
    name = "" if document is None else cut(citation(document, language), SHORT_LIMIT)
    return describe_filter(within, language, article=name)


def _whose(update: Update) -> tuple[int, int]:
    """The chat and the user of an update."""
    chat, user = update.effective_chat, update.effective_user
    return chat.id if chat else 0, user.id if user else 0


def _value(update: Update) -> str:
    return "" if update.effective_message is None else " ".join(question_of(update.effective_message).split())
