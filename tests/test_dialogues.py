import json
from pathlib import Path

import pytest

from retrieval.answering.answerer import Answerer
from retrieval.answering.conversation import Conversation
from retrieval.errors import EvaluationError
from retrieval.evaluation.dialogues import evaluate_dialogues, read_dialogues, summarise_dialogues
from tests.collection import BREST, PERM
from tests.doubles import HashEmbedder, ScriptedReader

WHO = "Wer ist Gouverneur der Region Perm?"
WHEN = "Wann besuchte Machonin Minsk?"
READER = ScriptedReader(
    {WHO: "Dmitri Machonin", WHEN: "am 17. Mai", "Wer ist Gouverneur der Region Perm am 3. Juni?": "Er"}
)


def turn(key: str, question: str, answer: str, **more: str) -> dict[str, object]:
    return {"id": key, "question": question, "question_en": f"en {key}", "answers": [{"text": answer}], **more}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    dialogue = [turn("1", WHO, "Dmitri Machonin"), turn("2", "Und am 3. Juni?", "am 17. Mai")]
    paragraphs = [{"context": PERM, "dialogues": [dialogue]}, {"context": BREST}]
    path = tmp_path / "set.json"
    path.write_text(json.dumps({"data": [{"title": "A", "paragraphs": paragraphs}]}), encoding="utf-8")
    return path


@pytest.fixture
def completions(tmp_path: Path) -> Path:
    path = tmp_path / "complete.json"
    paragraphs = [{"dialogues": [[{"id": "2", "question_complete": WHEN}]]}]
    path.write_text(json.dumps({"data": [{"paragraphs": paragraphs}]}), encoding="utf-8")
    return path


def figures(file: Path, **reading: object) -> dict[str, float | int]:
    data = read_dialogues(file, **reading)  # type: ignore[arg-type]
    moved: list[tuple[int, int]] = []
    outcomes = evaluate_dialogues(
        data,
        HashEmbedder(),
        lambda search: Answerer(search, READER),
        lambda answerer: Conversation(answerer).ask,
        progress=lambda done, total: moved.append((done, total)),
    )
    assert moved == [(1, 2), (2, 2)]
    return summarise_dialogues(outcomes)


def test_turns_are_asked_one_after_the_other(file: Path) -> None:
    assert figures(file) == {
        "first_n": 1, "first_f1": 100.0, "first_em": 100.0, "later_n": 1,
        "later_f1": 0.0, "later_em": 0.0, "completed": 1,
    }  # fmt: skip


def test_completed_questions_are_asked_for_themselves(file: Path, completions: Path) -> None:
    measured = figures(file, field="question_complete", questions_from=completions)
    assert (measured["first_f1"], measured["later_f1"], measured["completed"]) == (100.0, 100.0, 0)


def test_the_key_says_which_questions(file: Path) -> None:
    data = read_dialogues(file, field="question_en")
    assert [turn.question for turn in data.dialogues[0]] == ["en 1", "en 2"]
    assert len(data.documents) == 2
    with pytest.raises(EvaluationError, match="question_complete"):
        read_dialogues(file, field="question_complete")


@pytest.mark.parametrize(
    "content", ['{"data": []}', '{"data": [3]}', '{"data": [{"paragraphs": [{"context": "x"}]}]}', "x"]
)
def test_other_files_are_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "wrong.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(EvaluationError, match=r"wrong\.json"):
        read_dialogues(path)
