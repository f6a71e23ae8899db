"""What people think of answers, kept and exported; the exported file is measured and calibrated with."""

from __future__ import annotations

import io
import json
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from bot.pseudonyms import KEY_FILE, Pseudonyms
from retrieval.backend import backend_of
from retrieval.errors import StoreError
from retrieval.evaluation.feedback_export import Exported, export_evaluation
from retrieval.evaluation.squad import read_evaluation
from retrieval.store import feedback
from retrieval.store.feedback import FeedbackLog, Judgement, Verdict
from retrieval.store.store import Store
from tests.collection import BREST, PERM, as_nobody, put
from tests.command_line import fundstelle, use_reader
from tests.doubles import ScriptedReader
from tests.notices import said

WHO, WHERE = "Wer ist Gouverneur der Region Perm?", "Wo beginnt die Messe?"
NAME = "Dmitri Machonin"


@pytest.fixture
def store(empty_store: Store) -> Store:
    put(empty_store, PERM, "/perm.txt", source="BelTA", published="2024-05-17")
    put(empty_store, BREST, "/brest.txt")
    return empty_store


def judgement(verdict: Verdict, wanted: str = "", answer: str = NAME, article: int = 1, user: str = "a") -> Judgement:
    start = PERM.find(answer)
    return Judgement(
        question=WHO,
        answer=answer,
        document_id=article,
        start=max(start, 0),
        end=max(start, 0) + len(answer),
        verdict=verdict,
        wanted=wanted,
        user=user,
    )


def export(store: Store, *judgements: Judgement) -> tuple[Exported, dict[str, object]]:
    file = io.StringIO()
    return export_evaluation(store.documents(), judgements, file), json.loads(file.getvalue())


def answers(store: Store, *judgements: Judgement) -> list[tuple[str, list[tuple[str, int]]]]:
    """For each question its article's title and its answers."""
    _, data = export(store, *judgements)
    return [
        (article["title"], [(answer["text"], answer["answer_start"]) for answer in qa["answers"]])
        for article in data["data"]  # type: ignore[attr-defined]
        for paragraph in article["paragraphs"]
        for qa in paragraph["qas"]
    ]


def test_the_last_judgement_of_a_user_counts(store: Store) -> None:
    log = backend_of(store).feedback
    number = log.put(judgement(Verdict.BAD))
    assert log.put_wanted(number, "x" * 2000)
    assert log.judgements()[0].wanted == "x" * 1000
    assert log.put(judgement(Verdict.GOOD)) == number
    log.put(judgement(Verdict.BAD, user="b"))
    first, second = log.judgements()
    assert (replace(first, asked_at=""), second.user) == (judgement(Verdict.GOOD), "b")
    assert first.asked_at.endswith("Z")
    assert log.forget("a") == 1
    assert [judgement.user for judgement in log.judgements()] == ["b"]
    assert not log.put_wanted(number, "x")


def test_a_judgement_outlives_its_article(store: Store) -> None:
    log = backend_of(store).feedback
    log.put(judgement(Verdict.GOOD))
    log.put(judgement(Verdict.GOOD, article=99, user="b"))
    store.remove(1)
    assert [judgement.document_id for judgement in log.judgements()] == [0, 0]
    assert export(store, *log.judgements())[0] == Exported(0, 0, 2)


