"""Questions on a replica: a real standby, which lags, is ahead of a question's snapshot, stops and comes back."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from bot.cli.app import app
from retrieval.answering.answerer import Answerer
from retrieval.backend import Backend, open_backend
from retrieval.errors import StoreError
from retrieval.search.search import Search
from tests.collection import BREST, PERM, put
from tests.doubles import HashEmbedder, ScriptedReader
from tests.postgres_server import PostgresServer

WHO = "Wer ist Gouverneur der Region Perm?"
PASSWORD = "gEhEiM"


@pytest.fixture(scope="module")
def standby(postgres_server: PostgresServer) -> Iterator[PostgresServer]:
    """A standby of the tests' server."""
    with postgres_server.standby() as running:
        yield running


def sql(url: str, *statements: str) -> str:
    """Runs statements on a server; the first value of the last one's result, as text."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            cursor = connection.execute(statement)  # type: ignore[arg-type]
        return str((cursor.fetchone() or ("",))[0]) if cursor.description else ""


def catch_up(primary: str, standby: str) -> None:
    """Returns when the standby has all that the primary has written."""
    written = sql(primary, "SELECT pg_current_wal_insert_lsn()")
    while sql(standby, f"SELECT pg_last_wal_replay_lsn() >= '{written}'::pg_lsn") != "True":
        pass


class Pair:
    """A primary with a standby, and a backend that knows both."""

    def __init__(self, server: PostgresServer, standby: PostgresServer) -> None:
        self.server, self.standby = server, standby
        self.primary = server.emptied_database()
        name = sql(self.primary, "SELECT current_database()")
        self.replica = standby.url(name).replace("postgres:@", f"postgres:{PASSWORD}@")
        catch_up(self.primary, standby.url())
        self.backend: Backend = open_backend(Path("/nowhere"), self.primary, read_url=self.replica)

    def catch_up(self) -> None:
        catch_up(self.primary, self.standby.url())

    def is_on_standby(self) -> bool:
        """Whether this thread's statements go to the standby now."""
        return bool(self.backend.store.database.rows("SELECT pg_is_in_recovery()")[0][0])

    def used(self) -> bool:
        """Whether a question would go to the standby."""
        return self.backend.store.reading(self.is_on_standby)

    def answerer(self) -> tuple[Answerer, list[bool]]:
        """Answers questions; with it, of each that was embedded, whether the standby was asked."""
        places: list[bool] = []
        pair = self

        class Embedder(HashEmbedder):
            def embed_questions(self, texts: Sequence[str]) -> NDArray[np.float32]:
                places.append(pair.is_on_standby())
                return super().embed_questions(texts)

        search = Search(self.backend.store, Embedder(), self.backend.vectors, self.backend.keywords)
        return Answerer(search, ScriptedReader({WHO: "Dmitri Machonin"})), places


@pytest.fixture
def pair(postgres_server: PostgresServer, standby: PostgresServer) -> Iterator[Pair]:
    standby.start()
    made = Pair(postgres_server, standby)
    yield made
    made.backend.close()


def test_questions_go_to_the_standby_and_all_else_to_the_primary(pair: Pair) -> None:
    store = pair.backend.store
    put(store, PERM, "/perm.txt")
    pair.catch_up()
    answerer, places = pair.answerer()
    for answers in (answerer.ask(WHO).text, answerer.ask_all(WHO).findings[0].mentions[0].text):
        assert answers == "Dmitri Machonin"
    assert places == [True]  # the vector of the same question is kept
    with store.snapshot():
        assert not pair.is_on_standby()
    assert not pair.is_on_standby()
    # What a new article says is asked where it has just been written.
    answerer, places = pair.answerer()
    assert answerer.ask_new(WHO, 1).text == "Dmitri Machonin"
    assert places == [False]


