"""/merken and /gemerkt in the terminal chat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.cli.console import say, show, show_lines
from bot.cli.watch import show_answers, undelivered
from bot.messages import text
from bot.render.standing import number_line
from bot.render.wording import line

if TYPE_CHECKING:
    from retrieval.answer import Answer
    from retrieval.watching.watch import Watch


def keep(watch: Watch, question: str, last: Answer | None, language: str) -> None:
    """Keeps a question, by default the ``last`` one. Raises QuestionError, ModelError, StoreError."""
    question = question or (last.complete_question if last else "")
    if not question:
        say(text("watch.chat_which", language))
        return
    kept = watch.add(question)
    show(text("watch.chat_kept", language, question=line(kept.question), number=kept.id))
    if kept.known:
        show(text("watch.known", language, answer=line(kept.known)))


def show_kept(watch: Watch, language: str) -> None:
    """The questions, and what new articles answer that was not shown yet. Raises ModelError, StoreError."""
    watch.run()
    kept = watch.questions.of("")
    if not kept:
        say(text("watch.chat_none", language))
        return
    show_lines("\n".join([text("watch.chat_kept_list", language), *(f"  {number_line(k, language)}" for k in kept)]))
    found = undelivered(watch)
    if found:
        show("")
        show_answers(found, language)
        watch.questions.mark_delivered(answer for answer, _ in found)
