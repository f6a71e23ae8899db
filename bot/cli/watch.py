"""``fundstelle watch add | list | remove | run``: standing questions, which are asked of new and changed articles."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from bot.cli.command import Json, command
from bot.cli.console import busy, say, show, show_json, show_lines, shows_styles
from bot.cli.usage import Commands
from bot.errors import WatchError
from bot.messages import in_language, text
from bot.render.standing import before_line, number_line, standing_json
from bot.render.terminal import to_text
from bot.render.wording import line
from bot.settings import Settings
from bot.wiring import open_collection
from retrieval.answer import Answer
from retrieval.collection import Collection
from retrieval.errors import FundstelleError

if TYPE_CHECKING:
    from retrieval.store.standing_questions import StandingAnswer
    from retrieval.watching.watch import Watch

watch = Commands()


@watch.command()
@command
def add(settings: Settings, question: Annotated[str, typer.Argument(metavar="QUESTION")]) -> None:
    """Keep a question; new articles that answer it are shown by `watch run`."""
    language = settings.language
    with open_collection(settings, say) as collection, busy(text("chat.loading", language)):
        kept = collection.watch.add(question)
    show(text("watch.kept", language, question=line(kept.question), number=kept.id))
    if kept.known:
        show(text("watch.known", language, answer=line(kept.known)))


@watch.command(name="list")
@command
def list_questions(settings: Settings, as_json: Json = False) -> None:
    """List the questions that are kept."""
    with open_collection(settings, say) as collection:
        kept = collection.watch.questions.of("")
    if as_json:
        listed = [{"id": k.id, "question": k.question, "added": k.added, "known": k.known or None} for k in kept]
        show_json({"watch": listed})
        return
    if not kept:
        say(text("watch.none", settings.language))
    for question in kept:
        show(number_line(question, settings.language))


@watch.command()
@command
def remove(settings: Settings, number: Annotated[int, typer.Argument(metavar="N", min=1)]) -> None:
    """Remove a question with its answers."""
    with open_collection(settings, say) as collection:
        if not collection.watch.questions.remove(number):
            raise WatchError(text("watch.unknown", settings.language, number=number))
    show(text("watch.removed", settings.language, number=number))


@watch.command()
@command
def run(
    settings: Settings,
    mail: Annotated[str | None, typer.Option("--mail", metavar="ADDRESS", show_default=False)] = None,
    webhook: Annotated[str | None, typer.Option("--webhook", metavar="URL", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """Print what new articles answer that was not shown yet."""
    from bot.cli.watch_delivery import deliver

    language = settings.language
    with open_collection(settings, say) as collection:
        with busy(text("watch.asking", language)):
            collection.watch.run()
        if not collection.watch.questions.of(""):
            say(text("watch.none", language))
        found = undelivered(collection.watch)
        deliver(settings, collection.watch.questions, found, mail=mail, webhook=webhook)
        if as_json:
            show_json({"answers": [standing_json(kept, answer) for kept, answer in found]})
        else:
            show_answers(found, language)
            if not found:
                say(text("watch.nothing_new", language))
        sys.stdout.flush()
        # Not before all of it is out: whoever stops this gets it again.
        if found:
            collection.watch.questions.mark_delivered(kept for kept, _ in found)


def ask_standing(collection: Collection, language: str) -> None:
    """Asks standing questions of what has been indexed, and says if there are new answers.

    What goes wrong is said, too, and is no reason for the articles not to be there; the next run asks again.
    """
    try:
        if collection.watch.questions.next_article() is None:
            return
        with busy(text("watch.asking", language)):
            count = collection.watch.run()
    except FundstelleError as error:
        say(text("watch.failed", language, error=in_language(error, language)))
        return
    if count:
        say(text(f"watch.answered_{'one' if count == 1 else 'many'}", language, count=count))


def undelivered(watch: Watch) -> list[tuple[StandingAnswer, Answer]]:
    """What is to be shown at this machine, the oldest first; what no article says any more is dropped."""
    found = [(kept, watch.answer(kept)) for kept in watch.questions.undelivered("")]
    if gone := [kept for kept, answer in found if answer is None]:
        watch.questions.mark_delivered(gone)
    return [(kept, answer) for kept, answer in found if answer is not None]


def show_answers(found: Sequence[tuple[StandingAnswer, Answer]], language: str) -> None:
    """Prints the answers, each below its question."""
    marks = ("", "") if shows_styles() else ("**", "**")
    for number, (kept, answer) in enumerate(found):
        shown = Text("\n" if number else "").append(line(kept.question.question), style="italic").append("\n")
        shown.append_text(to_text(answer, language, passages=False, marks=marks))
        if kept.before:
            shown.append("\n").append(before_line(kept, language), style="yellow")
        show_lines(shown)
