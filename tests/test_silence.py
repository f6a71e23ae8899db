"""Questions that a collection does not answer: reading them, asking them, and ``fundstelle eval --mode silence``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from retrieval.answering.calibration import Calibration, Calibrations
from retrieval.collection import Collection
from retrieval.errors import EvaluationError, LoadingError
from retrieval.evaluation.silence import (
    SilenceQuestion,
    evaluate_silence,
    read_collection,
    read_silence_questions,
    summarise_silence,
)
from tests.collection import BREST, PERM
from tests.command_line import fundstelle
from tests.doubles import HashEmbedder, ScriptedReader
from tests.notices import said

WHO, WHY, HOW = "Wer ist Präsident von Frankreich?", "Warum ist der Himmel blau?", "How tall is Everest?"
QUESTIONS = [
    {"id": "a", "question": WHO, "question_en": "en a", "kind": "person"},
    {"id": "b", "question": WHY, "question_en": "en b", "kind": "nature"},
    {"id": 3, "question": HOW, "question_en": "en c", "kind": "nature"},
]
SQUAD = {"data": [{"title": "Off", "paragraphs": [{"context": "x", "qas": QUESTIONS[:2]}, {"qas": QUESTIONS[2:]}]}]}
# The reader is too sure of one question.
READER = ScriptedReader({WHO: "Machonin", "en a": "Machonin"})
CALIBRATION = Calibration(bias=0.0, margin=1.0, behind=0.0, threshold=0.5)


def write(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "perm.txt").write_text(PERM, encoding="utf-8")
    (folder / "brest.txt").write_text(BREST, encoding="utf-8")
    return folder


# Reading


@pytest.mark.parametrize("content", [QUESTIONS, {"questions": QUESTIONS}, {"data": QUESTIONS}, SQUAD])
def test_reads_each_form(tmp_path: Path, content: object) -> None:
    path = write(tmp_path / "off.json", content)
    assert read_silence_questions(path) == (
        SilenceQuestion("a", WHO, "person"),
        SilenceQuestion("b", WHY, "nature"),
        SilenceQuestion("3", HOW, "nature"),
    )
    assert [q.question for q in read_silence_questions(path, field="question_en")] == ["en a", "en b", "en c"]


def test_ids_and_kinds_may_be_missing(tmp_path: Path) -> None:
    path = write(tmp_path / "off.json", [{"question": WHO}, {"question": WHY, "kind": None}])
    assert read_silence_questions(path) == (SilenceQuestion("1", WHO, ""), SilenceQuestion("2", WHY, ""))


@pytest.mark.parametrize(
    ("content", "key", "error"),
    [
        (3, "evaluation.bad_silence", "questions"),
        ({"items": []}, "evaluation.bad_silence", "'data'"),
        ([{"frage": WHO}], "evaluation.bad_silence", "'question'"),
        ([{"id": 7, "question": 3}], "evaluation.bad_silence", "question (id 7)"),
        ({"data": [{"title": "A"}]}, "evaluation.bad_silence", "'question'"),
        ([], "evaluation.no_questions", None),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: object, key: str, error: str | None) -> None:
    with pytest.raises(EvaluationError) as caught:
        read_silence_questions(write(tmp_path / "off.json", content))
    assert said(caught) == (key, {"name": "off.json"} if error is None else {"name": "off.json", "error": error})


def test_what_is_no_json_and_what_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "off.json").write_text("{", encoding="utf-8")
    with pytest.raises(EvaluationError, match=r"off\.json"):
        read_silence_questions(tmp_path / "off.json")
    with pytest.raises(EvaluationError, match=r"gone\.json"):
        read_silence_questions(tmp_path / "gone.json")


def test_articles_of_folders_files_and_squad_files(articles: Path, tmp_path: Path) -> None:
    squad = write(tmp_path / "eval.json", {"data": [{"paragraphs": [{"context": "Eins."}, {"context": "Zwei."}]}]})
    other = write(tmp_path / "more.json", {"data": [{"paragraphs": [{"context": "Drei."}]}]})
    plain = write(tmp_path / "article.json", {"title": "Vier", "text": "Vier Artikel."})
    (articles / "broken.json").write_text("{", encoding="utf-8")
    documents, failed = read_collection([articles, squad, other, plain])
    assert sorted(document.text for document in documents) == sorted(
        [PERM, BREST, "Eins.", "Zwei.", "Drei.", "Vier Artikel."]
    )
    assert len({document.path for document in documents}) == 6
    assert [Path(report.path).name for report in failed] == ["broken.json"]


def test_without_articles_nothing_can_be_asked(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    with pytest.raises(EvaluationError, match=r"broken\.json"):
        read_collection([tmp_path / "broken.json"])
    with pytest.raises(EvaluationError, match=r"eval\.json"):
        read_collection([write(tmp_path / "eval.json", {"data": [{"paragraphs": [{"text": "Eins."}]}]})])
    with pytest.raises(LoadingError, match="gone"):
        read_collection([tmp_path / "gone"])


# Asking


def test_figures_in_all_and_by_kind(articles: Path, tmp_path: Path) -> None:
    questions = read_silence_questions(write(tmp_path / "off.json", [*QUESTIONS, {"question": "Und?"}]))
    moved: list[tuple[int, int]] = []
    outcomes = evaluate_silence(
        questions,
        read_collection([articles])[0],
        HashEmbedder(),
        READER,
        CALIBRATION,
        0.5,
        progress=lambda done, total: moved.append((done, total)),
    )
    assert moved == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert [outcome.answer.text for outcome in outcomes] == ["Machonin", None, None, None]
    assert summarise_silence(outcomes) == {
        "n": 4,
        "answered_share": 25.0,
        "kinds": {"nature": {"n": 2, "answered_share": 0.0}, "person": {"n": 1, "answered_share": 100.0}},
    }


def test_an_empty_question_is_named(articles: Path) -> None:
    documents, _ = read_collection([articles])
    with pytest.raises(EvaluationError) as caught:
        evaluate_silence([SilenceQuestion("q7", " ", "")], documents, HashEmbedder(), READER, CALIBRATION, 0.5)
    key, values = said(caught)
    assert (key, values["id"]) == ("evaluation.bad_question", "q7")


# The command


@pytest.fixture
def file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Doubles for the models, and a file of questions."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Collection, "calibrations", Calibrations(found=CALIBRATION))
    monkeypatch.setattr(Collection, "embedder", HashEmbedder())
    monkeypatch.setattr(Collection, "reader", READER)
    return write(tmp_path / "off.json", QUESTIONS)


def silence(file: Path, *arguments: str | Path) -> object:
    result = fundstelle("eval", str(file), "--mode", "silence", *map(str, arguments), "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_the_command_counts_answers(file: Path, articles: Path, tmp_path: Path) -> None:
    kinds = {"nature": {"n": 2, "answered_share": 0.0}, "person": {"n": 1, "answered_share": 100.0}}
    figures = {"n": 3, "answered_share": 33.33, "kinds": kinds}
    assert silence(file, "--articles", articles) == figures
    assert silence(file, "--articles", articles / "perm.txt", "--articles", articles / "brest.txt") == figures
    assert silence(file, "--articles", articles / "brest.txt")["answered_share"] == 0.0  # type: ignore[index]
    assert silence(file, "--articles", articles, "--no-answer-threshold", "1")["answered_share"] == 0.0  # type: ignore[index]
    assert not list((tmp_path / "home").glob("*.db"))


def test_the_command_shows_what_was_answered(file: Path, articles: Path) -> None:
    measured = silence(file, "--articles", articles, "--questions", "question_en", "--verbose")
    (answered,) = measured["answered"]  # type: ignore[index]
    assert (answered["id"], answered["kind"], answered["question"]) == ("a", "person", "en a")
    assert (answered["answer"], answered["title"]) == ("Machonin", "perm")
    assert answered["confidence"] > 0.99


def test_the_command_for_people(file: Path, articles: Path) -> None:
    result = fundstelle("eval", str(file), "--mode", "silence", "--articles", str(articles), "--verbose")
    lines = result.stdout.splitlines()
    assert [" ".join(line.split()) for line in lines[:5]] == [
        "Kennzahl Wert Was sie sagt",
        "n 3 gestellte Fragen",
        "answered_share 33,33 % bekommen eine Antwort, obwohl es keine gibt; 0 ist am besten",
        "nature 0,00 % dasselbe für Fragen dieser Art (2)",
        "person 100,00 % dasselbe für Fragen dieser Art (1)",
    ]
    assert lines[5:] == ["", WHO, "  Machonin (100\u00a0%, perm)"]


def test_an_article_that_cannot_be_read_is_named(file: Path, articles: Path) -> None:
    (articles / "broken.json").write_text("{", encoding="utf-8")
    result = fundstelle("eval", str(file), "--mode", "silence", "--articles", str(articles))
    assert result.exit_code == 0
    assert "broken.json" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "german", "english"),
    [
        (["--mode", "silence"], "--articles PFAD", "--articles PATH"),
        (["--articles", "x"], "--articles geht nicht mit --mode reader", "--articles does not go with --mode reader"),
        (["--mode", "open", "--verbose"], "--verbose geht nicht mit --mode open", "--verbose does not go with"),
        (
            ["--mode", "silence", "--articles", "x", "--questions-from", "y"],
            "--questions-from geht nicht mit --mode silence",
            "--questions-from does not go with --mode silence",
        ),
        (["--mode", "silence", "--articles", "missing"], "missing", "missing"),
    ],
)
def test_what_does_not_go_together_is_said(file: Path, arguments: list[str], german: str, english: str) -> None:
    for language, sentence in (("de", german), ("en", english)):
        result = fundstelle("eval", str(file), *arguments, "--language", language)
        assert (result.exit_code, result.stdout) == (1, "")
        assert sentence in result.stderr
        assert len(result.stderr.splitlines()) == 1
