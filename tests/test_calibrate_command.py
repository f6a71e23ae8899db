"""``fundstelle calibrate``, and that what it found is used from then on."""

import json
from pathlib import Path

import pytest

from bot.settings import load_settings
from bot.wiring import open_collection
from retrieval.answering.calibration import HOME_FILE, Calibration, Calibrations
from retrieval.collection import Collection
from tests import tiny_models
from tests.command_line import fundstelle
from tests.doubles import HashEmbedder, ScriptedReader
from tests.test_calibrating import PLACES, collection, director, question

SCRIPT = {question(place): director(place) for place in PLACES}


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No .env of a developer is read."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def doubles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Collection, "embedder", HashEmbedder())
    monkeypatch.setattr(Collection, "reader", ScriptedReader(SCRIPT, margin=0.5))


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    """A SQuAD 2.0 file."""
    data = collection()
    paragraphs = [{"context": document.text, "qas": []} for document in data.documents]
    for item in data.questions:
        answers = [{"text": answer, "answer_start": 0} for answer in item.answers]
        qa = {"id": item.id, "question": item.question, "is_impossible": not answers, "answers": answers}
        paragraphs[item.context]["qas"].append(qa)  # type: ignore[attr-defined]
    path = tmp_path / "questions.json"
    path.write_text(json.dumps({"data": [{"title": "Museen", "paragraphs": paragraphs}]}), encoding="utf-8")
    return path


def test_calibrate_keeps_what_it_found_for_this_reader(doubles, questions, tmp_path):
    result = fundstelle("calibrate", str(questions), "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    value = json.loads(result.stdout)
    assert (value["reader"], value["questions"]) == ("scripted", 24)
    for figures in (value["found"], value["given"]):
        shares = {name: figures.pop(name) for name in ("answered_share", "right_share", "no_answer_accuracy")}
        assert shares == {"answered_share": 100.0, "right_share": 100.0, "no_answer_accuracy": 100.0}
    kept = Calibrations.read_home(tmp_path / "home", "scripted")
    assert kept == Calibrations(found=Calibration(**value["found"]), given=Calibration(**value["given"]))


def test_a_margin_that_says_little_by_default_is_enough_after_calibration(doubles, questions, monkeypatch, tmp_path):
    article = tmp_path / "artikel.txt"
    article.write_text("\n\n".join(document.text for document in collection().documents), encoding="utf-8")
    assert fundstelle("index", str(article)).exit_code == 0
    # Before: the defaults, as for any reader that nobody has calibrated.
    with monkeypatch.context() as defaults:
        defaults.setattr(Collection, "calibrations", Calibrations())
        before = json.loads(fundstelle("ask", question("Bonn"), "--json").stdout)["answer"]
    assert fundstelle("calibrate", str(questions)).exit_code == 0
    after = json.loads(fundstelle("ask", question("Bonn"), "--json").stdout)["answer"]
    assert before["confidence"] < 0.5 < after["confidence"]
    assert after["text"] == director("Bonn")
    assert json.loads(fundstelle("eval", str(questions), "--json").stdout)["em"] == 100.0


def test_calibrate_for_people(doubles, questions):
    lines = fundstelle("calibrate", str(questions)).stdout.splitlines()
    assert lines[0] == "Kalibriert mit 24 Fragen: scripted"
    assert lines[1].startswith("Suche in allen Texten: Antwort ab ")
    assert lines[2].startswith("Text vorgegeben: Antwort ab ")
    english = fundstelle("calibrate", str(questions), "--language", "en").stdout.splitlines()
    assert english[0] == "Calibrated with 24 questions: scripted"
    assert "100% of the answerable questions are answered, 100% rightly" in english[2]


def test_a_file_without_unanswerable_questions_leaves_all_as_it_was(doubles, questions, tmp_path):
    data = json.loads(questions.read_text(encoding="utf-8"))
    for paragraph in data["data"][0]["paragraphs"]:
        paragraph["qas"] = [qa for qa in paragraph["qas"] if not qa["is_impossible"]]
    questions.write_text(json.dumps(data), encoding="utf-8")
    result = fundstelle("calibrate", str(questions))
    assert result.exit_code == 1
    assert "hier sind es 12 und 0" in result.stderr
    assert not (tmp_path / "home" / HOME_FILE).exists()


def test_a_home_that_cannot_be_written_is_named(doubles, questions, tmp_path):
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    result = fundstelle("calibrate", str(questions), "--home", str(tmp_path / "file" / "home"))
    assert result.exit_code == 1
    assert result.stdout == ""
    assert str(tmp_path / "file" / "home" / HOME_FILE) in result.stderr


def test_another_reader_has_its_own_calibration_or_that_of_its_folder(tmp_path):
    """A tiny real reader: its signature finds the home's entry, its folder's file counts without one."""
    folder = tiny_models.save_reader(tmp_path / "reader", "bert")
    beside, kept = Calibrations(found=Calibration(bias=1.5)), Calibrations(found=Calibration(bias=2.5))
    beside.write(folder)
    settings = load_settings(reader=str(folder))
    kept.write_home(settings.home, "another")
    with open_collection(settings, print) as parts:
        assert parts.calibrations == beside
        kept.write_home(settings.home, parts.reader.signature)
    with open_collection(settings, print) as parts:
        assert parts.calibrations == kept
