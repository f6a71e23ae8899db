"""``fundstelle list``, ``show``, ``remove``, ``export`` and ``import`` over a real collection."""

import json
from pathlib import Path

import pytest

from bot.settings import load_settings
from bot.wiring import open_collection
from retrieval.collection import Collection
from tests.doubles import ScriptedReader
from tests.test_cli import TITLE, article, doubles, elsewhere, failed_with_one_line, fundstelle, indexed
from tests.test_copies import LONG, WIRE

__all__ = ["doubles", "elsewhere", "indexed"]  # fixtures

ENGLISH = (
    "The government announced on Monday that the new swimming pool in Leeds will open next year. According to the "
    "mayor, work has moved on a lot in recent months and costs are lower than expected."
)


def numbers(*arguments: str) -> dict[str, int]:
    """Title -> number, as ``list --json`` has them."""
    listed = json.loads(fundstelle("list", "--json", *arguments).stdout)["articles"]
    return {entry["title"]: entry["id"] for entry in listed}


def test_list_has_a_line_for_each_article(indexed: None, seeds: Path) -> None:
    lines = fundstelle("list").stdout.splitlines()
    assert len(lines) == len(list(seeds.iterdir())) == len(numbers())
    assert any(TITLE in line and "BelTA" in line and "17. Mai 2024" in line for line in lines)


def test_list_of_nothing_says_how_to_begin(doubles: None) -> None:
    result = fundstelle("list")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "fundstelle index" in result.stderr


def test_list_without_a_hit_says_so(indexed: None) -> None:
    result = fundstelle("list", "xyz")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "Dazu gibt es keine Artikel. fundstelle list zeigt alle.\n"


def test_a_folder_without_articles_left_is_watched_no_more(doubles: None, tmp_path: Path) -> None:
    folder = tmp_path / "leer"
    folder.mkdir()
    (folder / "a.txt").write_text("Der Zug kostet drei Euro, sagte die Bahn am Montag.")
    fundstelle("index", str(folder))
    fundstelle("remove", "1")
    assert fundstelle("remove", str(folder)).stderr == f"Der Ordner {folder} wird nicht mehr abgeglichen.\n"
    again = fundstelle("remove", str(folder))
    assert (again.exit_code, again.stderr.startswith("Fehler: Es gibt keinen Artikel")) == (1, True)


def test_export_makes_no_folder(indexed: None, tmp_path: Path) -> None:
    result = fundstelle("export", str(tmp_path / "fehlt" / "alles.jsonl"))
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert result.stderr.startswith(f"Fehler: Den Ordner {tmp_path / 'fehlt'} gibt es nicht.")
    assert not (tmp_path / "fehlt").exists()


def test_import_of_another_file_is_one_line(doubles: None, tmp_path: Path) -> None:
    (tmp_path / "brief.txt").write_text("Sehr geehrte Damen und Herren,\n\n" + "mit Dank\n" * 50)
    result = fundstelle("import", str(tmp_path / "brief.txt"))
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert result.stderr.startswith(f"Fehler: {tmp_path / 'brief.txt'} ist keine exportierte Sammlung. Zeile 1: ")


def test_a_source_that_no_article_has_is_said(indexed: None) -> None:
    result = fundstelle("ask", "Wer ist Gouverneur der Region Perm?", "--source", "Reuters")
    assert result.stderr.startswith("Keine Quelle heißt „Reuters“. Es gibt: ")
    assert "BelTA" in result.stderr


def test_list_takes_words_that_all_have_to_be_there(indexed: None) -> None:
    assert list(numbers("BELTA", "perm")) == [TITLE]
    assert numbers("belta", "nirgends") == {}


def test_show_by_number_and_by_path(indexed: None, seeds: Path) -> None:
    by_number = fundstelle("show", str(numbers()[TITLE])).stdout
    by_path = fundstelle("show", str(seeds / "2024-05-17_belta_belarus-perm-handel.txt")).stdout
    assert by_number == by_path
    assert "0,5 Milliarden Dollar" in by_number
    assert json.loads(fundstelle("show", str(numbers()[TITLE]), "--json").stdout)["published"] == "2024-05-17"


def test_remove_takes_the_article_out_of_every_answer(indexed: None) -> None:
    question = "Welches Handelsvolumen wird mittelfristig angestrebt?"
    assert json.loads(fundstelle("ask", question, "--json").stdout)["answer"]["text"] == "0,5 Milliarden Dollar"
    before = numbers()
    removed = fundstelle("remove", str(before[TITLE]))
    assert removed.exit_code == 0
    assert TITLE in removed.stdout
    assert set(numbers()) == set(before) - {TITLE}
    found = json.loads(fundstelle("ask", question, "--json").stdout)
    assert found["answer"]["text"] is None
    assert before[TITLE] not in {passage["document_id"] for passage in found["passages"]}


def test_remove_with_a_typing_error_removes_nothing(indexed: None) -> None:
    before = numbers()
    assert "99999" in failed_with_one_line(fundstelle("remove", str(before[TITLE]), "99999"))
    assert numbers() == before


