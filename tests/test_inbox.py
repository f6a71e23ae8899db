"""bot/telegram/transport/inbox.py"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bot.telegram.transport import inbox as module
from bot.telegram.transport.inbox import MAX_ATTEMPTS, Inbox, Received, Rejected
from bot.telegram.transport.inboxes import Inbox as AnyInbox
from retrieval.errors import StoreError

ONE, TWO, THREE = (Received(number, f'{{"update_id": {number}}}') for number in (1, 2, 3))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "telegram.db"


@pytest.fixture
def inbox(path: Path) -> Iterator[Inbox]:
    inbox = Inbox(path, bot=5)
    yield inbox
    inbox.close()


@pytest.fixture
def opened(database_url: str, path: Path) -> Iterator[Callable[[int], AnyInbox]]:
    """Opens the inbox of a bot, on each engine."""
    with ExitStack() as stack:
        if not database_url:

            def on_disk(bot: int) -> AnyInbox:
                inbox = Inbox(path, bot=bot)
                stack.callback(inbox.close)
                return inbox

            yield on_disk
            return
        from bot.telegram.postgres.inbox import PostgresInbox
        from bot.telegram.postgres.tables import BotDatabase

        database = BotDatabase(database_url)
        stack.callback(database.close)
        yield lambda bot: PostgresInbox(database, bot=bot)


@pytest.fixture
def either(opened: Callable[[int], AnyInbox]) -> AnyInbox:
    """An empty inbox of each engine."""
    return opened(5)


def reopened(path: Path, bot: int = 5) -> Inbox:
    return Inbox(path, bot=bot)


def test_taken_updates_wait_in_their_order(either: AnyInbox) -> None:
    assert either.take([TWO, ONE]) == {1, 2}
    assert either.waiting() == [ONE, TWO]


def test_an_update_that_comes_again_is_not_new(either: AnyInbox) -> None:
    either.take([ONE, TWO])
    either.mark_done(1)
    assert either.take([ONE, TWO, THREE]) == {3}
    assert either.waiting() == [TWO, THREE]


def test_what_is_taken_is_on_disk_before_the_file_is_closed(inbox: Inbox, path: Path) -> None:
    inbox.take([ONE])
    other = reopened(path)
    assert other.waiting() == [ONE]
    other.close()


def test_nothing_of_a_done_update_stays_but_its_number(inbox: Inbox, path: Path) -> None:
    inbox.take([Received(1, '{"text": "Geheime Frage?"}')])
    inbox.mark_done(1)
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT update_id, state, body FROM updates").fetchall() == [(1, "done", "")]
    db.close()


def test_bots_do_not_see_each_other(opened: Callable[[int], AnyInbox]) -> None:
    one, other = opened(5), opened(6)
    one.take([ONE])
    assert other.waiting() == []
    assert other.take([ONE]) == {1}
    other.mark_done(1)
    assert one.waiting() == [ONE]


def test_rejected_things_are_kept_once(either: AnyInbox) -> None:
    bad = Rejected("[1, 2]", "no update")
    assert either.take([ONE], [bad, bad]) == {1}
    either.take([], [bad])
    assert either.rejected() == [bad]


def test_only_so_many_rejected_things_are_kept(either: AnyInbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEEP_REJECTED", 3)
    either.take([], [Rejected(str(number), "bad") for number in range(10)])
    assert [item.body for item in either.rejected()] == ["7", "8", "9"]


def test_an_update_that_is_never_finished_is_put_aside(either: AnyInbox) -> None:
    either.take([ONE, TWO])
    assert [either.begin(1) for _ in range(MAX_ATTEMPTS + 2)] == [True] * MAX_ATTEMPTS + [False, False]
    assert either.waiting() == [TWO]
    assert either.rejected() == [Rejected(ONE.body, f"begun {MAX_ATTEMPTS} times, never finished")]


def test_attempts_whose_reply_could_not_be_sent_do_not_count(either: AnyInbox, monkeypatch: pytest.MonkeyPatch) -> None:
    either.take([ONE])
    for _ in range(5 * MAX_ATTEMPTS):  # a network that is down for a night
        assert either.begin(1)
        either.keep(1)
    assert either.waiting() == [ONE]
    monkeypatch.setattr(module, "KEEP_DONE_SECONDS", -1.0)  # after two days it ends
    for _ in range(MAX_ATTEMPTS):
        assert either.begin(1)
        either.keep(1)
    assert not either.begin(1)
    assert either.waiting() == []


def test_only_waiting_updates_can_be_begun(either: AnyInbox) -> None:
    either.take([ONE])
    either.mark_done(1)
    assert not either.begin(1)
    assert not either.begin(99)


def test_old_done_updates_are_forgotten_waiting_ones_never(
    opened: Callable[[int], AnyInbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = opened(5)
    first.take([ONE, TWO])
    first.mark_done(1)
    assert opened(5).take([ONE]) == set()
    monkeypatch.setattr(module, "KEEP_DONE_SECONDS", -1.0)  # a start prunes with its first batch
    later = opened(5)
    later.take([THREE])
    assert later.waiting() == [TWO, THREE]
    assert later.take([ONE]) == {1}  # nothing is known of it any more


def test_a_batch_that_fails_leaves_nothing(either: AnyInbox) -> None:
    with pytest.raises((sqlite3.Error, StoreError)):
        either.take([ONE], [Rejected(None, "no update")])  # type: ignore[arg-type]
    assert either.waiting() == []
    assert either.take([ONE]) == {1}


def test_a_damaged_file_is_named(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreError, match=r"telegram\.db lässt sich nicht öffnen"):
        Inbox(path, bot=5)


def test_a_home_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("x")
    with pytest.raises(StoreError, match=r"telegram\.db lässt sich nicht öffnen"):
        Inbox(tmp_path / "home" / "telegram.db", bot=5)


def test_a_newer_file_is_left_alone(inbox: Inbox, path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(StoreError, match="neueren Fundstelle"):
        Inbox(path, bot=5)


def test_what_is_claimed_is_not_handed_out_again_until_released(either: AnyInbox) -> None:
    either.take([ONE])
    assert either.claim() == ONE
    assert either.claim() is None
    either.release(1)
    assert either.claim() == ONE
    either.mark_done(1)
    either.release()
    assert either.claim() is None
