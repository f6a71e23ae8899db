"""``ask --questions``: what is asked, what stands in the table, and how it goes on after an end in the middle."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.cli.catalogue_files import read_questions
from bot.errors import CatalogueError
from bot.render.csv import COLUMNS, cell
from retrieval.answer import Answer
from retrieval.collection import Collection
from retrieval.errors import StoreError
from retrieval.types import Document
from tests.command_line import fundstelle, use_reader
from tests.doubles import ScriptedReader

TOWER, BRIDGE = "Wie hoch ist der Turm?", "Was kostet die Brücke?"
SCRIPT = {TOWER: "42 Meter", BRIDGE: "-5 Euro", "=1+1": "nichts"}
ARTICLES = {
    "turm": "Der Turm in Kellingrode ist 42 Meter hoch.",
    "bruecke": "Die Brücke in Brennholt kostet -5 Euro, sagte jemand.",
    "beides": "Der Turm ist 42 Meter hoch. Die Brücke kostet -5 Euro.",
}


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The table's path, where three articles are indexed and a script answers."""
    use_reader(monkeypatch, ScriptedReader(SCRIPT))
    monkeypatch.chdir(tmp_path)
    with Collection(tmp_path / "home") as collection:
        for number, (name, words) in enumerate(ARTICLES.items(), 1):
            day = f"2024-05-0{number}"
            collection.add_document(Document(words, title=name, source="Bote", published=day, path=f"/{name}.txt"))
    return tmp_path / "out.csv"


