"""Who may ask, how others are let in, and how everything that is kept of somebody is deleted."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Message, Update, User
from telegram.constants import ChatID, ChatMemberStatus, ChatType
from telegram.error import TelegramError as BotApiError
from telegram.ext import ApplicationHandlerStop, CallbackQueryHandler, CommandHandler, TypeHandler, filters

from bot.messages import text
from bot.render.text import number
from bot.standing import may_ask_by_name
from bot.telegram.handlers.inline import refuse
from bot.telegram.seals import SEAL_PATTERN
from bot.telegram.service import AnyApplication, Context, Service, acknowledge, listing, say

#: How often somebody who may not ask is told so, in seconds.
TOLD_EVERY_SECONDS = 3600.0
_CHATS = 10_000
_HISTORY_SHOWN = 20
_LEAVE = "leave"


class Access:
    """Stands before all other handlers. Without owners and a list of those allowed, everyone may ask.

    ``forget`` is called with a user whose data was deleted, and the number of the update that asked for it.
    """

    def __init__(self, service: Service, forget: Callable[[int, int], None]) -> None:
        self._service = service
        self._forget = forget
        self._told: OrderedDict[int, float] = OrderedDict()
        private = filters.UpdateType.MESSAGE & filters.ChatType.PRIVATE
        # What somebody who is not let in can do: the check asks the same handlers that the update then goes to.
        self._forget_handler = CommandHandler("forget", self.forget, filters=private)
        self._invitation = CommandHandler("start", self.check, filters=private, has_args=1)

    def register(self, application: AnyApplication) -> None:
        """Adds the handlers. To be called before those of others are added."""
        new = filters.UpdateType.MESSAGE
        application.add_handler(TypeHandler(Update, self.check), group=-1)
        application.add_handlers(
            [
                self._forget_handler,
                CommandHandler("forget", self.forget, filters=new),
                CommandHandler("history", self.history, filters=new & filters.ChatType.PRIVATE),
                CallbackQueryHandler(self.leave, pattern=rf"^{_LEAVE}:{SEAL_PATTERN}$"),
            ]
        )

    def may_ask(self, update: Update) -> bool:
        """Whether the user or the chat of an update is let in."""
        settings = self._service.settings
        user = update.effective_user.id if update.effective_user else 0
        chat = update.effective_chat.id if update.effective_chat else 0
        if may_ask_by_name(settings, user) or chat in settings.telegram_allowed:
            return True
        person = _person(update)
        return person is not None and self._service.people.is_member(person.id)

    async def check(self, update: Update, context: Context) -> None:
        """Lets an update pass, or ends it with a polite line. A code behind /start lets its bearer in.

        Whoever is not let in any more can still have deleted what is kept of them.
        """
        try:
            if self.may_ask(update) or self._is_admitted(update) or self._forget_handler.check_update(update):
                return
            await self._turn_away(update)
        except Exception as error:
            # Raised from here, it would end these handlers only, and those of questions would see the update.
            await context.application.process_error(update, error)
        raise ApplicationHandlerStop

    def _is_admitted(self, update: Update) -> bool:
        """Whether the update is an invitation taken up: a person's, in their private chat with the bot."""
        found, person = self._invitation.check_update(update), _person(update)
        return isinstance(found, tuple) and person is not None and self._service.people.admit(person.id, found[0][0])

    async def _turn_away(self, update: Update) -> None:
        """Says that the bot is not for everyone: in a private chat now and then, to a button or a query each time."""
        line = text("telegram.closed", self._service.language(update.effective_user))
        message = update.message
        if update.callback_query:
            await acknowledge(update.callback_query, line)
        elif update.inline_query:
            await refuse(update.inline_query, line)
        elif message and message.chat.type == ChatType.PRIVATE and self._is_to_be_told(message.chat_id):
            await say(update, line)

    def _is_to_be_told(self, chat: int) -> bool:
        now = time.monotonic()
        if chat in self._told and now - self._told[chat] < TOLD_EVERY_SECONDS:
            return False
        self._told[chat] = now
        self._told.move_to_end(chat)
        while len(self._told) > _CHATS:
            self._told.popitem(last=False)
        return True

    async def forget(self, update: Update, context: Context) -> None:
        """/forget: deletes feedback, open questions back, filters, talks and history of a user; says how much that was.

        What waits of theirs in the inbox goes too, and what was put aside there as malformed.
        """
        user, message, people = update.effective_user, update.effective_message, self._service.people
        if user is None or message is None:
            return
        language, pseudonym = self._service.language(user), self._service.pseudonym(user)
        judgements = await self._service.queue.run(self._service.collection.feedback.forget, pseudonym)
        watched = await self._service.queue.run(self._service.collection.watch.questions.forget, pseudonym)
        people.watchers.forget(user.id)
        people.filters.forget(user.id)
        people.drop_prompts(pseudonym)
        questions = people.forget(user.id)
        self._forget(user.id, update.update_id)
        self._service.forget_updates(user.id, update.update_id)
        line = text(
            "telegram.forgotten",
            language,
            judgements=number(judgements, language),
            questions=number(questions, language),
            watched=number(watched, language),
        )
        markup = None
        if people.is_member(user.id) and await self._decides(message, user):
            seal = self._service.seals.of(message.chat_id, _LEAVE, user.id)
            button = InlineKeyboardButton(text("telegram.leave", language), callback_data=f"{_LEAVE}:{seal}")
            markup = InlineKeyboardMarkup.from_button(button)
        await message.reply_html(line, reply_markup=markup)

    async def leave(self, update: Update, context: Context) -> None:
        """The button under that, for the one whom it was shown to: gives up what an invitation has given."""
        query, user = update.callback_query, update.effective_user
        if query is None or user is None:
            return
        message, seal = query.message, (query.data or "").partition(":")[2]
        if (
            not isinstance(message, Message)
            or not self._service.seals.fits(seal, message.chat.id, _LEAVE, user.id)
            or not await self._decides(message, user)
        ):
            await acknowledge(query, text("telegram.not_yours", self._service.language(user)))
            return
        self._service.people.remove_member(user.id)
        await acknowledge(query, text("telegram.left", self._service.language(user)))

    async def _decides(self, message: Message, user: User) -> bool:
        """Whether somebody may give up access here: in their private chat, and in a group as one of its admins."""
        if message.chat.type == ChatType.PRIVATE:
            return True
        try:
            member = await message.get_bot().get_chat_member(message.chat_id, user.id)
        except BotApiError:
            return False
        return member.status in (ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR)

    async def history(self, update: Update, context: Context) -> None:
        """/history: what is kept of a user's questions."""
        user = update.effective_user
        if user is None:
            return
        language = self._service.language(user)
        asked = self._service.people.history(user.id, _HISTORY_SHOWN)
        lines = [f"{entry.question} – {entry.answer or text('chat.no_answer', language)}" for entry in asked]
        await say(
            update, listing(text("telegram.history" if lines else "telegram.no_history", language), lines, language)
        )


def _person(update: Update) -> User | None:
    """The person that an update is from; None for a bot and for who speaks as a group or channel, whose account is
    then one of Telegram's own."""
    sender = update.effective_sender
    if not isinstance(sender, User) or sender.is_bot or sender.id in set(ChatID):
        return None
    return sender