@pytest.mark.parametrize("wrong", ["0", "²", "-1", "nichts.txt", "", "~niemand/x", "9" * 5000, "https://x.by/"])
def test_an_article_that_is_not_there(indexed: None, wrong: str) -> None:
    assert "fundstelle list" in failed_with_one_line(fundstelle("show", "--", wrong))


def test_a_removed_file_can_be_indexed_again(doubles: None, tmp_path: Path) -> None:
    path = article(tmp_path, "a.txt", "Anna kam am Montag nach Minsk.")
    fundstelle("index", str(path))
    fundstelle("remove", str(path))
    assert json.loads(fundstelle("index", str(path), "--json").stdout)["added"] == 1
    with open_collection(load_settings(), print) as opened:
        assert opened.store.article_count() == 1


# Filters


def test_list_takes_filters(indexed: None) -> None:
    assert list(numbers("--source", "belta")) == [TITLE]
    assert list(numbers("--since", "17.5.2024", "--until", "17. Mai 2024")) == [TITLE]
    assert TITLE not in numbers("--since", "2024-05-18")
    assert fundstelle("list", "--source", "niemand").stdout == ""


@pytest.mark.parametrize("command", [["list"], ["ask", "Wer?"], ["chat"], ["eval", "x.json", "--mode", "open"]])
def test_a_date_that_is_none_is_one_line(doubles: None, command: list[str]) -> None:
    assert "„gestern“ ist kein Datum" in failed_with_one_line(fundstelle(*command, "--since", "gestern"))


def test_eval_searches_in_open_mode_only(doubles: None) -> None:
    assert "--mode open" in failed_with_one_line(fundstelle("eval", "x.json", "--source", "dpa"))


def test_ask_in_some_of_the_articles(indexed: None) -> None:
    question = "Welches Handelsvolumen wird mittelfristig angestrebt?"
    found = json.loads(fundstelle("ask", question, "--source", "BelTA", "--json").stdout)
    assert found["answer"]["text"] == "0,5 Milliarden Dollar"
    assert {passage["document_id"] for passage in found["passages"]} == {numbers()[TITLE]}
    found = json.loads(fundstelle("ask", question, "--since", "2024-05-18", "--json").stdout)
    assert found["answer"]["text"] is None
    assert numbers()[TITLE] not in {passage["document_id"] for passage in found["passages"]}
    assert found["passages"]


# Copies and versions


@pytest.fixture
def wire(doubles: None, tmp_path: Path) -> Path:
    """A folder with an article, its copy from another agency, and an English one."""
    folder = tmp_path / "wire"
    folder.mkdir()
    article(folder, "a.txt", f"---\nsource: Tagfunk\npublished: 2024-05-17\nurl: https://t.de/1\n---\n{LONG}")
    article(folder, "b.txt", f"---\nsource: dpa\npublished: 2024-05-18\ntitle: Kopie\n---\n{WIRE}")
    article(folder, "c.txt", f"---\ntitle: English\n---\n{ENGLISH}")
    return folder


def test_index_says_what_is_a_copy_and_what_is_not_german(wire: Path) -> None:
    lines = fundstelle("index", str(wire)).stdout.splitlines()
    assert lines[0].startswith(f"{wire / 'b.txt'}: doppelt: fast gleicher Text wie „")
    assert lines[1] == f"{wire / 'c.txt'}: neu: nicht deutsch (en); die Suche ist für deutsche Artikel gemacht"
    assert lines[2] == "2 neu, 0 geändert, 0 unverändert, 1 doppelt, 0 nicht aufgenommen"
    listed = json.loads(fundstelle("list", "--json").stdout)["articles"]
    assert [(entry["copy_of"], entry["language"]) for entry in listed] == [(None, "de"), (1, "de"), (None, "en")]
    assert fundstelle("list").stdout.splitlines()[1] == "     2  Kopie, dpa, 18. Mai 2024 (Kopie von 1)"


def test_a_copy_is_named_under_the_answer(wire: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    question = "Was kostet der Eintritt?"
    monkeypatch.setattr(Collection, "reader", ScriptedReader({question: "5 Euro"}))
    fundstelle("index", str(wire))
    assert "auch in: dpa (18. Mai 2024)" in fundstelle("ask", question).stdout.splitlines()
    (copy,) = json.loads(fundstelle("ask", question, "--json").stdout)["answer"]["also_in"]
    assert (copy["source"], copy["published"], copy["id"]) == ("dpa", "2024-05-18", 2)
    assert "also in: dpa (18 May 2024)" in fundstelle("show", "1", "--language", "en").stdout


def test_remove_lets_a_copy_take_over(wire: Path) -> None:
    fundstelle("index", str(wire))
    assert fundstelle("remove", "https://t.de/1").stdout.startswith("Entfernt: 1  ")
    listed = json.loads(fundstelle("list", "--json").stdout)["articles"]
    assert [(entry["id"], entry["copy_of"]) for entry in listed] == [(2, None), (3, None)]
    found = json.loads(fundstelle("ask", "Was kostet der Eintritt?", "--json").stdout)
    assert 2 in {passage["document_id"] for passage in found["passages"]}


def test_remove_a_folder_and_a_file_of_several(wire: Path, tmp_path: Path) -> None:
    fundstelle("index", str(wire))
    archive = [{"path": f"{tmp_path}/x.zip#{name}", "text": f"Ein Satz von {name}."} for name in ("Anna", "Otto")]
    other = {"path": f"{tmp_path}/x.zip2", "text": "Noch ein anderer Satz."}
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, [*archive, other])))
    fundstelle("import", str(tmp_path / "in.jsonl"))
    assert len(fundstelle("remove", str(tmp_path / "x.zip")).stdout.splitlines()) == 2
    removed = fundstelle("remove", str(wire), "1")
    assert len(removed.stdout.splitlines()) == 3
    assert removed.stderr == f"Der Ordner {wire} wird nicht mehr abgeglichen.\n"
    with open_collection(load_settings(), print) as opened:
        assert [article.document.path for article in opened.store.articles()] == [other["path"]]
        assert opened.store.sources() == []


