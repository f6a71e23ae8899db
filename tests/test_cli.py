"""The command line over real parts; only the models are doubles, and where they are not used, not even those."""

import json
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import Result

import retrieval.store.database
from bot.settings import load_settings
from bot.status import total_bytes
from bot.wiring import open_collection
from retrieval.answer import Answer
from retrieval.answering.answerer import Answerer
from retrieval.collection import Collection
from tests.command_line import fundstelle, use_reader
from tests.doubles import HashEmbedder, ScriptedReader

TRADE = "Welches Handelsvolumen wird mittelfristig angestrebt?"
GOVERNOR = "Wer ist Gouverneur der Region Perm?"
SCRIPT = {TRADE: "0,5 Milliarden Dollar", GOVERNOR: "Dmitri Machonin"}
UNKNOWN = "Wie hoch ist die Arbeitslosenquote in Minsk?"
# What the fixture "doubles" takes the place of.
REAL = {name: getattr(Collection, name) for name in ("embedder", "reader")}
TITLE = "Belarus und Region Perm wollen vom Handel zur Kooperation übergehen"


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No .env of a developer is read."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def doubles(monkeypatch: pytest.MonkeyPatch) -> None:
    use_reader(monkeypatch, ScriptedReader(SCRIPT))


@pytest.fixture
def indexed(doubles: None, seeds: Path) -> None:
    assert fundstelle("index", str(seeds)).exit_code == 0


def failed_with_one_line(result: Result) -> str:
    """The line on stderr, of a run that must have failed without a result."""
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    return result.stderr.strip()


def article(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


# Usage and errors


def test_help_loads_no_models_and_no_bot():
    script = (
        "import sys; from typer.testing import CliRunner; from bot.cli.app import app; import retrieval\n"
        "print(CliRunner().invoke(app, ['--help']).stdout)\n"
        "print({'torch', 'faiss', 'telegram', 'transformers', 'numpy'} & set(sys.modules))"
    )
    root = Path(__file__).resolve().parents[1]
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=root)
    commands = ("index", "ask", "chat", "telegram", "list", "show", "remove", "status", "models", "eval", "calibrate")
    commands += ("export", "import")
    for command in commands:
        assert f" {command} " in run.stdout
    assert run.stdout.rstrip().endswith("set()")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["ask"],
        ["ask", "Wer?", "--nonsense"],
        ["ask", "Wer?", "--top-k", "0"],
        ["ask", "Wer?", "--language", "fr"],
        ["ask", "Wer?", "--no-answer-threshold", "1.5"],
        ["index"],
    ],
)
def test_wrong_usage(arguments):
    result = fundstelle(*arguments)
    assert result.exit_code == 2
    assert "Aufruf: " in result.stdout + result.stderr


def test_wrong_setting(monkeypatch):
    monkeypatch.setenv("FUNDSTELLE_TOP_K", "viele")
    assert failed_with_one_line(fundstelle("status")) == (
        "Fehler: Die Einstellung FUNDSTELLE_TOP_K ist „viele“; erlaubt ist: eine ganze Zahl von 1 bis 50."
    )


@pytest.mark.parametrize("command", [["status"], ["ask", "Wer?"], ["chat"], ["index", "."]])
def test_home_that_cannot_be_made(command, tmp_path):
    file = article(tmp_path, "file", "no folder")
    line = failed_with_one_line(fundstelle(*command, "--home", str(file / "home")))
    assert line.startswith(f"Fehler: Das Datenverzeichnis {file / 'home'} kann nicht angelegt werden")


@pytest.mark.parametrize("command", [["ask", "Wer?"], ["chat"]])
@pytest.mark.parametrize("model", ["embedder", "reader"])
def test_missing_model_folder(indexed, monkeypatch, tmp_path, command, model):
    monkeypatch.setattr(Collection, model, REAL[model])
    result = fundstelle(*command, f"--{model}", str(tmp_path / "nothing"))
    assert result.exit_code == 1
    assert result.stdout == ""
    assert f"Den Modellordner {tmp_path / 'nothing'} gibt es nicht." in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr


@pytest.fixture
def breaking(monkeypatch: pytest.MonkeyPatch) -> None:
    def store(self: Collection) -> None:
        raise ZeroDivisionError("sieben\ndurch null")

    monkeypatch.setattr(Collection, "store", property(store))


