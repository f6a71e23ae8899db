"""What all handlers share: the settings, the articles, the people, the queue to the reader, and small replies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

from telegram import CallbackQuery, Message, MessageEntity, Update, User
from telegram.constants import ChatAction
from telegram.error import BadRequest
from telegram.error import TelegramError as BotApiError
from telegram.ext import Application, ContextTypes, filters

from bot.messages import LANGUAGES, text
from bot.pseudonyms import Pseudonyms
from bot.render import wording
from bot.render.telegram import TELEGRAM_LIMIT, plain
from bot.settings import Settings
from bot.telegram.people import People
from bot.telegram.reader_queue import ReaderQueue
from bot.telegram.seals import Seal, Seals
from retrieval.characters import without_controls
from retrieval.collection import Collection

#: No message lists more articles; of the others there is only the number.
MOST_LISTED = 200
#: Telegram shows "typing …" for five seconds.
TYPING_SECONDS = 4.5
#: How long a reply waits, in seconds, for a typing indicator being sent: arriving later, it would show for a while.
_TYPING_GRACE_SECONDS = 1.0

Context = ContextTypes.DEFAULT_TYPE
AnyApplication = Application[Any, Any, Any, Any, Any, Any]


class Service:
    """Shared by the handlers of one bot. Reading and searching go through ``queue``, never into the event loop."""

    def __init__(
        self,
        settings: Settings,
        collection: Collection,
        people: People,
        queue: ReaderQueue,
        typing_seconds: float = TYPING_SECONDS,
        forget_updates: Callable[[int, int], None] = lambda user, before: None,
    ) -> None:
        self.settings = settings
        self.collection = collection
        self.people = people
        self.queue = queue
        #: Deletes from the inbox what somebody has sent before an update of this number.
        self.forget_updates = forget_updates
        #: Set when articles were added, or somebody wants answers at other times.
        self.news = asyncio.Event()
        self.seals = Seals(settings.home)
        self._pseudonyms = Pseudonyms(settings.home)
        self._typing_seconds = typing_seconds

    def language(self, user: User | None) -> str:
        """The language for ``user``: the setting, or English if their Telegram is not German."""
        code = (user.language_code if user else None) or "de"
        return self.settings.language if code.lower().startswith("de") else "en"

    def from_owners(self) -> filters.BaseFilter:
        """Lets through new messages of owners in their private chats."""
        owners = filters.User(list(self.settings.telegram_owners))
        return filters.UpdateType.MESSAGE & filters.ChatType.PRIVATE & owners

    def pseudonym(self, user: User | None) -> str:
        """The pseudonym under which feedback of ``user`` is stored."""
        return self._pseudonyms.of(user.id if user else 0)

    def pseudonym_of(self, account: int) -> str:
        """The pseudonym of an account, by its number."""
        return self._pseudonyms.of(account)

    def seal(self, chat: int) -> Seal:
        """What seals the data of buttons for a chat."""
        return partial(self.seals.of, chat)

    async def say(self, update: Update, key: str, **values: object) -> None:
        """Replies with a text of section "telegram"."""
        await say(update, text(f"telegram.{key}", self.language(update.effective_user), **values))

    async def please_wait(self, update: Update) -> None:
        """Tells the user that many are waiting."""
        with suppress(BotApiError):  # Not worth an error; the answer follows.
            await self.say(update, "please_wait")

    @asynccontextmanager
    async def typing(self, message: Message) -> AsyncIterator[None]:
        """Shows "typing …" in the message's chat while the block runs."""
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
    # JSON can hold half a surrogate pair, which can be neither searched for nor sent.
    return question.encode("utf-8", "replace").decode().strip()


def understood_question(message: Message) -> str:
    """The completed question that an answer shows in italics at its top; empty if it shows none."""
    first = message.entities[0] if message.entities else None
    if first is None or first.type != MessageEntity.ITALIC or first.offset != 0:
        return ""
    line = message.parse_entity(first)
    for language in LANGUAGES:
        before, _, after = text("chat.understood", language, question="\0").partition("\0")
        if line.startswith(before) and line.endswith(after):
            return line[len(before) : len(line) - len(after)]
    return ""


def question_before(message: Message) -> str:
    """The question that a message of the bot answers, completed if it was a follow-up; empty if it was deleted.

    It is read from the message replied to, or from the answer if that shows the completed question. So nothing has to
    be stored, and buttons work after a restart.
    """
    asked = message.reply_to_message
    return (understood_question(message) or question_of(asked)) if asked else ""


def mentions(message: Message) -> list[str]:
    """The mentions of the bot in a message, as written there ("@FundstelleBot")."""
    found = message.parse_entities([MessageEntity.MENTION]).values() if message.entities else ()
    own = f"@{message.get_bot().username}".casefold() if found else ""
    return [name for name in found if name.casefold() == own]


def listing(heading: str, lines: list[str], language: str, left_out: int = 0) -> str:
    """A heading and as many lines as fit a message, and how many are left out, including ``left_out`` more."""
    return wording.listing(heading, lines, language, left_out, limit=TELEGRAM_LIMIT)


async def say(update: Update, line: str) -> None:
    """Replies with plain text."""
    if update.effective_message:
        await update.effective_message.reply_html(plain(line.strip()))


async def acknowledge(query: CallbackQuery, line: str | None = None, *, alert: bool = True) -> None:
    """Ends the button's loading sign, and shows ``line`` if given: in a box to close (``alert``), or briefly."""
    line = line and without_controls(line)
    try:
        await query.answer(line, show_alert=alert and line is not None)
    except BadRequest:  # Telegram drops a press after a while, e.g. while the bot is down; then send a message.
        if line and isinstance(query.message, Message):
            await query.message.reply_html(plain(line))
