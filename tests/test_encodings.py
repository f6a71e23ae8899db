"""Encodings: German text comes out right or is refused, and what is right stays as it is."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.errors import LoadingError
from retrieval.loading.decoding import decode
from retrieval.loading.german_letters import IMPOSSIBLE, weight
from retrieval.loading.mojibake import mend
from retrieval.loading.normalise import clean

# Each has one letter beyond ASCII.
SENTENCES = (
    *("Das Hallenbad bleibt länger offen.", "Der Bär am Eingang kommt weg.", "Leiter Köhler sprach am Montag."),
    *("Das gilt auch für Kinder.", "Die Straße bleibt gesperrt.", "Überall wird gebaut.", "Der Rat tagt öffentlich."),
    *("Der ältere Plan galt bis Mai.", "Äpfel kosten drei Euro.", "Österreich liefert Strom.", "Er kam aus MÜNCHEN."),
    *("Der Fuß schmerzt.", "Das war übrig.", "Die Stadt liegt im Süden.", "Der Weg ist weiß.", "Ein Ölfund in Celle."),
    *("Sie trafen sich im Café am Markt.", "Die Löhne steigen.", "Das Schloß wird verkauft.", "Zwei Räte fehlten."),
)
OLD = ("cp1252", "latin-1", "iso8859-15", "cp850", "cp437", "mac_roman")
LONG = (
    "„Das ist ein schöner Tag“, sagte Bürgermeister Jürgen Weiß – für 5 € Eintritt. Die Größe des Gebäudes überrascht "
    "nach § 3 alle… Äcker und Wälder gehören dazu, 20 °C sind üblich.\nZweite Zeile über Öl."
)


def outcome(raw: bytes, *, charset: str = "") -> str:
    try:
        return decode(raw, "a.txt", charset=charset)
    except LoadingError:
        return "refused"


@pytest.mark.parametrize(
    "file", sorted((Path(__file__).parent / "data" / "encodings").iterdir()), ids=lambda file: file.stem
)
def test_files_in_many_encodings(file: Path) -> None:
    text = clean(outcome(file.read_bytes()))
    assert set(text) - set(map(chr, range(128))) <= set("äöüßÄÖÜ„“")
    words = ("für", "Brücke", "Stadträte", "Weiß") if "Brücke" in text else ("länger", "Bär", "Köhler")
    assert all(word in text for word in words)


@pytest.mark.parametrize("encoding", OLD)
def test_one_letter_is_enough_or_the_file_is_refused(encoding: str) -> None:
    outcomes = [outcome(sentence.encode(encoding)) for sentence in SENTENCES]
    assert all(found in (sentence, "refused") for found, sentence in zip(outcomes, SENTENCES, strict=True))
    assert outcomes.count("refused") <= 2


@pytest.mark.parametrize("encoding", [*OLD, "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_texts_in_old_and_wide_encodings_without_a_mark(encoding: str) -> None:
    raw = LONG.encode(encoding, "ignore")
    assert outcome(raw) == raw.decode(encoding)


@pytest.mark.parametrize("encoding", ["cp1252", "cp850", "mac_roman"])
@pytest.mark.parametrize("order", [1, -1])
def test_utf_8_and_an_old_encoding_in_one_file(encoding: str, order: int) -> None:
    lines = ["Die Gemüsehändler begrüßen die Änderung.", "Das Wasser bleibt wärmer als üblich."]
    raw = b"\n".join([lines[0].encode(), lines[1].encode(encoding)][::order])
    assert outcome(raw) == "\n".join(lines[::order])


@pytest.mark.parametrize("wrong", ["latin-1", "cp1252", "mac_roman", "cp850", "cp437"])
@pytest.mark.parametrize("times", [1, 2, 3])
def test_encoded_more_than_once(wrong: str, times: int) -> None:
    text = "Grünes Licht für die Straße über den Fluß, „schön“ – für 5 €."
    for sentence in (text, "Das Hallenbad bleibt länger offen.", "Er kam – und ging."):
        raw = sentence.encode()
        for _ in range(times if wrong in ("latin-1", "cp1252") else 1):
            # Bytes that Windows lacks become control characters, as programs have it.
            raw = "".join(
                chr(byte)
                if byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D) and wrong == "cp1252"
                else bytes([byte]).decode(wrong)
                for byte in raw
            ).encode()
        assert outcome(raw) == sentence


def test_only_some_lines_were_encoded_twice() -> None:
    raw = "Die Größe überrascht.\nDie StÃ¤dte wachsen.\nSchön für alle.".encode()
    assert outcome(raw) == "Die Größe überrascht.\nDie Städte wachsen.\nSchön für alle."


@pytest.mark.parametrize(
    "text",
    [
        "Aus „für“ wird „fÃ¼r“, wenn das Programm den falschen Zeichensatz wählt.",
        "Steht im Text Ã¼, so wurde er zweimal kodiert. Das geschieht häufig.",
        "Telefónica und Viktor Orbán", "Goiás", "Tomašević trifft Dušan", "Das kostet 3 £ oder ½ €.", "São Paulo", "√2",
        "A⇒B ≠ Ω", "Ein Satz in „Anführung“ …", "Привет, Москва", "שלום", "Łódź", "20 °C", "PREIS: 5 €",
    ],
)  # fmt: skip
def test_right_text_stays(text: str) -> None:
    assert outcome(text.encode()) == text
    assert mend(text) == text


def test_an_old_encoding_saved_as_another() -> None:
    for right, wrong in (("cp850", "cp1252"), ("mac_roman", "cp1252"), ("cp1252", "mac_roman")):
        sentence = "Das Hallenbad bleibt länger offen."
        assert outcome(sentence.encode(right).decode(wrong).encode()) == sentence


def test_a_word_and_a_quotation_mark_that_look_like_utf_8() -> None:
    assert outcome("Er sagte: Spaß“ und ging.".encode("cp1252")) == "Er sagte: Spaß“ und ging."


def test_what_is_stated_decides_where_both_fit() -> None:
    raw = "…".encode("cp1252")
    assert outcome(raw) == "refused"
    assert outcome(raw, charset="iso-8859-1") == "…"
    danish = "Bøger på dansk, læst af børn i en bygd på øen Ærø, æøå.".encode("latin-1")
    assert outcome(danish, charset="iso-8859-1") == danish.decode("latin-1")
    russian = "Президент Беларуси".encode("cp1251")
    assert outcome(russian, charset="windows-1251") == "Президент Беларуси"
    assert outcome("Größe".encode("cp1252"), charset="us-ascii") == "Größe"


@pytest.mark.parametrize("raw", [b"\0" * 64, b"a\0" * 9 + b"b", b"MZ\0\0\x01\0" * 99, b"\x89PNG\0\0\0\r" * 9])
def test_zeros_that_are_no_text(raw: bytes) -> None:
    assert outcome(raw) == "refused"


@pytest.mark.parametrize(
    ("before", "character", "after"),
    [("l", "„", "n"), ("l", "Š", "n"), ("m", "Ü", "n"), ("a", "³", "b"), ("K", "ö", "L"), ("x", "\x84", "y")],
)  # fmt: skip
def test_what_stands_nowhere_in_german_text(before: str, character: str, after: str) -> None:
    assert weight(before, character, after) < 0


@given(st.text(max_size=5), st.characters(min_codepoint=0x80), st.text(max_size=5))
def test_weights_have_their_range(before: str, character: str, after: str) -> None:
    assert IMPOSSIBLE <= weight(before, character, after) <= 2.0


@given(st.binary(max_size=200))
def test_any_bytes_give_text_that_can_be_stored(raw: bytes) -> None:
    assert outcome(raw).encode() is not None


@pytest.mark.parametrize(
    "piece", [b"f\xc3\x83\xc2\xbcr ", b"\xfc", "Größe ".encode("cp1252"), b"a\xdf\x93", b"\xc3\x83", b"G\0r\0", b"\x84"]
)
def test_time_grows_with_the_size(piece: bytes) -> None:
    started = time.process_time()
    outcome(piece * (1_000_000 // len(piece) // 2 * 2))
    assert time.process_time() - started < 3