def test_unexpected_error_is_one_line_and_its_traceback_in_the_log(breaking, tmp_path):
    (tmp_path / "home").mkdir()
    log = tmp_path / "home" / "fundstelle.log"
    assert failed_with_one_line(fundstelle("status")) == (
        f"Unerwarteter Fehler: ZeroDivisionError: sieben durch null. Näheres mit --debug oder in {log}"
    )
    assert "Traceback (most recent call last)" in log.read_text(encoding="utf-8")


def test_unexpected_error_without_a_log(breaking):
    assert failed_with_one_line(fundstelle("status", "--language", "en")) == (
        "Unexpected error: ZeroDivisionError: sieben durch null. More with --debug"
    )


def test_debug_shows_the_traceback(breaking):
    result = fundstelle("status", "--debug")
    assert result.exit_code == 1
    assert "Traceback (most recent call last)" in result.stderr
    assert "ZeroDivisionError" in result.stderr.splitlines()[-1]


def test_version():
    assert fundstelle("--version").stdout == "fundstelle 0.1.0\n"


# index


def test_index_counts_what_became_of_the_files(doubles, tmp_path):
    folder = tmp_path / "articles"
    folder.mkdir()
    first = article(folder, "eins.txt", "In Ulm fährt ein neuer Zug. Er kostet 3 Euro.")
    article(folder, "zwei.txt", "In Bonn regnet es seit Montag. Der Rhein steigt.")
    article(folder, "kopie.txt", "In Bonn regnet es seit Montag. Der Rhein steigt.")
    article(folder, "leer.txt", "")
    result = fundstelle("index", str(folder), "--json")
    value = json.loads(result.stdout)
    counts = {name: value[name] for name in ("added", "updated", "unchanged", "duplicate", "failed")}
    assert counts == {"added": 2, "updated": 0, "unchanged": 0, "duplicate": 1, "failed": 1}
    (failed,) = [file for file in value["files"] if file["outcome"] == "failed"]
    assert failed["path"] == str(folder / "leer.txt")
    assert "leer" in failed["reason"]
    assert result.exit_code == 1
    assert result.stderr == "1 von 4 nicht aufgenommen.\n"

    (folder / "leer.txt").unlink()
    first.write_text("In Ulm fährt ein alter Zug. Er kostet 2 Euro.", encoding="utf-8")
    result = fundstelle("index", str(folder), "--json")
    value = json.loads(result.stdout)
    counts = {name: value[name] for name in ("added", "updated", "unchanged", "duplicate", "failed")}
    assert counts == {"added": 0, "updated": 1, "unchanged": 1, "duplicate": 1, "failed": 0}
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(fundstelle("status", "--json").stdout)["articles"] == 2


def test_index_for_people(doubles, tmp_path):
    good = article(tmp_path, "gut.txt", "In Ulm fährt ein neuer Zug. Er kostet 3 Euro.")
    bad = article(tmp_path, "leer.txt", "")
    result = fundstelle("index", str(good), str(bad))
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0].startswith(f"{bad}: nicht aufgenommen: ")
    assert lines[1:] == ["1 neu, 0 geändert, 0 unverändert, 0 doppelt, 1 nicht aufgenommen"]


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_index_of_a_file_whose_name_is_no_text(doubles, tmp_path, flags):
    article(tmp_path, "gut.txt", "In Ulm fährt ein neuer Zug.")
    (tmp_path / "\udcff.txt").write_text("Er kostet 3 Euro.")
    result = fundstelle("index", *flags, str(tmp_path / "gut.txt"), str(tmp_path / "\udcff.txt"))
    assert result.exit_code == 1
    assert "\\udcff.txt" in result.stdout
    if flags:
        assert json.loads(result.stdout)["failed"] == json.loads(result.stdout)["added"] == 1


def test_index_of_a_path_that_is_not_there(doubles, tmp_path):
    assert str(tmp_path / "fehlt") in failed_with_one_line(fundstelle("index", str(tmp_path / "fehlt")))


def test_index_of_a_folder_without_articles(doubles, tmp_path):
    (tmp_path / "leer").mkdir()
    assert str(tmp_path / "leer") in failed_with_one_line(fundstelle("index", str(tmp_path / "leer")))


# ask


