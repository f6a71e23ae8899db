"""A bot for the Telegram tests: the real application over a scripted answerer, in a thread or as a process.

As a process: ``python -m tests.telegram_bot HOME BASE_URL [TOKEN [SECONDS_A_QUESTION [SETTING=VALUE...]]]``.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

from pydantic import SecretStr

from bot.settings import Settings
from bot.standing import PEOPLE_FILE
from bot.telegram.application import TelegramBot, run
from bot.telegram.reader_queue import MAX_WAITING, Workers
from bot.telegram.state import State, open_state
from bot.telegram.token_redaction import redact_logs
from bot.telegram.transport.inbox import Inbox
from retrieval.answer import Answer
from retrieval.answering.all_answers import AllAnswers, Finding, Mention
from retrieval.collection import Collection
from retrieval.errors import QuestionError
from retrieval.types import Document, Filter, Hit, Passage
from tests.botapi import TOKEN, BotApi, Json
from tests.doubles import HashEmbedder

ARTICLE = Document(
    text="Rund <300> Menschen & Tiere kamen. Das Ziel sind 0,5 Milliarden Dollar. Es regnete. Der Zug kam.",
    title="Handel <& Wandel>",
    source="BelTA",
    published="2024-05-17",
    path="/artikel/handel.txt",
    id=1,
)
QUOTES = {
    "Welches Ziel wurde genannt?": "0,5 Milliarden Dollar",
    "what trade target was named?": "0,5 Milliarden Dollar",
    "Wie viele kamen?": "<300> Menschen & Tiere",
}


def _passage(start: int, end: int, number: int) -> Passage:
    return Passage(ARTICLE.text[start:end], start, end, number, number, id=number + 1, document_id=ARTICLE.id)


_CUT = ARTICLE.text.index("Es regnete")
PASSAGES = (_passage(0, _CUT - 1, 0), _passage(_CUT, len(ARTICLE.text), 1))
HITS = tuple(Hit(passage, ARTICLE, score=1.0 - index / 50) for index, passage in enumerate(PASSAGES))


def waiting(home: Path) -> list[int]:
    """The numbers of the updates that lie in a bot's inbox."""
    inbox = Inbox(home / PEOPLE_FILE, bot=int(TOKEN.split(":")[0]))
    try:
        return [received.update_id for received in inbox.waiting()]
    finally:
        inbox.close()


