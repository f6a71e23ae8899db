"""``fundstelle watch``, what index says of standing questions, mail and webhook, and /merken in the chat."""

from __future__ import annotations

import json
import smtplib
import socketserver
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from bot.cli import watch_delivery
from bot.cli.chat import Chat
from bot.errors import WatchError
from bot.settings import Settings
from retrieval.answering.conversation import Conversation
from retrieval.collection import Collection
from tests.command_line import fundstelle, use_reader
from tests.doubles import PatternReader

LENGTH = r"(?:vier|[\d,]+) (?:Zentimeter|Meter)"
LEVEL = "Wie hoch steht die Mohne?"


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_reader(monkeypatch, PatternReader(LENGTH))
    monkeypatch.chdir(tmp_path)


def write(name: str, text: str) -> str:
    Path(name).write_text(text, encoding="utf-8")
    return name


def two_reports() -> None:
    """A standing question, and two reports that answer it in another way."""
    fundstelle("watch", "add", LEVEL)
    fundstelle("index", write("a.txt", "Die Mohne steht vier Meter hoch. Das sagte die Stadt.\n"))
    fundstelle("index", write("b.txt", "Am Abend war es mehr: Die Mohne steht 4,20 Meter hoch. Es regnet weiter.\n"))


def test_kept_listed_removed() -> None:
    assert fundstelle("watch", "list").stderr.startswith("Noch ist keine Frage gemerkt.")
    assert fundstelle("watch", "add", LEVEL).stdout.startswith(f"Gemerkt (Nr. 1): {LEVEL}")
    assert fundstelle("watch", "list").stdout == f"1  {LEVEL}\n"
    fundstelle("index", write("a.txt", "Die Mohne steht vier Meter hoch."))
    assert fundstelle("watch", "list").stdout == f"1  {LEVEL} (bisher: vier Meter)\n"
    listed = json.loads(fundstelle("watch", "list", "--json").stdout)["watch"]
    assert [(one["id"], one["question"], one["known"]) for one in listed] == [(1, LEVEL, "vier Meter")]
    assert fundstelle("watch", "remove", "1").exit_code == 0
    gone = fundstelle("watch", "remove", "1")
    assert (gone.exit_code, "mit der Nummer 1 gibt es nicht" in gone.stderr) == (1, True)


def test_what_is_known_when_it_is_kept_is_said() -> None:
    fundstelle("index", write("a.txt", "Die Mohne steht vier Meter hoch."))
    assert fundstelle("watch", "add", LEVEL).stdout.splitlines()[1] == "Bisher bekannt: vier Meter"
    assert fundstelle("watch", "add", "Danke!").exit_code == 1


def test_index_says_that_there_are_answers() -> None:
    fundstelle("watch", "add", LEVEL)
    first = fundstelle("index", write("a.txt", "Die Mohne steht vier Meter hoch."), "--json")
    assert json.loads(first.stdout)["added"] == 1
    assert first.stderr.strip() == (
        "Eine neue Antwort auf eine gemerkte Frage. Was hier gemerkt ist, zeigt: fundstelle watch run"
    )
    assert "gemerkt" not in fundstelle("index", "a.txt").stderr
    Path("ordner").mkdir()
    fundstelle("index", write("ordner/b.txt", "Im Park blüht der Flieder."), write("ordner/c.txt", "Es ist Mai."))
    fundstelle("index", "ordner")
    write("ordner/d.txt", "Heute früh, sagt der Landkreis, steht die Mohne 5 Meter hoch.")
    assert "Eine neue Antwort" in fundstelle("sync").stderr


def test_run_shows_each_answer_once() -> None:
    two_reports()
    shown = fundstelle("watch", "run").stdout
    assert shown.count(LEVEL) == 2
    assert "**4,20 Meter**" in shown and "bisher: vier Meter" in shown
    again = fundstelle("watch", "run")
    assert (again.stdout, again.stderr.strip()) == ("", "Nichts Neues zu gemerkten Fragen.")


def test_run_for_programs() -> None:
    two_reports()
    first, second = json.loads(fundstelle("watch", "run", "--json").stdout)["answers"]
    assert (first["question"], first["before"], first["answer"]["text"]) == (LEVEL, None, "vier Meter")
    assert (second["before"], second["answer"]["text"], second["watch"]) == ("vier Meter", "4,20 Meter", 1)
    assert json.loads(fundstelle("watch", "run", "--json").stdout) == {"answers": []}


# Webhook