def test_ask_json(indexed):
    result = fundstelle("ask", TRADE, "--json", "--top-k", "6")
    assert (result.exit_code, result.stderr) == (0, "")
    value = json.loads(result.stdout)
    assert set(value) == {
        "question",
        "answer",
        "absent",
        "corrections",
        "alternatives",
        "passages",
        "small_talk",
        "elapsed_ms",
    }
    assert value["question"] == TRADE
    answer = value["answer"]
    place = {"start", "end", "page", "heading", "ocr", "link"}
    assert set(answer) == {"text", "from", "confidence", "certainty", "document", "also_in", "items", *place}
    assert answer["text"] == "0,5 Milliarden Dollar"
    assert 0.5 < answer["confidence"] <= 1
    assert answer["document"]["title"] == TITLE
    assert answer["document"]["source"] == "BelTA"
    assert answer["document"]["published"] == "2024-05-17"
    assert 1 <= len(value["passages"]) <= 6
    assert set(value["passages"][0]) == {"text", "score", "document_id", "start", "end", "ocr"}
    with open_collection(load_settings(), print) as parts:
        text = parts.store.document(answer["document"]["id"]).text
        assert text[answer["start"] : answer["end"]] == "0,5 Milliarden Dollar"
        for passage in value["passages"]:
            document = parts.store.document(passage["document_id"])
            assert document.text[passage["start"] : passage["end"]] == passage["text"]


def test_ask_for_people(indexed):
    result = fundstelle("ask", GOVERNOR)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0] == "Dmitri Machonin"
    assert "**Dmitri Machonin**" in result.stdout
    assert f"{TITLE}, BelTA, 17. Mai 2024" in lines
    assert "Weitere Stellen:" in lines


def test_ask_what_the_articles_do_not_say(indexed):
    result = fundstelle("ask", UNKNOWN)
    assert result.exit_code == 0
    assert result.stdout.startswith("Dazu steht nichts in den Artikeln.\n")
    value = json.loads(fundstelle("ask", UNKNOWN, "--json").stdout)
    assert value["answer"]["text"] is None
    assert value["answer"]["document"] is None


def test_ask_with_a_threshold_that_lets_everything_through(indexed):
    value = json.loads(fundstelle("ask", UNKNOWN, "--json", "--no-answer-threshold", "0").stdout)
    assert value["answer"]["text"] is not None


@pytest.mark.parametrize("question", ["", "   ", "x" * 10_000])
def test_ask_a_question_that_cannot_be_asked(indexed, question):
    assert failed_with_one_line(fundstelle("ask", question)).startswith("Fehler: ")


def test_ask_with_bytes_that_are_no_text(indexed):
    assert fundstelle("ask", "Wer \udcff?").exit_code == 0


def test_ask_without_articles(doubles):
    result = fundstelle("ask", TRADE, "--json")
    assert result.exit_code == 0
    assert result.stderr == "Noch sind keine Artikel aufgenommen. Das geht mit: fundstelle index ORDNER\n"
    assert json.loads(result.stdout)["answer"]["text"] is None
    assert json.loads(result.stdout)["passages"] == []


def test_another_embedder_makes_the_vectors_anew_and_says_so(indexed, monkeypatch):
    monkeypatch.setattr(Collection, "embedder", HashEmbedder("other"))
    result = fundstelle("ask", TRADE, "--json")
    assert json.loads(result.stdout)["answer"]["text"] == "0,5 Milliarden Dollar"
    assert "other-64" in result.stderr
    assert fundstelle("ask", TRADE, "--json").stderr == ""


# chat, with its questions piped in


def test_chat_answers_one_line_a_question(indexed):
    result = fundstelle("chat", stdin=f"{TRADE}\n\n   \n{UNKNOWN}\n{GOVERNOR}")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        f"0,5 Milliarden Dollar ● sicher ({TITLE}, BelTA, 17. Mai 2024)",
        "Dazu steht nichts in den Artikeln.",
        f"Dmitri Machonin ● sicher ({TITLE}, BelTA, 17. Mai 2024)",
    ]


def test_a_piped_follow_up_says_what_it_was_taken_for(indexed):
    lines = fundstelle("chat", stdin=f"{GOVERNOR}\nUnd in Samarkand?").stdout.splitlines()
    assert len(lines) == 2
    assert not lines[0].endswith("]")
    assert lines[1].endswith(" [Verstanden als: Wer ist Gouverneur der Region Perm in Samarkand?]")


