"""What all handlers share: the settings, the articles, the people, one worker thread, and small replies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from contextlib import asynccontextmanager, suppress
from html import escape
from typing import Any, TypeVar

from telegram import CallbackQuery, Message, MessageEntity, Update, User
from telegram.constants import ChatAction
from telegram.error import BadRequest
from telegram.error import TelegramError as BotApiError
from telegram.ext import Application, ContextTypes

from bot.pseudonyms import Pseudonyms
from bot.reply import TELEGRAM_LIMIT, cut, width
from bot.settings import Settings
from bot.telegram.collection import Collection
from bot.telegram.people import People
from bot.texts import text

#: Telegram shows "typing …" for five seconds.
TYPING_SECONDS = 4.5
#: How long a reply waits for a typing indicator that is still on its way; coming after it, it would stay for a while.
_TYPING_GRACE_SECONDS = 1.0
_LINE_LIMIT = 200

Context = ContextTypes.DEFAULT_TYPE
T = TypeVar("T")
AnyApplication = Application[Any, Any, Any, Any, Any, Any]


class Service:
    """Shared by the handlers of one bot. Reading, searching and indexing run in ``worker``, never in the event loop."""

    def __init__(
        self,
        settings: Settings,
        collection: Collection,
        people: People,
        worker: Executor,
        typing_seconds: float = TYPING_SECONDS,
    ) -> None:
        self.settings = settings
        self.collection = collection
        self.people = people
        self._pseudonyms = Pseudonyms(settings.home)
        self._worker = worker
        self._typing_seconds = typing_seconds

    def language(self, user: User | None) -> str:
        """The language to answer ``user`` in: the setting, but English for whose Telegram is not German."""
        code = (user.language_code if user else None) or "de"
        return self.settings.language if code.lower().startswith("de") else "en"

    def pseudonym(self, user: User | None) -> str:
        """What feedback of ``user`` is kept under."""
        return self._pseudonyms.of(user.id if user else 0)

    async def work(self, function: Callable[..., T], *args: object) -> T:
        """What ``function`` returns, in the worker thread."""
        try:
            future = asyncio.get_running_loop().run_in_executor(self._worker, function, *args)
        except RuntimeError:  # The worker takes nothing more, the bot stops: the update stays in the inbox.
            raise asyncio.CancelledError from None
        return await future

    async def say(self, update: Update, key: str, **values: object) -> None:
        """Replies with a text of section "telegram"."""
        await say(update, text(f"telegram.{key}", self.language(update.effective_user), **values))

    @asynccontextmanager
    async def typing(self, message: Message) -> AsyncIterator[None]:
        """Shows "typing …" in the message's chat until left."""
        over = asyncio.Event()
        task = asyncio.create_task(self._keep_typing(message, over))
        try:
            yield
        finally:
            over.set()
            await asyncio.wait([task], timeout=_TYPING_GRACE_SECONDS)
            task.cancel()

    async def _keep_typing(self, message: Message, over: asyncio.Event) -> None:
        thread = message.message_thread_id if message.is_topic_message else None
        while not over.is_set():
            with suppress(BotApiError):  # Not worth an error; the answer follows.
                await message.get_bot().send_chat_action(message.chat_id, ChatAction.TYPING, message_thread_id=thread)
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), self._typing_seconds)


def question_of(message: Message) -> str:
    """The question in a message: its text, without a command and without the bot's name. Empty when there is none."""
    question = message.text or ""
    if message.entities and message.entities[0].type == MessageEntity.BOT_COMMAND and message.entities[0].offset == 0:
        question = question[message.entities[0].length :]
    else:
        for name in mentions(message):
            question = question.replace(name, " ")
    # Half a surrogate pair can be written in JSON, but neither searched for nor sent back.
    return question.encode("utf-8", "replace").decode().strip()


def mentions(message: Message) -> list[str]:
    """Where a message names the bot, as it is written there ("@FundstelleBot"); empty if it does not."""
    found = message.parse_entities([MessageEntity.MENTION]).values() if message.entities else ()
    own = f"@{message.get_bot().username}".casefold() if found else ""
    return [name for name in found if name.casefold() == own]


def listing(heading: str, lines: list[str], language: str) -> str:
    """A heading and lines below it, as many as fit a message."""
    parts = [heading]
    room = TELEGRAM_LIMIT - width(heading)
    rest = text("chat.sources_rest", language, count=len(lines))
    for position, line in enumerate(lines):
        line = f"\n{cut(line, _LINE_LIMIT)}"
        left = len(lines) - position
        if width(line) + (width(rest) + 1 if left > 1 else 0) > room:
            parts.append("\n" + text("chat.sources_rest", language, count=left))
            break
        room -= width(line)
        parts.append(line)
    return "".join(parts)


async def say(update: Update, line: str) -> None:
    """Replies with plain words; in groups as a reply to the message."""
    if update.effective_message:
        await update.effective_message.reply_html(escape(line.strip(), quote=False))


async def acknowledge(query: CallbackQuery, line: str | None = None, *, alert: bool = True) -> None:
    """Ends the button's waiting sign, with ``line`` if given: in a box that has to be closed, or for a moment."""
    try:
        await query.answer(line, show_alert=alert and line is not None)
    except BadRequest:  # Telegram forgets a press after a while, say while the bot was down; then it is a message.
        if line and isinstance(query.message, Message):
            await query.message.reply_html(escape(line, quote=False))
