"""The file types that are no plain text, and files with several articles."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_BZIP2, ZipFile

import pytest

from retrieval.index_report import ArticleReport, SkippedPart
from retrieval.loading import load_document, load_documents
from retrieval.loading.normalise import compose
from retrieval.loading.parsed import Block
from retrieval.types import Document, Landmark
from tests import samples
from tests.samples import PARAGRAPHS
from tests.test_loading import refusal

FIRST, SECOND = PARAGRAPHS


def write(folder: Path, name: str, content: str | bytes) -> Path:
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder / name


def load(folder: Path, name: str, content: str | bytes) -> Document:
    (found,) = (item for item in load_documents(write(folder, name, content)) if not isinstance(item, SkippedPart))
    assert isinstance(found, Document), found
    return found


def all_of(path: Path) -> list[tuple[str, str]]:
    """Each article's path after the file's, and its text; the reason for those that were refused."""
    return [
        (found.path.removeprefix(str(path)), found.text if isinstance(found, Document) else found.reason)
        for found in load_documents(path)
        if not isinstance(found, SkippedPart)
    ]


def headings(document: Document) -> list[tuple[int, str]]:
    """Page and heading of each landmark; a heading's landmark stands where its words do."""
    for landmark in document.landmarks:
        assert document.text[landmark.start :].replace("\n", " ").startswith(landmark.heading)
    return [(landmark.page, landmark.heading) for landmark in document.landmarks]


# Landmarks


def test_landmarks_have_the_offsets_of_the_final_text() -> None:
    blocks = [
        Block("  \u200b "),
        Block(" Gro\u0308ße\u00ad ", page=1),
        Block("Zwei\r\n\r\n\r\n\r\nDrei", page=1, heading=True),
        Block("\n\n", page=2),
        Block("vier ", page=3, joint=" "),
        Block("fünf", page=3, joint=""),
    ]
    text, landmarks = compose(blocks)
    assert text == "Größe\nZwei\n\nDrei vierfünf"
    assert landmarks == (Landmark(0, 1), Landmark(6, 1, "Zwei Drei"), Landmark(17, 3, "Zwei Drei"))
    document = Document(text, landmarks=landmarks)
    assert [document.landmark_at(offset) for offset in (5, 6, 16, 17, 99)] == [
        landmarks[0], landmarks[1], landmarks[1], landmarks[2], landmarks[2]
    ]  # fmt: skip
    assert Document(text, landmarks=landmarks[1:]).landmark_at(5) == Landmark(0)


def test_headings_of_markdown_and_html(tmp_path: Path) -> None:
    markdown = load(tmp_path, "a.md", "---\ntitle: T\n---\nVorab.\n\n# Eins *zwei*\n\nText.\n\n## Drei\n\nMehr.")
    assert headings(markdown) == [(0, "Eins zwei"), (0, "Drei")]
    assert markdown.landmark_at(markdown.text.index("Mehr")).heading == "Drei"
    assert markdown.landmark_at(0).heading == ""
    page = f"<html><body><article><h1>Kopf</h1><p>{FIRST}</p><h2>Die &amp; Kosten</h2><p>{SECOND}</p></article>"
    html = load(tmp_path, "a.html", page)
    assert headings(html)[-1] == (0, "Die & Kosten")
    assert html.landmark_at(html.text.index(SECOND)).heading == "Die & Kosten"


# PDF


def test_pdf_pages_paragraphs_and_divided_words(tmp_path: Path) -> None:
    pages = [
        "Elbbote 1\nBrücke fertig\nDie neue Brücke über die Elbe ist seit gestern für den Ver-\nkehr freigegeben, "
        "teilte die Stadt mit. Der Bau dauerte 18 Mo-",
        "Elbbote 2\nnate und kostete 12,5 Millionen Euro, sagte Bürger-\nmeister Müller. Das sind zwei Millionen "
        "weniger\nals\nGefeiert wird am Sonnabend auf beiden Seiten des Flusses.",
        "Elbbote 3\nDer Eintritt (5 Euro) ist für alle gleich.",
    ]
    document = load(tmp_path, "bericht_mai.pdf", samples.pdf(pages, title="Brücke fertig"))
    assert document.text.split("\n") == [
        "Brücke fertig",
        "Die neue Brücke über die Elbe ist seit gestern für den Verkehr freigegeben, teilte die Stadt mit. "
        "Der Bau dauerte 18 Monate und kostete 12,5 Millionen Euro, sagte Bürgermeister Müller. "
        "Das sind zwei Millionen weniger als",
        "Gefeiert wird am Sonnabend auf beiden Seiten des Flusses.",
        "Der Eintritt (5 Euro) ist für alle gleich.",
    ]
    starts = [0, document.text.index("nate und"), document.text.index("Der Eintritt")]
    assert document.landmarks == tuple(Landmark(start, page) for page, start in enumerate(starts, 1))
    assert document.title == "Brücke fertig"


