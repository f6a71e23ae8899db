"""What is kept is its owner's alone, and what is deleted is gone: from the disk, not only from the lists."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.cli.chat_input import prompt_session
from bot.cli.typed_history import drop_old_entries
from bot.pseudonyms import KEY_FILE, secret_key
from bot.settings import foreign_env_file, is_set_outside, load_settings
from bot.standing import PEOPLE_FILE
from bot.telegram import uploads
from bot.telegram.people import People
from bot.telegram.transport.inbox import Inbox, Received, Rejected
from retrieval.dates import days_ago
from retrieval.files import make_private_folder
from retrieval.store.feedback import FeedbackLog, Judgement, Verdict
from retrieval.store.store import Store
from tests.botapi import BotApi
from tests.command_line import fundstelle
from tests.telegram_bot import RunningBot, answers

SECRET = "Wo versteckt Frau Geheimnis den Schlüssel"
USER = 700_001


def open_to_others(home: Path) -> dict[str, str]:
    """What others may read, write or enter in a data directory, with its permissions."""
    paths = [home, *home.rglob("*")]
    modes = {str(path.relative_to(home)): stat.S_IMODE(path.lstat().st_mode) for path in paths}
    return {name: oct(mode) for name, mode in modes.items() if mode & 0o077}


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


# Permissions


def test_a_collection_is_closed_whatever_the_umask(open_umask: None, tmp_path: Path) -> None:
    home = tmp_path / "neu" / "home"
    with Store(home) as store, store.writing():
        FeedbackLog(store).note_missed(SECRET)
        assert {"fundstelle.db", "fundstelle.db-wal", "fundstelle.db-shm"} <= {path.name for path in home.iterdir()}
        assert open_to_others(home) == {}


def test_commands_write_for_their_user_alone(open_umask: None, tmp_path: Path) -> None:
    home, exported = tmp_path / "home", tmp_path / "out.jsonl"
    Store(home).close()
    assert fundstelle("index", str(tmp_path / "missing"), "--home", str(home)).exit_code == 1  # which is logged
    assert fundstelle("export", str(exported), "--home", str(home)).exit_code == 0
    assert stat.S_IMODE(exported.stat().st_mode) == 0o600
    uploads.keep(home, "a.txt", b"Text")
    assert {"fundstelle.log", "received"} <= {path.name for path in home.iterdir()}
    assert open_to_others(home) == {}


def test_the_bot_s_files_are_closed(open_umask: None, tmp_path: Path) -> None:
    home = tmp_path / "home"
    inbox, people = Inbox(home / PEOPLE_FILE, bot=1), People(home / PEOPLE_FILE)
    secret_key(home)
    inbox.take([Received(1, "{}")])
    people.invite()
    assert {PEOPLE_FILE, f"{PEOPLE_FILE}-wal", KEY_FILE} <= {path.name for path in home.iterdir()}
    assert open_to_others(home) == {}
    people.close()
    inbox.close()


def test_an_earlier_version_s_directory_is_closed_when_it_is_opened(tmp_path: Path) -> None:
    home = tmp_path / "home"
    Store(home).close()
    Inbox(home / PEOPLE_FILE, bot=1).close()
    uploads.keep(home, "a.txt", b"Text")
    names = ("fundstelle.log", "fundstelle.log.1", "vectors.json", "vectors-1.faiss", "history", "http-token")
    names += ("feedback.key",)
    for name in names:
        (home / name).touch()
    (home / "notes.txt").touch()
    for path in [home, *home.rglob("*")]:
        path.chmod(0o777 if path.is_dir() else 0o666)
    Store(home).close()
    assert open_to_others(home) == {"notes.txt": "0o666"}  # no file of Fundstelle's


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_what_belongs_to_somebody_else_stays_as_it_is(tmp_path: Path) -> None:
    home = tmp_path / "home"
    Store(home).close()
    (home / "history").touch(mode=0o644)
    (home / "history").chmod(0o644)
    os.chown(home / "history", 65534, 65534)
    home.chmod(0o755)
    os.chown(home, 65534, 65534)
    Store(home).close()
    assert open_to_others(home) == {".": "0o755", "history": "0o644"}


def test_a_folder_for_everybody_is_not_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared, own = tmp_path / "shared", tmp_path / "own"
    for folder, mode in ((shared, 0o1777), (own, 0o755)):
        folder.mkdir()
        folder.chmod(mode)
    monkeypatch.setenv("HOME", str(own))
    make_private_folder(shared)
    make_private_folder(own)
    assert stat.S_IMODE(shared.stat().st_mode) == 0o1777
    assert stat.S_IMODE(own.stat().st_mode) == 0o755


def test_a_link_in_the_directory_changes_nothing_elsewhere(tmp_path: Path) -> None:
    elsewhere, home = tmp_path / "elsewhere", tmp_path / "home"
    elsewhere.touch()
    elsewhere.chmod(0o644)
    home.mkdir()
    (home / "history").symlink_to(elsewhere)
    make_private_folder(home)
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o644


def test_the_key_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[tuple[str, int]] = []
    fsync, link = os.fsync, os.link

    def noting_fsync(handle: int) -> None:
        steps.append(("sync", os.fstat(handle).st_ino))
        fsync(handle)

    def noting_link(source: Path, target: Path) -> None:
        steps.append(("link", os.stat(source).st_ino))
        link(source, target)

    monkeypatch.setattr(os, "fsync", noting_fsync)
    monkeypatch.setattr(os, "link", noting_link)
    assert len(secret_key(tmp_path)) == 32
    key = (tmp_path / KEY_FILE).stat().st_ino
    assert steps == [("sync", key), ("link", key), ("sync", tmp_path.stat().st_ino)]


# .env


@pytest.fixture
def env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FUNDSTELLE_TOP_K", raising=False)
    path = tmp_path / ".env"
    path.write_text("FUNDSTELLE_TOP_K=9\n")
    return path


def test_one_s_own_env_file_holds(env_file: Path) -> None:
    assert (load_settings().top_k, is_set_outside("top_k"), foreign_env_file()) == (9, True, None)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_somebody_else_s_env_file_is_not_read_and_that_is_said(env_file: Path, tmp_path: Path) -> None:
    os.chown(env_file, 65534, 65534)
    assert (load_settings().top_k, is_set_outside("top_k"), foreign_env_file()) == (5, False, env_file)
    shown = fundstelle("list", "--home", str(tmp_path / "home"))
    assert shown.exit_code == 0
    assert "gehört einem anderen Benutzer und wird nicht gelesen" in shown.stderr


# What is deleted


def bytes_of(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())


def test_forgotten_feedback_is_gone_from_the_disk(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        feedback = FeedbackLog(store)
        feedback.put(Judgement(SECRET, "", 0, 0, 0, Verdict.BAD, wanted="Unter der Matte", user="a"))
        feedback.put(Judgement("Wer?", "", 0, 0, 0, Verdict.BAD, user="b"))
        assert SECRET.encode() in bytes_of(tmp_path)
        assert feedback.forget("a") == 1
        assert SECRET.encode() not in bytes_of(tmp_path) and b"Matte" not in bytes_of(tmp_path)
        assert [judgement.question for judgement in feedback.judgements()] == ["Wer?"]


def message(update_id: int, user: int, words: str) -> str:
    sender = f'{{"id": {user}, "is_bot": false, "first_name": "P"}}'
    chat = f'{{"id": {user}, "type": "private"}}'
    body = f'{{"message_id": 1, "date": 0, "from": {sender}, "chat": {chat}, "text": "{words}"}}'
    return f'{{"update_id": {update_id}, "message": {body}}}'


def test_forget_takes_what_waits_and_what_was_put_aside(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / PEOPLE_FILE, bot=1)
    inbox.take(
        [
            Received(1, message(1, USER, SECRET)),
            Received(2, message(2, 8, "Wer?")),
            Received(5, message(5, USER, "Da")),
        ],
        [
            Rejected(message(3, USER, SECRET)[:-9], "not JSON"),
            Rejected('{"message": "{\\"from\\": {\\"id\\": 700001, ' + SECRET, "cut off"),
            Rejected(message(4, 17_000_012, "Wo?"), "another number that holds this one"),
            Rejected('{"update_id": 9}', f"user {USER} is odd"),
        ],
    )
    inbox.forget(USER, before=5)
    assert [received.update_id for received in inbox.waiting()] == [2, 5]
    assert [rejected.reason for rejected in inbox.rejected()] == ["another number that holds this one"]
    assert not inbox.begin(1)
    assert SECRET.encode() not in bytes_of(tmp_path)
    inbox.close()


def test_the_forget_command_empties_inbox_history_and_feedback(tmp_path: Path) -> None:
    with BotApi() as api, RunningBot(tmp_path, api.url, telegram_history=True) as bot:
        api.push_raw(lambda number: {"update_id": number, "message": {"from": {"id": USER}, "text": SECRET}})
        api.text(SECRET, user=USER)
        answer = answers(api, 1, USER)[0]
        api.press(answer, "👎", user=USER)
        answers(api, 2, USER)
        api.wait(lambda: SECRET.encode() in bytes_of(tmp_path))
        api.text("/forget", user=USER)
        assert "gelöscht" in answers(api, 3, USER)[2]["text"].lower()
        assert bot.collection.feedback.judgements() == []
        left = [item for item in bot.collection.feedback.missed_questions() if item.question != SECRET]
        assert left == []
    # Only what names nobody is left: that the question had no answer.
    assert SECRET.encode() not in (tmp_path / PEOPLE_FILE).read_bytes()


# What grows old


def record(people: People, question: str, days: int) -> None:
    """A question that somebody asked so many days ago."""
    values = (days_ago(days), question)
    people._db.execute("INSERT INTO history (user, asked_at, question, answer) VALUES (1, ?, ?, '')", values)


def test_history_and_feedback_go_with_age(tmp_path: Path) -> None:
    people = People(tmp_path / PEOPLE_FILE)
    people.record(1, "Wer?", "Er")
    people._db.execute(
        "INSERT INTO history (user, asked_at, question, answer) VALUES (1, ?, 'Alt', '')", (days_ago(31),)
    )
    people.drop_history(30)
    assert [asked.question for asked in people.history(1, 9)] == ["Wer?"]
    people.close()
    with Store(tmp_path) as store:
        feedback = FeedbackLog(store)
        for question, days in (("Alt", 31), ("Neu", 29)):
            feedback.put(Judgement(question, "", 0, 0, 0, Verdict.BAD, asked_at=days_ago(days)))
            feedback.note_missed(question)
        with store.database.transaction() as connection:
            connection.execute("UPDATE missed SET last_asked = ? WHERE wording = 'Alt'", (days_ago(31),))
        feedback.drop_older(30)
        assert [judgement.question for judgement in feedback.judgements()] == ["Neu"]
        assert [missed.question for missed in feedback.missed_questions()] == ["Neu"]


def test_the_running_bot_lets_old_history_go(tmp_path: Path) -> None:
    people = People(tmp_path / PEOPLE_FILE)
    people._db.execute(
        "INSERT INTO history (user, asked_at, question, answer) VALUES (1, ?, 'Alt', '')", (days_ago(366),)
    )
    people._db.execute(
        "INSERT INTO history (user, asked_at, question, answer) VALUES (1, ?, 'Neu', '')", (days_ago(364),)
    )
    with BotApi() as api, RunningBot(tmp_path, api.url):
        deadline = time.monotonic() + 10
        while len(people.history(1, 9)) > 1 and time.monotonic() < deadline:
            time.sleep(0.02)
    assert [asked.question for asked in people.history(1, 9)] == ["Neu"]
    people.close()


def test_typed_questions_go_with_age(tmp_path: Path) -> None:
    path = tmp_path / "history"
    old, new = (datetime.now() - timedelta(days=days) for days in (31, 29))
    kept = f"\n# {new}\n+Neu?\n+# 1999-01-01 ist kein Datum des Eintrags\n".encode()
    path.write_bytes(b"+Ohne Zeit\n" + f"\n# {old}\n+Alt?\n".encode() + kept + b"# kein Datum\n+Bleibt\n")
    drop_old_entries(path, 30)
    left = path.read_text()
    assert "Alt?" not in left
    assert all(words in left for words in ("Ohne Zeit", "+Neu?", "+# 1999", "Bleibt"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    drop_old_entries(tmp_path / "missing", 30)


def test_the_chat_forgets_what_is_older_than_the_setting(tmp_path: Path) -> None:
    path = tmp_path / "history"
    path.write_text(f"\n# {datetime.now() - timedelta(days=40)}\n+Alt?\n\n# {datetime.now()}\n+Neu?\n")
    session = prompt_session(tmp_path, 30)
    assert list(session.history.load_history_strings()) == ["Neu?"]
