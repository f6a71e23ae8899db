"""The menus of commands: one for private chats, one for groups, one for owners; each in German and English."""

from __future__ import annotations

import logging

from telegram import (
    Bot,
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
)
from telegram.error import BadRequest
from telegram.error import TelegramError as BotApiError

from bot.messages import text
from bot.settings import Settings

log = logging.getLogger(__name__)

GROUP = ("ask", "all", "timeline", "sources", "new", "help", "forget")
PRIVATE = (
    *("ask", "all", "timeline", "sources", "source", "since", "until", "article", "cite", "picture"),
    *("watch", "watching", "new", "help", "skip", "forget"),
)
OWNER = (*PRIVATE, "list", "remove", "missed", "status", "invite", "members")


async def announce(bot: Bot, settings: Settings) -> None:
    """Fills the menus; an owner who has not yet written to the bot gets theirs at the next start."""
    try:
        await _set(bot, settings, BotCommandScopeAllPrivateChats(), PRIVATE)
        await _set(bot, settings, BotCommandScopeAllGroupChats(), GROUP)
        for owner in sorted(settings.telegram_owners):
            await announce_to_owner(bot, settings, owner)
    except BotApiError as error:
        log.warning("The menu of commands could not be set: %s", error)


async def announce_to_owner(bot: Bot, settings: Settings, owner: int) -> None:
    """Fills the menu in the chat with an owner, if there is one."""
    try:
        await _set(bot, settings, BotCommandScopeChat(owner), OWNER)
    except BadRequest as error:
        log.info("The owner %d has no chat with the bot yet: %s", owner, error)


async def _set(bot: Bot, settings: Settings, scope: BotCommandScope, names: tuple[str, ...]) -> None:
    more = ("history",) if settings.telegram_history and names is not GROUP else ()
    # Commands without a language code are for all languages that have no commands of their own.
    for language, code in (("en", None), ("de", "de")) if settings.language == "de" else (("en", None),):
        commands = [BotCommand(name, text(f"telegram.command_{name}", language)) for name in (*names, *more)]
        await bot.set_my_commands(commands, scope=scope, language_code=code)
