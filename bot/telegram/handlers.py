"""What the bot does with a message or a button: each handler reads, replies, and lets its errors go to ``failed``."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any

from telegram import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message, MessageEntity, Update, User
from telegram.constants import ChatAction
from telegram.error import BadRequest, Forbidden
from telegram.error import TelegramError as BotApiError
from telegram.ext import Application, CallbackQueryHandler, CommandHandler, ContextTypes, MessageHandler, filters

from bot.conversation import Conversation
from bot.reply import TELEGRAM_LIMIT, cut, further, passages_html, telegram_html, width
from bot.settings import Settings
from bot.telegram.delivery import is_passing
from bot.telegram.queue import QueueFullError, ReaderQueue
from bot.texts import LANGUAGES, text
from bot.wording import citation, counted
from retrieval.errors import FundstelleError, QuestionError
from retrieval.types import Document

if TYPE_CHECKING:
    from retrieval.answering import Answerer

log = logging.getLogger(__name__)

#: Telegram shows "typing …" for five seconds.
TYPING_SECONDS = 4.5
#: How long a reply waits for a typing indicator that is still on its way; coming after it, it would stay for a while.
_TYPING_GRACE_SECONDS = 1.0
_MORE = "more"
_CONVERSATIONS = 1000
_SOURCE_LIMIT = 200

Context = ContextTypes.DEFAULT_TYPE
AnyApplication = Application[Any, Any, Any, Any, Any, Any]


class Handlers:
    """The handlers of one bot. Reading and the list of articles go through ``queue``, never into the event loop.

    ``keep`` is called with an update whose reply could not be sent for the time being.
    """

    def __init__(
        self,
        settings: Settings,
        answerer: Answerer,
        sources: Callable[[], list[Document]],
        queue: ReaderQueue,
        keep: Callable[[object], None],
        typing_seconds: float = TYPING_SECONDS,
    ) -> None:
        self._settings = settings
        self._answerer = answerer
        self._sources = sources
        self._queue = queue
        self._keep = keep
        self._typing_seconds = typing_seconds
        self._conversations: OrderedDict[tuple[int, int], Conversation] = OrderedDict()

    def register(self, application: AnyApplication) -> None:
        """Adds all handlers. New messages only: an edited question is not asked again."""
        new = filters.UpdateType.MESSAGE
        private = new & filters.ChatType.PRIVATE
        application.add_handlers(
            [
                CommandHandler("start", self.start, filters=new),
                CommandHandler("help", self.help, filters=new),
                CommandHandler("sources", self.sources, filters=new),
                CommandHandler("ask", self.question, filters=new),
                CommandHandler(["neu", "new"], self.anew, filters=new),
                MessageHandler(private & filters.COMMAND, self.unknown_command),
                MessageHandler(private & filters.TEXT, self.question),
                MessageHandler(private & ~filters.StatusUpdate.ALL, self.not_text),
                CallbackQueryHandler(self.more, pattern=f"^{_MORE}$"),
                CallbackQueryHandler(self.expired),
            ]
        )
        application.add_error_handler(self.failed)

    def language(self, user: User | None) -> str:
        """The language to answer ``user`` in: the setting, but English for whose Telegram is not German."""
        code = (user.language_code if user else None) or "de"
        return self._settings.language if code.lower().startswith("de") else "en"

    async def start(self, update: Update, context: Context) -> None:
        """/start: who the bot is and what to do."""
        language = self.language(update.effective_user)
        count = len(await self._queue.run(self._sources))
        await _say(update, text("telegram.start", language, articles=counted("chat.articles", count, language)))

    async def help(self, update: Update, context: Context) -> None:
        """/help."""
        await _say(update, text("telegram.help", self.language(update.effective_user)))

    async def sources(self, update: Update, context: Context) -> None:
        """/sources: the articles, as many as fit one message."""
        documents = await self._queue.run(self._sources)
        await _say(update, sources_text(documents, self.language(update.effective_user)))

    async def anew(self, update: Update, context: Context) -> None:
        """/neu or /new: the next question goes on from nothing."""
        message, user = update.effective_message, update.effective_user
        if message is not None:
            await self._queue.run(self._conversation(message.chat_id, user.id if user else 0).forget)
            await _say(update, text("chat.forgotten", self.language(user)))

    async def unknown_command(self, update: Update, context: Context) -> None:
        """Any other command, in a private chat."""
        await _say(update, text("telegram.unknown_command", self.language(update.effective_user)))

    async def not_text(self, update: Update, context: Context) -> None:
        """A photo, a sticker, a voice message … in a private chat."""
        await _say(update, text("telegram.not_text", self.language(update.effective_user)))

    async def question(self, update: Update, context: Context) -> None:
        """A question: a text in a private chat, or behind /ask anywhere."""
        message, user = update.effective_message, update.effective_user
        if message is None:
            return
        language, question = self.language(user), question_of(message)
        if not question:
            await _say(update, text("telegram.ask_usage", language))
            return
        conversation = self._conversation(message.chat_id, user.id if user else 0)
        try:
            async with self._typing(message):
                answer = await self._queue.ask(conversation.ask, question, partial(self._please_wait, update))
        except QuestionError:
            await _say(update, text("telegram.bad_question", language))
            return
        button = InlineKeyboardButton(text("telegram.more", language), callback_data=_MORE)
        markup = InlineKeyboardMarkup.from_button(button) if further(answer) else None
        # A reply to the question: that is what the button later takes the question from.
        await message.reply_html(telegram_html(answer, language), reply_markup=markup, do_quote=True)

    async def more(self, update: Update, context: Context) -> None:
        """The button under an answer: the other passages.

        The question is read again from the message that the answer replies to, or from the answer if that says how a
        follow-up was understood. So nothing has to be kept, and the button works as well after a restart; it has
        expired once the question was deleted.
        """
        query, language = update.callback_query, self.language(update.effective_user)
        message = query.message if query else None
        asked = message.reply_to_message if isinstance(message, Message) else None
        question = (understood_in(message) or question_of(asked)) if isinstance(message, Message) and asked else ""
        if query is None or not isinstance(message, Message) or not question:
            await self.expired(update, context)
            return
        await _acknowledge(query)
        conversation = Conversation(self._answerer, top_k=self._settings.top_k)
        async with self._typing(message):
            answer = await self._queue.ask(conversation.ask, question, partial(self._please_wait, update))
        await message.reply_html(passages_html(answer, language), do_quote=True)
        with suppress(BadRequest):  # It may be gone already: pressed twice, or the message deleted.
            await query.edit_message_reply_markup(None)

    async def expired(self, update: Update, context: Context) -> None:
        """A button whose question is gone, or one of another version."""
        if update.callback_query:
            language = self.language(update.effective_user)
            await _acknowledge(update.callback_query, text("telegram.expired", language))

    async def failed(self, update: object, context: Context) -> None:
        """What became of an error: the log gets it in full, the user a friendly line, the inbox keeps what can wait."""
        error = context.error
        number = update.update_id if isinstance(update, Update) else None
        if is_passing(error):
            log.warning("Update %s could not be answered and stays in the inbox: %s", number, error)
            self._keep(update)
            return
        if isinstance(error, Forbidden):
            log.info("Update %s has nobody to answer to: %s", number, error)
            return
        line = "telegram.failed"
        if isinstance(error, QueueFullError):
            log.warning("Update %s was refused: too many questions wait", number)
            line = "telegram.too_many"
        elif isinstance(error, FundstelleError):
            log.error("Update %s failed: %s", number, error)
        else:
            log.error("Update %s failed", number, exc_info=error)
        if isinstance(update, Update):
            with suppress(BotApiError):
                await _say(update, text(line, self.language(update.effective_user)))

    async def _please_wait(self, update: Update) -> None:
        with suppress(BotApiError):  # Not worth an error; the answer follows.
            await _say(update, text("telegram.please_wait", self.language(update.effective_user)))

    def _conversation(self, chat: int, user: int) -> Conversation:
        """The conversation with ``user`` in ``chat``; of many, those that spoke last are remembered."""
        key = (chat, user)
        if key not in self._conversations:
            self._conversations[key] = Conversation(self._answerer, top_k=self._settings.top_k)
        self._conversations.move_to_end(key)
        while len(self._conversations) > _CONVERSATIONS:
            self._conversations.popitem(last=False)
        return self._conversations[key]

    @asynccontextmanager
    async def _typing(self, message: Message) -> AsyncIterator[None]:
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
    """The question in a message: its text, without a command before it. Empty when there is none."""
    question = message.text or ""
    if message.entities and message.entities[0].type == MessageEntity.BOT_COMMAND and message.entities[0].offset == 0:
        question = question[message.entities[0].length :]
    # Half a surrogate pair can be written in JSON, but neither searched for nor sent back.
    return question.encode("utf-8", "replace").decode().strip()


def understood_in(message: Message) -> str:
    """The complete question that an answer names above itself in italics; empty when it names none."""
    first = message.entities[0] if message.entities else None
    if first is None or first.type != MessageEntity.ITALIC or first.offset != 0:
        return ""
    line = message.parse_entity(first)
    for language in LANGUAGES:
        before, _, after = text("chat.understood", language, question="\0").partition("\0")
        if line.startswith(before) and line.endswith(after):
            return line[len(before) : len(line) - len(after)]
    return ""


def sources_text(documents: list[Document], language: str) -> str:
    """The list of articles, title, source and date on a line each, at most TELEGRAM_LIMIT long."""
    if not documents:
        return text("telegram.no_sources", language)
    lines = [text("chat.sources", language)]
    room = TELEGRAM_LIMIT - width(lines[0])
    rest = text("chat.sources_rest", language, count=len(documents))
    for position, document in enumerate(documents):
        line = f"\n• {cut(citation(document, language), _SOURCE_LIMIT)}"
        left = len(documents) - position
        if width(line) + (width(rest) + 1 if left > 1 else 0) > room:
            lines.append("\n" + text("chat.sources_rest", language, count=left))
            break
        room -= width(line)
        lines.append(line)
    return "".join(lines)


async def _say(update: Update, line: str) -> None:
    """Replies with plain words; in groups as a reply to the message."""
    if update.effective_message:
        await update.effective_message.reply_html(escape(line.strip(), quote=False))


async def _acknowledge(query: CallbackQuery, line: str | None = None) -> None:
    """Ends the button's waiting sign, with ``line`` in a box if given."""
    try:
        await query.answer(line, show_alert=line is not None)
    except BadRequest:  # Telegram forgets a press after a while, say while the bot was down; then it is a message.
        if line and isinstance(query.message, Message):
            await query.message.reply_html(escape(line, quote=False))
