"""What people think of answers: 👍, 👎, and what would have been right."""

from __future__ import annotations

from telegram import ForceReply, Message, Update
from telegram.constants import ChatType
from telegram.ext import CallbackQueryHandler, CommandHandler, MessageHandler, filters

from bot.messages import text
from bot.render.telegram import plain
from bot.telegram.handlers.buttons import find_press
from bot.telegram.handlers.excerpts import BAD, GOOD
from bot.telegram.service import AnyApplication, Context, Service, acknowledge
from retrieval.store.feedback import Judgement, Verdict

_NAME_LIMIT = 64


class Feedback:
    """The handlers for feedback."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def register(self, application: AnyApplication) -> None:
        """Adds the handlers. Call it before that of questions, which take any reply to the bot."""
        messages = filters.UpdateType.MESSAGE | filters.UpdateType.EDITED_MESSAGE
        application.add_handlers(
            [
                CallbackQueryHandler(self.judge, pattern=f"^({GOOD}|{BAD}):"),
                CommandHandler("skip", self.skip, filters=filters.UpdateType.MESSAGE),
                MessageHandler(messages & filters.TEXT & ~filters.COMMAND & _Wanted(self._service), self.complete),
            ]
        )

    async def judge(self, update: Update, context: Context) -> None:
        """👍 or 👎 under an answer; pressed again, the last one counts."""
        press = await find_press(self._service, update)
        if press is None:
            return
        user, language = update.effective_user, self._service.language(update.effective_user)
        verdict = Verdict.GOOD if (press.query.data or "").startswith(GOOD) else Verdict.BAD
        pseudonym, place = self._service.pseudonym(user), press.place
        judgement = Judgement(
            press.question, press.quote, place.document_id, place.start, place.end, verdict, user=pseudonym
        )
        number = await self._service.queue.run(self._service.collection.feedback.put, judgement)
        await acknowledge(press.query, text("telegram.thanks", language), alert=False)
        if verdict is Verdict.GOOD:
            return
        line = plain(text("telegram.wanted", language))
        if press.message.chat.type != ChatType.PRIVATE and user:
            # Telegram opens the reply only for the user whom the message mentions.
            name = plain(user.first_name[:_NAME_LIMIT])
            line = f'<a href="tg://user?id={user.id}">{name}</a>: {line}'
        asked = await press.message.reply_html(line, reply_markup=ForceReply(selective=True), do_quote=True)
        self._service.people.put_prompt(asked.chat_id, asked.message_id, pseudonym, number)

    async def complete(self, update: Update, context: Context) -> None:
        """Stores the reply that says what would have been right; an edited reply replaces it."""
        message = update.effective_message
        number = None if message is None else _judgement(self._service, message)
        if message is None or number is None:
            return
        wanted = (message.text or "").encode("utf-8", "replace").decode().strip()
        await self._service.queue.run(self._service.collection.feedback.put_wanted, number, wanted)
        await self._service.say(update, "noted")

    async def skip(self, update: Update, context: Context) -> None:
        """/skip: stops waiting for that reply."""
        if update.effective_chat:
            self._service.people.drop_prompts(self._service.pseudonym(update.effective_user), update.effective_chat.id)
        await self._service.say(update, "skipped")


class _Wanted(filters.MessageFilter):
    """A reply to the question what would have been right, from the user who was asked."""

    def __init__(self, service: Service) -> None:
        super().__init__()
        self._service = service

    def filter(self, message: Message) -> bool:
        """As the base class."""
        return _judgement(self._service, message) is not None


def _judgement(service: Service, message: Message) -> int | None:
    """The number of the judgement that a message completes."""
    if message.reply_to_message is None:
        return None
    pseudonym = service.pseudonym(message.from_user)
    return service.people.prompt(message.chat_id, message.reply_to_message.message_id, pseudonym)