def test_show_lists_versions_and_shows_one(doubles: None, tmp_path: Path) -> None:
    path = article(tmp_path, "a.txt", "Alter Titel\n\nAnna kam am Montag nach Minsk.")
    fundstelle("index", str(path))
    article(tmp_path, "a.txt", "Neuer Titel\n\nAnna kam am Dienstag nach Minsk.")
    fundstelle("index", str(path))
    shown = fundstelle("show", "1").stdout
    assert "Frühere Fassungen (--version N): 1, ersetzt am " in shown
    assert "Montag" not in shown
    old = fundstelle("show", "1", "--version", "1").stdout
    assert old.startswith("Alter Titel\n") and "Montag" in old and "Dienstag" not in old
    value = json.loads(fundstelle("show", str(path), "--version", "1", "--json").stdout)
    assert (value["id"], value["title"], len(value["versions"])) == (1, "Alter Titel", 1)
    assert "Montag" in value["text"]
    wrong = failed_with_one_line(fundstelle("show", "1", "--version", "2"))
    assert wrong == "Fehler: Der Artikel 1 hat keine Fassung 2. Es gibt 1 frühere."


# Export and import


def test_export_and_import(wire: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fundstelle("index", str(wire))
    target = tmp_path / "alles.jsonl"
    result = fundstelle("export", str(target))
    assert (result.exit_code, result.stdout) == (0, "")
    assert "3 Artikel" in result.stderr
    assert fundstelle("export", "-").stdout == target.read_text()
    monkeypatch.setenv("FUNDSTELLE_HOME", str(tmp_path / "anderswo"))
    with target.open("a") as file:
        file.write("kaputt\n")
    result = fundstelle("import", str(target))
    assert result.exit_code == 1
    assert f"{target}:4: nicht aufgenommen: Zeile 4: Das ist kein JSON." in result.stdout
    assert result.stdout.splitlines()[-1] == "2 neu, 0 geändert, 0 unverändert, 1 doppelt, 1 nicht aufgenommen"
    assert result.stderr == "1 von 4 nicht aufgenommen.\n"
    good = "\n".join(target.read_text().splitlines()[:3])
    assert fundstelle("export", "-").stdout.strip() == good


def test_a_failed_export_leaves_the_old_file(indexed: None, tmp_path: Path) -> None:
    (tmp_path / "ordner").mkdir()
    assert "kann nicht geschrieben werden" in failed_with_one_line(fundstelle("export", str(tmp_path / "ordner")))
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".tmp"] == []


def test_a_second_writer_gives_up_with_one_line(indexed: None, seeds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNDSTELLE_LOCK_SECONDS", "0")
    settings = load_settings()
    with open_collection(settings, print) as opened, opened.store.writing():
        (settings.home / "leer.jsonl").touch()
        for command in (["index", str(seeds)], ["remove", "1"], ["import", str(settings.home / "leer.jsonl")]):
            assert "schreibt seit" in failed_with_one_line(fundstelle(*command))
        assert fundstelle("ask", "Wer ist Gouverneur der Region Perm?").exit_code == 0
        assert fundstelle("list").exit_code == 0


# The chat


def test_chat_looks_where_it_is_told(indexed: None) -> None:
    question = "Welches Handelsvolumen wird mittelfristig angestrebt?"
    lines = ["/quelle tagfunk", question, "/quelle", question, "/since 18.5.2024", question, "/bis gestern"]
    result = fundstelle("chat", stdin="\n".join(lines) + "\n")
    answered = [line.startswith("0,5 Milliarden Dollar") for line in result.stdout.splitlines()]
    assert answered == [False, True, False]
    said = result.stderr.splitlines()[-4:]
    assert said == [
        "Quelle: tagfunk",
        "Gesucht wird in allen Artikeln.",
        "seit 18. Mai 2024",
        "Fehler: „gestern“ ist kein Datum. Erlaubt sind zum Beispiel 2024-05-17, 17.5.2024 und 17. Mai 2024.",
    ]
