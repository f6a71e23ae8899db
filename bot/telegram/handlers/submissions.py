"""Articles that owners send from their phones: files, links, and forwarded posts of channels."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from telegram import Message, MessageOriginChannel, Update
from telegram.error import BadRequest
from telegram.ext import MessageHandler, filters

from bot.messages import in_language, notice, text
from bot.render.telegram import plain
from bot.render.text import cut, megabytes
from bot.render.wording import citation, quantity
from bot.telegram.service import AnyApplication, Context, Service, listing
from bot.telegram.uploads import keep
from retrieval.collection import Collection
from retrieval.errors import FundstelleError, LoadingError
from retrieval.index_report import ArticleReport, IndexOutcome, IndexReport
from retrieval.loading import SUFFIXES, read_document
from retrieval.messages import Notice, mapped
from retrieval.types import Document

log = logging.getLogger(__name__)

#: The largest file that the Bot API lets a bot download.
MAX_BYTES = 20_000_000
#: From this many characters on, a forwarded post is an article.
MIN_POST_CHARS = 200
_SHOWN = 10
_TITLE_CHARS = 150
_LINK = re.compile(r"https?://\S+")


class _IsLink(filters.MessageFilter):
    """A text that is a web address and nothing else."""

    def filter(self, message: Message) -> bool:
        """As the base class."""
        return bool(_LINK.fullmatch((message.text or "").strip()))


class _IsPost(filters.MessageFilter):
    """A message that was forwarded from a channel."""

    def filter(self, message: Message) -> bool:
        """As the base class."""
        return isinstance(message.forward_origin, MessageOriginChannel)


class Submissions:
    """The handlers for articles from owners, in their private chats."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def register(self, application: AnyApplication) -> None:
        """Adds the handlers. Call it before that of questions, which take any text."""
        owners = self._service.from_owners()
        private = filters.UpdateType.MESSAGE & filters.ChatType.PRIVATE
        application.add_handlers(
            [
                MessageHandler(owners & filters.Document.ALL, self.file),
                MessageHandler(owners & _IsPost() & (filters.TEXT | filters.CAPTION), self.post),
                MessageHandler(owners & filters.TEXT & _IsLink(), self.link),
                # Those of owners are dealt with by now.
                MessageHandler(private & (filters.Document.ALL | (filters.TEXT & _IsLink())), self.from_others),
            ]
        )

    async def file(self, update: Update, context: Context) -> None:
        """Adds a file; its type and size are checked before the download."""
        message = update.effective_message
        if message is None or message.document is None:
            return
        name, language = message.document.file_name or "", self._service.language(update.effective_user)
        suffix = Path(name).suffix.lower()
        if suffix not in SUFFIXES:
            await self._service.say(update, "file_type", types=", ".join(sorted(SUFFIXES)))
            return
        if (message.document.file_size or 0) > MAX_BYTES:
            await self._service.say(update, "file_size", limit=megabytes(MAX_BYTES, language))
            return
        async with self._service.typing(message):
            try:
                content = await (await message.document.get_file()).download_as_bytearray()
            except BadRequest as error:  # too big for the Bot API, or gone
                await self._service.say(update, "file_gone", error=error.message)
                return
            if len(content) > MAX_BYTES:
                await self._service.say(update, "file_size", limit=megabytes(MAX_BYTES, language))
                return
            await self._add(update, lambda: self._add_file(name, bytes(content)))

    async def link(self, update: Update, context: Context) -> None:
        """Adds the page at a web address. Fetching may take long, so it does not occupy the writer thread."""
        message = update.effective_message
        if message is None:
            return
        address, collection = (message.text or "").strip(), self._service.collection
        async with self._service.typing(message):
            try:
                download = await asyncio.to_thread(collection.fetch, address)
            except FundstelleError as error:
                await self._service.say(update, "submission_failed", article=cut(address, _TITLE_CHARS), reason=error)
                return
            await self._add(update, lambda: IndexReport((collection.add_page(download),)))

    async def from_others(self, update: Update, context: Context) -> None:
        """Says that a file or a link of somebody else is not taken, and why."""
        await self._service.say(update, "only_owners" if self._service.settings.telegram_owners else "no_owners")

    async def post(self, update: Update, context: Context) -> None:
        """Adds a post forwarded from a channel, if it is long enough to be an article."""
        message = update.effective_message
        if message is None or not isinstance(message.forward_origin, MessageOriginChannel):
            return
        words = (message.text or message.caption or "").encode("utf-8", "replace").decode()
        if len(words.strip()) < MIN_POST_CHARS:
            await self._service.say(update, "post_short", count=MIN_POST_CHARS)
            return
        origin, collection = message.forward_origin, self._service.collection
        async with self._service.typing(message):
            await self._add(update, lambda: IndexReport((collection.add_document(post_document(words, origin)),)))

    async def _add(self, update: Update, add: Callable[[], IndexReport]) -> None:
        """Runs ``add`` in the writer thread and reports the outcome."""
        started = time.perf_counter()
        language = self._service.language(update.effective_user)

        def add_and_describe() -> str:
            return outcome_text(self._service.collection, add(), language)

        try:
            line = await self._service.queue.change(add_and_describe)
            self._service.news.set()
        except FundstelleError as error:
            log.error("A submission could not be added: %s", error)
            line = text("telegram.not_added", language, reason=error)
        log.info("Submission handled in %.1f s: %s", time.perf_counter() - started, " ".join(line.split()))
        if update.effective_message:
            await update.effective_message.reply_html(plain(line), do_quote=True)

    def _add_file(self, name: str, content: bytes) -> IndexReport:
        kept = keep(self._service.settings.home, name, content)
        report = self._service.collection.index([kept.path], self._service.queue.raise_if_stopping)
        if report.count(IndexOutcome.FAILED) == len(report.articles):
            kept.undo()  # it holds nothing to index again
        return report


