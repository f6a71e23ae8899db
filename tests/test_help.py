"""``--help`` and wrong usage, in German and English."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup

from bot.cli.help import option_help
from bot.cli.usage import Command, Group
from bot.messages import LANGUAGES, table
from tests.command_line import fundstelle
from tests.conftest import ROOT
from tests.documents import COMMANDS


def all_commands(group: dict[str, Any] = COMMANDS, before: str = "") -> Iterator[tuple[str, Any]]:
    for name, command in group.items():
        yield f"{before}{name}", command
        if isinstance(command, TyperGroup):
            yield from all_commands(command.commands, f"{name} ")


EVERY_COMMAND = dict(all_commands())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", EVERY_COMMAND)
def test_every_command_and_option_has_a_text(key: str, language: str) -> None:
    command = EVERY_COMMAND[key]
    assert isinstance(command, Command | Group), "made with Commands() in the place of typer.Typer()"
    assert key in table(language)["commands"], "commands"
    for parameter in command.params:
        said = option_help(key, parameter, language)
        assert said, f"options: {key} {parameter.opts[0]}"
        assert said != parameter.help, f"the text of {key} {parameter.opts[0]} belongs into bot/messages"


def test_no_text_is_left_of_a_command_or_option_that_is_gone() -> None:
    names = {"fundstelle --version", "--help"}
    for key, command in EVERY_COMMAND.items():
        for parameter in command.params:
            name = parameter.opts[0] if parameter.opts[0].startswith("--") else parameter.name
            names |= {name, f"{key} {name}"}
    assert set(table("de")["options"]) <= names
    assert set(table("de")["commands"]) == {"fundstelle", *EVERY_COMMAND}


@pytest.mark.parametrize("key", ["", *EVERY_COMMAND])
def test_help_is_german_and_fits(key: str) -> None:
    result = fundstelle(*key.split(), "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Aufruf: fundstelle {key}".rstrip() + " [OPTIONEN]")
    assert "\nOptionen\n" in result.stdout
    assert not re.search(r"Usage|Options|Commands|default:|Show|FILE|FOLDER|PATH|None|<", result.stdout)
    assert max(map(len, result.stdout.splitlines())) <= 100


def test_help_in_full() -> None:
    assert fundstelle("feed", "add", "--help").stdout == (
        "Aufruf: fundstelle feed add [OPTIONEN] URL\n"
        "\n"
        "Ruft einen Feed ab und merkt ihn sich.\n"
        "\n"
        "Angaben\n"
        "  URL  Die Adresse des Feeds.\n"
        "\n"
        "Optionen\n"
        "  --help  Zeigt diese Hilfe.\n"
        "\n"
        "Einstellungen\n"
        "  --home ORDNER               Das Datenverzeichnis.\n"
        "  --embedder MODELL           Das Modell, das sucht: ein Ordner oder ein Name vom Hub (mit\n"
        "                              @Revision).\n"
        "  --reader MODELL             Das Modell, das das Zitat findet: ein Ordner oder ein Name vom Hub\n"
        "                              (mit @Revision).\n"
        "  --no-answer-threshold 0..1  Ab welcher Sicherheit eine Antwort gegeben wird.\n"
        "  --language de|en            Die Sprache, in der Fundstelle spricht.\n"
        "  --debug                     Zeigt das Protokoll, und was hinter einem Fehler steckt.\n"
        "\n"
    )


# How the language is found out before the settings are read


def usage_of(*arguments: str) -> str:
    return fundstelle(*arguments).stdout.split()[0]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("FUNDSTELLE_LANGUAGE", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_help_is_in_the_language_that_is_set(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert usage_of("--help") == "Aufruf:"
    (here / ".env").write_text("FUNDSTELLE_LANGUAGE=en\n", encoding="utf-8")
    assert usage_of("--help") == "Usage:"
    monkeypatch.setenv("FUNDSTELLE_LANGUAGE", "de")
    assert usage_of("list", "--help") == "Aufruf:"
    assert usage_of("list", "--language", "en", "--help") == "Usage:"
    assert usage_of("list", "--help", "--language=en") == "Usage:"


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"FUNDSTELLE_LANGUAGE=fr", b"FUNDSTELLE_TOP_K=viele\n", b"= ="])
def test_help_works_whatever_the_settings_are(here: Path, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / ".env").write_bytes(content)
    monkeypatch.setenv("FUNDSTELLE_TOP_K", "viele")
    assert usage_of("ask", "--help") == "Aufruf:"


def test_help_opens_no_collection(here: Path) -> None:
    assert fundstelle("status", "--home", str(here / "home"), "--help").exit_code == 0
    assert not (here / "home").exists()


def test_help_is_there_at_once() -> None:
    script = (
        "import sys; from bot.cli.app import app\n"
        "try: app(['ask', '--help'])\n"
        "except SystemExit: pass\n"
        "slow = {'retrieval.loading', 'httpx', 'jinja2', 'numpy', 'prompt_toolkit', 'lxml'}\n"
        "print(sorted(slow & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert run.stdout.splitlines()[-1] == "[]"


# Wrong usage


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("aks", "Den Befehl „aks“ gibt es nicht. Meinten Sie ask?"),
        ("xyzxyz", "Den Befehl „xyzxyz“ gibt es nicht."),
        ("feed ad", "Den Befehl „ad“ gibt es nicht. Meinten Sie add?"),
        ("--", "Es fehlt der Befehl."),
        ("show", "Es fehlt: ARTIKEL"),
        ("index", "Es fehlt: PFAD|URL..."),
        ("ask", "Es fehlt eine Frage, oder eine Datei mit Fragen (--questions DATEI)."),
        ("ask Wer? --jsn", "Die Option --jsn gibt es hier nicht. Meinten Sie --json?"),
        ("ask Wer? -x", "Die Option -x gibt es hier nicht."),
        ("ask Wer? --csv", "Hinter --csv fehlt etwas: DATEI|-"),
        ("ask Wer? --json=ja", "Die Option --json steht für sich; einen Wert dahinter gibt es nicht."),
        ("ask Wer ist da", "Das ist zu viel: ist da. Was Leerzeichen enthält, gehört in Anführungszeichen."),
        ("ask Wer? --top-k x", "--top-k kann nicht „x“ sein; erlaubt ist: eine ganze Zahl von 1 bis 50."),
        ("serve --port 99999", "--port kann nicht „99999“ sein; erlaubt ist: eine ganze Zahl von 0 bis 65535."),
        ("show 1 --page 0", "--page kann nicht „0“ sein; erlaubt ist: eine ganze Zahl ab 1."),
        ("show 1 --start x", "--start kann nicht „x“ sein; erlaubt ist: eine ganze Zahl."),
        ("ask Wer? --language fr", "--language kann nicht „fr“ sein; erlaubt ist: de oder en."),
        ("ask Wer? --cite x", "--cite kann nicht „x“ sein; erlaubt ist: press, apa, bibtex oder ris."),
        (
            "sync --every 5",
            "„5“ ist kein Abstand. Erlaubt sind zum Beispiel 90s, 30m und 2h, von 1m bis 168h.",
        ),
        ("ask Wer? --csv -", "Zu --csv gehört --all / --by-date / --questions."),
    ],
)
def test_wrong_usage_is_said_in_german(typed: str, said: str) -> None:
    result = fundstelle(*typed.split())
    lines = result.stderr.splitlines()
    assert (result.exit_code, result.stdout, lines[0]) == (2, "", f"Fehler: {said}")
    assert lines[1].startswith("Aufruf: fundstelle ")
    assert re.fullmatch(r"Alles dazu zeigt: fundstelle .*--help", lines[2])
    assert len(lines) == 3


def test_wrong_usage_is_said_in_english() -> None:
    assert fundstelle("ask", "Wer?", "--language", "en", "--top-k", "x").stderr.splitlines() == [
        "Error: --top-k cannot be “x”; allowed: a whole number from 1 to 50.",
        "Usage: fundstelle ask [OPTIONS] [QUESTION]",
        "All about it: fundstelle ask --help",
    ]


def test_what_was_typed_cannot_steer_the_terminal() -> None:
    result = fundstelle("ask", "Wer?", "--cite", "\x1b[2Jx\ny")
    assert "\x1b" not in result.stderr
    assert len(result.stderr.splitlines()) == 3


def test_without_a_command_the_help_is_shown() -> None:
    for arguments in ([], ["feed"]):
        result = fundstelle(*arguments)
        assert (result.exit_code, result.stderr) == (2, "")
        assert "\nBefehle\n" in result.stdout


def test_a_closed_pipe_is_no_error() -> None:
    command = f"{sys.executable} -m bot.cli --help | head -n 1"
    run = subprocess.run(command, shell=True, capture_output=True, text=True, cwd=ROOT, env={**os.environ})
    assert run.stdout.startswith("Aufruf: ")
    assert run.stderr == ""


# Paths


def test_a_path_is_shown_from_the_root_however_it_was_typed(here: Path) -> None:
    (here / "bad.txt").write_text("a\nb\nc\n", encoding="utf-8")
    home = ("--home", str(here / "home"))
    for typed in (
        ("import", "bad.txt"), ("import", "missing.jsonl"), ("index", "missing.txt"), ("calibrate", "missing.json"),
        ("eval", "missing.json"), ("ask", "--questions", "missing.txt", "--csv", "-"), ("export", "missing/a.jsonl"),
    ):  # fmt: skip
        result = fundstelle(*typed, *home)
        (line,) = result.stderr.splitlines()
        assert (result.exit_code, result.stdout) == (1, ""), typed
        assert str(here / ("missing" if "missing" in " ".join(typed) else "bad.txt")) in line


def test_errors_of_the_system_are_german(here: Path) -> None:
    result = fundstelle("import", "missing.jsonl", "--home", str(here / "home"))
    assert result.stderr == f"Fehler: Die Datei {here / 'missing.jsonl'} ist nicht lesbar (nicht vorhanden).\n"
    (here / "folder").mkdir()
    result = fundstelle("export", "folder", "--home", str(here / "home"))
    assert "(das ist ein Ordner)" in result.stderr
