"""The talks of a bot, which any of its processes goes on with, also after a restart."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass

from telegram import Update

from bot.telegram.handlers.excerpts import CITE, Place
from bot.telegram.kept_talks import KeptTalk
from bot.telegram.service import Service
from retrieval.answering.conversation import Conversation
from retrieval.types import Filter

#: Of how many users it is remembered when they wanted all forgotten.
_FORGOTTEN = 1000


@dataclass(slots=True)
class Talk:
    """A conversation, the number of the message with its latest question, where the latest answer stands (None:
    nowhere), and what else was found, in its order: further passages, or all answers."""

    conversation: Conversation
    message: int = 0
    answer: Place | None = None
    listed: tuple[Place, ...] = ()


class Talks:
    """The talks with each user in each chat. An update's handler takes one by ``of``, and keeps what it has changed."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._forgotten: OrderedDict[int, int] = OrderedDict()  # by user: the number of the latest /forget

    def of(self, update: Update) -> Talk:
        """The talk that an update belongs to."""
        kept = self._service.people.talks.get(*_whose(update))
        conversation = self.new_conversation(self.within(update))
        conversation.past = kept.past
        listed = tuple(place for data in kept.listed if (place := Place.read(data)))
        return Talk(conversation, kept.message, Place.read(kept.answer), listed)

    def keep(self, update: Update, talk: Talk) -> None:
        """Keeps a talk for the next update, unless its user wanted all forgotten after this one."""
        if not self.is_forgotten(update):
            answer = talk.answer.data(CITE) if talk.answer else ""
            listed = tuple(place.data(CITE) for place in talk.listed)
            kept = KeptTalk(talk.conversation.past, talk.message, answer, listed)
            self._service.people.talks.put(*_whose(update), kept)

    def end(self, update: Update) -> None:
        """Ends the talk: the next question goes on from nothing."""
        self._service.people.talks.drop(*_whose(update))

    def forget(self, user: int, update_id: int) -> None:
        """Forgets a user's talks; nothing that they asked before this update is kept any more."""
        self._forgotten[user] = update_id
        self._forgotten.move_to_end(user)
        while len(self._forgotten) > _FORGOTTEN:
            self._forgotten.popitem(last=False)
        self._service.people.talks.forget(user)

    def is_forgotten(self, update: Update) -> bool:
        """Whether the user of an update has wanted all forgotten after it."""
        user = update.effective_user
        return user is not None and update.update_id <= self._forgotten.get(user.id, 0)

    def within(self, update: Update) -> Filter:
        """Which articles are asked there."""
        return self._service.people.filters.get(*_whose(update))

    def new_conversation(self, within: Filter) -> Conversation:
        """A conversation that goes on from nothing."""
        settings, collection = self._service.settings, self._service.collection
        # The time of day, as other processes go on with it.
        return Conversation(collection, top_k=settings.top_k, within=within, clock=time.time)


def _whose(update: Update) -> tuple[int, int]:
    """The numbers of the chat and of the user; 0: none."""
    chat, user = update.effective_chat, update.effective_user
    return chat.id if chat else 0, user.id if user else 0
