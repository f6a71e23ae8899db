"""Memory is counted in bytes: articles may be long, and what is kept beside the database is not."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.render.json import to_json
from bot.render.telegram import passages_html, to_html
from bot.render.terminal import to_text
from retrieval.answer import Alternative, Answer
from retrieval.answering.answerer import Answerer
from retrieval.answering.conversation import Conversation
from retrieval.collection import Collection
from retrieval.language import compounds, detection, terms
from retrieval.store import near_duplicates
from retrieval.store.store import Store
from retrieval.types import Document, Filter, Hit, Landmark, Passage, Segments
from tests.botapi import BotApi
from tests.collection import passages_of, sentences_of
from tests.doubles import HashEmbedder, ScriptedReader
from tests.telegram_bot import RunningBot

MB = 1_000_000
QUESTION = "Was beginnt in Brest?"
BEGIN = "In Brest beginnt die Messe.\nSie zeigt Maschinen aus Minsk.\nDer Eintritt kostet 3 Euro."
#: An article of 20 MB, of which the beginning is searched.
LONG = BEGIN + "\n" + "Halle 7 zeigt Maschinen. " * (20 * MB // 25)


@contextmanager
def at_most(kept: int, peak: int) -> Iterator[None]:
    """What the block leaves in memory, and what it takes meanwhile, in bytes."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        yield
        after, highest = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < kept
    assert highest - before < peak


def fill(home: Path, *texts: str) -> None:
    embedder = HashEmbedder()
    sentences = sentences_of(BEGIN)
    passages = passages_of(BEGIN, sentences)
    segments = Segments(sentences, passages, tuple(compounds.all_terms(passage.text) for passage in passages))
    vectors = embedder.embed_texts([sentence.text for sentence in sentences])
    with Store(home) as store:
        for number, text in enumerate(texts):
            document = Document(text, f"Messe {number}", "BelTA", path=f"/messe{number}.txt")
            store.put(document, segments, vectors, signature=embedder.signature)


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[Answerer]:
    fill(tmp_path, LONG)
    with Collection(tmp_path, embedder=HashEmbedder(), reader=ScriptedReader({QUESTION: "die Messe"})) as collection:
        collection.ask(QUESTION)  # all that is loaded once
        yield collection.answerer


def test_conversations_keep_what_a_follow_up_needs(asked: Answerer) -> None:
    conversations = [Conversation(asked) for _ in range(10)]
    with at_most(kept=MB, peak=160 * MB):
        for conversation in conversations:
            assert conversation.ask(QUESTION).text == "die Messe"
    assert all(conversation.last and conversation.last.text == "die Messe" for conversation in conversations)


def test_a_bot_keeps_no_articles(api: BotApi, asked: Answerer, tmp_path: Path) -> None:
    with RunningBot(tmp_path, api.url, asked):  # type: ignore[arg-type]
        api.text(QUESTION, user=1)
        api.wait(lambda: len(api.sent()) == 1)
        with at_most(kept=5 * MB, peak=160 * MB):
            for user in range(2, 52):
                api.text(QUESTION, user=user)
            api.wait(lambda: len(api.sent()) == 51, 60)
            api.text("/sources", user=1)
            api.wait(lambda: len(api.sent()) == 52)
    assert all("die Messe" in message["text"] for message in api.sent()[:51])


def test_a_listing_holds_one_article_at_a_time(tmp_path: Path) -> None:
    fill(tmp_path, *(f"{BEGIN}\n{'Halle' * (MB // 2)} {number}" for number in range(4)))
    with Collection(tmp_path, embedder=HashEmbedder()) as collection:
        with at_most(kept=MB, peak=25 * MB):
            titles, count = collection.titles(Filter(words=("messe",)), most=3)
        assert [document.title for document in titles] == ["Messe 0", "Messe 1", "Messe 2"]
        assert (count, {document.text for document in titles}) == (4, {""})
        assert collection.titles(most=9, copies=False)[1] == collection.article_count()


def test_what_is_remembered_of_texts_is_short() -> None:
    recent = near_duplicates._Recent(near_duplicates._shingles, most=5, budget=MB)
    texts = [" ".join(f"{number} Wort{word}" for word in range(20_000)) for number in range(8)]
    recent(texts[0])
    with at_most(kept=MB, peak=20 * MB):
        for text in texts:
            recent(text + ".")  # a text that only the cache could keep
    first = recent(texts[0])
    assert recent(texts[0]) is first
    for number in range(5):
        recent(f"Text {number}")
    assert recent(texts[0]) is not first


def test_what_is_no_word_fills_no_cache() -> None:
    text = " ".join(f"{number:x}" * 200 for number in range(1, 2_000))
    compounds.all_terms("Ein Text."), detection.text_language("Ein Text.")
    terms.keyword_term.cache_clear()
    with at_most(kept=MB, peak=30 * MB):
        for begin in range(0, len(text), 4_000):
            compounds.all_terms(text[begin : begin + 4_000])
            detection.text_language(text[begin : begin + 4_000])


def test_a_light_answer_shows_what_a_whole_one_does() -> None:
    landmarks = tuple(Landmark(start, page, f"Kapitel {page}") for page, start in enumerate((5, 20, 40)))
    document = Document(BEGIN, "Messe", "BelTA", landmarks=landmarks, id=3)
    (passage,) = [Passage(BEGIN[24:], 24, len(BEGIN), 0, 1, document_id=3)]
    other = Alternative("Minsk", 51, 56, document, passage, 0.5)
    hits = (Hit(passage, document, 1.0, copies=(document,)),)
    whole = Answer(QUESTION, "Sie", 0.9, 28, 31, document, passage, hits, copies=(document,), alternatives=(other,))
    light = whole.without_texts()
    assert {light.document.text, light.hits[0].document.text, light.alternatives[0].document.text} == {""}
    assert (to_html(light, "de"), passages_html(light, "de")) == (to_html(whole, "de"), passages_html(whole, "de"))
    assert str(to_text(light, "de")) == str(to_text(whole, "de"))
    assert [to_json(answer)["answer"]["heading"] for answer in (light, whole)] == ["Kapitel 1"] * 2
    nothing = Answer(QUESTION, None, 0.1, hits=hits)
    assert to_html(nothing.without_texts(), "de") == to_html(nothing, "de")
