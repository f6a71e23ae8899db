"""bot/telegram/postgres: one inbox and the same people for several processes of a bot."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

pytest.importorskip("psycopg")

from bot.pseudonyms import Pseudonyms
from bot.telegram.kept_talks import PLACES_SECONDS, KeptTalk
from bot.telegram.people import Member, People
from bot.telegram.postgres.inbox import PostgresInbox
from bot.telegram.postgres.people import PostgresPeople
from bot.telegram.postgres.tables import BotDatabase
from bot.telegram.transport.inbox import Received
from bot.telegram.watchers import Watcher
from bot.wiring import open_collection
from retrieval.answering.conversation import TURN_SECONDS, Past
from retrieval.answering.followups import Turn
from retrieval.errors import StoreError
from retrieval.postgres.database import PostgresDatabase
from retrieval.types import Filter, Standing
from tests.botapi import TOKEN, BotApi
from tests.postgres_server import PostgresServer
from tests.telegram_bot import settings, texts


@pytest.fixture
def database(postgres_url: str) -> Iterator[BotDatabase]:
    database = BotDatabase(postgres_url)
    yield database
    database.close()


@pytest.fixture(params=["sqlite", "postgres"])
def people(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[People]:
    if request.param == "postgres":
        yield PostgresPeople(request.getfixturevalue("database"))
        return
    people = People(tmp_path / "telegram.db")
    yield people
    people.close()


def message(number: int, chat: int) -> Received:
    parts = {"message_id": number, "date": 0, "chat": {"id": chat, "type": "private"}, "text": "Wer?"}
    return Received(number, json.dumps({"update_id": number, "message": parts}))


def number(claimed: Received | None) -> int | None:
    return claimed.update_id if claimed else None


def test_two_workers_share_chats_and_keep_the_order_in_each(database: BotDatabase) -> None:
    one, two = PostgresInbox(database, 5), PostgresInbox(database, 5)
    one.take([message(1, 7), message(2, 7), message(3, 8)])
    assert (number(one.claim()), number(two.claim()), number(two.claim())) == (1, 3, None)
    one.mark_done(1)
    assert number(two.claim()) == 2


def test_an_update_that_two_receive_is_taken_once(database: BotDatabase) -> None:
    one, two = PostgresInbox(database, 5), PostgresInbox(database, 5)
    new: list[int] = []
    batch = [message(number, number) for number in range(1, 30)]
    taking = [
        threading.Thread(target=lambda inbox=inbox, order=order: new.extend(inbox.take(batch[::order])))
        for inbox, order in ((one, 1), (two, -1), (one, 1), (two, -1))
    ]
    for thread in taking:
        thread.start()
    for thread in taking:
        thread.join()
    assert sorted(new) == list(range(1, 30))


def test_a_claim_that_runs_out_is_another_s_and_the_first_may_not_begin_it(database: BotDatabase) -> None:
    dead, alive = PostgresInbox(database, 5, lease_seconds=0.0), PostgresInbox(database, 5)
    dead.take([message(1, 7)])
    assert number(dead.claim()) == 1
    assert number(alive.claim()) == 1
    assert not dead.begin(1)
    assert alive.begin(1)


def test_renewed_claims_stay(database: BotDatabase) -> None:
    one, two = PostgresInbox(database, 5, lease_seconds=0.0), PostgresInbox(database, 5)
    one.take([message(1, 7)])
    one.claim()
    one._lease = 60.0
    one.renew([1])
    assert two.claim() is None


def test_what_could_not_be_sent_comes_later_and_its_chat_goes_on(database: BotDatabase) -> None:
    inbox = PostgresInbox(database, 5)
    inbox.take([message(1, 7), message(2, 7)])
    assert number(inbox.claim()) == 1
    inbox.keep(1, 3600.0)
    assert number(inbox.claim()) == 2
    inbox.mark_done(2)
    assert inbox.claim() is None
    inbox.keep(1, 0.0)
    assert number(inbox.claim()) == 1


def test_a_newer_database_is_left_alone(database: BotDatabase, postgres_url: str) -> None:
    (version,) = database.execute("SELECT value FROM meta WHERE key = 'bot_schema'").fetchone()
    database.execute("UPDATE meta SET value = '99' WHERE key = 'bot_schema'")
    try:
        with pytest.raises(StoreError, match="neueren Fundstelle"):
            BotDatabase(postgres_url)
    finally:
        database.execute("UPDATE meta SET value = ? WHERE key = 'bot_schema'", (version,))


def test_everybody_uses_what_the_first_has_given(database: BotDatabase) -> None:
    assert database.agreed("test_key", "first") == "first"
    assert database.agreed("test_key", "second") == "first"


def test_people_are_let_in_once_and_kept(people: People) -> None:
    code = people.invite()
    assert people.admit(17, code)
    assert not people.admit(18, code)
    assert people.is_member(17)
    assert [member.user for member in people.members()] == [17]
    assert isinstance(people.members()[0], Member)
    people.remove_member(17)
    assert not people.is_member(17)


def test_prompts_history_and_times_are_kept(people: People) -> None:
    people.put_prompt(7, 3, "p", 1)
    people.put_prompt(7, 3, "p", 2)
    assert people.prompt(7, 3, "p") == 2
    people.drop_prompts("p", 8)
    assert people.prompt(7, 3, "p") == 2
    people.drop_prompts("p")
    assert people.prompt(7, 3, "p") is None
    people.record(17, "Wer?", "Niemand")
    people.record(17, "Wo?", "")
    assert [asked.question for asked in people.history(17, 5)] == ["Wo?", "Wer?"]
    people.drop_history(1)
    assert people.forget(17) == 2


def test_times_of_watchers_are_kept(people: People) -> None:
    watcher = people.watchers.get(17, "de")
    assert watcher == Watcher(17, "de")
    people.watchers.put(watcher)
    other = Watcher(3, "en", daily=480, quiet=(22, 7), digest_on="2024-05-17")
    people.watchers.put(other)
    assert people.watchers.all() == [other, watcher]
    changed = replace(other, daily=None, quiet=(0, 5))
    people.watchers.put(changed)
    assert people.watchers.get(3, "de") == changed
    people.watchers.forget(3)
    assert people.watchers.all() == [watcher]


def test_filters_are_kept_by_chat_and_forgotten_by_user(people: People) -> None:
    first, second = Filter("dpa", "2024-01-01", "2024-12-31", article=3), Filter(without_ocr=True)
    for chat, user, within in ((7, 7, second), (7, 7, first), (-10, 7, second), (-10, 8, first), (8, 8, second)):
        people.filters.put(chat, user, within)
    assert [people.filters.get(*whose) for whose in ((7, 7), (-10, 7), (-10, 8))] == [first, second, first]
    people.filters.put(8, 8, Filter())
    people.filters.forget(7)
    left = people._db.execute('SELECT chat, "user" FROM chat_filters').fetchall()
    assert [tuple(row) for row in left] == [(-10, 8)]
    assert people.filters.get(7, 7) == people.filters.get(-10, 7) == Filter()


def test_talks_are_kept_by_chat_until_they_are_old(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_800_000_000.0
    monkeypatch.setattr("bot.telegram.kept_talks.time.time", lambda: now)
    first, second = Turn("Wer?\0", "„Anna“ \ud800", 3), Turn("Wo?")
    talk, other = KeptTalk(Past(second, first, now), 4, "cite:1", ("cite:2", "cite:3")), KeptTalk(Past(), 5)
    for chat, user, kept in ((7, 7, other), (7, 7, talk), (-10, 7, other), (-10, 8, talk), (8, 8, talk)):
        people.talks.put(chat, user, kept)
    assert people.talks.get(7, 7) == people.talks.get(-10, 8) == talk
    assert people.talks.get(7, 8) == KeptTalk()
    people.talks.drop(-10, 8)
    assert people.talks.get(-10, 8) == KeptTalk()
    people.talks.forget(7)
    rows = "SELECT chat, \"user\", turns <> '' FROM talks"
    people.talks.drop_old()
    assert [tuple(row) for row in people._db.execute(rows).fetchall()] == [(8, 8, True)]
    now += TURN_SECONDS + 1
    assert people.talks.get(8, 8) == KeptTalk(answer="cite:1", listed=("cite:2", "cite:3"))
    people.talks.drop_old()
    assert [tuple(row) for row in people._db.execute(rows).fetchall()] == [(8, 8, False)]
    assert people.talks.get(8, 8).listed
    now += PLACES_SECONDS
    assert people.talks.get(8, 8) == KeptTalk()
    people.talks.drop_old()
    assert people._db.execute(rows).fetchall() == []


def test_the_tables_of_an_earlier_version_are_brought_up(database: BotDatabase, postgres_url: str) -> None:
    PostgresPeople(database).filters.put(7, 7, Filter("dpa"))
    database.execute("DROP TABLE talks")
    database.execute("UPDATE meta SET value = '2' WHERE key = 'bot_schema'")
    with closing(BotDatabase(postgres_url)) as again:
        people = PostgresPeople(again)
        assert people.filters.get(7, 7) == Filter("dpa")
        assert people.talks.get(7, 7) == KeptTalk()
        people.filters.put(7, 7, Filter())


def test_whose_corrections_count_is_read_from_the_database_that_is_open(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, name = postgres_server.new_database(), Pseudonyms(tmp_path).of(9)
    of_bot = settings(tmp_path, "http://x", telegram_owners="7", database_url=SecretStr(url))
    with open_collection(of_bot, print) as collection:
        assert collection.article_count() == 0
        standing = collection._standing
        assert standing is not None
        assert standing(name) is Standing.NONE  # no bot has made its tables yet
        with closing(BotDatabase(url)) as database:
            people = PostgresPeople(database)

            def opened_again(*_: object) -> None:
                raise AssertionError("another pool of connections was opened")

            monkeypatch.setattr(PostgresDatabase, "__init__", opened_again)
            assert people.admit(9, people.invite())
            assert standing(name) is Standing.MEMBER
            people.remove_member(9)
            assert standing(name) is Standing.NONE
        assert standing(Pseudonyms(tmp_path).of(7)) is Standing.OWNER


WORKER = """
import sys, time
from bot.telegram.postgres.inbox import PostgresInbox
from bot.telegram.postgres.tables import BotDatabase
database = BotDatabase(sys.argv[1])
inbox = PostgresInbox(database, 5, lease_seconds=float(sys.argv[2]))
print("ready", flush=True)
while inbox.waiting_count():
    if (claimed := inbox.claim()) is None:
        time.sleep(0.02)
        continue
    if inbox.begin(claimed.update_id):
        print(claimed.update_id, flush=True)  # the answer
        time.sleep(0.01)
        inbox.mark_done(claimed.update_id)
