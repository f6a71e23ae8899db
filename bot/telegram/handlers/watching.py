"""/merken and /gemerkt: standing questions, kept in private chats, and when their answers come."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Final

from telegram import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message, Update, User
from telegram.constants import ChatType
from telegram.error import BadRequest
from telegram.ext import CallbackQueryHandler, CommandHandler, filters

from bot.messages import in_language, text
from bot.render.standing import number_line
from bot.render.telegram import plain
from bot.render.text import cut, number
from bot.telegram.handlers.buttons import say_expired, take_away
from bot.telegram.handlers.excerpts import WATCH
from bot.telegram.handlers.talks import Talks
from bot.telegram.seals import SEAL_PATTERN
from bot.telegram.service import AnyApplication, Context, Service, acknowledge, listing, question_before, question_of
from bot.telegram.watchers import Watcher, is_about_times
from retrieval.characters import without_controls
from retrieval.errors import QuestionError
from retrieval.store.standing_questions import StandingQuestion

UNWATCH: Final = "unwatch"
_BUTTON_CHARS: Final = 40
_BUTTONS: Final = 50


class Watching:
    """The handlers."""

    def __init__(self, service: Service, talks: Talks) -> None:
        self._service = service
        self._talks = talks

    def register(self, application: AnyApplication) -> None:
        """Adds the handlers."""
        new = filters.UpdateType.MESSAGE
        application.add_handlers(
            [
                CommandHandler(["merken", "watch"], self.watch, filters=new),
                CommandHandler(["gemerkt", "watching"], self.list, filters=new),
                CallbackQueryHandler(self.pressed, pattern=rf"^{WATCH}:{SEAL_PATTERN}$"),
                CallbackQueryHandler(self.removed, pattern=rf"^{UNWATCH}:[0-9]{{1,18}}:{SEAL_PATTERN}$"),
            ]
        )

    async def watch(self, update: Update, context: Context) -> None:
        """/merken [question]: keeps it, by default the last one; or /merken täglich 8:00, sofort, still 22-7."""
        message, user = await self._in_private(update)
        if message is None or user is None:
            return
        question = question_of(message)
        if is_about_times(question):
            await self._set_times(update, user, question)
            return
        if not question:
            last = self._talks.of(update).conversation.turn
            question = last.question if last else ""
        if not question:
            await self._service.say(update, "watch_usage")
            return
        async with self._service.typing(message):
            line, _ = await self._keep(question, user)
        await message.reply_html(plain(line))

    async def pressed(self, update: Update, context: Context) -> None:
        """The button under a question that the articles do not answer."""
        query, user = update.callback_query, update.effective_user
        message = query.message if query else None
        question = question_before(message) if isinstance(message, Message) else ""
        if query is None or user is None or not isinstance(message, Message) or not question:
            await say_expired(self._service, update)
            return
        seal = (query.data or "").partition(":")[2]
        if message.chat.id != user.id or not self._service.seals.fits(seal, message.chat.id, WATCH):
            await say_expired(self._service, update)
            return
        line, is_kept = await self._keep(question, user)
        await acknowledge(query, line)
        if is_kept and message.reply_markup:
            await take_away(query, message, query.data or "")

    async def list(self, update: Update, context: Context) -> None:
        """/gemerkt: the questions, with a button for each that removes it."""
        message, user = await self._in_private(update)
        if message is None or user is None:
            return
        shown, markup = await self._listed(user, message.chat_id)
        await message.reply_html(plain(shown), reply_markup=markup)

    async def removed(self, update: Update, context: Context) -> None:
        """A button under that list, or under an answer."""
        query, user = update.callback_query, update.effective_user
        message = query.message if query else None
        _, wanted, seal = ((query and query.data) or "").split(":")
        if query is None or user is None or not isinstance(message, Message):
            await say_expired(self._service, update)
            return
        if message.chat.id != user.id or not self._service.seals.fits(seal, message.chat.id, UNWATCH, int(wanted)):
            await say_expired(self._service, update)
            return
        questions = self._service.collection.watch.questions
        is_gone = await self._service.queue.run(questions.remove, int(wanted), self._service.pseudonym(user))
        language = self._service.language(user)
        await acknowledge(query, text("telegram.unwatched" if is_gone else "telegram.expired", language), alert=False)
        await self._show_without(query, message, user)

    async def _show_without(self, query: CallbackQuery, message: Message, user: User) -> None:
        """The message without the button that was pressed: the list anew, or an answer that stays."""
        buttons = [
            button for row in (message.reply_markup.inline_keyboard if message.reply_markup else ()) for button in row
        ]
        with suppress(BadRequest):  # nothing has changed, or the message is gone
            if all(str(button.callback_data).startswith(f"{UNWATCH}:") for button in buttons):
                shown, markup = await self._listed(user, message.chat_id)
                await query.edit_message_text(plain(shown), parse_mode="HTML", reply_markup=markup)
            else:
                rest = [[button] for button in buttons if button.callback_data != query.data]
                await query.edit_message_reply_markup(InlineKeyboardMarkup(rest))

    async def _in_private(self, update: Update) -> tuple[Message | None, User | None]:
        """A command and who sent it; nothing where it came from a group, which is told that it does not go there."""
        message, user = update.effective_message, update.effective_user
        if message is None or user is None or message.chat.type == ChatType.PRIVATE:
            return message, user
        await self._service.say(update, "watch_private")
        return None, None

    async def _keep(self, question: str, user: User) -> tuple[str, bool]:
        """Keeps a question; what to say, and whether it is kept."""
        language, owner = self._service.language(user), self._service.pseudonym(user)
        watch, limit = self._service.collection.watch, self._service.settings.watch_limit
        kept = await self._service.queue.run(watch.questions.of, owner)
        if len(kept) >= limit and question not in {one.question for one in kept}:
            return text("telegram.watch_full", language, limit=number(limit, language)), False
        try:
            added = await self._service.queue.run(watch.add, question, owner)
        except QuestionError as error:
            return in_language(error, language), False
        watchers = self._service.people.watchers
        watchers.put(watchers.get(user.id, language))
        lines = [text("telegram.watched", language, question=cut(added.question, 100))]
        if added.known:
            lines.append(text("watch.known", language, answer=cut(added.known, 60)))
        return "\n".join(lines), True

    async def _set_times(self, update: Update, user: User, words: str) -> None:
        language, watchers, now = self._service.language(user), self._service.people.watchers, datetime.now()
        wanted = watchers.get(user.id, language).wanting(words, now)
        if wanted is None:
            await self._service.say(update, "watch_times_usage")
            return
        watchers.put(wanted)
        self._service.news.set()
        await self._service.say(update, "watch_times", times=times_line(wanted, language), now=f"{now:%H:%M}")

    async def _listed(self, user: User, chat: int) -> tuple[str, InlineKeyboardMarkup | None]:
        language = self._service.language(user)
        owner = self._service.pseudonym(user)
        kept = await self._service.queue.run(self._service.collection.watch.questions.of, owner)
        if not kept:
            return text("telegram.watch_none", language), None
        lines = [number_line(question, language) for question in kept]
        times = text("telegram.watch_when", language, times=times_line(self._watcher(user), language))
        shown = f"{listing(text('watch.chat_kept_list', language), lines, language)}\n\n{times}"
        buttons = [unwatch_button(self._service, chat, question) for question in kept[:_BUTTONS]]
        return shown, InlineKeyboardMarkup.from_column(buttons)

    def _watcher(self, user: User) -> Watcher:
        return self._service.people.watchers.get(user.id, self._service.language(user))


def unwatch_button(service: Service, chat: int, question: StandingQuestion, label: str = "") -> InlineKeyboardButton:
    """The button that removes a standing question, which is its label if there is none."""
    label = label or f"✕ {cut(question.question, _BUTTON_CHARS)}"
    seal = service.seals.of(chat, UNWATCH, question.id)
    return InlineKeyboardButton(without_controls(label), callback_data=f"{UNWATCH}:{question.id}:{seal}")


def times_line(watcher: Watcher, language: str) -> str:
    """When answers come, as a part of a sentence."""
    if watcher.daily is not None:
        clock = f"{watcher.daily // 60}:{watcher.daily % 60:02}"
        return text("telegram.watch_daily", language, time=clock)
    if watcher.quiet is not None:
        return text("telegram.watch_quiet", language, first=watcher.quiet[0], last=watcher.quiet[1])
    return text("telegram.watch_at_once", language)