@contextmanager
def receiver(statuses: Sequence[int]) -> Iterator[tuple[str, list[Any]]]:
    """A server that answers with these statuses, then 200; its address, and what was posted."""
    left, got = list(statuses), []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status = left.pop(0) if left else 200
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if status == 200:
                got.append(body)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/neu", got
        server.shutdown()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses between attempts, which are not waited for."""
    pauses: list[float] = []
    post = watch_delivery.post
    monkeypatch.setattr(watch_delivery, "post", lambda *asked: post(*asked, sleep=pauses.append))
    return pauses


def test_a_webhook_gets_each_answer_once(at_once: list[float]) -> None:
    two_reports()
    with receiver([503, 429, 200, 400]) as (address, got):
        failed = fundstelle("watch", "run", "--webhook", address)
        assert failed.exit_code == 1
        assert "hat die Antworten nicht angenommen (HTTP 400)" in failed.stderr
        assert failed.stdout == ""
        assert len(at_once) == 2
        assert fundstelle("watch", "run", "--webhook", address).stdout.count(LEVEL) == 2
        assert fundstelle("watch", "run", "--webhook", address).stdout == ""
    assert [body["answer"]["text"] for body in got] == ["vier Meter", "4,20 Meter"]


def test_a_server_that_is_not_there(at_once: list[float]) -> None:
    two_reports()
    with receiver([]) as (address, _):
        pass
    assert fundstelle("watch", "run", "--webhook", address).exit_code == 1
    assert len(at_once) == watch_delivery.ATTEMPTS - 1
    assert fundstelle("watch", "run").stdout.count(LEVEL) == 2


@pytest.mark.parametrize(
    "address", ["ftp://example.org/x", "example.org", "http://", "file:///etc/passwd", "http://[", ""]
)
def test_only_web_addresses(address: str) -> None:
    with pytest.raises(WatchError):
        watch_delivery.check_webhook(address, "de")


# Mail


class MailServer(socketserver.ThreadingTCPServer):
    """As much of an SMTP server as a client needs; ``mails`` are what it took, and refuses one to "voll@"."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        self.mails: list[str] = []
        super().__init__(("127.0.0.1", 0), _MailHandler)


class _MailHandler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self._say("220 test")
        while line := self.rfile.readline().decode().strip():
            word = line.split()[0].upper()
            if word == "DATA":
                self._say("354 go on")
                lines = []
                while (part := self.rfile.readline()) != b".\r\n":
                    lines.append(part.decode())
                assert isinstance(self.server, MailServer)
                self.server.mails.append("".join(lines))
            self._say("552 full" if "voll@" in line else "221 bye" if word == "QUIT" else "250 ok")

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@pytest.fixture
def mail_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    with MailServer() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("FUNDSTELLE_SMTP_HOST", "127.0.0.1")
        monkeypatch.setenv("FUNDSTELLE_SMTP_PORT", str(server.server_address[1]))
        monkeypatch.setenv("FUNDSTELLE_SMTP_SECURITY", "none")
        monkeypatch.setenv("FUNDSTELLE_SMTP_FROM", "fundstelle@example.org")
        yield server
        server.shutdown()


def test_all_answers_are_one_mail(mail_server: MailServer) -> None:
    two_reports()
    refused = fundstelle("watch", "run", "--mail", "voll@example.org")
    assert (refused.exit_code, "hat die E-Mail nicht angenommen" in refused.stderr) == (1, True)
    assert fundstelle("watch", "run", "--mail", "redaktion@example.org").exit_code == 0
    fundstelle("watch", "run", "--mail", "redaktion@example.org")
    (mail,) = mail_server.mails
    assert "To: redaktion@example.org" in mail and "From: fundstelle@example.org" in mail
    assert "Subject: Fundstelle: 2 neue Antworten auf gemerkte Fragen" in mail


def test_a_mail_needs_a_server_and_an_address(mail_server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "keine E-Mail-Adresse" in fundstelle("watch", "run", "--mail", "a@b.de\nBcc: c@d.de").stderr
    monkeypatch.delenv("FUNDSTELLE_SMTP_HOST")
    assert "FUNDSTELLE_SMTP_HOST" in fundstelle("watch", "run", "--mail", "a@example.org").stderr
    assert mail_server.mails == []


def test_without_encryption_only_if_it_is_asked_for(mail_server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FUNDSTELLE_SMTP_SECURITY")
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    with pytest.raises(smtplib.SMTPException):
        watch_delivery._connected(settings)


# The chat


def chat(collection: Collection, *lines: str) -> None:
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    conversation = Conversation(collection)
    talk = Chat(
        settings, conversation, collection.documents, collection.feedback, interactive=True, watch=collection.watch
    )
    talk.run(lines)


def test_in_the_chat(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Collection(tmp_path / "home") as collection:
        chat(collection, "/gemerkt", "/merken", LEVEL, "/merken", "/merken Wer war da?")
        out, err = capsys.readouterr()
        assert "Noch ist keine Frage gemerkt. Das geht mit: /merken FRAGE" in err
        assert "Welche Frage? Zum Beispiel: /merken" in err
        assert "/merken behält diese Frage, bis ein neuer Artikel sie beantwortet." in err
        assert f"Gemerkt (Nr. 1): {LEVEL}" in out and "Gemerkt (Nr. 2): Wer war da?" in out
        collection.index([write("a.txt", "Die Mohne steht vier Meter hoch.")])
        chat(collection, "/watching", "/watching")
        out, _ = capsys.readouterr()
        assert out.count("Gemerkte Fragen:") == 2
        assert out.count("**vier Meter**") == 2  # one for each question, once