def test_missed_questions_are_counted_by_their_words(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    log = backend_of(store).feedback
    for question in ("Wie hoch ist der Mond?", WHO, "wie hoch  ist der Mond", "?!", "Wie hoch ist der MOND?!"):
        log.note_missed(question)
    assert [(m.question, m.count) for m in log.missed_questions()] == [
        ("Wie hoch ist der MOND?!", 3),
        ("?!", 1),
        (WHO, 1),
    ]
    monkeypatch.setattr(feedback, "KEEP_MISSED", 2)
    log.note_missed("Noch eine?")
    assert len(log.missed_questions()) == 2


def test_what_is_exported(store: Store) -> None:
    exported, data = export(store, judgement(Verdict.GOOD), judgement(Verdict.GOOD, user="b"))
    assert exported == Exported(1, 0, 0)
    (article,) = data["data"]  # type: ignore[misc]
    (paragraph,) = article["paragraphs"]
    assert (data["version"], article["source"], article["date"]) == ("v2.0", "BelTA", "2024-05-17")
    assert paragraph["context"] == PERM
    (qa,) = paragraph["qas"]
    assert qa["answers"] == [{"text": NAME, "answer_start": 0}]
    assert (qa["question"], qa["is_impossible"]) == (WHO, False)


@pytest.mark.parametrize(
    ("judgements", "expected"),
    [
        # A wanted text is an answer where it stands: in the article, or in the only one that has it.
        ([judgement(Verdict.BAD, "Machonin")], [("/perm.txt", [("Machonin", 7)])]),
        ([judgement(Verdict.BAD, "Messe")], [("/brest.txt", [("Messe", BREST.index("Messe"))])]),
        ([judgement(Verdict.BAD, "Minsk", answer="Brest", article=2)], [("/brest.txt", [("Minsk", 52)])]),
        # One that stands nowhere says nothing, as does a thumb down alone.
        ([judgement(Verdict.BAD, "machonin war es")], []),
        ([judgement(Verdict.BAD)], []),
        # Nothing.
        ([judgement(Verdict.BAD, "Nichts")], [("/perm.txt", [])]),
        ([judgement(Verdict.BAD, " - ")], [("/perm.txt", [])]),
        ([judgement(Verdict.GOOD, answer="")], [("/perm.txt", [])]),
        ([judgement(Verdict.GOOD, answer="", article=0)], []),
        # Several people.
        ([judgement(Verdict.GOOD), judgement(Verdict.BAD, user="b")], []),
        ([judgement(Verdict.GOOD), judgement(Verdict.BAD, "nichts", user="b")], [("/perm.txt", [])]),
        (
            [judgement(Verdict.GOOD), judgement(Verdict.BAD, "17. Mai", answer="")],
            [("/perm.txt", [(NAME, 0), ("17. Mai", 69)])],
        ),
        # The article says something else by now.
        ([judgement(Verdict.GOOD, answer="Jemand")], []),
        ([replace(judgement(Verdict.GOOD), start=5, end=20)], [("/perm.txt", [(NAME, 0)])]),
    ],
)
def test_judgements_as_answers(
    store: Store, judgements: list[Judgement], expected: list[tuple[str, list[tuple[str, int]]]]
) -> None:
    found = answers(store, *judgements)
    assert found == expected
    for title, listed in found:
        text = PERM if title == "/perm.txt" else BREST
        assert all(text[start : start + len(answer)] == answer for answer, start in listed)


def test_pseudonyms_are_the_same_again_and_tell_people_apart(tmp_path: Path) -> None:
    first = Pseudonyms(tmp_path)
    assert first.of(7) == Pseudonyms(tmp_path).of(7) != first.of(8)
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == [KEY_FILE]
    (tmp_path / "other").mkdir()
    assert Pseudonyms(tmp_path / "other").of(7) != first.of(7)
    (tmp_path / KEY_FILE).write_bytes(b"x")
    with pytest.raises(StoreError) as caught:
        Pseudonyms(tmp_path).of(7)
    assert said(caught) == ("telegram.key_damaged", {"path": tmp_path / KEY_FILE})


def note_missed(home: Path) -> None:
    with Store(home) as store:
        FeedbackLog(store).note_missed("Wer?")
        assert FeedbackLog(store).missed_questions() == []


def test_what_cannot_be_written_is_not_noted() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        Store(home).close()
        home.chmod(0o555)
        for file in home.iterdir():
            file.chmod(0o444)
        assert as_nobody(note_missed, home) == 0
        home.chmod(0o755)


# From the chat to eval and calibrate

QUESTIONS = [f"Was steht in Zeile {number}?" for number in range(12)]
UNKNOWN = [f"Warum ist {number} so?" for number in range(12)]
ROWS = {question: f"Wert{number}" for number, question in enumerate(QUESTIONS)}


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    use_reader(monkeypatch, ScriptedReader(ROWS))


def test_from_the_chat_to_an_evaluation(models: None, tmp_path: Path) -> None:
    article = tmp_path / "tabelle.txt"
    article.write_text(
        "\n".join(f"In Zeile {n} steht Wert{n} und sonst nichts von Belang." for n in range(12)), "utf-8"
    )
    assert fundstelle("index", str(article)).exit_code == 0
    lines = ["/gut"]
    for question in QUESTIONS[:11]:
        lines += [question, "/gut"]
    lines += [QUESTIONS[11], "/schlecht Zeile 11"]
    for question in UNKNOWN:
        lines += [question, "/schlecht nichts"]
    lines += [UNKNOWN[0], UNKNOWN[1], UNKNOWN[1]]
    chat = fundstelle("chat", stdin="\n".join(lines))
    assert chat.exit_code == 0
    assert chat.stderr.count("Danke, das ist notiert.") == 24
    assert "Noch gibt es keine Antwort zu bewerten." in chat.stderr

    missed = json.loads(fundstelle("missed", "--json").stdout)["missed"]
    assert [(m["question"], m["count"]) for m in missed[:3]] == [(UNKNOWN[1], 3), (UNKNOWN[0], 2), (UNKNOWN[10], 1)]
    assert fundstelle("missed").stdout.startswith(f"3 × {UNKNOWN[1]} (zuletzt ")

    file = tmp_path / "feedback.json"
    exported = fundstelle("feedback", "export", str(file))
    assert exported.stderr == "Exportiert: 12 Fragen mit Antwort, 12 ohne; 0 Bewertungen ausgelassen.\n"
    data = read_evaluation(file)
    assert [question.answers for question in data.questions] == [
        *[(f"Wert{number}",) for number in range(11)],
        ("Zeile 11",),
        *[()] * 12,
    ]
    assert json.loads(fundstelle("feedback", "export", "-").stdout) == json.loads(file.read_text("utf-8"))

    figures = json.loads(fundstelle("eval", str(file), "--json").stdout)
    assert (figures["n"], figures["best_em"], figures["no_answer_accuracy"]) == (24, 91.67, 100)
    calibrated = json.loads(fundstelle("calibrate", str(file), "--json").stdout)
    assert calibrated["questions"] == 24


def test_without_feedback_there_is_an_empty_file(models: None, tmp_path: Path) -> None:
    file = tmp_path / "feedback.json"
    assert fundstelle("feedback", "export", str(file)).exit_code == 0
    assert json.loads(file.read_text("utf-8"))["data"] == []
    assert fundstelle("missed").stderr == "Noch ist keine Frage ohne Antwort geblieben.\n"
    assert "enthält keine Fragen" in fundstelle("eval", str(file)).stderr
