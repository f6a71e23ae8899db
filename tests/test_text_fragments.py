"""Links that open a web page at the quote."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.render.json import to_json
from bot.render.telegram import to_html
from bot.render.terminal import to_text
from retrieval.answer import Answer
from retrieval.answering.calibration import Calibrations
from retrieval.answering.text_fragments import address_at
from retrieval.collection import Collection
from retrieval.types import Document, Landmark, Passage
from tests.doubles import HashEmbedder, ScriptedReader

ADDRESS = "https://example.org/a"


def fragment(text: str, words: str, *, address: str = ADDRESS, title: str = "", last: bool = False) -> str:
    """What stands behind the address."""
    start = text.rindex(words) if last else text.index(words)
    found = address_at(Document(text, title=title, url=address), start, start + len(words))
    assert found.startswith(address)
    return found[len(address) :]


@pytest.mark.parametrize(
    ("words", "encoded"),
    [
        ("Nord-Süd", "Nord%2DS%C3%BCd"),
        ("4,5 Mio.", "4%2C5%20Mio."),
        ("A&B=C", "A%26B%3DC"),
        ("50 % #1", "50%20%25%20%231"),
        ("„Ja“ a+b/c?", "%E2%80%9EJa%E2%80%9C%20a%2Bb%2Fc%3F"),
    ],
)
def test_what_has_a_meaning_in_an_address_is_encoded(words: str, encoded: str) -> None:
    assert fragment(f"Es hieß {words} im Rat.", words) == f"#:~:text={encoded}"


@pytest.mark.parametrize(
    ("text", "words", "whole"),
    [
        ("Die Mohnebrücke ist zu.", "Mohne", "Mohnebrücke"),
        ("Es kostet 4,5 Mio.", "5 Mio", "4,5 Mio"),
        ("Im (Rathaus).", "Rathaus", "Rathaus"),
        ("Im Rathaus .", " Rathaus ", "Rathaus"),
    ],
)
def test_whole_words_are_looked_for(text: str, words: str, whole: str) -> None:
    assert unquote(fragment(text, words)) == f"#:~:text={whole}"


TWICE = "Am Montag kamen 300 Menschen ins Rathaus.\nAm Dienstag kamen 300 Menschen, die „Hallo“ riefen."


def test_neighbours_tell_equal_quotes_apart() -> None:
    assert fragment(TWICE, "300") == "#:~:text=Am%20Montag%20kamen-,300,-Menschen%20ins%20Rathaus."
    # "%2C" is the comma behind "Menschen".
    second = fragment(TWICE, "300", last=True)
    assert second == "#:~:text=Am%20Dienstag%20kamen-,300,-Menschen%2C%20die%20%E2%80%9EHallo%E2%80%9C"
    assert fragment(TWICE, "Rathaus") == "#:~:text=Rathaus"


def test_no_more_neighbours_than_are_needed() -> None:
    text = "Es kamen 300 Menschen in das alte Rathaus.\nEs kamen 300 Menschen in das neue Rathaus."
    assert unquote(fragment(text, "300", last=True)) == "#:~:text=Es kamen-,300,-Menschen in das neue Rathaus."
    longer = "Rot 300 a b c d e f\nGrün 300 a b c d e f"
    assert unquote(fragment(longer, "300")) == "#:~:text=Rot-,300,-a b c"


def test_at_the_end_of_a_line_only_one_side_is_named() -> None:
    assert unquote(fragment("Perm ist eine Stadt.\nDort liegt Perm", "Perm", last=True)) == "#:~:text=Dort liegt-,Perm"
    assert unquote(fragment("Perm ist eine Stadt.\nDort liegt Perm", "Perm")) == "#:~:text=Perm,-ist eine Stadt."


def test_the_headline_and_other_cases_count_and_parts_of_words_do_not() -> None:
    assert unquote(fragment("Die Brücke ist zu.", "Brücke", title="Neue Brücke")) == "#:~:text=Die-,Brücke,-ist zu."
    assert unquote(fragment("Rot war es. Er war rot.", "Rot")) == "#:~:text=Rot,-war es. Er"
    assert unquote(fragment("Rot war die Rotte.", "Rot")) == "#:~:text=Rot"


def test_a_long_quote_is_named_by_its_ends() -> None:
    words = " ".join(f"Wort{number}" for number in range(60))
    assert fragment(f"Es hieß: {words}.", words) == (
        "#:~:text=Wort0%20Wort1%20Wort2%20Wort3%20Wort4,Wort55%20Wort56%20Wort57%20Wort58%20Wort59"
    )
    assert unquote(fragment("Eins zwei.\nDrei vier.", "zwei.\nDrei")) == "#:~:text=zwei.,Drei"


@pytest.mark.parametrize(
    ("address", "behind"),
    [
        ("https://example.org/a?b=1#teil", ":~:text=Rathaus"),
        ("https://example.org/a#:~:text=Markt", ""),
        ("https://example.org/a#teil:~:text=Markt", ""),
        ("/artikel/a.html", ""),
        ("", ""),
        ("https://example.org/" + "a" * 1990, ""),
    ],
)
def test_addresses_that_have_fragments_or_lead_nowhere(address: str, behind: str) -> None:
    assert fragment("Im Rathaus.", "Rathaus", address=address) == behind


def test_a_pdf_has_no_words_to_lead_to() -> None:
    document = Document("Im Rathaus.", url=ADDRESS, landmarks=(Landmark(0, page=1),))
    assert address_at(document, 3, 10) == ADDRESS


@given(st.text(max_size=60), st.data())
def test_any_text_gives_an_address_that_says_what_stands_there(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    found = address_at(Document(text, url=ADDRESS), start, end)
    if not text[start:end].strip():
        assert found == ADDRESS
        return
    assert re.fullmatch(r"https://example\.org/a#:~:text=[\w.~%,-]+", found, re.ASCII)
    parts = found.partition("text=")[2].split(",")
    named = [unquote(part) for part in parts if not part.startswith("-") and not part.endswith("-")]
    assert len(named) in (1, 2)
    squeezed = " ".join(text.encode("utf-8", "replace").decode().split())
    assert all(name in squeezed for name in named)


# Where they are shown

DOCUMENT = Document("Der Zug hält in Ulm.", title="Bahn", url=ADDRESS, id=1)
LINK = f"{ADDRESS}#:~:text=in%20Ulm"


def test_an_answer_leads_to_its_quote() -> None:
    passage = Passage(DOCUMENT.text, 0, 20, 0, 0, id=1, document_id=1)
    answer = Answer("Wo?", "in Ulm", 0.9, 13, 19, DOCUMENT, passage, link=LINK).without_texts()
    assert f'<a href="{LINK}"><i>Bahn</i></a>' in to_html(answer, "de")
    assert LINK in to_text(answer, "de").plain.splitlines()
    shown = to_json(answer)["answer"]
    assert (shown["link"], shown["document"]["url"]) == (LINK, ADDRESS)
    # Of an answer that is no quote, the article's address is shown.
    assert to_json(replace(answer, link=""))["answer"]["link"] == ADDRESS
    assert to_json(Answer("Wo?", None, 0.1))["answer"]["link"] is None


def test_what_is_asked_of_a_collection_leads_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Collection, "calibrations", Calibrations())
    with Collection(tmp_path, embedder=HashEmbedder(), reader=ScriptedReader({"Wo hält der Zug?": "in Ulm"})) as found:
        found.indexer.index_documents([replace(DOCUMENT, path="/artikel/bahn.html")])
        answer = found.ask("Wo hält der Zug?")
        assert (answer.text, answer.link) == ("in Ulm", LINK)
        assert found.ask("Wer fährt?").link == ""