class ScriptedAnswerer:
    """Answers from QUOTES. "Frage 17" is answered by no article, "Absturz" breaks it, "Allein" finds no passage."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.asked: list[str] = []
        self.threads: set[str] = set()
        self.document: Callable[[int], Document | None] = lambda document_id: None

    def load(self) -> None:
        self.threads.add(threading.current_thread().name)

    def ask_all(self, question: str, *, within: Filter | None = None) -> AllAnswers:
        """A finding for each of QUOTES, whatever is asked; none for "Frage 17"."""
        self.asked.append(question)
        if question == "Frage 17":
            return AllAnswers(question)
        findings = []
        for quote in dict.fromkeys(QUOTES.values()):
            start = ARTICLE.text.index(quote)
            findings.append(Finding((Mention(quote, start, start + len(quote), ARTICLE, PASSAGES[0], 0.9),)))
        return AllAnswers(question, tuple(findings))

    def ask_new(self, question: str, document_id: int, *, top_k: int = 5) -> Answer:
        """What stands behind the question in the article, up to the next point; no answer if it is not in there."""
        document = self.document(document_id)
        before, found, after = document.text.partition(f"{question} ") if document else ("", "", "")
        if document is None or not found:
            return Answer(question, None, 0.1)
        quote = after.partition(".")[0]
        start = len(before) + len(found)
        passage = Passage(document.text, 0, len(document.text), 0, 0)
        return Answer(question, quote, 0.9, start=start, end=start + len(quote), document=document, passage=passage)

    def ask(
        self, question: str, *, top_k: int = 5, within: Filter | None = None, favoured: int | None = None
    ) -> Answer:
        self.threads.add(threading.current_thread().name)
        self.asked.append(question)
        if not question.strip() or len(question) > 1000:
            raise QuestionError("zu lang oder leer")
        if question == "Absturz":
            raise RuntimeError("kaputt")
        time.sleep(self.seconds)
        if question not in QUOTES:
            return Answer(question, None, 0.1, hits=() if question == "Allein" else HITS[:top_k])
        start = ARTICLE.text.index(QUOTES[question])
        end = start + len(QUOTES[question])
        return Answer(
            question,
            ARTICLE.text[start:end],
            0.9,
            start=start,
            end=end,
            document=ARTICLE,
            passage=PASSAGES[0],
            hits=HITS[:top_k],
        )


def collection(
    home: Path, answerer: ScriptedAnswerer | None = None, embedder: HashEmbedder | None = None
) -> Collection:
    """A real collection of ARTICLE, its number being 1; only ``answerer`` is scripted."""
    collection = Collection(home, embedder=embedder or HashEmbedder())
    scripted = answerer or ScriptedAnswerer()
    scripted.document = collection.document
    collection.answerer = scripted  # type: ignore[assignment]
    if not collection.article_count():
        collection.indexer.index_documents([ARTICLE])
    return collection


def settings(home: Path, url: str, token: str = TOKEN, **more: object) -> Settings:
    """Settings for a bot at ``url``."""
    values = {"home": home, "telegram_base_url": url, "telegram_token": SecretStr(token), **more}
    return Settings(_env_file=None, **values)  # type: ignore[call-arg, arg-type]


def answers(api: BotApi, count: int, chat: int = 7, timeout: float = 10) -> list[Json]:
    """The messages sent to ``chat``, as soon as there are ``count``; more than that are an error."""
    api.wait(lambda: len(api.sent(chat)) >= count, timeout)
    messages = api.sent(chat)
    assert len(messages) == count
    return messages


def texts(api: BotApi, count: int, chat: int = 7) -> list[str]:
    """What they say."""
    return [message["text"] for message in answers(api, count, chat)]


class RunningBot:
    """The application in a thread of its own, from ``with`` to the end of its block."""

    def __init__(
        self,
        home: Path,
        url: str,
        answerer: ScriptedAnswerer | None = None,
        *,
        typing: float = 4.5,
        max_waiting: int = MAX_WAITING,
        embedder: HashEmbedder | None = None,
        **more: object,
    ) -> None:
        self.typing, self.max_waiting = typing, max_waiting
        self.settings = settings(home, url, **more)
        self.answerer = answerer or ScriptedAnswerer()
        self.collection = collection(self.settings.home, self.answerer, embedder)
        self.lags: list[float] = []
        self._made: Future[tuple[asyncio.AbstractEventLoop, TelegramBot]] = Future()
        self.result: Future[None] = Future()

    def __enter__(self) -> RunningBot:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._loop, self._bot = self._made.result(10)
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stops the bot as SIGTERM does; raises what its run raised."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._bot.stop)
        self._thread.join(15)
        assert not self._thread.is_alive()
        self.collection.store.close()
        self.result.result(0)

    def _run(self) -> None:
        assert self.settings.telegram_token is not None
        token = self.settings.telegram_token.get_secret_value()
        workers = Workers()

        async def main(state: State) -> None:
            bot = TelegramBot(
                self.settings,
                token,
                self.collection,
                state,
                workers,
                typing_seconds=self.typing,
                max_waiting=self.max_waiting,
            )
            self._made.set_result((asyncio.get_running_loop(), bot))
            watching = asyncio.create_task(self._watch_lag())
            await bot.run()
            watching.cancel()

        root = logging.getLogger()
        level = root.level
        root.setLevel(logging.DEBUG)  # conftest.py looks for the token in all that is logged.
        try:
            with open_state(self.settings, int(token.split(":")[0])) as state, redact_logs(token, state.secret):
                asyncio.run(main(state))
            self.result.set_result(None)
        except BaseException as error:
            self.result.set_exception(error)
        finally:
            root.setLevel(level)
            workers.stop()

    async def _watch_lag(self) -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            self.lags.append(time.monotonic() - before - 0.01)


if __name__ == "__main__":
    home, url, *rest = sys.argv[1:]
    token, seconds = (rest[0] if rest else TOKEN), float(rest[1] if len(rest) > 1 else 0)
    more = dict(pair.split("=", 1) for pair in rest[2:])
    receives = more.pop("receives", "") != "no"
    run(
        settings(Path(home), url, token, **{"log_level": "DEBUG", **more}),
        collection(Path(home), ScriptedAnswerer(seconds)),
        receives=receives,
    )
