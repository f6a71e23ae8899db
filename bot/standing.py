"""What people's corrections count for: those of owners, of those who may ask, and of those who may not any more."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing

from bot.pseudonyms import KEY_FILE, Pseudonyms
from bot.settings import Settings
from retrieval.errors import StoreError
from retrieval.store.sql import SqlDatabase
from retrieval.types import Standing

log = logging.getLogger(__name__)

#: Where the Telegram side keeps whom it lets in, and its inbox.
PEOPLE_FILE = "telegram.db"


def is_open(settings: Settings) -> bool:
    """Whether everyone may ask: as it is set, else where nobody is named."""
    named = bool(settings.telegram_owners or settings.telegram_allowed)
    return not named if settings.telegram_open is None else settings.telegram_open


def may_ask_by_name(settings: Settings, account: int) -> bool:
    """Whether the settings let an account ask; whom an invitation has let in may, too."""
    return is_open(settings) or account in settings.telegram_owners | settings.telegram_allowed


def standing_of(settings: Settings, shared: Callable[[], SqlDatabase] | None = None) -> Callable[[str], Standing]:
    """What the corrections of a user count for, by their pseudonym; '' is whoever sits at this machine, an owner.

    ``shared`` gives the database that several bots share, where they do; it stays open. Who may ask in an allowed group
    only is not known by name and counts as one without access.
    """

    def standing(pseudonym: str) -> Standing:
        if not pseudonym:
            return Standing.OWNER
        try:
            return _standing(settings, pseudonym, shared)
        except (StoreError, sqlite3.Error) as error:
            log.warning("whose corrections count is not known: %s", error)
            return Standing.NONE

    return standing


def _standing(settings: Settings, pseudonym: str, shared: Callable[[], SqlDatabase] | None) -> Standing:
    everyone = is_open(settings)
    if (settings.home / KEY_FILE).exists():
        pseudonyms = Pseudonyms(settings.home)
        if any(pseudonyms.of(user) == pseudonym for user in settings.telegram_owners):
            return Standing.OWNER
        let_in = {*settings.telegram_allowed, *_members(settings, shared)}
        everyone = everyone or any(pseudonyms.of(user) == pseudonym for user in let_in)
    return Standing.MEMBER if everyone else Standing.NONE


def _members(settings: Settings, shared: Callable[[], SqlDatabase] | None) -> list[int]:
    """Those whom an invitation has let in; read in whatever thread, while the bot may be running or not."""
    if shared is not None:
        if shared().rows("SELECT to_regclass('members')") == [(None,)]:
            return []
        return [int(user) for (user,) in shared().rows('SELECT "user" FROM members')]
    path = settings.home / PEOPLE_FILE
    if not path.exists():
        return []
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5.0)) as database:
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'members'").fetchall():
            return []
        return [int(user) for (user,) in database.execute("SELECT user FROM members")]
