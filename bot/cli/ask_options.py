"""Which options of ``fundstelle ask`` go together."""

from __future__ import annotations

from collections.abc import Mapping

import typer

from bot.messages import notice, text

_ALL = ("--all", "--by-date")
# What the options of a line do not go with.
_APART = {
    "--questions": ("QUESTION", *_ALL, "--json", "--cite", "--picture", "--chart"),
    "--all": ("--cite", "--picture", "--top-k"),
    "--by-date": ("--cite", "--picture", "--top-k"),
    "--csv": ("--json",),
    "--json": ("--cite", "--picture"),
    "--cite": ("--picture",),
}
# Of what each needs one.
_NEEDED = {
    "--questions": ("--csv",), "--each-article": ("--questions",), "--csv": (*_ALL, "--questions"), "--chart": _ALL,
}  # fmt: skip


def question_or_file(context: typer.Context, question: str | None) -> str | None:
    """The argument QUESTION. Raises typer.BadParameter if it is missing and there is no --questions either."""
    # What is given has been read before the argument.
    if question is None and context.params.get("questions") is None:
        raise typer.BadParameter(notice("usage.no_question"), ctx=context)
    return question


def check_options(given: Mapping[str, object], language: str) -> None:
    """Raises typer.BadParameter if options do not go together; ``given`` has the value of each, and QUESTION's."""
    there = {name for name, value in given.items() if value is not None and value is not False}
    for option, others in _APART.items():
        for other in others:
            if {option, other} <= there:
                raise typer.BadParameter(text("cli.ask_option", language, option=option, other=other))
    for option, others in _NEEDED.items():
        if option in there and not there & set(others):
            raise typer.BadParameter(text("cli.ask_needs", language, option=option, other=" / ".join(others)))