@pytest.mark.parametrize("title", ["", "Microsoft Word - bericht", "bericht.indd", "Untitled"])
def test_pdf_without_a_title_of_its_own(tmp_path: Path, title: str) -> None:
    assert load(tmp_path, "mein_bericht.pdf", samples.pdf([FIRST], title=title)).title == "mein bericht"


def test_pdf_that_is_locked_scanned_or_damaged(tmp_path: Path) -> None:
    assert load(tmp_path, "a.pdf", samples.pdf([FIRST], owner="geheim")).text == FIRST
    write(tmp_path, "a.pdf", samples.pdf(password="geheim"))
    assert refusal(tmp_path / "a.pdf") == "a.pdf ist mit einem Passwort geschützt."
    write(tmp_path, "a.pdf", samples.pdf([" "]))
    # What follows depends on whether Tesseract is there.
    said = "In a.pdf ist kein Text zu finden; vielleicht sind die Seiten eingescannte Bilder"
    assert refusal(tmp_path / "a.pdf").startswith(said)
    for content in (b"", b"%PDF-1.7", b"kein PDF", samples.pdf()[:300]):
        write(tmp_path, "a.pdf", content)
        assert refusal(tmp_path / "a.pdf") == "a.pdf ist kein lesbares PDF."


# Word


def test_docx(tmp_path: Path) -> None:
    document = load(tmp_path, "a.docx", samples.docx())
    assert document.text.split("\n") == ["Brücke fertig", FIRST, "Die Kosten", SECOND, "Jahr | Euro", "2024 | 5 Mio."]
    assert document.title == "Brücke fertig"
    assert headings(document) == [(0, "Brücke fertig"), (0, "Die Kosten")]
    assert document.landmark_at(document.text.index("2024")).heading == "Die Kosten"


W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:mc="mc"'
RELATIONS = (
    '<Relationships><Relationship Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
    'officeDocument" Target="/word/document2.xml"/></Relationships>'
)


def test_docx_with_tracked_changes_and_text_boxes(tmp_path: Path) -> None:
    box = "<w:txbxContent><w:p><w:r><w:t>Im Kasten</w:t></w:r></w:p></w:txbxContent>"
    body = f"""<w:p><w:r><w:t xml:space="preserve">Er kostet </w:t></w:r><w:del><w:r><w:delText>vier</w:delText></w:r>
      </w:del><w:ins><w:r><w:t>fünf</w:t></w:r></w:ins><w:moveFrom><w:r><w:t>weg</w:t></w:r></w:moveFrom><w:hyperlink>
      <w:r><w:t xml:space="preserve"> Euro</w:t><w:br/><w:t>dort</w:t></w:r></w:hyperlink><w:r><mc:AlternateContent>
      <mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent></w:r></w:p>
      <w:sdt><w:sdtContent><w:p><w:r><w:t>Im Feld.</w:t></w:r></w:p></w:sdtContent></w:sdt>"""
    xml = f"<w:document {W}><w:body>{body}</w:body></w:document>"
    content = samples.zipped({"_rels/.rels": RELATIONS, "word/document2.xml": xml})
    assert load(tmp_path, "a.docx", content).text.split("\n") == [
        "Er kostet fünf Euro",
        "dort",
        "Im Kasten",
        "Im Feld.",
    ]


def test_docx_that_is_none(tmp_path: Path) -> None:
    for content in (b"", b"PK", samples.docx()[:-500]):
        write(tmp_path, "a.docx", content)
        assert refusal(tmp_path / "a.docx") == "a.docx ist kein lesbares Word-Dokument."
    write(tmp_path, "a.docx", samples.epub())
    assert refusal(tmp_path / "a.docx") == "a.docx ist kein lesbares Word-Dokument: _rels/.rels fehlt."
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><w:document {W}><w:p><w:r><w:t>&b;</w:t>'
    write(tmp_path, "a.docx", samples.zipped({"_rels/.rels": RELATIONS, "word/document2.xml": bomb}))
    assert refusal(tmp_path / "a.docx").startswith("a.docx ist beschädigt (")