"""


@pytest.mark.parametrize(
    ("kills", "questions"),
    [(1, 60), pytest.param(20, 1000, marks=[pytest.mark.soak, pytest.mark.timeout(1800)])],
)
def test_killed_workers_lose_nothing(
    database: BotDatabase, postgres_url: str, tmp_path: Path, kills: int, questions: int
) -> None:
    inbox, chats = PostgresInbox(database, 5), 7
    inbox.take([message(number, number % chats) for number in range(1, questions + 1)])
    answers = tmp_path / "answers"

    def worker() -> subprocess.Popen[bytes]:
        with answers.open("ab") as out:
            return subprocess.Popen([sys.executable, "-c", WORKER, postgres_url, "3"], stdout=out)

    workers = [worker() for _ in range(2)]
    try:
        for kill in range(1, kills + 1):
            while inbox.waiting_count() > questions * (1 - kill / (kills + 1)):
                time.sleep(0.01)
            os.kill(workers[0].pid, signal.SIGKILL)
            workers.pop(0).wait()
            workers.append(worker())
        for running in workers:
            assert running.wait(timeout=600) == 0
    finally:
        for running in workers:
            running.kill()
            running.wait()
    given = [int(line) for line in answers.read_text().split() if line != "ready"]
    assert set(given) == set(range(1, questions + 1))
    assert len(given) <= questions + kills  # one was in flight in each
    for chat in range(chats):
        order = list(dict.fromkeys(number for number in given if number % chats == chat))
        assert order == sorted(order)


def bot(home: Path, api: BotApi, url: str, receives: str = "yes") -> subprocess.Popen[bytes]:
    more = (TOKEN, "0", f"database_url={url}", f"receives={receives}")
    return subprocess.Popen([sys.executable, "-m", "tests.telegram_bot", home, api.url, *more])


def test_another_bot_takes_over_with_its_talks_when_the_one_that_polls_is_killed(
    api: BotApi, postgres_url: str, tmp_path: Path, database: BotDatabase
) -> None:
    bots = [bot(tmp_path / "one", api, postgres_url)]
    inbox = PostgresInbox(database, int(TOKEN.split(":")[0]))
    try:
        api.text("Welches Ziel wurde genannt?")
        assert "0,5 Milliarden Dollar" in texts(api, 1)[0]
        api.wait(lambda: not inbox.waiting(), 60)  # killed before, the answer would come once more
        bots.append(bot(tmp_path / "two", api, postgres_url))
        bots[0].kill()
        bots[0].wait()
        api.text("Und wann?")
        api.wait(lambda: len(api.sent(7)) >= 2, 60)
        assert texts(api, 2)[1].startswith("Verstanden als: Wann wurde 0,5 Milliarden Dollar genannt?")
        assert inbox.rejected() == []
        bots[1].terminate()
        assert bots[1].wait(timeout=60) == 0
    finally:
        for running in bots:
            running.kill()
            running.wait()


def test_a_worker_answers_what_others_receive(
    api: BotApi, postgres_url: str, tmp_path: Path, database: BotDatabase
) -> None:
    person = {"id": 7, "is_bot": False, "first_name": "Eva", "language_code": "de"}
    parts = {"message_id": 1, "date": 1_700_000_000, "chat": {"id": 7, "type": "private"}, "from": person}
    entry = {"update_id": 1, "message": {**parts, "text": "Wie viele kamen?"}}
    inbox = PostgresInbox(database, int(TOKEN.split(":")[0]))
    api.text("Unheard", chat=7)  # now the server knows the chat; nobody polls
    inbox.take([Received(1, json.dumps(entry))])
    running = bot(tmp_path / "one", api, postgres_url, "no")
    try:
        api.wait(lambda: bool(api.sent(7)), 60)
        assert "Menschen" in texts(api, 1)[0]
        running.terminate()
        assert running.wait(timeout=60) == 0
        assert inbox.waiting() == []
    finally:
        running.kill()
        running.wait()
