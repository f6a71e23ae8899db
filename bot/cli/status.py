"""``fundstelle status``: what is indexed, with which models, and where."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli.command import Json, command
from bot.cli.console import say, show_json, show_lines
from bot.settings import Settings
from bot.wiring import open_collection


@command
def status(
    settings: Settings,
    check: Annotated[bool, typer.Option("--check")] = False,
    as_json: Json = False,
) -> None:
    """Show what is indexed, with which models, and where."""
    from bot.status import describe, to_json, to_text

    with open_collection(settings, say) as collection:
        if check:
            collection.check()
        state = describe(settings, collection, checked=check)
    if as_json:
        show_json(to_json(state))
    else:
        show_lines(to_text(state, settings.language))