def test_chat_says_what_is_indexed_and_offers_questions(indexed, seeds, tmp_path):
    lines = fundstelle("chat", stdin="").stderr.splitlines()
    count = len([path for path in seeds.iterdir() if path.suffix in {".txt", ".md", ".html"}])
    assert lines[0].startswith(f"Aufgenommen: {count} Artikel mit ")
    assert lines[0].endswith(f"({tmp_path / 'home'})")
    assert lines[1] == "Fragen Sie zum Beispiel:"
    # Each is asked before it is offered: one that the models do not answer surely enough is left out.
    offered = [line for line in lines[2:] if line.startswith("  ")]
    assert offered
    assert offered[0] == f"  {TRADE}"


def test_chat_over_other_articles_offers_no_questions_that_they_may_not_answer(doubles, tmp_path):
    fundstelle("index", str(article(tmp_path, "eins.txt", "In Ulm fährt ein neuer Zug. Er kostet 3 Euro.")))
    lines = fundstelle("chat", "--language", "en", stdin="").stderr.splitlines()
    assert lines[0].startswith("Indexed: one article with 2 sentences (")
    assert lines[1:] == ["/help shows the commands, /quit leaves."]


def test_chat_commands(indexed):
    result = fundstelle("chat", stdin=f"/help\n/Sources\n/nonsense\n/quit\n{TRADE}\n")
    assert result.exit_code == 0
    assert "/quellen      die Artikel" in result.stdout
    assert f"  {TITLE}, BelTA, 17. Mai 2024" in result.stdout
    assert "Den Befehl /nonsense gibt es nicht." in result.stderr
    assert "0,5 Milliarden Dollar" not in result.stdout


def test_chat_goes_on_after_a_question_that_cannot_be_asked(indexed):
    result = fundstelle("chat", stdin=f"{'x' * 10_000}\n{GOVERNOR}\n")
    assert result.exit_code == 1
    assert result.stdout == f"\nDmitri Machonin ● sicher ({TITLE}, BelTA, 17. Mai 2024)\n"
    assert result.stderr.splitlines()[-1].startswith("Fehler: ")


def test_ctrl_c_while_questions_are_piped_in_is_no_success(indexed, monkeypatch):
    def interrupted(self: Answerer, question: str, **_: object) -> Answer:
        raise KeyboardInterrupt

    monkeypatch.setattr(Answerer, "ask", interrupted)
    assert fundstelle("chat", stdin=f"{TRADE}\n{GOVERNOR}\n").exit_code == 130


def test_chat_takes_lines_that_are_not_utf8(indexed):
    result = fundstelle("chat", stdin="Größe?\n".encode("latin-1") + f"{GOVERNOR}\r\n".encode())
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1].startswith("Dmitri Machonin ● sicher (")


def test_chat_without_articles(doubles):
    result = fundstelle("chat", stdin=f"{TRADE}\n")
    assert result.stderr.startswith("Noch sind keine Artikel aufgenommen.")
    assert result.stdout == "Dazu steht nichts in den Artikeln.\n"
    assert result.exit_code == 0


def test_chat_indexes_a_folder_the_first_time_only(doubles, tmp_path):
    folder = tmp_path / "articles"
    folder.mkdir()
    article(folder, "eins.txt", "In Ulm fährt ein neuer Zug. Er kostet 3 Euro.")
    article(folder, "leer.txt", "")
    result = fundstelle("chat", "--index", str(folder), stdin="")
    assert f"{folder / 'leer.txt'}: " in result.stderr
    assert "Aufgenommen: ein Artikel mit 2 Sätzen" in result.stderr
    article(folder, "zwei.txt", "In Bonn regnet es seit Montag. Der Rhein steigt.")
    assert "Aufgenommen: ein Artikel mit" in fundstelle("chat", "--index", str(folder), stdin="").stderr


# status and telegram


def test_status_json(indexed, tmp_path):
    value = json.loads(fundstelle("status", "--json", "--embedder", "some/model", "--reader", "other/model").stdout)
    assert value["articles"] == 10
    assert value["sentences"] > 150
    assert (value["embedder"], value["reader"]) == ("some/model", "other/model")
    assert value["home"] == str(tmp_path / "home")
    assert (value["index"], value["extensions"]) == ("current", {})
    assert value["database_bytes"] > 50_000
    assert value["index_bytes"] == 0  # a small collection has no index file
    assert (value["embedder_bytes"], value["reader_bytes"]) == (0, 0)