# E-books


def test_epub(tmp_path: Path) -> None:
    document = load(tmp_path, "a.epub", samples.epub())
    assert document.text.split("\n") == ["Die Elbe", FIRST, "Die", "Kosten", SECOND, "eins", "zwei", "Ende."]
    assert headings(document) == [(0, "Die Elbe"), (0, "Die Kosten")]
    assert (document.title, document.source, document.published, document.language) == (
        "Brücken der Welt", "Elbverlag", "2024-05-17", "de"
    )  # fmt: skip


def test_epub_that_cannot_be_read(tmp_path: Path) -> None:
    locked = '<encryption><EncryptedData><CipherReference URI="OEBPS/text/eins.xhtml"/></EncryptedData></encryption>'
    write(tmp_path, "a.epub", samples.epub(more={"META-INF/encryption.xml": locked}))
    assert refusal(tmp_path / "a.epub") == "a.epub ist kopiergeschützt."
    write(tmp_path, "a.epub", samples.docx())
    assert refusal(tmp_path / "a.epub") == "a.epub ist kein lesbares E-Book: META-INF/container.xml fehlt."
    write(tmp_path, "a.epub", samples.epub(more={"OEBPS/nav.xhtml": "", "OEBPS/text/eins.xhtml": "\0"}))
    assert refusal(tmp_path / "a.epub") == "OEBPS/text/eins.xhtml ist keine Textdatei."


# Mail


@pytest.mark.parametrize("html", [False, True])
def test_mail(tmp_path: Path, html: bool) -> None:
    document = load(tmp_path, "a.eml", samples.mail(html=html, attachment=samples.pdf()))
    assert [line for line in document.text.split("\n") if line] == [FIRST, SECOND]
    assert document.title == "Brücke fertig – endlich"
    assert (document.source, document.published) == ("Pressestelle Müller", "2024-05-17")


def test_mail_without_text_or_with_odd_headers(tmp_path: Path) -> None:
    write(tmp_path, "a.eml", b"")
    assert refusal(tmp_path / "a.eml") == "a.eml ist keine gespeicherte E-Mail."
    write(tmp_path, "a.eml", b"Subject: A\n\n")
    assert refusal(tmp_path / "a.eml") == "a.eml ist leer. Bitte eine Datei mit Text angeben."
    write(tmp_path, "a.eml", b"Content-Type: image/png\n\nxyz")
    assert refusal(tmp_path / "a.eml") == "In a.eml ist kein Text zu finden, nur Anhänge."
    head = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(5000))
    write(tmp_path, "a.eml", b"Subject: x\n" + head)
    assert refusal(tmp_path / "a.eml") == "a.eml ist zu tief verschachtelt."
    write(tmp_path, "a.eml", b"From: " + b"(" * 5000 + b"\nSubject: Gr\xf6\xdfe\n\nText.")
    assert (load_document(tmp_path / "a.eml").source, load_document(tmp_path / "a.eml").title) == ("", "Größe")
    odd = b"From: =?x?b?@\nDate:\nContent-Type: text/plain; charset=quatsch\n\nGr\xf6\xdfe z\xe4hlt."
    document = load(tmp_path, "a.eml", odd)
    assert (document.text, document.published) == ("Größe zählt.", "")


# JSON


def test_json_forms(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = write(tmp_path, "a.json", samples.json_list())
    assert all_of(file) == [("#1", FIRST), ("#2", SECOND)]
    first = load_document(file)
    assert (first.title, first.source, first.published, first.language, first.path) == (
        "Brücke", "Bote", "2024-05-17", "de", f"{file}#1"
    )  # fmt: skip
    one = {"text": "Ein\u0308 Text.\ud800", "title": 5, "language": "deutsch", "published": ["2024-05-17"]}
    document = load(tmp_path, "mein_text.json", json.dumps(one))
    path = str(tmp_path / "mein_text.json")
    assert document == Document("Ein̈ Text.", title="mein text", published="2024-05-17", path=path)
    assert "the field 'title' is no string" in caplog.text
    assert load(tmp_path, "c.json", json.dumps({"text": "Ein Text.", "author": " Eva\n Ö. "})).author == "Eva Ö."
    lines = '\n{"text": "Eins."}\n{"text": ""}\nkaputt\n{"titel": "x"}\n{"text": "Zwei."}\n'
    for name in ("b.jsonl", "b.json", "b.ndjson"):
        file = write(tmp_path, name, lines.lstrip())
        assert all_of(file) == [
            ("#1", "Eins."),
            ("#2", f"{name}, Artikel 2, enthält keinen Artikeltext."),
            ("#3", f"{name}, Zeile 3 ist kein lesbares JSON: Expecting value."),
            ("#4", f"{name}, Artikel 4: Ein Artikel ist ein Objekt, dessen Feld „text“ eine Zeichenkette ist."),
            ("#5", "Zwei."),
        ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("[]", "a.json ist eine leere Liste."),
        ("[1", "a.json ist kein gültiges JSON (Zeile 1: Expecting ',' delimiter)."),
        ("[" * 200_000, "a.json ist kein lesbares JSON: zu tief verschachtelt."),
        ("3", "a.json: Ein Artikel ist ein Objekt, dessen Feld „text“ eine Zeichenkette ist."),
    ],
)
def test_json_that_is_no_article(tmp_path: Path, content: str, reason: str) -> None:
    assert refusal(write(tmp_path, "a.json", content)) == reason


