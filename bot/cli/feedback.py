"""``fundstelle feedback export`` and ``fundstelle missed``: what people think of answers, and what got none."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli.command import Json, command
from bot.cli.console import open_output, say, show, show_json
from bot.cli.usage import Commands
from bot.messages import text
from bot.render.text import day, number
from bot.settings import Settings
from bot.wiring import open_collection

feedback = Commands()


@feedback.command()
@command
def export(
    settings: Settings,
    file: Annotated[str, typer.Argument(metavar="FILE|-")],
) -> None:
    """Write feedback as a file that `fundstelle eval` and `fundstelle calibrate` read."""
    from retrieval.evaluation.feedback_export import export_evaluation

    with open_collection(settings, say) as collection, open_output(file) as target:
        exported = export_evaluation(collection.store.documents(), collection.feedback.judgements(), target)
    counts = {
        name: number(getattr(exported, name), settings.language) for name in ("answered", "impossible", "left_out")
    }
    say(text("cli.feedback_exported", settings.language, **counts))


@command
def missed(settings: Settings, as_json: Json = False) -> None:
    """List the questions that got no answer, most frequent first."""
    with open_collection(settings, say) as collection:
        found = collection.feedback.missed_questions()
    if as_json:
        listed = [{"question": m.question, "count": m.count, "last_asked": m.last_asked} for m in found]
        show_json({"missed": listed})
        return
    language = settings.language
    if not found:
        say(text("chat.none_missed", language))
    for m in found:
        when, count = day(m.last_asked, language), number(m.count, language)
        show(text("chat.missed", language, count=count, question=m.question, day=when))
