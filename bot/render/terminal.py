"""An answer in the terminal, and as one line."""

from __future__ import annotations

from dataclasses import replace

from rich.text import Text

from bot.messages import text
from bot.render.text import SHORT_LIMIT, cut, other_hits, source_link, split_at_correction, split_at_quote
from bot.render.wording import (
    also_in_line,
    alternative_lines,
    certainty,
    citation,
    correction_line,
    item_lines,
    line,
    name_copies,
    short_answer,
    silence_lines,
    understood_line,
)
from retrieval.answer import Answer, Certainty

_STYLES = {Certainty.SURE: "green", Certainty.FAIRLY_SURE: "yellow", Certainty.UNSURE: "red"}


def one_line(answer: Answer, language: str) -> str:
    """The quote, how sure it is and where it stands, and what a follow-up was taken for: for questions piped in."""
    follow_up = f" [{understood_line(answer, language)}]" if answer.understood else ""
    if answer.text is None or answer.document is None:
        lines = silence_lines(answer, language)
        return " ".join(lines if answer.is_missed else lines[:1]) + _corrected(answer, language) + follow_up
    where = citation(answer.document, language, answer.start)
    said = f"{short_answer(answer, language)} {certainty(answer, language)} ({where})"
    return said + _corrected(answer, language) + follow_up


def _corrected(answer: Answer, language: str) -> str:
    """What others gave as right, for the end of the one line."""
    return "".join(
        f" {correction_line(other, language)} ({citation(other.document, language, other.start)})"
        for other in answer.corrections
    )


def to_text(answer: Answer, language: str, *, passages: bool = True, marks: tuple[str, str] = ("", "")) -> Text:
    """The answer, how sure it is, its sentence with the quote marked, its source, and in short what else was found.

    The quote is marked by style; where styles are lost (a pipe), ``marks`` are put around it. ``passages=False``
    leaves out what else was found.
    """
    reply = Text()
    if answer.understood:
        reply.append(understood_line(answer, language), style="italic dim").append("\n\n")
    if answer.text is None or answer.document is None:
        first, *more = silence_lines(answer, language)
        reply.append(first, style="bold").append("".join(f"\n{further}" for further in more))
    else:
        reply.append(short_answer(answer, language), style="bold green").append("\n")
        reply.append(certainty(answer, language), style=_STYLES[answer.certainty]).append("\n\n")
        if answer.field is None:
            _append_marked(reply, split_at_quote(answer), marks)
            reply.append("\n\n")
        else:
            reply.append(text("chat.of_article", language)).append("\n")
        reply.append(citation(answer.document, language, answer.start), style="cyan").append("\n")
        if source_link(answer):
            reply.append(line(source_link(answer)), style="blue").append("\n")
        if answer.copies:
            listed = [f"{name} {line(copy.url)}".rstrip() for name, copy in name_copies(answer, language)]
            reply.append(also_in_line(answer, listed, language), style="cyan").append("\n")
        for other in (*item_lines(answer, language), *alternative_lines(answer, language)):
            reply.append(other + "\n")
        reply.right_crop(1)
    for correction in answer.corrections:
        reply.append("\n\n").append(correction_line(correction, language), style="bold magenta").append("\n")
        _append_marked(reply, split_at_correction(correction), marks)
        reply.append("\n").append(citation(correction.document, language, correction.start), style="cyan")
        if correction.link:
            reply.append("\n").append(line(correction.link), style="blue")
    return reply.append_text(_further(answer, language, "\n\n")) if passages else reply


def more_text(answer: Answer, language: str, *, marks: tuple[str, str] = ("", "")) -> Text:
    """The whole passage of an answer with the quote marked, and the other passages found."""
    reply = Text()
    if answer.passage is not None and answer.document is not None:
        _append_marked(reply, split_at_quote(replace(answer, excerpt=None)), marks)
        reply.append("\n\n").append(citation(answer.document, language, answer.start), style="cyan")
    further = _further(answer, language, "\n\n" if reply else "")
    if not further:
        further = Text(("\n\n" if reply else "") + text("chat.no_more", language))
    return reply.append_text(further)


def _append_marked(reply: Text, parts: tuple[str, str, str], marks: tuple[str, str]) -> None:
    before, quote, after = parts
    reply.append(before)
    reply.append(marks[0] + quote + marks[1], style="bold black on green")
    reply.append(after)


def _further(answer: Answer, language: str, joint: str) -> Text:
    """The other passages found, in short; empty without any, otherwise after ``joint``."""
    listed = Text()
    hits = other_hits(answer)
    if hits:
        listed.append(joint + text("chat.nearest" if answer.text is None else "chat.more", language), style="bold")
    for position, hit in enumerate(hits, start=1):
        listed.append(f"\n{position}. {cut(line(hit.passage.text), SHORT_LIMIT)} ")
        listed.append(f"– {citation(hit.document, language, hit.passage.start)}", style="dim")
    return listed
