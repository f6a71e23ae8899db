"""What the one who starts the bot is told: who may ask, what is indexed, and what to look out for."""

from __future__ import annotations

from bot.messages import text
from bot.render.wording import quantity
from bot.settings import Settings
from bot.standing import is_open


def start_lines(settings: Settings, name: str, articles: int, members: int) -> list[str]:
    """The lines, for a bot that is called ``name``; ``members`` are those who came by an invitation."""
    language = settings.language
    lines = [text("telegram.running", language, name=name)]
    if is_open(settings):
        lines.append(text("telegram.open_to_all", language))
    else:
        who = [
            quantity(f"telegram.asking_{kind}", count, language)
            for kind, count in (
                ("owners", len(settings.telegram_owners)),
                ("allowed", len(settings.telegram_allowed - settings.telegram_owners)),
                ("members", members),
            )
            if count
        ]
        lines.append(text("telegram.asking", language, who=", ".join(who) or text("telegram.asking_nobody", language)))
    indexed = quantity("chat.articles", articles, language)
    lines.append(text("telegram.indexed", language, articles=indexed) if articles else text("chat.empty", language))
    return lines
