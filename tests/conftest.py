"""Fixtures that several test modules share."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from retrieval.backend import open_backend
from retrieval.store.store import Store
from tests.botapi import TOKEN, BotApi
from tests.postgres_server import PostgresServer, running_server

if TYPE_CHECKING:
    from tests.telegram_bot import RunningBot

ROOT = Path(__file__).resolve().parents[1]

# Started in the background of a script, the tests inherit that SIGINT is ignored, and so would the programs they stop.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine reaches a test, and a test's data directory is its own."""
    for name in [name for name in os.environ if name.startswith("FUNDSTELLE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FUNDSTELLE_HOME", str(tmp_path / "home"))


class _Watch(logging.Handler):
    """Keeps the lines that hold ``secret``."""

    def __init__(self, secret: str) -> None:
        super().__init__()
        self._secret = secret
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        if self._secret in line:
            self.found.append(line)


@pytest.fixture(scope="session", autouse=True)
def no_token_in_any_log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The token of the tests' bots is in no line that was logged while the tests ran, and in no log file they left."""
    secret = TOKEN.partition(":")[2]
    watch = _Watch(secret)
    logging.getLogger().addHandler(watch)
    yield
    logging.getLogger().removeHandler(watch)
    files = [path for path in tmp_path_factory.getbasetemp().rglob("*log*") if path.is_file()]
    assert watch.found == []
    assert [path for path in files if secret in path.read_text("utf-8", "replace")] == []


@pytest.fixture
def seeds() -> Path:
    """The folder with the sample articles."""
    return ROOT / "seeds"


@pytest.fixture
def bot(api: BotApi, tmp_path: Path) -> Iterator[RunningBot]:
    """A running bot; modules whose bots need other settings have a fixture of their own."""
    from tests.telegram_bot import RunningBot  # takes half a second, which other tests need not wait

    with RunningBot(tmp_path, api.url) as bot:
        yield bot


@pytest.fixture
def api() -> Iterator[BotApi]:
    """A Bot API server of its own for the test's bot."""
    with BotApi() as api:
        yield api


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server, started with the first test that asks for it."""
    with running_server() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> str:
    """The address of a PostgreSQL database with nothing in it, which the tests share."""
    return postgres_server.emptied_database()


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Tests that use it run on each engine: "" for SQLite, or the address of an empty PostgreSQL database."""
    return "" if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def empty_store(database_url: str, tmp_path: Path) -> Iterator[Store]:
    """An empty store of each engine."""
    with open_backend(tmp_path / "home", database_url).store as store:
        yield store