def test_status_sees_a_damaged_index_and_the_next_question_mends_it(indexed, tmp_path):
    index = tmp_path / "home" / "vectors-0.faiss"  # of an index that has lost its manifest
    index.write_bytes(b"IwSq")
    assert json.loads(fundstelle("status", "--json").stdout)["index"] == "damaged"
    result = fundstelle("ask", TRADE)
    assert result.stdout.startswith("0,5 Milliarden Dollar\n")
    assert result.stderr == "Der Vektorindex war beschädigt und wurde aus der Datenbank neu aufgebaut.\n"
    assert json.loads(fundstelle("status", "--json").stdout)["index"] == "current"


def test_sizes_of_files_that_come_and_go(tmp_path):
    there = article(tmp_path, "da.txt", "12345")
    assert total_bytes([there, tmp_path / "fort.txt", tmp_path]) == 5


def test_status_check_reads_everything(indexed, seeds, tmp_path):
    assert "Prüfung:          die ganze Sammlung gelesen, alles unbeschädigt" in fundstelle("status", "--check").stdout
    assert json.loads(fundstelle("status", "--check", "--json").stdout)["checked"] is True
    with closing(sqlite3.connect(tmp_path / "home" / "fundstelle.db")) as connection, connection:
        connection.execute("UPDATE documents SET title = title || '.'")
    assert fundstelle("status").exit_code == 0
    line = failed_with_one_line(fundstelle("status", "--check"))
    assert "Artikel 1 " in line and "fundstelle remove 1" in line
    assert "beschädigt" in failed_with_one_line(fundstelle("ask", GOVERNOR))
    assert failed_with_one_line(fundstelle("show", "1")) == line
    assert fundstelle("remove", str(seeds)).exit_code == 0
    assert fundstelle("status", "--check").exit_code == 0


def test_status_for_people(doubles, tmp_path):
    result = fundstelle("status", "--embedder", str(tmp_path / "nothing"), "--reader", "some/model")
    lines = result.stdout.splitlines()
    assert lines[0].startswith(f"Datenverzeichnis: {tmp_path / 'home'} (0,")
    assert lines[1:] == [
        "Artikel:          0",
        "Sätze:            0",
        "Suchindex:        leer",
        f"Vektormodell:     {tmp_path / 'nothing'} (fehlt)",
        "Lesemodell:       some/model",
    ]


def test_telegram_without_a_token_says_how_to_get_one(doubles):
    line = failed_with_one_line(fundstelle("telegram"))
    assert "@BotFather" in line
    assert "FUNDSTELLE_TELEGRAM_TOKEN" in line


# eval


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    """Two texts; the double finds one of two answers, and keeps silent where there is none."""

    def qa(key: str, question: str, answer: str | None) -> dict:
        answers = [] if answer is None else [{"text": answer}]
        asked = {"question": question, "question_en": question}
        return {"id": key, **asked, "answers": answers, "is_impossible": not answer}

    perm = "Wir wollen ein Handelsvolumen von 0,5 Milliarden Dollar erreichen, sagte der Botschafter in Moskau."
    ulm = "In Ulm fährt ein neuer Zug. Er kostet 3 Euro und hält siebenmal."
    paragraphs = [
        {"context": perm, "qas": [qa("1", TRADE, "0,5 Milliarden Dollar"), qa("2", UNKNOWN, None)]},
        {"context": ulm, "qas": [qa("3", "Wie oft hält der Zug in Ulm?", "siebenmal")]},
    ]
    path = tmp_path / "questions.json"
    path.write_text(json.dumps({"data": [{"title": "Probe", "paragraphs": paragraphs}]}), encoding="utf-8")
    return path


def test_eval_of_the_reader(doubles, questions):
    figures = json.loads(fundstelle("eval", str(questions), "--json").stdout)
    assert figures == {
        "n": 3,
        "best_em": 50.0,
        "best_f1": 50.0,
        "em": 66.67,
        "f1": 66.67,
        "answered_share": 50.0,
        "no_answer_accuracy": 100.0,
        # The double is sure of the one answer that it has, and unsure of the others.
        "ece": pytest.approx(0.0, abs=0.01),
        "auroc": 1.0,
        "coverage_at_90_precision": 33.33,
        "silence_at_75_answered": 0.0,
        "risk_coverage": [[33.33, 0.0]] * 4 + [[66.67, 50.0]] * 4 + [[100.0, 66.67]] * 2,
    }


def test_eval_of_the_whole_pipeline(doubles, questions, tmp_path):
    figures = json.loads(fundstelle("eval", str(questions), "--mode", "open", "--json").stdout)
    assert (figures["n"], figures["best_f1"], figures["mrr10"], figures["hit1"]) == (3, 50.0, 1.0, 100.0)
    assert not list((tmp_path / "home").glob("*.db"))


