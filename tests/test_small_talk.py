"""What is no question to the articles, from the word lists to the reply in terminal and Telegram."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.render.telegram import to_html
from bot.render.terminal import one_line, to_text
from retrieval import Collection, Conversation, Document
from retrieval.answer import Answer, SmallTalk
from retrieval.answering.suggestions import names_in, suggest
from retrieval.language.small_talk import small_talk
from tests.botapi import BotApi
from tests.command_line import fundstelle
from tests.doubles import HashEmbedder, ScriptedReader
from tests.telegram_bot import RunningBot, texts


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Hallo", SmallTalk.GREETING), ("hallo!!", SmallTalk.GREETING), ("Guten Morgen", SmallTalk.GREETING),
        ("hi hi hi", SmallTalk.GREETING), ("Grüß Gott", SmallTalk.GREETING), ("Good evening!", SmallTalk.GREETING),
        ("Danke!", SmallTalk.THANKS), ("Vielen Dank dir", SmallTalk.THANKS), ("thanks a lot", SmallTalk.THANKS),
        ("Wer bist du?", SmallTalk.ABOUT), ("WAS KANNST DU?", SmallTalk.ABOUT),
        ("was kannst du denn so", SmallTalk.ABOUT),
        ("what can you do?", SmallTalk.ABOUT), ("Who are you?", SmallTalk.ABOUT), ("Hilfe", SmallTalk.ABOUT),
        ("Wie viele Artikel kennst du?", SmallTalk.COUNT), ("how many articles are there?", SmallTalk.COUNT),
        ("???", SmallTalk.NOISE), ("😀👍", SmallTalk.NOISE), ("…", SmallTalk.NOISE),
    ],
)  # fmt: skip
def test_small_talk(said: str, kind: SmallTalk) -> None:
    assert small_talk(said) is kind


@pytest.mark.parametrize(
    "question",
    [
        "Wer ist Gouverneur?", "Danke, und wann?", "Und wann?", "Was ist das Ziel?", "Was kann die neue Brücke tragen?",
        "Wie heißt der Bürgermeister?", "Hallo, wer ist Gouverneur der Region Perm?", "Wer sind sie?", "Was ist das?",
        "Wie viele Artikel verkauft der Laden?", "Wie geht es mit dem Hallenbad weiter?", "2024", "Perm", "Who is he?",
        "Was weiß die Polizei?", "Was kannst du über Perm sagen?",
        "", "  \n",
    ],
)  # fmt: skip
def test_what_may_be_a_question_is_none(question: str) -> None:
    assert small_talk(question) is None


def test_names_of_people_with_an_office() -> None:
    text = "Am Landgericht Weimar. Gouverneur der Region Perm Dmitri Machonin traf Staatsrätin Wiebke Ahlers-Tönnies."
    assert names_in(text) == ("Dmitri Machonin", "Wiebke Ahlers-Tönnies")


class Scripted:
    """Answers "Wer ist …?" from the articles that say it."""

    def __init__(self, *documents: Document) -> None:
        self._documents = documents

    def __call__(self, question: str) -> Answer:
        name = question.removeprefix("Wer ist ").removeprefix("Who is ").removesuffix("?")
        for document in self._documents:
            if name in document.text and "unsicher" not in document.text:
                return Answer(question, "Gouverneur", 0.9, document=document)
        return Answer(question, None, 0.1)


def test_only_what_is_answered_is_suggested() -> None:
    told = [Document(f"Es kam Gouverneur {name}.", published=f"2024-01-0{i}", id=i) for i, name in
            enumerate(("Anna Ott", "Bert Alt", "Carla Neu", "Dora Rau"), 1)]  # fmt: skip
    unsure = Document("Ganz unsicher ist Gouverneur Emil Sehr.", published="2025-01-01", id=9)
    found = suggest([*told, unsure], Scripted(*told, unsure))
    assert [str(question) for question in found] == [f"Wer ist {n}?" for n in ("Dora Rau", "Carla Neu", "Bert Alt")]


ARTICLE = Document("Es kam Gouverneur Anna Ott. Sie blieb zwei Tage.", title="Besuch", path="/besuch")


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    reader = ScriptedReader({"Wer ist Anna Ott?": "Gouverneur", "Wie lange blieb sie?": "zwei Tage"}, margin=9.0)
    return Collection(tmp_path / "home", embedder=HashEmbedder(), reader=reader)


def test_a_collection_answers_small_talk_without_its_articles(collection: Collection) -> None:
    with collection:
        collection.add_document(ARTICLE)
        talk = Conversation(collection)
        assert talk.ask("Wie lange blieb sie?").text == "zwei Tage"
        answer = talk.ask("Danke!")
        assert (answer.text, answer.small_talk, answer.article_count) == (None, SmallTalk.THANKS, 1)
        assert [str(question) for question in answer.suggestions] == ["Wer ist Anna Ott?"]
        assert not answer.is_missed
        assert talk.last is not None and talk.last.text == "zwei Tage"  # the talk goes on from there
        assert talk.ask("Wie hoch ist der Mond?").is_missed


def test_how_it_looks() -> None:
    kind, suggested = SmallTalk.GREETING, ("Wer ist <Anna>?",)
    answer = Answer("Hallo", None, 0.0, small_talk=kind, article_count=10, suggestions=suggested)
    assert one_line(answer, "de").startswith("Guten Tag!") and "\n" not in one_line(answer, "de")
    assert to_text(answer, "de").plain.splitlines()[1:] == ["Fragen Sie zum Beispiel:", "  Wer ist <Anna>?"]
    assert "10 articles" in to_text(answer, "en").plain
    assert "Wer ist &lt;Anna&gt;?" in to_html(answer, "de")
    empty = Answer("Hallo", None, 0.0, small_talk=kind)
    assert "fundstelle index" in to_text(empty, "de").plain


def test_in_the_terminal_nothing_is_missed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Collection, "embedder", HashEmbedder())
    monkeypatch.setattr(Collection, "reader", ScriptedReader({}))
    (tmp_path / "a.txt").write_text(ARTICLE.text)
    fundstelle("index", str(tmp_path / "a.txt"))
    assert fundstelle("ask", "Hallo").stdout.startswith("Guten Tag! Fragen Sie mich etwas zu den Artikeln")
    told = json.loads(fundstelle("ask", "Was kannst du?", "--json").stdout)
    assert (told["answer"]["text"], told["small_talk"]) == (None, "about")
    fundstelle("ask", "Wie hoch ist der Mond?")
    (missed,) = json.loads(fundstelle("missed", "--json").stdout)["missed"]
    assert missed["question"] == "Wie hoch ist der Mond?"


def test_on_telegram_it_has_no_buttons(api: BotApi, bot: RunningBot) -> None:
    api.text("Hallo")
    assert texts(api, 1)[0].startswith("Guten Tag!")
    assert "reply_markup" not in api.sent()[-1]