def questions(*lines: str) -> str:
    Path("questions.txt").write_text("\n".join(lines), encoding="utf-8")
    return "questions.txt"


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def count_asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The questions that collections are asked from now on."""
    asked: list[str] = []
    for name in ("ask", "ask_article"):
        original: Callable[..., Answer] = getattr(Collection, name)

        def counted(self, question, *arguments, original=original, **options):
            asked.append(question)
            return original(self, question, *arguments, **options)

        monkeypatch.setattr(Collection, name, counted)
    return asked


def test_of_all_articles(out: Path) -> None:
    result = fundstelle("ask", "--questions", questions(TOWER, "", BRIDGE, TOWER, "Wer?"), "--csv", str(out))
    assert result.exit_code == 0
    assert "Fragen: 3" in result.stderr
    assert out.read_text("utf-8").startswith(",".join(COLUMNS) + "\n")
    tower, bridge, unknown = table(out)
    assert (tower["question"], tower["quote"], tower["certainty"], tower["error"]) == (TOWER, "42 Meter", "sure", "")
    words = ARTICLES[tower["title"]]
    assert words[int(tower["start"]) : int(tower["end"])] == tower["quote"]
    assert tower["path"] == f"/{tower['title']}.txt"
    assert bridge["quote"] == "'-5 Euro"  # no formula
    assert (unknown["question"], unknown["article"], unknown["quote"], unknown["error"]) == ("Wer?", "", "", "")


def test_of_each_article(out: Path) -> None:
    result = fundstelle("ask", "--questions", questions(TOWER, BRIDGE), "--each-article", "--csv", str(out))
    assert "zusammen 6 Antworten" in result.stderr
    found = [(row["question"], row["title"], row["quote"], row["date"]) for row in table(out)]
    assert found == [
        (TOWER, "turm", "42 Meter", "2024-05-01"),
        (TOWER, "bruecke", "", "2024-05-02"),
        (TOWER, "beides", "42 Meter", "2024-05-03"),
        (BRIDGE, "turm", "", "2024-05-01"),
        (BRIDGE, "bruecke", "'-5 Euro", "2024-05-02"),
        (BRIDGE, "beides", "'-5 Euro", "2024-05-03"),
    ]


def test_a_filter_says_which_articles(out: Path) -> None:
    asked = ("ask", "--questions", questions(TOWER), "--each-article", "--since", "2024-05-02", "--csv", str(out))
    assert fundstelle(*asked).exit_code == 0
    assert [row["title"] for row in table(out)] == ["bruecke", "beides"]


@pytest.mark.parametrize("each", [[], ["--each-article"]])
def test_wherever_it_was_stopped_it_goes_on(out: Path, monkeypatch: pytest.MonkeyPatch, each: list[str]) -> None:
    command = ("ask", "--questions", questions("=1+1", 'Was ist "das", bitte?', TOWER), *each, "--csv", str(out))
    assert fundstelle(*command).exit_code == 0
    whole = out.read_bytes()
    rows = len(table(out))
    asked = count_asked(monkeypatch)
    for length in range(0, len(whole), 37):
        out.write_bytes(whole[:length])
        left = rows - max(0, whole[:length].count(b"\n") - 1)
        asked.clear()
        assert fundstelle(*command).exit_code == 0
        assert (out.read_bytes(), len(asked)) == (whole, left)


def test_ctrl_c_keeps_what_is_there(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = Collection.ask

    def interrupted(self, question, **options):
        if question == BRIDGE:
            raise KeyboardInterrupt
        return original(self, question, **options)

    monkeypatch.setattr(Collection, "ask", interrupted)
    result = fundstelle("ask", "--questions", questions(TOWER, BRIDGE), "--csv", str(out))
    assert (result.exit_code, [row["quote"] for row in table(out)]) == (130, ["42 Meter"])
    assert "Derselbe Befehl" in result.stderr


def test_an_error_is_a_row(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = Collection.ask

    def failing(self, question, **options):
        if question == BRIDGE:
            raise StoreError("kaputt")
        return original(self, question, **options)

    monkeypatch.setattr(Collection, "ask", failing)
    long = "Wie " * 300 + "lang?"
    assert fundstelle("ask", "--questions", questions(long, BRIDGE, TOWER), "--csv", str(out)).exit_code == 0
    too_long, broken, right = table(out)
    assert "1.000" in too_long["error"] or "1000" in too_long["error"]
    assert (broken["error"], right["quote"], right["error"]) == ("kaputt", "42 Meter", "")


@pytest.mark.parametrize("held", ["Ein Brief.\n", "a,b\n1,2\n", "question,article\nx,1\n", "\xff"])
def test_another_file_is_left_as_it_is(out: Path, held: str) -> None:
    out.write_text(held, encoding="latin-1")
    result = fundstelle("ask", "--questions", questions(TOWER), "--csv", str(out))
    assert (result.exit_code, out.read_text("latin-1")) == (1, held)
    assert "anderen Namen" in result.stderr


def test_a_table_of_the_other_kind_is_left_as_it_is(out: Path) -> None:
    command = ("ask", "--questions", questions(TOWER, "Wer?"), "--csv", str(out))
    for first, then in (((), ("--each-article",)), (("--each-article",), ())):
        out.unlink(missing_ok=True)
        assert fundstelle(*command, *first).exit_code == 0
        held = out.read_bytes()
        assert (fundstelle(*command, *then).exit_code, out.read_bytes()) == (1, held)


def test_a_table_that_cannot_be_written_is_one_line(out: Path) -> None:
    (out.parent / "file").write_text("x", encoding="utf-8")
    result = fundstelle("ask", "--questions", questions(TOWER), "--csv", str(out.parent / "file" / "out.csv"))
    assert (result.exit_code, "kann nicht gelesen oder geschrieben werden" in result.stderr) == (1, True)


def test_on_standard_output(out: Path) -> None:
    result = fundstelle("ask", "--questions", questions(TOWER), "--csv", "-")
    assert [row["quote"] for row in csv.DictReader(result.stdout.splitlines())] == ["42 Meter"]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("Wer?\r\n\r\n  Wo ist   es? \nWer?", ["Wer?", "Wo ist es?"]),
        ("\ufeffFrage\nWer, und wann?\n", ["Wer, und wann?"]),
        ('nr;Frage;x\n1;Wer?;a\n2;"Wo; wann?";b\n3\n', ["Wer?", "Wo; wann?"]),
        ('id,question\n1,"Wer, wann?"\n', ["Wer, wann?"]),
        ("QUESTION\tnr\nWer?\t1\n", ["Wer?"]),
        ('"Wer sagte ""Ja""?"\n„Wer?“', ['Wer sagte "Ja"?', "„Wer?“"]),
        ("Wer, wann; warum?\n", ["Wer, wann; warum?"]),
    ],
)
def test_questions_of_a_file(tmp_path: Path, content: str, found: list[str]) -> None:
    path = tmp_path / "questions.csv"
    path.write_text(content, encoding="utf-8", newline="")
    assert read_questions(path, "de") == found


def test_questions_in_an_old_encoding(tmp_path: Path) -> None:
    path = tmp_path / "questions.txt"
    path.write_bytes("Wer öffnete die Brücke für Fußgänger?".encode("cp1252"))
    assert read_questions(path, "de") == ["Wer öffnete die Brücke für Fußgänger?"]


@pytest.mark.parametrize("content", ["", "\n \n", "Frage\n"])
def test_a_file_without_questions(tmp_path: Path, content: str) -> None:
    path = tmp_path / "questions.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(CatalogueError, match="keine Frage"):
        read_questions(path, "de")


@pytest.mark.parametrize("words", ["=1+1", "+1", "-1", "@x", " =1", "\t=1", "＝1"])
def test_no_cell_is_a_formula(words: str) -> None:
    assert re.match(r"'", cell(words))


def test_other_cells_stay_as_they_are() -> None:
    assert [cell(value) for value in ("a=b", None, 3, "„x“\ny", "")] == ["a=b", "", "3", "„x“\ny", ""]


@pytest.mark.parametrize(
    "options",
    [
        ["Wer?", "--csv", "-"],
        ["Wer?", "--each-article"],
        ["--questions", "questions.txt"],
        ["--questions", "questions.txt", "--csv", "-", "--all"],
        ["Wer?", "--questions", "questions.txt", "--csv", "-"],
        ["Wer?", "--all", "--top-k", "3"],
        ["Wer?", "--all", "--csv", "-", "--json"],
    ],
)
def test_options_that_do_not_go_together(options: list[str]) -> None:
    result = fundstelle("ask", *options)
    assert result.exit_code == 2
    assert "Aufruf: " in result.stdout + result.stderr


def test_after_the_first_few_it_says_how_long_the_rest_takes(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.cli.catalogue._MEASURED_SECONDS", 0.0)
    result = fundstelle("ask", "--questions", questions(TOWER, BRIDGE), "--each-article", "--csv", str(out))
    assert re.search(r"Es dauert noch etwa 1 Sekunde\.", result.stderr)