def test_eval_of_dialogues(doubles, tmp_path):
    turns = [
        {"id": "1", "question": TRADE, "answers": [{"text": "0,5 Milliarden Dollar"}]},
        {"id": "2", "question": "Und wann?", "answers": [{"text": "im Mai"}]},
    ]
    paragraph = {"context": "Wir wollen ein Handelsvolumen von 0,5 Milliarden Dollar.", "dialogues": [turns]}
    path = tmp_path / "dialogues.json"
    path.write_text(json.dumps({"data": [{"title": "Probe", "paragraphs": [paragraph]}]}), encoding="utf-8")
    lines = fundstelle("eval", str(path), "--mode", "dialogue").stdout.splitlines()
    assert [line.replace("\u00a0", " ").split()[:2] for line in lines] == [
        ["Kennzahl", "Wert"],
        ["first_n", "1"],
        ["first_f1", "100,00"],
        ["first_em", "100,00"],
        ["later_n", "1"],
        ["later_f1", "0,00"],
        ["later_em", "0,00"],
        ["completed", "1"],
    ]
    missing = fundstelle("eval", str(path), "--mode", "dialogue", "--questions", "question_complete")
    assert "question_complete" in failed_with_one_line(missing)


def test_eval_for_people(doubles, questions):
    lines = fundstelle("eval", str(questions), "--questions", "question_en").stdout.splitlines()
    assert [" ".join(line.split()) for line in lines[:3]] == [
        "Kennzahl Wert Was sie sagt",
        "n 3 gestellte Fragen",
        "best_em 50,00 % Fragen mit Antwort: die beste Stelle ist genau die Antwort",
    ]
    assert max(map(len, lines)) <= 100
    explained = {line.split()[0]: line for line in lines[1:] if line[0] != " "}
    measured = json.loads(fundstelle("eval", str(questions), "--questions", "question_en", "--json").stdout)
    assert set(explained) == set(measured)
    assert len({line.index(line.split()[1]) for line in list(explained.values())[:-1]}) == 1  # below each other


def test_eval_of_a_file_that_is_not_there(doubles, tmp_path):
    assert str(tmp_path / "fehlt.json") in failed_with_one_line(fundstelle("eval", str(tmp_path / "fehlt.json")))


def test_index_says_where_the_time_went(doubles, seeds):
    result = fundstelle("index", str(seeds), "--timings", "--json")
    timings = json.loads(result.stdout)["timings"]
    stages = [timings[f"{stage}_ms"] for stage in ("parse", "split", "embed", "store")]
    assert timings["sentences"] == 217
    assert all(stages) and sum(stages) <= json.loads(result.stdout)["elapsed_ms"]
    assert timings["sentences_per_second"] > 0
    last = fundstelle("index", str(seeds), "--timings").stdout.splitlines()[-1]
    assert re.fullmatch(r"0 Sätze in [\d,]+ s, 0 Sätze/s: Lesen \d+\s%, Teilen 0\s%, Berechnen 0\s%, .*", last)
    assert "timings" not in json.loads(fundstelle("index", str(seeds), "--json").stdout)


def test_a_check_finds_damage_in_a_large_collection_that_opening_does_not(indexed, tmp_path, monkeypatch):
    monkeypatch.setattr(retrieval.store.database, "CHECKED_AT_OPENING_BYTES", 0)
    with sqlite3.connect(tmp_path / "home" / "fundstelle.db") as connection:
        connection.execute("UPDATE keywords_data SET block = randomblob(length(block)) WHERE id > 10")
    assert fundstelle("status").stderr == ""
    mended = "Der Stichwortindex war beschädigt und wurde aus der Datenbank neu aufgebaut.\n"
    assert fundstelle("status", "--check").stderr == mended
    assert fundstelle("status", "--check").stderr == ""


def test_an_incomplete_keyword_index_is_noticed_in_a_large_collection_too(indexed, seeds, tmp_path, monkeypatch):
    monkeypatch.setattr(retrieval.store.database, "CHECKED_AT_OPENING_BYTES", 0)
    with sqlite3.connect(tmp_path / "home" / "fundstelle.db") as connection:
        connection.execute("INSERT INTO keywords (keywords) VALUES ('delete-all')")
    assert "Der Stichwortindex war beschädigt" in fundstelle("index", str(seeds)).stderr
