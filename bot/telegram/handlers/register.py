"""All handlers of the bot in their order, among them those for everyone and the one for errors."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from telegram import Update
from telegram.error import Forbidden
from telegram.error import TelegramError as BotApiError
from telegram.ext import CallbackQueryHandler, CommandHandler, MessageHandler, filters

from bot.messages import text
from bot.render.telegram import TELEGRAM_LIMIT
from bot.render.wording import quantity, sources_text
from bot.telegram.handlers.access import Access
from bot.telegram.handlers.all_answers import AllAnswersHandlers
from bot.telegram.handlers.buttons import say_expired
from bot.telegram.handlers.catalogues import Catalogues
from bot.telegram.handlers.citations import Citations
from bot.telegram.handlers.feedback import Feedback
from bot.telegram.handlers.filters import Filters
from bot.telegram.handlers.inline import Inline
from bot.telegram.handlers.owners import Owners
from bot.telegram.handlers.pages import Pages
from bot.telegram.handlers.questions import Questions
from bot.telegram.handlers.submissions import Submissions
from bot.telegram.handlers.talks import Talks
from bot.telegram.handlers.watching import Watching
from bot.telegram.menus import announce_to_owner
from bot.telegram.reader_queue import QueueFullError
from bot.telegram.service import MOST_LISTED, AnyApplication, Context, Service, say
from bot.telegram.transport.processor import is_temporary
from retrieval.errors import FundstelleError

log = logging.getLogger(__name__)


class Handlers:
    """The handlers of one bot.

    ``keep`` is called with an update whose reply cannot be sent for now.
    """

    def __init__(self, service: Service, keep: Callable[[object], None]) -> None:
        self._service = service
        self._keep = keep

    def register(self, application: AnyApplication) -> None:
        """Adds all handlers, those with narrow filters before those with broad ones."""
        new = filters.UpdateType.MESSAGE
        private = new & filters.ChatType.PRIVATE
        talks = Talks(self._service)
        Access(self._service, talks.forget).register(application)
        Feedback(self._service).register(application)
        Owners(self._service).register(application)
        Catalogues(self._service).register(application)
        Submissions(self._service).register(application)
        AllAnswersHandlers(self._service, talks).register(application)
        Filters(self._service).register(application)
        application.add_handlers(
            [
                CommandHandler("start", self.start, filters=new),
                CommandHandler(["help", "hilfe"], self.help, filters=new),
                CommandHandler(["sources", "quellen"], self.sources, filters=new),
            ]
        )
        Questions(self._service, talks).register(application)
        Citations(self._service, talks).register(application)
        Pages(self._service).register(application)
        Watching(self._service, talks).register(application)
        Inline(self._service).register(application)
        application.add_handlers(
            [
                MessageHandler(private & filters.COMMAND, self.unknown_command),
                MessageHandler(private & ~filters.StatusUpdate.ALL, self.not_text),
                CallbackQueryHandler(self.unknown_button),
            ]
        )
        application.add_error_handler(self.handle_error)

    async def start(self, update: Update, context: Context) -> None:
        """/start: who the bot is and what to do."""
        user, language = update.effective_user, self._service.language(update.effective_user)
        count = await self._service.queue.run(self._service.collection.article_count)
        await self._service.say(update, "start", articles=quantity("chat.articles", count, language))
        if user and user.id in self._service.settings.telegram_owners:
            with suppress(BotApiError):  # The menu is not worth an error.
                await announce_to_owner(context.bot, self._service.settings, user.id)

    async def help(self, update: Update, context: Context) -> None:
        """/help."""
        user, language = update.effective_user, self._service.language(update.effective_user)
        parts = [text("telegram.help", language)]
        if user and user.id in self._service.settings.telegram_owners:
            parts.append(text("telegram.help_owner", language))
        await say(update, "\n".join(part.rstrip() for part in parts))

    async def sources(self, update: Update, context: Context) -> None:
        """/sources: the articles, as many as fit one message."""
        language = self._service.language(update.effective_user)
        titles = partial(self._service.collection.titles, most=MOST_LISTED, copies=False)
        documents, count = await self._service.queue.run(titles)
        empty = text("telegram.no_sources", language)
        shown = sources_text(documents, language, empty=empty, count=count, limit=TELEGRAM_LIMIT, bullet="• ")
        await say(update, shown)

    async def unknown_command(self, update: Update, context: Context) -> None:
        """Any other command, in a private chat."""
        await self._service.say(update, "unknown_command")

    async def not_text(self, update: Update, context: Context) -> None:
        """A photo, a sticker, a voice message … in a private chat."""
        await self._service.say(update, "not_text")

    async def unknown_button(self, update: Update, context: Context) -> None:
        """A button of another version."""
        await say_expired(self._service, update)

    async def handle_error(self, update: object, context: Context) -> None:
        """Logs an error, tells the user in a friendly line, and keeps in the inbox what can be tried again."""
        error = context.error
        number = update.update_id if isinstance(update, Update) else None
        if is_temporary(error):
            log.warning("Update %s could not be answered and stays in the inbox: %s", number, error)
            self._keep(update)
            return
        if isinstance(error, Forbidden):
            log.info("Update %s has nobody to answer to: %s", number, error)
            return
        line = "failed"
        if isinstance(error, QueueFullError):
            log.warning("Update %s was refused: too many questions wait", number)
            line = "too_many"
        elif isinstance(error, FundstelleError):
            log.error("Update %s failed: %s", number, error)
        else:
            log.error("Update %s failed", number, exc_info=error)
        if isinstance(update, Update):
            with suppress(BotApiError):
                await self._service.say(update, line)
