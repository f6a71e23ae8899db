"""What is suggested is answered: each question is asked before it is shown. And so are the examples that are printed.

The embedded models answer some 60 questions here, most of them to find out what can be suggested: on an idle machine
with two cores that takes about ten seconds. When the models or the samples change, a printed example that is no longer
answered needs another one in its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.access.requests import Question
from bot.cli.chat_greeting import written_examples
from bot.render.wording import silence_lines
from retrieval import Answer, Collection, Conversation, Document, Filter
from retrieval.answering.suggestions import suggest
from retrieval.messages import LANGUAGES, in_language
from tests.conftest import ROOT
from tests.documents import PAGES, page
from tests.doubles import HashEmbedder, ScriptedReader

DATA = ROOT / "tests" / "data" / "suggestions"
COLLECTIONS = {"seeds": ROOT / "seeds", **{path.name: path for path in sorted(DATA.iterdir())}}
#: Shown in the documents as what the articles do not say.
UNANSWERED = {"Wie hoch ist die Arbeitslosenquote in Minsk?"}


@pytest.fixture(scope="module")
def collections(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Collection]]:
    """A collection of each folder; all share the models."""
    opened: dict[str, Collection] = {}
    for name, folder in COLLECTIONS.items():
        first = next(iter(opened.values()), None)
        models = {} if first is None else {"embedder": first.embedder, "reader": first.reader}
        opened[name] = Collection(tmp_path_factory.mktemp(name), **models)  # type: ignore[arg-type]
        opened[name].index([folder])
    yield opened
    for collection in opened.values():
        collection.close()


@pytest.mark.parametrize("name", COLLECTIONS)
def test_suggestions_of_a_collection_are_answered(collections: dict[str, Collection], name: str) -> None:
    collection = collections[name]
    talk = Conversation(collection)
    greeting = talk.ask("Hallo")
    for language in LANGUAGES:
        shown = [line.strip() for line in silence_lines(greeting, language)[2:]]
        assert shown == [in_language(question, language) for question in greeting.suggestions]
        for question in shown:
            assert talk.ask(question).text is not None, question
    examples = collection.answered(written_examples(collection.documents(), "en"))
    assert all(Conversation(collection).ask(question).text is not None for question in examples)


def test_there_is_something_to_suggest(collections: dict[str, Collection]) -> None:
    assert any(collection.suggestions() for collection in collections.values())


def test_printed_examples_are_answered_by_the_samples(collections: dict[str, Collection]) -> None:
    printed = {question for name in PAGES for question in _examples(page(name))}
    printed |= set(re.findall("„([^“]+[?])“", str(Question.__metadata__[0].description)))
    assert len(printed) > 4
    alone = {question for question in printed if not question.startswith("Und ")}  # that goes on from another
    silent = {question for question in alone if collections["seeds"].ask(question).text is None}
    assert silent <= UNANSWERED


def _examples(text: str) -> Iterator[str]:
    """The questions in commands, in Python and in what somebody is told to type."""
    for pattern in (r'\bask "([^"]+\?)"', r'\.ask(?:_all)?\("([^"]+\?)"', r"q=([^\"&]+\?)\"", r"Ask: \*([^*]+\?)\*"):
        yield from re.findall(pattern, text)


# By construction


def test_a_question_is_suggested_as_it_is_answered() -> None:
    names = ("Anna Ott", "Bert Alt")
    articles = [Document(f"Es kam Gouverneur {name}.", id=number) for number, name in enumerate(names, 1)]

    def ask(question: str) -> Answer:
        if question in ("Wer ist Anna Ott?", "Wer ist Bert Alt?", "Who is Bert Alt?"):
            document = articles["Bert" in question]
            return Answer(question, "Gouverneur", 0.9, document=document)
        return Answer(question, None, 0.1)

    found = suggest(articles, ask)
    assert [in_language(question, "de") for question in found] == ["Wer ist Bert Alt?", "Wer ist Anna Ott?"]
    assert [in_language(question, "en") for question in found] == ["Who is Bert Alt?", "Wer ist Anna Ott?"]
    sure = suggest(articles, lambda question: replace(ask(question), confidence=0.59))
    assert sure == ()


def test_within_a_filter_only_what_its_articles_answer(tmp_path: Path) -> None:
    names = {"Anna Ott": "dpa", "Bert Alt": "BelTA"}
    reader = ScriptedReader({f"{word} {name}?": "Gouverneur" for name in names for word in ("Wer ist", "Who is")})
    with Collection(tmp_path, embedder=HashEmbedder(), reader=reader) as collection:
        collection.indexer.index_documents(
            [Document(f"Es kam Gouverneur {name}.", title=name, source=names[name], path=f"/{name}") for name in names]
        )
        talk = Conversation(collection)
        assert len(talk.ask("Hallo").suggestions) == 2
        talk.within = Filter(source="dpa")
        (question,) = talk.ask("Hallo").suggestions
        assert question == "Wer ist Anna Ott?" and talk.ask(question).text == "Gouverneur"
        talk.within = Filter(source="Reuters")
        assert talk.ask("Hallo").suggestions == ()


def test_examples_that_are_not_answered_are_not_shown(tmp_path: Path) -> None:
    reader = ScriptedReader({"Wer kam?": "Gouverneur"})
    with Collection(tmp_path, embedder=HashEmbedder(), reader=reader) as collection:
        collection.indexer.index_documents([Document("Es kam Gouverneur Ott.", path="/a")])
        assert collection.answered(["Wer ging?", "Wer kam?"]) == ["Wer kam?"]
        assert collection.answered(["Wer kam?"], Filter(source="dpa")) == []
