"""Where a bot keeps its inbox and its people: in the data directory, or in PostgreSQL for several processes."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.messages import notice
from bot.pseudonyms import KEY_FILE, secret_key
from bot.settings import Settings
from bot.standing import PEOPLE_FILE
from bot.telegram.people import People
from bot.telegram.transport.inbox import Inbox as FileInbox
from bot.telegram.transport.inboxes import Inbox
from bot.telegram.transport.webhook import webhook_secret
from retrieval.errors import StoreError
from retrieval.files import create_file, make_private_folder

if TYPE_CHECKING:
    from bot.telegram.postgres.lead import Lead
    from bot.telegram.postgres.tables import BotDatabase


@dataclass(frozen=True, slots=True)
class State:
    """What a bot keeps. ``lead`` says which process leads, where several share it; ``secret`` is the webhook's."""

    inbox: Inbox
    people: People
    secret: str = ""
    lead: Lead | None = None


@contextmanager
def open_state(settings: Settings, bot: int) -> Iterator[State]:
    """The state of the bot of this number, closed at the end of the block.

    Raises:
        StoreError: it cannot be opened, or the data directory holds another key than the database.
        TelegramError: the webhook's secret can be neither read nor stored.
    """
    secret = webhook_secret(settings) if settings.telegram_webhook_url else ""
    if settings.database_url is None:
        inbox = FileInbox(settings.home / PEOPLE_FILE, bot)
        try:
            people = People(settings.home / PEOPLE_FILE)
            try:
                yield State(inbox, people, secret)
            finally:
                people.close()
        finally:
            inbox.close()
        return
    from bot.telegram.postgres.inbox import PostgresInbox
    from bot.telegram.postgres.lead import Lead
    from bot.telegram.postgres.people import PostgresPeople
    from bot.telegram.postgres.tables import BotDatabase

    url = settings.database_url.get_secret_value()
    shared, lead = BotDatabase(url), Lead(url, bot)
    try:
        share_key(settings, shared)
        if secret and not settings.telegram_webhook_secret:
            secret = shared.agreed("webhook_secret", secret)
        yield State(PostgresInbox(shared, bot), PostgresPeople(shared), secret, lead)
    finally:
        lead.let_go()
        shared.close()


def share_key(settings: Settings, shared: BotDatabase) -> None:
    """Sees to it that all processes have the same key for pseudonyms and buttons: that of the first one.

    Raises:
        StoreError: the data directory holds another one.
    """
    path = settings.home / KEY_FILE
    own = secret_key(settings.home) if path.exists() else secrets.token_bytes(32)
    agreed = bytes.fromhex(shared.agreed("key", own.hex()))
    if not path.exists():
        make_private_folder(settings.home)
        with suppress(FileExistsError):  # another process has made it at this moment
            create_file(path, agreed, mode=0o600)
    if secret_key(settings.home) != agreed:
        raise StoreError(notice("telegram.key_differs", path=path))
