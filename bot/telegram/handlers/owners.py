"""What owners can do besides asking: look through the collection, take articles out, invite."""

from __future__ import annotations

import re
from functools import partial

from telegram import Bot, CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.error import TelegramError as BotApiError
from telegram.ext import CallbackQueryHandler, CommandHandler

from bot.messages import text
from bot.render.telegram import plain
from bot.render.text import cut, day, number
from bot.render.wording import citation
from bot.status import describe, to_text
from bot.telegram.handlers.buttons import say_expired
from bot.telegram.seals import SEAL_PATTERN
from bot.telegram.service import MOST_LISTED, AnyApplication, Context, Service, acknowledge, listing
from retrieval.characters import without_controls
from retrieval.types import Filter

_REMOVE = "remove"
_KEEP = "keep"
_EXCLUDE = "exclude"
_MEMBERS_SHOWN = 30


class Owners:
    """The commands of owners, in their private chats."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def register(self, application: AnyApplication) -> None:
        """Adds the handlers."""
        owners = self._service.from_owners()
        application.add_handlers(
            [
                CommandHandler("list", self.list, filters=owners),
                CommandHandler("remove", self.remove, filters=owners),
                CommandHandler("status", self.status, filters=owners),
                CommandHandler("missed", self.missed, filters=owners),
                CommandHandler("invite", self.invite, filters=owners),
                CommandHandler("members", self.members, filters=owners),
                CallbackQueryHandler(self.removed, pattern=rf"^({_REMOVE}:[0-9]{{1,18}}:{SEAL_PATTERN}|{_KEEP})$"),
                CallbackQueryHandler(self.excluded, pattern=rf"^{_EXCLUDE}:[0-9]{{1,18}}:{SEAL_PATTERN}$"),
            ]
        )

    async def list(self, update: Update, context: Context) -> None:
        """/list [words]: the articles with their numbers."""
        language = self._service.language(update.effective_user)
        within = Filter(words=tuple(context.args or ()))
        titles = partial(self._service.collection.titles, within, most=MOST_LISTED)
        found, count = await self._service.queue.run(titles)
        lines = [f"{document.id}  {citation(document, language)}" for document in found]
        heading = text("chat.sources" if lines else "telegram.none_found", language)
        await self._reply(update, listing(heading, lines, language, count - len(lines)))

    async def remove(self, update: Update, context: Context) -> None:
        """/remove N: asks whether this article is to go."""
        language = self._service.language(update.effective_user)
        wanted = "".join(context.args or ())
        document = None
        if re.fullmatch(r"[0-9]{1,18}", wanted):
            document = await self._service.queue.run(self._service.collection.document, int(wanted))
        if document is None:
            await self._service.say(update, "remove_usage")
            return
        seal = self._seal(update, _REMOVE, document.id, document.path)
        buttons = [
            InlineKeyboardButton(
                text("telegram.remove_yes", language), callback_data=f"{_REMOVE}:{document.id}:{seal}"
            ),
            InlineKeyboardButton(text("telegram.remove_no", language), callback_data=_KEEP),
        ]
        question = text("telegram.remove_sure", language, article=citation(document, language))
        await self._reply(update, question, InlineKeyboardMarkup([buttons]))

    async def removed(self, update: Update, context: Context) -> None:
        """The buttons under that question."""
        query, language = update.callback_query, self._service.language(update.effective_user)
        document = None
        if query is not None and query.data != _KEEP:
            _, wanted, seal = (query.data or "").split(":")
            document = await self._service.queue.run(self._service.collection.document, int(wanted))
            # Gone, or another article has got the number of the one that was shown.
            if document is None or self._seal(update, _REMOVE, document.id, document.path) != seal:
                await say_expired(self._service, update)
                return
        query = await self._pressed(update)
        if query is None:
            return
        if document is None:
            await query.edit_message_text(text("telegram.kept", language))
            return
        await self._service.queue.change(self._service.collection.remove, [document])
        line = text("telegram.removed", language, article=citation(document, language))
        await query.edit_message_text(without_controls(line))

    async def status(self, update: Update, context: Context) -> None:
        """/status: what is indexed, with which models, and where."""
        language = self._service.language(update.effective_user)
        settings, collection = self._service.settings, self._service.collection
        state = await self._service.queue.run(lambda: describe(settings, collection, checked=False))
        await self._reply(update, to_text(state, language))

    async def missed(self, update: Update, context: Context) -> None:
        """/missed: the questions that got no answer, most frequent first."""
        language = self._service.language(update.effective_user)
        found = await self._service.queue.run(self._service.collection.feedback.missed_questions)
        lines = [
            text(
                "chat.missed",
                language,
                count=number(missed.count, language),
                question=missed.question,
                day=day(missed.last_asked, language),
            )
            for missed in found
        ]
        await self._reply(
            update, listing(text("telegram.missed" if lines else "chat.none_missed", language), lines, language)
        )

    async def invite(self, update: Update, context: Context) -> None:
        """/invite: a code that lets one person in."""
        code = self._service.people.invite()
        link = f"https://t.me/{context.bot.username}?start={code}"
        await self._service.say(update, "invitation", code=code, link=link)

    async def members(self, update: Update, context: Context) -> None:
        """/members: who came by an invitation, with a button for each that takes it back."""
        language, members = self._service.language(update.effective_user), self._service.people.members()
        shown = [(member, await _name(context.bot, member.user)) for member in members[:_MEMBERS_SHOWN]]
        lines = [text("telegram.member", language, name=name, day=day(m.since, language)) for m, name in shown]
        buttons = [
            InlineKeyboardButton(
                cut(without_controls(text("telegram.exclude", language, name=name)), 64),
                callback_data=f"{_EXCLUDE}:{m.user}:{self._seal(update, _EXCLUDE, m.user)}",
            )
            for m, name in shown
        ]
        heading = text("telegram.members" if lines else "telegram.no_members", language)
        await self._reply(
            update,
            listing(heading, lines, language, left_out=len(members) - len(shown)),
            InlineKeyboardMarkup.from_column(buttons) if buttons else None,
        )

    async def excluded(self, update: Update, context: Context) -> None:
        """A button under that list."""
        query = update.callback_query
        _, number, seal = ((query and query.data) or "").split(":")
        user = int(number)
        if self._seal(update, _EXCLUDE, user) != seal:
            await say_expired(self._service, update)
            return
        query = await self._pressed(update)
        if query is None:
            return
        self._service.people.remove_member(user)
        name = await _name(context.bot, user)
        await self._reply(update, text("telegram.excluded", self._service.language(query.from_user), name=name))

    async def _pressed(self, update: Update) -> CallbackQuery | None:
        """The press of a button, acknowledged; None if it is not an owner's."""
        query = update.callback_query
        if query is None or query.from_user.id not in self._service.settings.telegram_owners:
            await say_expired(self._service, update)
            return None
        await acknowledge(query)
        return query

    def _seal(self, update: Update, *parts: object) -> str:
        return self._service.seals.of(update.effective_chat.id if update.effective_chat else 0, *parts)

    async def _reply(self, update: Update, line: str, markup: InlineKeyboardMarkup | None = None) -> None:
        if update.effective_message:
            await update.effective_message.reply_html(plain(line), reply_markup=markup)


async def _name(bot: Bot, user: int) -> str:
    """What somebody calls themselves on Telegram, with the number of the account; the number alone if they are gone."""
    try:
        name = (await bot.get_chat(user)).effective_name or ""
        return f"{' '.join(without_controls(name).split())} ({user})".strip()
    except BotApiError:
        return str(user)