def test_what_was_written_here_is_found_though_the_standby_lags(pair: Pair) -> None:
    store = pair.backend.store
    put(store, BREST, "/brest.txt")
    pair.catch_up()
    assert pair.used()
    sql(pair.standby.url(), "SELECT pg_wal_replay_pause()")
    try:
        put(store, PERM, "/perm.txt")
        answerer, places = pair.answerer()
        assert answerer.ask(WHO).text == "Dmitri Machonin"
        assert places == [False]
    finally:
        sql(pair.standby.url(), "SELECT pg_wal_replay_resume()")
    pair.catch_up()
    assert pair.used()


def test_what_the_standby_cancels_is_done_again(pair: Pair, caplog: pytest.LogCaptureFixture) -> None:
    store = pair.backend.store
    put(store, PERM, "/perm.txt")
    put(store, BREST, "/brest.txt")
    patience = "max_standby_streaming_delay"
    sql(pair.standby.url(), f"ALTER SYSTEM SET {patience} = 0", "SELECT pg_reload_conf()")
    pair.catch_up()
    places: list[bool] = []

    def count() -> int:
        with store.snapshot():
            places.append(pair.is_on_standby())
            counted = store.article_count()
            if len(places) == 1:
                # The standby may not keep what this snapshot still sees.
                sql(pair.primary, "DELETE FROM documents WHERE path = '/brest.txt'", "VACUUM documents")
                pair.catch_up()
            return min(counted, store.article_count())

    counted = store.reading(count)
    sql(pair.standby.url(), f"ALTER SYSTEM RESET {patience}", "SELECT pg_reload_conf()")
    assert counted == 1
    assert places == [True, False]
    assert pair.used()
    assert not caplog.records


def test_without_the_standby_the_primary_answers(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from retrieval.postgres import replica

    put(pair.backend.store, PERM, "/perm.txt")
    pair.catch_up()
    assert pair.used()
    pair.standby.stop()
    for _ in range(2):
        answerer, places = pair.answerer()
        assert answerer.ask(WHO).text == "Dmitri Machonin"
        assert places == [False]
    monkeypatch.setattr(replica, "REST_SECONDS", 0.0)
    pair.backend.store.database.replica._rests_until = 0.0  # type: ignore[attr-defined]
    assert not pair.used()
    (line,) = caplog.records
    assert line.levelno == logging.WARNING
    assert pair.backend.replica in line.getMessage()
    pair.standby.start()
    pair.catch_up()
    assert pair.used()
    assert len(caplog.records) == 1
    # Broken connections are no reason to leave it.
    pair.standby.stop()
    pair.standby.start()
    pair.catch_up()
    assert pair.used()
    # It stops in the middle of a question.
    where: list[bool] = []

    def stopping() -> int:
        where.append(pair.is_on_standby())
        if len(where) == 1:
            pair.standby.stop()
        with suppress(StoreError):  # as whoever restores the question's spelling makes do without it
            return pair.backend.store.article_count()
        return 0

    assert pair.backend.store.reading(stopping) == 1
    assert where == [True, False]
    assert len(caplog.records) == 2
    assert PASSWORD not in caplog.text


def test_errors_that_are_not_the_standby_s_are_said_once(pair: Pair) -> None:
    calls: list[bool] = []

    def refusing() -> None:
        calls.append(pair.is_on_standby())
        raise StoreError("nein")

    pair.catch_up()
    with pytest.raises(StoreError, match="nein"):
        pair.backend.store.reading(refusing)
    assert calls == [True]
    assert pair.used()


def test_status_names_the_replica_without_its_password(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FUNDSTELLE_DATABASE_URL", pair.primary)
    monkeypatch.setenv("FUNDSTELLE_DATABASE_READ_URL", pair.replica)
    shown = CliRunner().invoke(app, ["status"])
    assert shown.exit_code == 0
    assert f"Replikat:         {pair.backend.replica}\n" in shown.stdout
    told = CliRunner().invoke(app, ["status", "--json"])
    assert json.loads(told.stdout)["replica"] == pair.backend.replica
    assert PASSWORD not in shown.output + told.output
