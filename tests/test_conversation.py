from pathlib import Path

import pytest

from retrieval.answering.answerer import Answerer
from retrieval.answering.conversation import Conversation
from retrieval.errors import QuestionError
from retrieval.search.keyword_index import KeywordIndex
from retrieval.search.search import Search
from retrieval.search.vector_index import FaissVectorIndex
from retrieval.store.feedback import Verdict, judge
from retrieval.store.store import Store
from tests.collection import BREST, PERM, put
from tests.doubles import HashEmbedder, ScriptedReader

GOVERNOR = "Wer ist Gouverneur der Region Perm?"
FAIR = "Was beginnt in Brest?"


@pytest.fixture
def answerer(tmp_path: Path):
    with Store(tmp_path / "home") as store:
        put(store, PERM, "/perm.txt")
        put(store, BREST, "/brest.txt")
        search = Search(store, HashEmbedder(), FaissVectorIndex(store), KeywordIndex(store))
        yield Answerer(search, ScriptedReader({GOVERNOR: "Dmitri Machonin", FAIR: "die Messe"}))


def test_ask_remembers_the_last_answer(answerer):
    conversation = Conversation(answerer)
    assert conversation.last is None
    first = conversation.ask(GOVERNOR)
    assert (first.text, first.start, first.end) == ("Dmitri Machonin", 0, 15)
    assert judge(conversation.last, Verdict.GOOD) == judge(first, Verdict.GOOD)
    second = conversation.ask(FAIR)
    assert second.text == "die Messe"
    assert judge(conversation.last, Verdict.GOOD) == judge(second, Verdict.GOOD)


def test_a_question_that_cannot_be_asked_leaves_the_last_answer(answerer):
    conversation = Conversation(answerer)
    answer = conversation.ask(GOVERNOR)
    for question in ("", " \n", "x" * 1001):
        with pytest.raises(QuestionError):
            conversation.ask(question)
    assert judge(conversation.last, Verdict.GOOD) == judge(answer, Verdict.GOOD)


def test_top_k_limits_the_passages(answerer):
    assert len(Conversation(answerer, top_k=1).ask("Minsk").hits) == 1
    assert len(Conversation(answerer, top_k=3).ask("Minsk").hits) == 3


def test_conversations_are_apart(answerer):
    one, other = Conversation(answerer), Conversation(answerer)
    one.ask(GOVERNOR)
    assert other.last is None


WHEN = "Wann ist Dmitri Machonin Gouverneur der Region Perm?"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_follow_up_is_completed_and_says_so(answerer):
    conversation = Conversation(answerer)
    conversation.ask(GOVERNOR)
    answer = conversation.ask(" Und  wann? ")
    assert (answer.question, answer.understood) == ("Und wann?", WHEN)
    assert conversation.ask("Und wo?").understood == WHEN.replace("Wann", "Wo")
    assert conversation.ask(FAIR).understood == ""


def test_a_follow_up_without_a_turn_before_is_asked_as_it_is(answerer):
    assert Conversation(answerer).ask("Und wann?").understood == ""


def test_a_forgotten_and_an_old_turn_do_not_count(answerer):
    clock = Clock()
    conversation = Conversation(answerer, clock=clock)
    conversation.ask(GOVERNOR)
    conversation.forget()
    assert conversation.last is None
    assert conversation.ask("Und wann?").understood == ""
    conversation.ask(GOVERNOR)
    clock.now = 30 * 60
    assert conversation.ask("Und wann?").understood == WHEN
    clock.now += 30 * 60 + 1
    assert conversation.ask("Und wann?").understood == ""


def test_a_correction_goes_on_from_what_the_corrected_question_went_on_from(answerer):
    conversation = Conversation(answerer)
    conversation.ask(GOVERNOR)
    conversation.ask("Und wo?")
    corrected = conversation.correct("Und wann?")
    assert corrected.understood == WHEN
    assert conversation.correct("Und wann?").understood == WHEN
    conversation.forget()
    assert conversation.correct("Und wann?").understood == ""


def test_a_follow_up_that_would_be_too_long_is_asked_as_it_is(answerer):
    conversation = Conversation(answerer)
    conversation.ask(f"Wer ist {'Dmitri ' * 140}Machonin?")
    assert conversation.ask("Und in der schönen Stadt Samarkand?").understood == ""


def test_a_follow_up_prefers_the_article_of_the_last_answer(answerer):
    conversation = Conversation(answerer)
    conversation.ask(FAIR)
    assert {hit.document.path for hit in conversation.ask("Wer war dort in Minsk?").hits[:1]} == {"/brest.txt"}
