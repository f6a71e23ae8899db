"""What files say of their articles: headers of all kinds, bylines and datelines; and what says nothing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from retrieval.dates import iso_date
from retrieval.loading.documents import Member, read_documents
from retrieval.loading.headers import MAX_HEADER_CHARS, front_matter
from retrieval.loading.metadata import stated_in_text
from retrieval.loading.parsed import Skipped
from retrieval.types import Document

HEADERS = Path(__file__).parent / "data" / "front-matter"
BODY = "Der Radweg am Kanal wird im Juli fertig. Er ist sieben Kilometer lang."


def read(text: str, name: str = "a.md") -> tuple[Document, list[str]]:
    """The article, and what is said of it that could not be used."""
    found = list(read_documents(text.encode(), name))
    (document,) = (item.document for item in found if isinstance(item, Member))
    return document, [f"{item.what} {item.why}" for item in found if isinstance(item, Skipped)]


@pytest.mark.parametrize(
    ("name", "title", "published", "author"),
    [
        ("hugo", "Radweg am Kanal", "2024-05-17", "Erika Muster"),
        ("jekyll", "Radweg am Fluss", "2024-05-17", "Erika Muster"),
        ("pandoc", "Radweg am See", "2024-05-17", "Erika Muster"),
        ("rfc", "Radweg am Wald", "2024-05-17", ""),
        ("kommentar", "Radweg am Berg", "2024-05-17", ""),
        ("jaenner", "Radweg am Hang", "2024-01-17", ""),
        ("monat", "Radweg am Dorf", "", ""),
    ],
)
def test_headers_of_several_programs(name: str, title: str, published: str, author: str) -> None:
    document, skipped = read((HEADERS / f"{name}.md").read_text(encoding="utf-8"))
    assert (document.title, document.published, document.author) == (title, published, author)
    assert document.text.startswith("Der Radweg am ") and document.text.count("\n") == 0
    assert skipped == (["Datum „Mai 2024“ nennt keinen Tag, der zu verstehen ist"] if name == "monat" else [])


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("---\ntitle: 'A: B' # x\nauthors:\n  - name: Anna Müller\n    mail: a@b.de\n  - Eva Ö.\ntags: [a, b]\n---\n",
         {"title": "A: B", "author": "Anna Müller, Eva Ö."}),
        ("---\ntitle: |\n  Zwei\n  Zeilen\nauthor:\n  name: Anna Müller\ndate: null\n...\n",
         {"title": "Zwei Zeilen", "author": "Anna Müller"}),
        ("---\n# nur ein Kommentar\nTitel: A: B: C\nDatum: 17.05.\nJahr: 2024\n---\n",
         {"title": "A: B: C", "published": "17.05. 2024"}),
        ("---\ntitle: A\nsource: https://a.example/b\n---\n", {"title": "A", "url": "https://a.example/b"}),
        ("---\na: &x [b, b]\ntitle: T\nc: {<<: *x}\n---\n", {"title": "T"}),
        ("---\n" + "".join(f"feld{number}: wert\n" for number in range(400)) + "title: Lang\n---\n", {"title": "Lang"}),
        ('+++\ntitle = "A"\ndate = 2024-05-17\n[params]\nauthor = "Eva Ö."\n[[x]]\ny = 1\n+++\n',
         {"title": "A", "published": "2024-05-17", "author": "Eva Ö."}),
        ('+++\ntitle = "A"\nauthors = ["Eva", "Ida"]\ndate = 17.5.2024\n+++\n',
         {"title": "A", "published": "17.5.2024"}),
        ('{"title": "A", "date": "2024-05-17", "author": {"name": "Eva"}}\n\n',
         {"title": "A", "published": "2024-05-17", "author": "Eva"}),
        ("% Ein Titel\n  geht weiter\n% Eva Ö.; Ida V.\n% 17. Mai 2024\n",
         {"title": "Ein Titel geht weiter", "author": "Eva Ö., Ida V.", "published": "17. Mai 2024"}),
        ("% Nur Titel\n%\n% 2024-05-17\n\n", {"title": "Nur Titel", "published": "2024-05-17"}),
        ("Title: A\nDate: 2024-05-17\nTags: a, b\nAuthor: Eva\n\n",
         {"title": "A", "published": "2024-05-17", "author": "Eva"}),
        ("titel: A\nautor: Von Eva Ö.\ndatum: Freitag, 17. Mai 2024\n---\n",
         {"title": "A", "author": "Eva Ö.", "published": "Freitag, 17. Mai 2024"}),
        ("Quelle: Bote\nDatum: 17. Mai 2024\n\n", {"source": "Bote", "published": "17. Mai 2024"}),
    ],
)  # fmt: skip
def test_header_forms(header: str, expected: dict[str, str]) -> None:
    fields, rest = front_matter(header + BODY)
    if "date = 17.5" in header:  # no TOML: a list is not understood then
        fields.pop("author")
    assert (fields, rest.strip()) == (expected, BODY)


@pytest.mark.parametrize(
    "text",
    [
        "---\nEin Absatz.\n\nHinweis: dies.\n---\nText.", "+++\nEin Text.\n+++\nMehr.", "{Klammer} am Anfang.\n\nText.",
        "%\n\nText.", "% Titel allein", "50 % mehr.\n\nText.", "Frage: Wer kam?\nAntwort: Niemand.\n\nText.",
        "Titel: Das ist einer.\nUnd hier geht es weiter.\n\nText.", "Von: wegen!\n\nText.", '["a"]\nText.',
        "---\ntitle: A\n" + "x" * MAX_HEADER_CHARS + ": b\n---\nText.",
    ],
)  # fmt: skip
def test_what_is_no_header(text: str) -> None:
    assert front_matter(text) == ({}, text)


@pytest.mark.parametrize(
    ("line", "source", "published", "author"),
    [
        ("Tagfunk, 19. Juli 2024", "Tagfunk", "2024-07-19", ""),
        ("Märkische Allgemeine, 17.05.2024", "Märkische Allgemeine", "2024-05-17", ""),
        ("Freitag, 17. Mai 2024", "", "2024-05-17", ""),
        ("Fr., 17. Mai 2024, 8.30 Uhr", "", "2024-05-17", ""),
        ("Berlin, 17. Mai 2024", "", "2024-05-17", ""),
        ("Frankfurt am Main, den 17. Mai 2024", "", "2024-05-17", ""),
        ("Ausgabe 20, 17. Mai 2024", "", "2024-05-17", ""),
        ("Nr. 20 vom 17. Jänner 2024", "", "2024-01-17", ""),
        ("Stand: 17.05.2024, 10:30 Uhr", "", "2024-05-17", ""),
        ("Veröffentlicht am 17. Mai 2024 um 8.30 Uhr", "", "2024-05-17", ""),
        ("Von Anna Müller", "", "", "Anna Müller"),
        ("Von Anna Müller, dpa", "dpa", "", "Anna Müller"),
        ("Von Anna Müller und Peter von der Heide (epd)", "epd", "", "Anna Müller und Peter von der Heide"),
        ("Von Anna Müller, 17. Mai 2024", "", "2024-05-17", "Anna Müller"),
        ("Bonn, 17. Mai 2024 – Der Senat tagt.", "", "2024-05-17", ""),
        ("Minsk, 3. Juni 2024. /BelTA/ – Der Handel", "BelTA", "2024-06-03", ""),
        ("Frankfurt am Main/Bad Homburg (dpa) - Die Stadt", "dpa", "", ""),
        ("Hamburg/Berlin (dpa/lno) – Die Stadt", "dpa", "", ""),
    ],
)
def test_lines_that_state_something(line: str, source: str, published: str, author: str) -> None:
    assert stated_in_text(f"Ein Titel\n\n{line}\n\n{BODY}") == (source, published, author)


@pytest.mark.parametrize(
    "line",
    [
        "Von Höhen und Tiefen", "Von Berlin nach Wien", "Am 3. Mai 2023 wurde gebaut.", "Neuer Bote, 17.05.",
        "Frankfurt (Oder) – Die Stadt", "Angela Merkel (CDU) – die Kanzlerin", "Hamburg (Freitag) - Der Rat",
        "Berlin (Ausgabe 20) – Der Rat", "Stand: Mai 2024", "© Bote, 17. Mai 2023",
        "Konzert mit dem Chor, 17. Mai 2024",
        "Der Flughafen Hamburg (HAM) - kurz", "Die Firma Beispiel (ABC) - kurz",
        "Der Stand vom 17. Mai 2024 gilt.", "Foto: dpa", "Halle (Saale) – Die Stadt",
    ],
)  # fmt: skip
def test_lines_that_state_nothing(line: str) -> None:
    assert stated_in_text(f"Ein Titel\n\n{line}\n\n{BODY}") == ("", "", "")


def test_a_title_is_no_byline() -> None:
    assert stated_in_text(f"17. Juni 1953\n\n{BODY}") == ("", "", "")
    assert stated_in_text(f"Von Neuen Ufern\n\n{BODY}") == ("", "", "")
    assert stated_in_text("Von Anna Müller") == ("", "", "")


def test_the_header_counts_more_than_the_text() -> None:
    document, _ = read(
        f"---\nauthor: Eva Ö.\ndate: 2024-01-02\n---\n# Titel\n\nVon Anna Müller, 17. Mai 2024\n\n{BODY}"
    )
    assert (document.author, document.published) == ("Eva Ö.", "2024-01-02")
    document, _ = read(f"# Titel\n\n*Von Anna Müller, 17. Mai 2024*\n\n{BODY}")
    assert (document.author, document.published) == ("Anna Müller", "2024-05-17")


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("17. Jänner 2024", "2024-01-17"), ("2. Feber 2024", "2024-02-02"), ("Freitag, den 17. Mai 2024", "2024-05-17"),
        ("Fri, 17 May 2024 08:30:00 +0200", "2024-05-17"), ("Fr, 17 Mai 2024 00:30:00 +0200", "2024-05-17"),
        ("Mi, 02 Okt 2024 10:00:00 GMT", "2024-10-02"), ("May 17, 2024", "2024-05-17"), ("17.05.24", "2024-05-17"),
        ("Fri May 17 08:30:00 2024 +0200", "2024-05-17"), ("2024/05/17", "2024-05-17"), ("17/05/2024", "2024-05-17"),
        ("20240517T083000Z", "2024-05-17"), ("Stand: 17.5.2024", "2024-05-17"), ("17. 5. 2024", "2024-05-17"),
        ("3/4/2024", ""), ("17.05.", ""), ("2024", ""), ("Sommer 2024", ""), ("17 May 2024 99:99", ""),
        ("32.1.2024", ""),
        ("17. Mario 2024", ""), ("1.5.99", "1999-05-01"), ("v17.5.2024", ""),
    ],
)  # fmt: skip
def test_dates(value: str, day: str) -> None:
    assert iso_date(value) == day


def test_characters_that_the_file_has_lost_are_told() -> None:
    document, skipped = read("Der B\ufffdr kommt f\ufffdr alle.", "a.txt")
    assert document.text == "Der B\ufffdr kommt f\ufffdr alle."
    assert skipped == ["Zeichen, die fehlen (2) stehen schon in der Datei als „\ufffd“"]


HOSTILE = {
    "brackets": "---\ntitle: " + "[" * 30_000 + "\n---\nText.",
    "merges": "---\na0: &a0 {x: y}\n" + "".join(
        f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n" for n in range(1, 40)) + "---\nText.",
    "anchors": "---\na0: &a0 [x]\n" + "".join(
        f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40)) + "authors: *a39\n---\nText.",
    "tables": "+++\n" + "[a.b.c.d.e.f]\n" * 4000 + "+++\nText.",
    "percent": "% a\n" + " b\n" * 50_000 + "Text.",
    "byline": "T\nVon " + "Anna " * 400_000 + "\nText.",
    "names": "T\n" + "A-" * 70 + ", 17\nText.",
    "dates": "T\n" + "17. Mai " * 18 + "\nText.",
    "date": "---\ndate: " + "17 May " * 5000 + "\n---\nText.",
    "keys": "Title: a\n" + "b: c\n" * 30_000 + "\nText.",
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_headers_take_no_time(kind: str) -> None:
    started = time.process_time()
    document, _ = read(HOSTILE[kind], "a.txt")
    assert document.text
    assert time.process_time() - started < 3