def post_document(words: str, origin: MessageOriginChannel) -> Document:
    """The article in a post: title from its first line, source, date and address from the channel.

    Raises:
        LoadingError: it holds no text.
    """
    document = read_document(words.encode(), Path("Beitrag.txt"))
    channel = origin.chat
    return replace(
        document,
        title=cut(next(line.strip() for line in words.splitlines() if line.strip()), _TITLE_CHARS),
        source=channel.title or channel.username or document.source,
        published=origin.date.date().isoformat(),
        url=f"https://t.me/{channel.username}/{origin.message_id}" if channel.username else "",
        path=f"telegram:{channel.id}/{origin.message_id}",
    )


def outcome_text(collection: Collection, report: IndexReport, language: str) -> str:
    """The outcome of a submission, a line per article. Raises LoadingError if it held none."""
    if not report.articles:
        raise LoadingError(notice("telegram.no_article"))
    lines = [_outcome_line(collection, entry, language) for entry in report.articles[:_SHOWN]]
    lines += [
        text("telegram.submission_skipped", language, what=part.what, why=part.why) for part in report.skipped[:_SHOWN]
    ]
    return listing(lines[0], lines[1:], language, left_out=len(report.articles) + len(report.skipped) - len(lines))


def _outcome_line(collection: Collection, entry: ArticleReport, language: str) -> str:
    document = collection.document_at(entry.path)
    reason = _without_folder(entry.reason, entry.path)
    if document is None or entry.outcome is IndexOutcome.FAILED:
        return text("telegram.submission_failed", language, article=Path(entry.path).name, reason=reason)
    sentences = quantity("telegram.sentences", collection.sentences_of(document), language)
    line = text(
        f"telegram.submission_{entry.outcome}", language, article=citation(document, language), sentences=sentences
    )
    if entry.outcome is IndexOutcome.DUPLICATE and isinstance(entry.reason, Notice):
        original = collection.document_at(str(entry.reason.values.get("path", "")))
        reason = notice("telegram.says_the_same", article=citation(original, language)) if original else ""
    return f"{line} ({in_language(reason, language)})" if reason else line


def _without_folder(said: str, path: str) -> str:
    """What is said without where on the server the sent file lies."""
    folder = f"{Path(path.partition('#')[0]).parent}/"
    return said if "://" in path or len(folder) < 2 else mapped(said, lambda words: words.replace(folder, ""))
