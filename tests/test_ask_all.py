"""``ask --all`` and ``--by-date``, and /alle and /verlauf in the chat: lines, a table, JSON and CSV."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from bot.cli.ask_all import show_all
from retrieval.collection import Collection
from retrieval.types import Document
from tests.command_line import fundstelle, use_reader
from tests.doubles import PatternReader

LENGTH = r"(?:vier|[\d,]+) (?:Zentimeter|Meter)"
LEVEL = "Wie hoch steht die Mohne?"
REPORTS = {
    "2024-02-03": "Die Mohne steht 4,20 Meter hoch.",
    "2024-02-02": "Die Mohne steht vier Meter hoch.",
    "2024-02-04": "Die Mohne steht 420 Zentimeter hoch, sagt der Landkreis.",
    "": "Die Mohne ist ein Fluss.",
}
LINES = [
    "2. Februar 2024: vier Meter ● sicher (Bericht <1>, Bote)",
    "3. Februar 2024: 4,20 Meter ● sicher (Bericht <0>, Bote, auch in: Bote (4. Februar 2024))",
    "Die Artikel nennen Unterschiedliches.",
]


@pytest.fixture(autouse=True)
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four reports are indexed."""
    use_reader(monkeypatch, PatternReader(LENGTH))
    monkeypatch.chdir(tmp_path)
    with Collection(tmp_path / "home") as collection:
        for number, (day, words) in enumerate(REPORTS.items()):
            document = Document(words, title=f"Bericht <{number}>", source="Bote", published=day, path=f"/{number}.txt")
            collection.add_document(document)


def lines(printed: str) -> list[str]:
    return printed.replace("\N{NO-BREAK SPACE}", " ").splitlines()


def test_a_line_each_the_oldest_first() -> None:
    result = fundstelle("ask", LEVEL, "--by-date")
    assert lines(result.stdout) == LINES
    assert result.stderr == "2 verschiedene Antworten, die älteste zuerst:\n"


def test_only_some_articles() -> None:
    result = fundstelle("ask", LEVEL, "--all", "--since", "2024-02-03")
    assert lines(result.stdout) == LINES[1:2]
    assert result.stderr == "Eine Antwort:\n"


def test_what_the_articles_do_not_say() -> None:
    assert fundstelle("ask", LEVEL, "--all", "--until", "2023-01-01").stdout == "Dazu steht nichts in den Artikeln.\n"


def test_json() -> None:
    found = json.loads(fundstelle("ask", LEVEL, "--by-date", "--json").stdout)
    assert (found["question"], found["differ"]) == (LEVEL, True)
    assert [(f["text"], f["published"], f["certainty"]) for f in found["findings"]] == [
        ("vier Meter", "2024-02-02", "sure"),
        ("4,20 Meter", "2024-02-03", "sure"),
    ]
    mentions = found["findings"][1]["mentions"]
    assert [(m["text"], m["document"]["published"]) for m in mentions] == [
        ("4,20 Meter", "2024-02-03"),
        ("420 Zentimeter", "2024-02-04"),
    ]


def test_csv_has_a_row_for_each_mention(tmp_path: Path) -> None:
    assert fundstelle("ask", LEVEL, "--by-date", "--csv", "levels.csv").stdout == ""
    rows = list(csv.DictReader((tmp_path / "levels.csv").read_text("utf-8").splitlines()))
    assert [(row["finding"], row["date"], row["quote"]) for row in rows] == [
        ("1", "2024-02-02", "vier Meter"),
        ("2", "2024-02-03", "4,20 Meter"),
        ("2", "2024-02-04", "420 Zentimeter"),
    ]
    assert all(REPORTS[row["date"]][int(row["start"]) : int(row["end"])] == row["quote"] for row in rows)


def test_a_table_on_a_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Collection(tmp_path / "home") as collection:
        show_all(collection.ask_all(LEVEL), "de", by_date=True, is_table=True)
    heading, _, columns, first, *_ = lines(capsys.readouterr().out)
    assert heading == "2 verschiedene Antworten, die älteste zuerst:"
    assert columns.split() == ["Datum", "Zitat", "Sicherheit", "Quelle"]
    row = ["2. Februar 2024", "vier Meter", "● sicher", "Bericht <1>, Bote"]
    assert re.split(r"\s{2,}", first.strip()) == row
    with Collection(tmp_path / "home") as collection:
        answers = collection.ask_all(LEVEL)
    show_all(answers, "de", by_date=True, is_table=True, is_numbered=True)
    numbered = lines(capsys.readouterr().out)
    assert re.split(r"\s{2,}", numbered[3].strip()) == ["1", *row]
    assert numbered[4].split()[0] == "2"


@pytest.mark.parametrize(
    "piped",
    [f"/verlauf {LEVEL}", f"/timeline {LEVEL}\n/mehr", f"{LEVEL}\n/verlauf", f"/quelle Bote\n/VERLAUF {LEVEL}"],
)
def test_in_the_chat(piped: str) -> None:
    shown = lines(fundstelle("chat", stdin=piped).stdout)
    numbered = [f"{number}. {line}" for number, line in enumerate(LINES[:-1], 1)] + LINES[-1:]
    assert [line for line in shown if line in numbered] == numbered


def test_without_any_question_there_is_nothing_to_show() -> None:
    result = fundstelle("chat", stdin="/alle\n")
    assert (result.stdout, "Die Frage ist leer." in result.stderr) == ("", True)