# Archives


def test_archive(tmp_path: Path) -> None:
    inner = {
        "a.txt": "Erster Text.",
        "b/liste.json": samples.json_list(),
        "b/bild.png": b"\x89PNG",
        "__MACOSX/._a.txt": "x",
        ".versteckt/c.txt": "x",
        "leer.txt": "",
        "c.zip": samples.zipped({"d.txt": "x"}),
        "../../etc/e.md": "# E\n\nZweiter Text.",
        "f.pdf": samples.pdf([FIRST]),
    }
    file = write(tmp_path, "alles.zip", samples.zipped(inner))
    assert all_of(file) == [
        ("#a.txt", "Erster Text."),
        ("#b/liste.json#1", FIRST),
        ("#b/liste.json#2", SECOND),
        ("#leer.txt", "leer.txt ist leer. Bitte eine Datei mit Text angeben."),
        ("#c.zip", "c.zip ist ein Archiv in einem Archiv. Bitte auspacken und einzeln angeben."),
        ("#../../etc/e.md", "E\nZweiter Text."),
        ("#f.pdf", FIRST),
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["alles.zip"]


def test_archive_that_cannot_be_read(tmp_path: Path) -> None:
    for content in (b"", b"PK", samples.zipped({"a.txt": "x"})[:-9]):
        write(tmp_path, "a.zip", content)
        assert refusal(tmp_path / "a.zip") == "a.zip ist kein lesbares ZIP-Archiv."
    write(tmp_path, "a.zip", samples.zipped({"a.png": "x"}))
    assert refusal(tmp_path / "a.zip").startswith("In a.zip liegt keine Datei der Typen .csv, ")
    write(tmp_path, "a.zip", samples.zipped({f"{number}.txt": "" for number in range(50_001)}))
    assert refusal(tmp_path / "a.zip") == "a.zip enthält 50001 Dateien; erlaubt sind 50000. Bitte teilen."


def test_archive_member_that_cannot_be_read(tmp_path: Path) -> None:
    content = bytearray(samples.zipped({"a.txt": "Ein Text. " * 50, "b.txt": "Zweiter Text."}))
    content[40] ^= 0xFF  # in the packed a.txt
    assert all_of(write(tmp_path, "a.zip", bytes(content))) == [
        ("#a.txt", "a.txt ist beschädigt."),
        ("#b.txt", "Zweiter Text."),
    ]
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_BZIP2) as archive:
        archive.writestr("a.txt", "Text")
    ((_, reason),) = all_of(write(tmp_path, "a.zip", packed.getvalue()))
    assert "nicht liest (nur „Deflate“)" in reason
    locked = bytearray(samples.zipped({"a.txt": "Text"}))
    locked[locked.rindex(b"PK\x01\x02") + 8] |= 1
    assert all_of(write(tmp_path, "a.zip", bytes(locked))) == [("#a.txt", "a.txt ist mit einem Passwort geschützt.")]


def test_a_trap_is_left_where_it_shows(tmp_path: Path) -> None:
    bomb = samples.zipped({"a.txt": "Text.", "b.txt": b"0" * 15_000_000, "c.txt": "Text."})
    file = write(tmp_path, "a.zip", bomb)
    first, last = load_documents(file)
    assert isinstance(first, Document) and first.text == "Text."
    reason = "a.zip entpackt sich auf mehr als 10 MB; so viel ist nicht erlaubt."
    assert isinstance(last, ArticleReport) and (last.path, last.reason) == (str(file), reason)
