"""Loading: what is understood, what is refused, and with which words."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.dates import iso_date
from retrieval.errors import LoadingError
from retrieval.index_report import SkippedPart
from retrieval.loading import MAX_FILE_BYTES, find_files, load_document, load_documents
from retrieval.loading.formats import known_types
from retrieval.loading.markup import read_markdown
from retrieval.loading.metadata import front_matter, source_and_date, title_line
from retrieval.loading.normalise import unwrap
from retrieval.types import Document
from tests.collection import as_nobody

SEEDS = Path(__file__).parents[1] / "seeds"
GERMAN = "Die Größe des Gebäudes überrascht: „Schön“, sagte der Bürgermeister – für 5 € Eintritt.\nDas ist alles."


def load(folder: Path, name: str, content: str | bytes) -> Document:
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load_document(file)


def refusal(path: Path) -> str:
    with pytest.raises(LoadingError) as caught:
        load_document(path)
    message = str(caught.value)
    assert "\n" not in message
    return message


# Text and front matter


def test_front_matter(tmp_path: Path) -> None:
    text = (
        "---\ntitle: Handel: Belarus und Perm\nsource: 'BelTA'\nurl: https://example.org/a?b=c\n"
        "published: 2024-05-17\ntags:\n  - Handel\nAutor: Eva Ö.\n"
        "---\n\nErster Absatz.\r\n\r\n\r\n\r\nZweiter Absatz.  \n"
    )
    assert load(tmp_path, "a.txt", text) == Document(
        text="Erster Absatz.\n\nZweiter Absatz.",
        title="Handel: Belarus und Perm",
        source="BelTA",
        url="https://example.org/a?b=c",
        published="2024-05-17",
        author="Eva Ö.",
        path=str(tmp_path / "a.txt"),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("---\ntitle: A\n---\nText", ({"title": "A"}, "Text")),
        ('\n---\nTitel: "A: B"\nQuelle: C\nDatum: 1.2.2024\n...\nText', (
            {"title": "A: B", "source": "C", "published": "1.2.2024"}, "Text")),
        ("---\ntitle:\nsource: \n---\nText", ({}, "Text")),
        ("---\ntitle: A\nText ohne Ende", ({}, "---\ntitle: A\nText ohne Ende")),
        ("---\nNur eine Linie.\n---\nText", ({}, "---\nNur eine Linie.\n---\nText")),
        ("Text\n---\ntitle: A\n---", ({}, "Text\n---\ntitle: A\n---")),
        ("---\ntitle: !!python/object:os.system x\n---\nText", ({"title": "!!python/object:os.system x"}, "Text")),
    ],
)  # fmt: skip
def test_front_matter_forms(text: str, expected: tuple[dict[str, str], str]) -> None:
    assert front_matter(text) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024-05-17", "2024-05-17"),
        ("2024-05-17T08:30:00+02:00", "2024-05-17"),
        ("17.5.2024", "2024-05-17"),
        ("17. Mai 2024", "2024-05-17"),
        ("1. März 2024, 8.00 Uhr", "2024-03-01"),
        ("3. Dez. 2023", "2023-12-03"),
        ("31. Februar 2024", ""),
        ("2024-13-01", ""),
        ("17. Foo 2024", ""),
        ("Mai 2024", ""),
        ("", ""),
    ],
)
def test_iso_date(value: str, expected: str) -> None:
    assert iso_date(value) == expected


def test_fields_that_cannot_be_used_stay_empty_and_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("---\nurl: javascript:alert(1)\npublished: neulich\n---\nEin Text.")
    date, address, document = load_documents(tmp_path / "a.txt")
    assert isinstance(document, Document)
    assert (document.url, document.published) == ("", "")
    assert isinstance(date, SkippedPart) and isinstance(address, SkippedPart)
    assert (date.what, date.why) == ("Datum „neulich“", "nennt keinen Tag, der zu verstehen ist")
    assert (address.what, address.why) == ("Adresse „javascript:alert(1)“", "ist keine Webadresse")


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Handel wächst\nDer Handel ist gewachsen.", "Handel wächst"),
        ("Was   bleibt?\n\nEin Text.", "Was bleibt?"),
        ("Der Handel ist gewachsen.\nDas ist gut.", "mein artikel"),
        ("Nur eine Zeile", "mein artikel"),
        ("MINSK (BelTA) - Der Handel\nist gewachsen", "mein artikel"),
        ("Wort " * 40 + "\nZweite Zeile.", "mein artikel"),
    ],
)
def test_title_without_front_matter(tmp_path: Path, text: str, title: str) -> None:
    assert load(tmp_path, "mein_artikel.txt", text).title == title


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MOSKAU, 17. Mai (BelTA) - Für Belarus", ("BelTA", "")),
        ("Berlin (dpa/bb) – Der Senat", ("dpa", "")),
        ("FRANKFURT/O., 3. Juni 2024 (Märkische Post) — Die Stadt", ("Märkische Post", "2024-06-03")),
        ("Minsk, 3. Juni. /BelTA/ – Der Handel", ("BelTA", "")),
        ("Handel wächst\n\nMINSK (BelTA) - Der Handel", ("BelTA", "")),
        ("Titel\nTagfunk, 19. Juli 2024\n\nREGENSBURG, 19. Juli (TF) - Beim Bau", ("Tagfunk", "2024-07-19")),
        ("BelTA | 17.05.2024\nText", ("BelTA", "2024-05-17")),
        ("Das Abkommen (siehe Anhang) ist fertig - endlich.", ("", "")),
        ("Der Minister (BelTA berichtete) - so heißt es", ("", "")),
        ("Der Vertrag (siehe Anhang) - ein Erfolg", ("", "")),
        ("Eins\nZwei\nDrei\nMINSK (BelTA) - Der Handel", ("", "")),
    ],
)
def test_source_and_date(text: str, expected: tuple[str, str]) -> None:
    assert source_and_date(text) == expected


def test_stated_source_wins_over_the_dateline(tmp_path: Path) -> None:
    assert load(tmp_path, "a.txt", "---\nsource: Archiv\n---\nMINSK (BelTA) - Der Handel wächst.").source == "Archiv"
    assert load(tmp_path, "b.txt", "MINSK (BelTA) - Der Handel wächst.").source == "BelTA"


def test_text_is_normalised_once(tmp_path: Path) -> None:
    text = "Gro\u0308ße\u00ad der Wirt\u00adschaft\u2028Zweite\x85Dritte\rVierte\x0cFünfte\u200b \ufeffSechste\x01"
    assert load(tmp_path, "a.txt", text).text == "Größe der Wirtschaft\nZweite\nDritte\nVierte\nFünfte Sechste"


def test_hard_wrapped_text_becomes_paragraphs() -> None:
    text = (
        "Handel wächst\n\n"
        "Der Handel zwischen Belarus und der Region Perm ist im\n"
        "vergangenen Jahr deutlich gewachsen. Die Zusammen-\n"
        "arbeit soll weitergehen, sagte der Botschafter in\n"
        "Moskau.\n"
        "- Ein Punkt\n\n"
        "Ein- und Ausfuhr stiegen um 5 Prozent, teilte das Amt\n"
        "mit."
    )
    assert unwrap(text).split("\n") == [
        "Handel wächst",
        "",
        "Der Handel zwischen Belarus und der Region Perm ist im vergangenen Jahr deutlich gewachsen. "
        "Die Zusammenarbeit soll weitergehen, sagte der Botschafter in Moskau.",
        "- Ein Punkt",
        "",
        "Ein- und Ausfuhr stiegen um 5 Prozent, teilte das Amt mit.",
    ]


@pytest.mark.parametrize(
    "text", ["Eins.\nZwei.\nDrei.", "Apfel\nBirne\nQuitte", "eins\nzwei\n" + "wort " * 30, "", "x"]
)
def test_other_lines_are_left_alone(text: str) -> None:
    assert unwrap(text) == text


# Markdown


def test_markdown_becomes_plain_text() -> None:
    page = read_markdown(
        '# Der *große* Ofen\n\nEin **fetter** Satz mit [Link](https://a.de "T") und `Code`,\nweiter hier.  \n'
        "Neue Zeile.\n\n## Zwei\n\n- Punkt *eins*\n- Punkt zwei\n\n1. Erstens\n\n> Ein Zitat.\n\n```python\nx = 1\n"
        "```\n\n![Bild](b.png)\n\n| A | B |\n|---|---|\n| 1 | **2** |\n\n---\n\n<div>Im <b>Kasten</b></div>\n\n"
        "Ein<br>Bruch &amp; ein <i>Tag</i>, \\*kein Stern\\*, 5 * 3 * 2.\n\n<!-- weg -->\n\n<script>x()</script>\n"
    )
    assert page.title == "Der große Ofen"
    assert page.text.split("\n") == [
        "Der große Ofen",
        "Ein fetter Satz mit Link und Code, weiter hier.",
        "Neue Zeile.",
        "Zwei",
        "Punkt eins",
        "Punkt zwei",
        "Erstens",
        "Ein Zitat.",
        "x = 1",
        "A | B",
        "1 | B: 2",
        "Im Kasten",
        "Ein",
        "Bruch & ein Tag, *kein Stern*, 5 * 3 * 2.",
    ]


def test_markdown_with_front_matter(tmp_path: Path) -> None:
    document = load(
        tmp_path, "a.md", "---\ntitle: Vorn\npublished: 2024-01-02\n---\n# Innen\n\nBr&uuml;cke u&#776;ber."
    )
    assert (document.title, document.published, document.text) == ("Vorn", "2024-01-02", "Innen\nBrücke über.")


# HTML

ARTICLE = """<!DOCTYPE html><html lang="de"><head><meta charset="{charset}"><title>Brücke fertig | Bote</title>
<meta property="og:title" content="Brücke fertig"><meta property="og:site_name" content="Bote">
<link rel="canonical" href="https://bote.example/bruecke"><meta name="date" content="2024-05-17"></head><body>
<nav><a href="/">Startseite</a></nav><article><h1>Brücke fertig</h1>
<p>Die neue Brücke über die Elbe ist seit gestern für den Verkehr freigegeben, teilte die Stadt mit.</p>
<p>Sie kostete 12,5 Millionen Euro und wurde in 18 Monaten gebaut, ein halbes Jahr schneller als geplant.</p>
</article><footer>Impressum</footer></body></html>"""
ARTICLE_TEXT = (
    "Die neue Brücke über die Elbe ist seit gestern für den Verkehr freigegeben, teilte die Stadt mit.\n"
    "Sie kostete 12,5 Millionen Euro und wurde in 18 Monaten gebaut, ein halbes Jahr schneller als geplant."
)


@pytest.mark.parametrize(
    ("charset", "encoding"), [("utf-8", "utf-8"), ("iso-8859-1", "latin-1"), ("utf-8", "cp1252"), ("utf-16", "utf-16")]
)
def test_html_article(tmp_path: Path, charset: str, encoding: str) -> None:
    document = load(tmp_path, "a.html", ARTICLE.format(charset=charset).encode(encoding))
    assert document.text.removeprefix("Brücke fertig\n") == ARTICLE_TEXT
    assert document.title == "Brücke fertig"
    assert document.source == "Bote"
    assert document.url == "https://bote.example/bruecke"
    assert document.published == "2024-05-17"


@pytest.mark.parametrize(
    "html",
    [
        "<html><body></body></html>",
        "<",
        "<html><head><title>Nur Titel</title></head>",
        "<!-- x",
        "<script>x=1</script>",
    ],
)
def test_html_without_article(tmp_path: Path, html: str) -> None:
    (tmp_path / "a.html").write_text(html)
    assert refusal(tmp_path / "a.html") == "In a.html ist kein Artikeltext zu finden."


def test_broken_html_still_gives_its_text(tmp_path: Path) -> None:
    broken = (
        ARTICLE.format(charset="utf-8").replace("</p>", "").replace("</article>", "</div></span>").partition("<foot")[0]
    )
    assert ARTICLE_TEXT.split("\n")[0] in load(tmp_path, "a.html", broken).text


def test_deeply_nested_html_does_not_crash(tmp_path: Path) -> None:
    html = "<html><body>" + "<div>" * 50_000 + "Ein Text."
    (tmp_path / "a.html").write_text(html)
    try:
        document = load_document(tmp_path / "a.html")
    except LoadingError as error:
        assert "a.html" in str(error)
    else:
        assert "Ein Text." in document.text


# Encodings


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"], ids=lambda encoding: str(encoding)
)
def test_encodings(tmp_path: Path, encoding: str) -> None:
    assert load(tmp_path, "a.txt", GERMAN.encode(encoding)).text == GERMAN


@pytest.mark.parametrize("order", ["le", "be"])
def test_utf_16_with_a_mark_in_both_orders(tmp_path: Path, order: str) -> None:
    assert load(tmp_path, "a.txt", ("\ufeff" + GERMAN).encode(f"utf-16-{order}")).text == GERMAN


@pytest.mark.parametrize("text", ["Größe", "Überfall in Köln", "Ein langer Text ohne viel. " * 200 + "Nur hier: ß."])
def test_latin_1(tmp_path: Path, text: str) -> None:
    assert load(tmp_path, "a.txt", text.encode("latin-1")).text == text.strip()


@pytest.mark.parametrize(
    "raw",
    [
        "Президент Беларуси провёл совещание. ".encode("cp1251") * 5,
        "Президент Беларуси провёл совещание. ".encode("koi8-r") * 5,
        "Größe überrascht schön".encode() + b"\xc3",
        b"\xff\xfeabc",
        b"\xef\xbb\xbf\xff\xff",
    ],
    ids=["cp1251", "koi8-r", "cut UTF-8", "cut UTF-16", "wrong mark"],
)
def test_unknown_encodings_are_refused(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "a.txt").write_bytes(raw)
    assert refusal(tmp_path / "a.txt") == (
        "Der Zeichensatz von a.txt ist nicht zu erkennen. Bitte die Datei als UTF-8 speichern."
    )


# Files that are no articles


@pytest.mark.parametrize("content", [b"", b" \n\t\r\n ", b"\xef\xbb\xbf", "\u200b\n\u00ad".encode()])
def test_empty_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "leere.txt").write_bytes(content)
    assert refusal(tmp_path / "leere.txt") == "leere.txt ist leer. Bitte eine Datei mit Text angeben."


def test_front_matter_alone_is_no_article(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("---\ntitle: A\n---\n")
    assert refusal(tmp_path / "a.md") == "a.md enthält keinen Artikeltext."


@pytest.mark.parametrize(
    "content", [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"ab\0cd", bytes(range(1, 32)) * 9, os.urandom(4096)]
)
def test_binary_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    assert refusal(tmp_path / "a.txt") == "a.txt ist keine Textdatei."


def test_file_that_is_too_big(tmp_path: Path) -> None:
    with (tmp_path / "a.txt").open("wb") as file:
        file.truncate(50_000_000)
    assert refusal(tmp_path / "a.txt") == (
        "a.txt ist mit 50 MB zu groß; erlaubt sind 20 MB. Bitte in einzelne Artikel teilen."
    )


def test_largest_file_is_read(tmp_path: Path) -> None:
    line = b"Ein Satz mit nichts Besonderem darin.\n"
    (tmp_path / "a.txt").write_bytes((line * (MAX_FILE_BYTES // len(line) + 1))[:MAX_FILE_BYTES])
    assert len(load_document(tmp_path / "a.txt").text) >= MAX_FILE_BYTES - 1


def test_unknown_type_folder_missing_and_pipe(tmp_path: Path) -> None:
    (tmp_path / "a.xyz").write_bytes(b"PK")
    (tmp_path / "a.doc").write_bytes(b"PK")
    (tmp_path / "ordner.txt").mkdir()
    os.mkfifo(tmp_path / "rohr.txt")
    assert refusal(tmp_path / "a.xyz") == f"a.xyz ist kein bekannter Dateityp. Bekannt sind {known_types()}."
    assert known_types().startswith(".csv, .docm, .docx, .eml, ") and known_types().endswith(".xlsm, .xlsx, .zip")
    assert refusal(tmp_path / "a.doc") == (
        "a.doc nicht gelesen: diese Art wird nicht gelesen; bitte in Word oder LibreOffice als .docx speichern."
    )
    assert refusal(tmp_path / "ordner.txt") == f"{tmp_path}/ordner.txt ist ein Ordner, keine Datei."
    assert refusal(tmp_path / "rohr.txt") == "rohr.txt ist keine gewöhnliche Datei."
    assert refusal(tmp_path / "fehlt.txt") == f"{tmp_path}/fehlt.txt gibt es nicht (mehr). Bitte den Pfad prüfen."


def listed_only(folder: Path) -> None:
    """What a folder says that may be listed, but whose files may not be looked at."""
    assert find_files([folder]) == [folder / "a.txt"]
    message = f"{folder}/a.txt darf nicht gelesen werden. Bitte die Zugriffsrechte prüfen."
    assert refusal(folder / "a.txt") == message
    with pytest.raises(LoadingError, match=r"b\.xyz gibt es nicht"):
        find_files([folder / "b.xyz"])


def test_folder_whose_files_may_not_be_looked_at() -> None:
    with TemporaryDirectory() as name:  # pytest's own are closed to others
        parent = Path(name)
        parent.chmod(0o755)
        folder = parent / "artikel"
        folder.mkdir()
        (folder / "a.txt").write_text("Text")
        (folder / "b.xyz").write_text("Text")
        folder.chmod(0o444)
        try:
            assert as_nobody(listed_only, folder) == 0
        finally:
            folder.chmod(0o755)


def test_path_that_is_too_long() -> None:
    with pytest.raises(LoadingError, match="gibt es nicht"):
        find_files([Path("x" * 5000)])


@pytest.mark.parametrize(("charset", "content"), [("undefined", b"M\xfcller"), ("unicode_escape", b"M\xfc \\ud800")])
def test_html_with_a_charset_that_is_of_no_use(tmp_path: Path, charset: str, content: bytes) -> None:
    page = ARTICLE.format(charset=charset).encode("latin-1").replace(b"</p>", content + b"</p>", 1)
    assert "\ud800" not in load(tmp_path, "a.html", page).text


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable to root")
def test_unreadable_file_and_folder(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Text")
    (tmp_path / "a.txt").chmod(0)
    (tmp_path / "zu").mkdir(mode=0)
    assert find_files([tmp_path]) == [tmp_path / "a.txt", tmp_path / "zu"]
    for path in find_files([tmp_path]):
        assert refusal(path) == f"{path} darf nicht gelesen werden. Bitte die Zugriffsrechte prüfen."


def test_permission_error_is_told_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("Text")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # root may read everything, so the refusal is made here
    assert (
        refusal(tmp_path / "a.txt") == f"{tmp_path}/a.txt darf nicht gelesen werden. Bitte die Zugriffsrechte prüfen."
    )


def test_symlink_loops_and_broken_links(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Ein Text.")
    (tmp_path / "runde").symlink_to(tmp_path)
    (tmp_path / "schleife.txt").symlink_to(tmp_path / "schleife.txt")
    (tmp_path / "tot.txt").symlink_to(tmp_path / "weg.txt")
    assert find_files([tmp_path]) == [tmp_path / name for name in ("a.txt", "schleife.txt", "tot.txt")]
    assert refusal(tmp_path / "schleife.txt").startswith(f"{tmp_path}/schleife.txt kann nicht gelesen werden: ")
    assert refusal(tmp_path / "tot.txt") == f"{tmp_path}/tot.txt gibt es nicht (mehr). Bitte den Pfad prüfen."


def test_file_name_that_is_no_utf_8(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/gr\xf6sse.txt"))
    path.write_text("Text")
    assert refusal(path) == f"Der Dateiname von {tmp_path}/gr\ufffdsse.txt ist kein gültiges UTF-8. Bitte umbenennen."


# Finding


def test_find_files(tmp_path: Path) -> None:
    names = ["b.txt", "a.md", "c/d.HTML", "c/e.xyz", ".versteckt.txt", ".git/f.txt", "c/.ordner/g.txt", "z.rst"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("Text")
    assert find_files([tmp_path]) == [tmp_path / name for name in ("a.md", "b.txt", "c/d.HTML")]
    # a file is taken as given, whatever its type: loading says what is wrong with it; nothing comes twice
    given_files = [tmp_path / "z.rst", tmp_path / "c", tmp_path, tmp_path / "c" / ".." / "a.md"]
    assert find_files(given_files) == [tmp_path / name for name in ("z.rst", "c/d.HTML", "a.md", "b.txt")]
    assert find_files([]) == []


def test_find_files_refuses_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(LoadingError, match=r"^.*/fehlt gibt es nicht\. Bitte den Pfad prüfen\.$"):
        find_files([tmp_path / "fehlt"])
    (tmp_path / "a.xyz").write_bytes(b"PK")
    with pytest.raises(LoadingError, match=r"^Im Ordner .* liegt keine Datei der Typen \.csv, .*\.zip\.$"):
        find_files([tmp_path])


# The sample articles, and anything else


def test_seed_article() -> None:
    (file,) = SEEDS.glob("*belta*")
    document = load_document(file)
    assert document.source == "BelTA"
    assert document.published == "2024-05-17"
    assert document.text.startswith("MOSKAU, 17. Mai (BelTA) - Für Belarus und die Region Perm")


def test_every_seed_has_title_source_and_date() -> None:
    documents = [load_document(file) for file in find_files([SEEDS])]
    assert len(documents) >= 5
    for document in documents:
        assert document.title
        assert document.source
        assert iso_date(document.published) == document.published != ""


@given(st.binary(max_size=300), st.sampled_from([".txt", ".md"]))
def test_any_bytes_are_loaded_or_refused(tmp_path_factory: pytest.TempPathFactory, raw: bytes, suffix: str) -> None:
    file = tmp_path_factory.getbasetemp() / f"irgendwas{suffix}"
    file.write_bytes(raw)
    try:
        document = load_document(file)
    except LoadingError as error:
        assert file.name in str(error)
    else:
        assert document.text.strip() == document.text.strip("\n") != ""
        assert document.text == unicodedata.normalize("NFC", document.text)
        assert document.title
        assert not set("\r\0\u00ad\ufeff") & set(document.text)


@given(st.text(max_size=200))
def test_title_line_is_a_line_of_the_text(text: str) -> None:
    title = title_line(text)
    assert title == "" or text.startswith(title)
