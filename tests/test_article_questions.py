from pathlib import Path

import pytest

from bot.render.json import to_json
from bot.render.telegram import to_html
from bot.render.terminal import one_line, to_text
from retrieval.answer import ArticleField
from retrieval.answering.answerer import Answerer
from retrieval.answering.conversation import Conversation
from retrieval.language.article_questions import ArticleQuestion, article_question
from retrieval.search.keyword_index import KeywordIndex
from retrieval.search.search import Search
from retrieval.search.vector_index import FaissVectorIndex
from retrieval.store.store import Store
from tests.collection import BREST, PERM, put
from tests.doubles import HashEmbedder, ScriptedReader

PUBLISHED, AUTHOR, SOURCE = ArticleField
WHO = "Wer ist Gouverneur der Region Perm?"


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Von wann ist der Artikel über die Messe in Brest?", ArticleQuestion(PUBLISHED, "die Messe in Brest")),
        ("wann erschien der artikel zur messe", ArticleQuestion(PUBLISHED, "messe")),
        ("Wer hat den Artikel über Perm geschrieben?", ArticleQuestion(AUTHOR, "Perm")),
        ("Aus welcher Zeitung stammt die Meldung über Perm?", ArticleQuestion(SOURCE, "Perm")),
        ("Wann wurde der Bericht über Perm veröffentlicht?", ArticleQuestion(PUBLISHED, "Perm", certain=False)),
        ("When was the article about the fair published?", ArticleQuestion(PUBLISHED, "the fair")),
        ("who wrote it?", ArticleQuestion(AUTHOR)),
        ("Wann wurde das veröffentlicht?", ArticleQuestion(PUBLISHED, certain=False)),
        ("Von wann ist dieser Artikel?", ArticleQuestion(PUBLISHED)),
    ],
)
def test_questions_about_an_article(question: str, expected: ArticleQuestion) -> None:
    assert article_question(question) == expected


@pytest.mark.parametrize(
    "question",
    [
        "Wer schrieb den Roman über die Pest?",
        "Wie alt ist der Turm?",
        "Wann beginnt die Messe?",
        "Von wem ist das Bild?",
        "",
    ],
)
def test_questions_on_what_articles_say(question: str) -> None:
    assert article_question(question) is None


@pytest.fixture
def answerer(tmp_path: Path):
    with Store(tmp_path / "home") as store:
        put(store, PERM, "/perm.txt", author="Anna Ott", published="2024-05-17", source="BelTA")
        put(store, BREST, "/brest.txt")
        search = Search(store, HashEmbedder(), FaissVectorIndex(store), KeywordIndex(store))
        yield Answerer(
            search, ScriptedReader({WHO: "Dmitri Machonin", "Wann ist das erschienen?": "Minsk"}, margin=2.0)
        )


def test_an_article_states_its_day_author_and_source(answerer: Answerer) -> None:
    for question, text, field in (
        ("Von wann ist der Artikel über die Region Perm?", "2024-05-17", PUBLISHED),
        ("Who wrote the article about Perm?", "Anna Ott", AUTHOR),
        ("Wo erschien der Artikel über Gouverneur Machonin?", "BelTA", SOURCE),
    ):
        answer = answerer.ask(question)
        assert (answer.text, answer.field, answer.quote, answer.start) == (text, field, "", None)
        assert answer.document is not None and answer.document.path == "/perm.txt"


def test_what_it_does_not_state_and_what_no_article_is_about_stays_open(answerer: Answerer) -> None:
    for question in (
        "Wer hat den Artikel über die Messe in Brest geschrieben?",
        "Von wann ist der Artikel über den Mond?",
    ):
        answer = answerer.ask(question)
        assert (answer.text, answer.document, answer.is_missed) == (None, None, True)


def test_a_question_on_the_last_article(answerer: Answerer) -> None:
    conversation = Conversation(answerer)
    assert conversation.ask("Von wann ist der Artikel?").text is None
    conversation.ask(WHO)
    answer = conversation.ask("Von wann ist der Artikel?")
    assert (answer.text, answer.field, answer.understood) == ("2024-05-17", PUBLISHED, "")


def test_what_may_mean_something_in_the_text_is_read_there_first(answerer: Answerer) -> None:
    conversation = Conversation(answerer)
    conversation.ask(WHO)
    answer = conversation.ask("Wann ist das erschienen?")
    assert (answer.text, answer.field) == ("Minsk", None)
    conversation.ask(WHO)
    answer = conversation.ask("Who wrote it?")
    assert (answer.text, answer.field) == ("Anna Ott", AUTHOR)


def test_it_is_shown_as_what_it_is(answerer: Answerer) -> None:
    answer = answerer.ask("Von wann ist der Artikel über die Region Perm?")
    assert one_line(answer, "de").startswith("17. Mai 2024 ● sicher (")
    shown = str(to_text(answer, "de"))
    assert shown.startswith("17. Mai 2024\n● sicher\n\nEine Angabe zum Artikel, kein Zitat aus seinem Text.\n")
    assert to_html(answer, "en").startswith("<b>17 May 2024</b>\n🟢 certain\n\nStated about the article")
    value = to_json(answer)["answer"]
    assert (value["text"], value["from"], value["start"]) == ("2024-05-17", "article", None)
