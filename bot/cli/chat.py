"""The chat in the terminal, and the same chat with its questions piped in."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from rich.text import Text

from bot.access.filters import filter_from
from bot.cli import chat_commands as commands
from bot.cli.ask_all import show_all
from bot.cli.chat_input import PROMPT
from bot.cli.console import say, show, show_lines, shows_styles
from bot.cli.quote_pictures import draw_quote
from bot.errors import FilterError
from bot.messages import text
from bot.render.all_answers import ordered
from bot.render.cite import Quotation, SentenceOf, Style, cite
from bot.render.terminal import more_text, one_line, to_text
from bot.render.text import other_hits
from bot.render.wording import describe_filter, sources_text, unknown_source
from bot.settings import Settings
from retrieval.answer import Answer
from retrieval.answering.conversation import Conversation
from retrieval.errors import FundstelleError, StoreError
from retrieval.store.feedback import FeedbackLog, Verdict, judge
from retrieval.types import Document

if TYPE_CHECKING:
    from retrieval.watching.watch import Watch

_SOURCES = 30


class Chat:
    """Reads questions, prints answers, obeys the ``chat_commands``.

    ``sources`` gives the articles, ``sentence_of`` where the sentence of a quote stands. On a terminal
    (``interactive``) the whole answer is shown; else one line a question, so that the n-th line on stdout answers the
    n-th question; it is empty for one that cannot be asked.
    """

    def __init__(
        self,
        settings: Settings,
        conversation: Conversation,
        sources: Callable[[], list[Document]],
        feedback: FeedbackLog,
        *,
        interactive: bool,
        sentence_of: SentenceOf | None = None,
        source_names: Callable[[], list[str]] | None = None,
        show_answer: Callable[[Answer], None] | None = None,
        watch: Watch | None = None,
    ) -> None:
        self._language = settings.language
        self._conversation = conversation
        self._sources = sources
        self._feedback = feedback
        self._interactive = interactive
        self._sentence_of = sentence_of
        self._show_answer = show_answer
        self._watch = watch
        self._source_names = source_names or (lambda: [document.source for document in sources()])
        self._shown: Answer | None = None  # the answer to the last line, without its articles
        self._quotation: Quotation | None = None  # what is cited of it
        self._listed: list[Callable[[], Quotation]] = []  # the same of what else was found, by number from 1
        self._settings = settings

    def run(self, lines: Iterable[str]) -> bool:
        """Goes through ``lines`` to their end or /quit; False when a question could not be asked."""
        well = True
        for line in lines:
            line = line.strip()
            if line.startswith("/"):
                command, *value = line.split(maxsplit=1)
                if not self._obey(command.lower(), "".join(value)):
                    break
            elif line:
                well = self._answer(line) and well
        return well

    def _answer(self, question: str) -> bool:
        try:
            answer = self._conversation.ask(question)
        except FundstelleError as error:
            say(text("cli.error", self._language, message=error))
            self._shown, self._quotation, self._listed = None, None, []
            if not self._interactive:
                self._print_line("")
            return False
        self._shown, self._quotation = answer.without_texts(), Quotation.of(answer, self._sentence_of)
        self._listed = [partial(Quotation.of_passage, hit) for hit in other_hits(self._shown)]
        if answer.is_missed and not self._conversation.within:
            self._feedback.note_missed(answer.complete_question)
        if self._interactive:
            reply = to_text(answer, self._language, passages=False, marks=_marks())
            show_lines(Text("\n").append_text(reply).append("\n"))
            if answer.is_missed and self._watch is not None:
                say(text("watch.chat_hint", self._language))
        else:
            self._print_line(one_line(answer, self._language))
        return True

    def _print_line(self, line: str) -> None:
        show(line)
        sys.stdout.flush()

    def prompt(self) -> str:
        """The prompt for the next question, with the filter if there is one."""
        within = describe_filter(self._conversation.within, self._language)
        return f"[{within}] {PROMPT}" if within else PROMPT

    def _obey(self, command: str, value: str) -> bool:
        """Runs a command; False for the one that ends the chat."""
        if command in commands.QUIT:
            return False
        if command in commands.HELP:
            show_lines(text("chat.help", self._language).strip())
        elif command in commands.MORE:
            self._show_more()
        elif command in (*commands.ALL, *commands.BY_DATE):
            self._show_all(value, by_date=command in commands.BY_DATE)
        elif command in commands.CITE:
            self._cite(value.strip())
        elif command in commands.PICTURE:
            self._draw(value.strip())
        elif command in commands.SHOW:
            self._show_place()
        elif command in commands.SOURCES:
            empty = text("chat.empty", self._language)
            show_lines(sources_text(self._sources(), self._language, empty=empty, most=_SOURCES, margin="  "))
        elif command in (*commands.WATCH, *commands.WATCHING) and self._watch is not None:
            self._keep(self._watch, value if command in commands.WATCH else None)
        elif command in commands.ANEW:
            self._conversation.forget()
            say(text("chat.forgotten", self._language))
        elif command in commands.WITHIN:
            self._look_within(commands.WITHIN[command], value)
        elif command in commands.VERDICTS:
            self._judge(commands.VERDICTS[command], value.strip())
        else:
            say(text("chat.unknown_command", self._language, command=command))
        return True

    def _show_more(self) -> None:
        """The whole passage of the last answer, and the other passages found."""
        if self._shown is None or self._shown.small_talk is not None:
            say(text("chat.nothing_more", self._language))
        else:
            show_lines(Text("\n").append_text(more_text(self._shown, self._language, marks=_marks())).append("\n"))

    def _show_all(self, question: str, *, by_date: bool) -> None:
        """All answers to a question, or to the last one."""
        try:
            answers = self._conversation.ask_all(question)
        except FundstelleError as error:
            say(text("cli.error", self._language, message=error))
            return
        # It is not the last answer any more that there might be more on.
        self._shown = self._quotation = None
        firsts = [finding.first for finding in ordered(answers, by_date=by_date)]
        self._listed = [partial(Quotation.at, f.document, f.start, f.end, self._sentence_of) for f in firsts]
        show_all(answers, self._language, by_date=by_date, is_numbered=True)

    def _keep(self, watch: Watch, question: str | None) -> None:
        """Keeps a question, by default the last one; None shows those that are kept."""
        from bot.cli.chat_watch import keep, show_kept

        try:
            if question is None:
                show_kept(watch, self._language)
            else:
                keep(watch, question, self._conversation.last, self._language)
        except FundstelleError as error:
            say(text("cli.error", self._language, message=error))

    def _cite(self, number: str) -> None:
        """The last answer as it is cited in a text, or of what else was found the one with this number."""
        if not self._is_listed(number):
            return
        quotation = self._chosen(number)
        if quotation is None:
            say(text("chat.nothing_to_cite", self._language))
        else:
            show(cite(quotation, Style.PRESS, self._language))

    def _is_listed(self, number: str) -> bool:
        """Whether there is something of that number ("": the last answer); says so if not."""
        is_listed = not number or number in map(str, range(1, len(self._listed) + 1))
        if not is_listed:
            say(text("chat.no_number", self._language, number=number))
        return is_listed

    def _chosen(self, number: str) -> Quotation | None:
        """The last answer, or what is listed under this number."""
        return self._listed[int(number) - 1]() if number else self._quotation

    def _draw(self, number: str) -> None:
        """The last answer as a picture, or of what else was found the one with this number."""
        if not self._is_listed(number):
            return
        quotation = self._chosen(number)
        if quotation is None:
            say(text("picture.none", self._language))
            return
        try:
            draw_quote(self._settings, quotation)
        except FundstelleError as error:
            say(text("cli.error", self._language, message=error))

    def _show_place(self) -> None:
        """Opens the page that the last answer stands on."""
        if self._shown is None or self._shown.text is None or self._show_answer is None:
            say(text("chat.nothing_to_show", self._language))
            return
        try:
            self._show_answer(self._shown)
        except FundstelleError as error:
            say(text("cli.error", self._language, message=error))

    def _look_within(self, part: str, value: str) -> None:
        """Sets one part of the filter, or clears it where there is no value."""
        now = self._conversation.within
        if part == "source" and (unknown := unknown_source(value, self._source_names(), self._language)):
            say(unknown)
            return
        parts = {"source": now.source, "since": now.since, "until": now.until, part: value}
        try:
            self._conversation.within = filter_from(**parts, language=self._language, no_ocr=now.without_ocr)
        except FilterError as error:
            say(text("cli.error", self._language, message=error))
            return
        looked_in = describe_filter(self._conversation.within, self._language)
        say(looked_in or text("chat.within_all", self._language))

    def _judge(self, verdict: Verdict, wanted: str) -> None:
        """Keeps what is thought of the last answer, and what would have been right."""
        last = self._conversation.last
        if last is None or self._shown is None:
            say(text("chat.nothing_to_judge", self._language))
            return
        try:
            self._feedback.put(judge(last, verdict, wanted=wanted))
        except StoreError as error:
            say(text("cli.error", self._language, message=error))
            return
        say(text("chat.judged", self._language))


def _marks() -> tuple[str, str]:
    """What is put around a quote where no colours can show it."""
    return ("", "") if shows_styles() else ("**", "**")
