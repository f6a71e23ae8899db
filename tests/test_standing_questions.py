"""Standing questions in the library: asked of new articles only, once each, whatever happens in between."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from retrieval.answer import Span
from retrieval.answering.calibration import Calibration
from retrieval.collection import Collection
from retrieval.errors import QuestionError
from retrieval.evaluation.squad import EvaluationQuestion, EvaluationSet
from retrieval.evaluation.stream import evaluate_stream, summarise_stream
from retrieval.types import Document
from retrieval.watching.nearness import near
from tests.doubles import HashEmbedder

COST = "Was soll die Schwimmhalle in Kellingrode kosten?"
WEATHER = [f"Am {day}. Mai regnete es in Ort {day} den ganzen Tag, und der Wind wehte." for day in range(1, 40)]


class Reader:
    """Finds the first amount of euros in a passage about the pool, for COST; ``read_for`` are the questions read."""

    signature = "amounts"

    def __init__(self) -> None:
        self.read_for: list[str] = []

    def load(self) -> None:
        """There is nothing to load."""

    def read(self, question: str, passages: Sequence[str]) -> tuple[Span | None, ...]:
        self.read_for.append(question)
        return tuple(self._span(question, passage) for passage in passages)

    def _span(self, question: str, passage: str) -> Span | None:
        found = re.search(r"(?<=kosten: )[^.]+", passage) if question == COST and "Schwimmhalle" in passage else None
        return Span(found[0], found.start(), found.end(), 12.0, 0.0) if found else None


def pool(cost: str, path: str, more: str = "") -> Document:
    text = (
        f"In Kellingrode wird die Schwimmhalle gebaut. Sie soll so viel kosten: {cost}. {more or 'Der Rat war dafür.'}"
    )
    return Document(text, title=f"Schwimmhalle {path}", path=path)


@pytest.fixture
def reader() -> Reader:
    return Reader()


@pytest.fixture
def collection(tmp_path: Path, database_url: str, reader: Reader) -> Iterator[Collection]:
    with Collection(tmp_path, embedder=HashEmbedder(), reader=reader, database_url=database_url) as collection:
        yield collection


def add(collection: Collection, *documents: Document) -> int:
    """Indexes articles and asks; how many new answers there are."""
    collection.indexer.index_documents(documents)
    return collection.watch.run()


def said(collection: Collection, owner: str = "") -> list[tuple[str, str]]:
    """The queue: what was answered, and what was known before if that is something else."""
    return [(kept.answer, kept.before) for kept in collection.watch.questions.undelivered(owner)]


def test_only_new_articles_are_asked_each_once(collection: Collection) -> None:
    add(collection, pool("12 Millionen Euro", "/alt"))
    kept = collection.watch.add(COST)
    assert kept.known == "12 Millionen Euro"
    assert collection.watch.run() == 0
    assert (
        add(collection, pool("zwölf Millionen Euro", "/neu", "Das sagte die Bürgermeisterin am Montag im Rathaus."))
        == 1
    )
    assert (
        add(collection, pool("zwölf Millionen Euro", "/neu", "Das sagte die Bürgermeisterin am Montag im Rathaus."))
        == 0
    )
    assert (
        add(collection, pool("14,5 Millionen Euro", "/teurer", "Der Beton ist knapp, und das Holz wurde teuer.")) == 1
    )
    # Another wording of an amount is no other answer.
    assert said(collection) == [("zwölf Millionen Euro", ""), ("14,5 Millionen Euro", "zwölf Millionen Euro")]


def test_a_copy_is_not_asked(collection: Collection) -> None:
    collection.watch.add(COST)
    report = pool("9 Millionen Euro", "/dpa")
    assert add(collection, report, replace(report, path="/zeitung", title="Abschrift")) == 1
    # It is searched now, and has been heard of.
    collection.remove([document for document in collection.documents() if document.path == "/dpa"])
    assert collection.watch.run() == 0
    assert said(collection) == []


def test_the_same_words_at_another_place_are_known(collection: Collection) -> None:
    collection.watch.add(COST)
    add(collection, pool("9 Millionen Euro", "/a"))
    collection.watch.questions.mark_delivered(collection.watch.questions.undelivered())
    collection.remove(collection.documents())
    assert add(collection, pool("9 Millionen Euro", "/b")) == 0


def test_a_changed_article_is_asked_if_it_has_not_answered(collection: Collection) -> None:
    collection.watch.add(COST)
    assert add(collection, Document("In Kellingrode wird die Schwimmhalle gebaut.", path="/a")) == 0
    assert add(collection, pool("9 Millionen Euro", "/a")) == 1
    # Not delivered yet: the quote is that of the text which is there.
    assert add(collection, pool("10 Millionen Euro", "/a", "So steht es im Plan.")) == 1
    (kept,) = collection.watch.questions.undelivered()
    answer = collection.watch.answer(kept)
    assert answer is not None and answer.document is not None and answer.excerpt is not None
    assert answer.document.text[kept.start : kept.end] == kept.answer == answer.text == "10 Millionen Euro"
    assert kept.answer in answer.excerpt.text
    collection.watch.questions.mark_delivered([kept])
    assert add(collection, pool("11 Millionen Euro", "/a", "So steht es im neuen Plan.")) == 0


def test_between_a_change_and_the_asking_nothing_is_shown(collection: Collection) -> None:
    collection.watch.add(COST)
    add(collection, pool("9 Millionen Euro", "/a"))
    collection.indexer.index_documents([pool("10 Millionen Euro", "/a", "So steht es im Plan.")])
    assert said(collection) == []
    assert collection.watch.run() == 1
    assert said(collection) == [("10 Millionen Euro", "9 Millionen Euro")]


def test_a_removed_article_takes_its_answer_along(collection: Collection) -> None:
    collection.watch.add(COST)
    add(collection, pool("9 Millionen Euro", "/a"))
    (kept,) = collection.watch.questions.undelivered()
    collection.remove(collection.documents())
    assert collection.watch.answer(kept) is None
    assert said(collection) == []


def test_left_at_any_step_nothing_is_lost_or_doubled(collection: Collection) -> None:
    for owner in ("a", "b"):
        collection.watch.add(COST, owner)
    amounts = [f"{number} Millionen Euro" for number in range(3, 7)]
    collection.indexer.index_documents(
        [pool(amount, f"/{i}", " ".join(WEATHER[9 * i : 9 * i + 9])) for i, amount in enumerate(amounts)]
    )
    taken = 0
    while True:  # each time it is ended one step later
        steps, taken = collection.watch.steps(), taken + 1
        if [next(steps, None) for _ in range(taken)][-1] is None:
            break
    assert taken > 3
    for owner in ("a", "b"):
        assert [answer for answer, _ in said(collection, owner)] == amounts


def test_two_processes_may_ask_at_once(collection: Collection, tmp_path: Path, database_url: str) -> None:
    collection.watch.add(COST)
    collection.indexer.index_documents([pool("9 Millionen Euro", "/a")])
    with Collection(tmp_path, embedder=HashEmbedder(), reader=Reader(), database_url=database_url) as other:
        steps = other.watch.steps()
        assert next(steps) == 0  # it has read, and not yet kept
        assert collection.watch.run() == 1
        assert max(steps, default=0) == 0
    assert said(collection) == [("9 Millionen Euro", "")]


def test_what_is_far_is_not_read(collection: Collection, reader: Reader) -> None:
    add(collection, *(Document(" ".join(WEATHER[i : i + 13]), path=f"/wetter{i}") for i in (0, 13, 26)))
    collection.watch.add(COST)
    reader.read_for.clear()
    add(collection, Document("Im Zoo von Halle kam ein Elefant zur Welt. Er wiegt 90 Kilogramm.", path="/zoo"))
    assert reader.read_for == []
    assert add(collection, pool("9 Millionen Euro", "/a")) == 1
    assert reader.read_for == [COST]


def test_what_names_another_place_is_not_read(collection: Collection, reader: Reader) -> None:
    add(collection, *(Document(" ".join(WEATHER[i : i + 13]), path=f"/wetter{i}") for i in (0, 13, 26)))
    elsewhere, here = COST.replace("?", " in Bautzen?"), COST.replace("?", " in Hamburg?")
    collection.watch.add(elsewhere)
    collection.watch.add(here)
    reader.read_for.clear()
    article = pool("9 Millionen Euro", "/a")
    add(collection, replace(article, text=f"In Hamburg wird gebaut. {article.text}"))
    assert reader.read_for == [here]


def test_an_english_question_needs_no_common_words() -> None:
    axes = np.eye(3, dtype=np.float32)
    background = np.repeat(axes[1:2], 20, axis=0) + np.repeat(axes[:1], 20, axis=0) * np.linspace(0, 0.2, 20)[:, None]
    background = np.concatenate([background, background]).astype(np.float32)
    article = Document("Die Halle soll neun Millionen kosten.")
    both = near(
        ["What will the hall cost?", "Wie teuer wird denn so etwas?"], axes[[0, 0]], article, axes[:1] * 0.3, background
    )
    assert both == [True, False]


def test_another_embedder_makes_the_vectors_anew(collection: Collection, tmp_path: Path, database_url: str) -> None:
    kept = collection.watch.add(COST)
    add(collection, pool("9 Millionen Euro", "/a"))
    assert list(collection.watch.questions.vectors("hash-64")) == [kept.id]
    embedder = HashEmbedder("other")
    with Collection(tmp_path, embedder=embedder, reader=Reader(), database_url=database_url) as other:
        assert add(other, pool("10 Millionen Euro", "/b", " ".join(WEATHER[:9]))) == 1
        assert list(other.watch.questions.vectors("other-64")) == [kept.id]
        assert other.watch.questions.vectors("hash-64") == {}


def test_people_have_their_own_questions(collection: Collection) -> None:
    mine, theirs = collection.watch.add(COST, "a"), collection.watch.add(COST, "b")
    assert collection.watch.add(f" {COST} ", "a") == mine
    assert add(collection, pool("9 Millionen Euro", "/a")) == 1 + 1
    assert said(collection, "a") == said(collection, "b") == [("9 Millionen Euro", "")]
    assert not collection.watch.questions.remove(theirs.id, "a")
    assert collection.watch.questions.forget("a") == 1
    assert said(collection, "a") == []
    assert len(said(collection, "b")) == 1


def test_what_asks_nothing_is_not_kept(collection: Collection) -> None:
    for words in ("Hallo!", "   ", "x" * 1001):
        with pytest.raises(QuestionError):
            collection.watch.add(words)
    assert collection.watch.questions.all() == []


def test_a_way_that_failed_is_the_only_one_to_be_tried_again(collection: Collection) -> None:
    questions = collection.watch.questions
    collection.watch.add(COST)
    add(collection, pool("9 Millionen Euro", "/a"))
    (kept,) = questions.undelivered()
    questions.begin_delivery([kept])
    questions.mark_sent([kept], "mail a@example.org")
    assert questions.undelivered(without_way="mail a@example.org") == []
    (waiting,) = questions.undelivered(without_way="webhook")
    assert waiting.attempts == 1
    questions.mark_delivered([kept])
    assert questions.undelivered() == []
    assert collection.store.database.rows("SELECT * FROM sent_answers") == []


def test_the_stream_is_measured_against_open_mode(reader: Reader) -> None:
    articles = (pool("12 Millionen Euro", "/1"), Document(" ".join(WEATHER[:12]), path="/2", published="2024-05-01"))
    questions = (EvaluationQuestion("1", COST, ("12 Millionen Euro",), 0), EvaluationQuestion("2", "Wer?", (), 1))
    done: list[tuple[int, int]] = []
    outcomes = evaluate_stream(
        EvaluationSet(articles, questions),
        HashEmbedder(),
        reader,
        Calibration(),
        0.4,
        progress=lambda now, total: done.append((now, total)),
    )
    assert [outcome.messages for outcome in outcomes] == [("12 Millionen Euro",), ()]
    assert done == [(number, 4) for number in range(1, 5)]
    figures = {"n": 2, "open_answered": 1, "arrived_share": 100.0, "messages": 1, "wrong_share": 0.0}
    assert summarise_stream(outcomes) == {**figures, "wrong_beyond_open_share": 0.0}
    wrong = replace(outcomes[0], messages=("12 Millionen Euro", "am Montag"))
    assert summarise_stream([wrong])["wrong_beyond_open_share"] == 50.0
    assert summarise_stream([replace(outcomes[0], messages=())])["arrived_share"] == 0.0
