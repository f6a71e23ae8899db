"""Office files: what Word, LibreOffice, Excel and PowerPoint keep besides paragraphs, and files of tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.index_report import ArticleReport, SkippedPart
from retrieval.loading import load_documents, spreadsheets
from retrieval.loading.parsed import Article, Skipped
from retrieval.loading.xlsx_numbers import shown_number
from retrieval.types import Document
from tests import samples
from tests.samples import office

DATA = Path(__file__).parent / "data" / "office"
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
ZOO = [
    "Eintritt im Zoo",
    "Der Zoo ist offen. Die Preise gelten ab Mai.",
    "Außer am 24. Dezember.",
    "Preise",
    "Karte | Erwachsene | Kinder",
    "Tageskarte | Erwachsene: 8 Euro | Kinder: 4 Euro",
    "Jahres karte | Erwachsene, Kinder: 50 Euro",
    "Ende der Liste.",
]


def read(path: Path) -> tuple[list[Document], list[tuple[str, str]]]:
    """The articles in a file, and what was skipped and why."""
    found = list(load_documents(path))
    assert not [entry for entry in found if isinstance(entry, ArticleReport)], found
    skipped = [(part.what, part.why) for part in found if isinstance(part, SkippedPart)]
    return [entry for entry in found if isinstance(entry, Document)], skipped


def made(folder: Path, name: str, content: bytes | str) -> tuple[list[str], list[tuple[str, str]]]:
    """The lines of the only article in a file with this content, and what was skipped and why."""
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    (document,), skipped = read(folder / name)
    return document.text.split("\n"), skipped


def refusal(folder: Path, name: str, content: bytes) -> str:
    (folder / name).write_bytes(content)
    (report,) = load_documents(folder / name)
    assert isinstance(report, ArticleReport)
    return report.reason


@pytest.mark.parametrize("name", ["zoo.docx", "zoo.odt", "zoo.rtf"])
def test_the_same_text_in_each_type(name: str) -> None:
    (document,), skipped = read(DATA / name)
    assert document.text.split("\n") == ZOO
    assert document.title == "Eintritt im Zoo"
    assert document.landmark_at(document.text.index("Tageskarte")).heading == "Preise"
    assert skipped == []


# Word


def test_a_line_break_in_a_cell_tears_no_row() -> None:
    (document,), _ = read(DATA / "ausgaben.docx")
    assert document.text.split("\n")[2:] == [
        "Einrichtung | 2018 Ausgaben je Kind | 2019 Ausgaben je Kind",
        "Kindergarten Sonnenschein | 2018 Ausgaben je Kind: 6.100 € | 2019 Ausgaben je Kind: 6.400 €",
    ]


def paragraph(text: str, more: str = "") -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r>{more}</w:p>"


def cell(*texts: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{''.join(map(paragraph, texts))}</w:tc>"


def row(*cells: str, properties: str = "") -> str:
    return f"<w:tr><w:trPr>{properties}</w:trPr>{''.join(cells)}</w:tr>"


def word(body: str, **parts: str) -> bytes:
    return office("word/document.xml", f"<w:document {W}><w:body>{body}</w:body></w:document>", parts)


def test_merged_and_divided_cells(tmp_path: Path) -> None:
    wide, begins, goes_on = '<w:gridSpan w:val="2"/>', '<w:vMerge w:val="restart"/>', "<w:vMerge/>"
    table = (
        row(cell("Saison"), cell("Karte"), cell("Preis"), cell("Ort"), properties="<w:tblHeader/>")
        + row(cell("Sommer", properties=begins), cell("Tages", "karte"), cell("8 Euro"), cell("Tor"))
        + row(cell("alt", properties=goes_on), cell("Jahreskarte"), cell("frei und überall", properties=wide))
        + row(cell("weg"), properties='<w:del w:id="1"/>')
    )
    assert made(tmp_path, "a.docx", word(f"<w:tbl>{table}</w:tbl>"))[0] == [
        "Saison | Karte | Preis | Ort",
        "Sommer | Karte: Tages karte | Preis: 8 Euro | Ort: Tor",
        "Karte: Jahreskarte | Preis, Ort: frei und überall",
    ]


def test_a_table_that_is_only_a_frame_keeps_its_paragraphs(tmp_path: Path) -> None:
    long = "Ein Absatz, der für sich steht. " * 15
    frame = row(cell(long, long), cell("Am Rand"))
    inner = f"<w:tbl>{row(cell('Karte'), cell('Preis'))}</w:tbl>"
    nested = f"<w:tr><w:tc>{paragraph('Oben')}{inner}</w:tc></w:tr>"
    lines, _ = made(tmp_path, "a.docx", word(f"<w:tbl>{frame}</w:tbl><w:tbl>{nested}</w:tbl>"))
    assert lines == [long.strip(), long.strip(), "Am Rand", "Oben", "Karte | Preis"]


def test_notes_and_comments_follow_their_paragraph_or_table(tmp_path: Path) -> None:
    def reference(kind: str, number: int) -> str:
        return f'<w:r><w:{kind}Reference w:id="{number}"/></w:r>'

    def notes(kind: str, *texts: str) -> str:
        listed = (f'<w:{kind} w:id="{n}" w:author="Anna Muster">{paragraph(t)}</w:{kind}>' for n, t in enumerate(texts))
        return f"<w:{kind}s {W}><w:{kind} w:id='-1' w:type='separator'/>{''.join(listed)}</w:{kind}s>"

    in_cell = f"<w:tc>{paragraph('Karte', reference('footnote', 1))}</w:tc>"
    body = (
        paragraph("Erster Absatz.", reference("footnote", 0) + reference("comment", 0) + reference("footnote", 0))
        + f"<w:tbl><w:tr>{in_cell}{cell('8 Euro')}</w:tr></w:tbl>"
        + paragraph("Zweiter Absatz.", reference("endnote", 0))
    )
    parts = {
        "footnotes": notes("footnote", "Eine Fußnote.", "Eine im Feld."),
        "endnotes": notes("endnote", "Eine Endnote."),
        "comments": notes("comment", "Stimmt das?", "Ohne Stelle."),
    }
    assert made(tmp_path, "a.docx", word(body, **parts))[0] == [
        "Erster Absatz.",
        "Eine Fußnote.",
        "[Anna Muster: Stimmt das?]",
        "Karte | 8 Euro",
        "Eine im Feld.",
        "Zweiter Absatz.",
        "Eine Endnote.",
        "[Anna Muster: Ohne Stelle.]",
    ]


def test_pictures_objects_and_heads_are_named(tmp_path: Path) -> None:
    head = f"<w:hdr {W}>{paragraph('Amt für Brücken')}</w:hdr>"
    parts = {"header": head, "image": "x", "oleObject": "x", "chart": "<c/>", "package": "x"}
    _, skipped = made(tmp_path, "a.docx", word(paragraph("Ein Absatz."), **parts))
    assert [what for what, _ in skipped] == [
        "1 Bild", "1 Diagramm", "eingebettetes Objekt oleObject.xml", "eingebettetes Objekt package.xml",
        "Kopf- und Fußzeilen",
    ]  # fmt: skip
    only_numbers = f"<w:ftr {W}>{paragraph('Seite 3 von 5')}</w:ftr>"
    assert made(tmp_path, "b.docx", word(paragraph("Ein Absatz."), footer=only_numbers))[1] == []


def test_locked_and_old_files_under_a_new_name(tmp_path: Path) -> None:
    ole = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600)
    assert refusal(tmp_path, "a.docx", ole).endswith("bitte in Word oder LibreOffice als .docx speichern.")
    assert refusal(tmp_path, "a.xlsx", ole + "EncryptedPackage".encode("utf-16-le")) == (
        "a.xlsx ist mit einem Passwort geschützt."
    )


# OpenDocument


def odf(kind: str, body: str) -> bytes:
    prefixes = ("office", "text", "table", "draw", "presentation", "dc", "xlink")
    names = " ".join(f'xmlns:{prefix}="{prefix}"' for prefix in prefixes)
    inner = f"<office:body><office:{kind}>{body}</office:{kind}></office:body>"
    content = f"<office:document-content {names}>{inner}</office:document-content>"
    return samples.zipped({"content.xml": content})


def test_odt_with_boxes_comments_and_deleted_text(tmp_path: Path) -> None:
    body = (
        "<text:tracked-changes><text:p>gelöscht</text:p></text:tracked-changes><text:h>Bericht</text:h>"
        "<text:p>Ein<text:s text:c='2'/>Absatz<text:tab/>hier.<office:annotation><dc:creator>Anna</dc:creator>"
        "<text:p>Wirklich?</text:p></office:annotation><draw:frame><draw:text-box><text:p>Im Kasten</text:p>"
        "</draw:text-box></draw:frame><draw:frame><draw:image xlink:href='Pictures/a.png'/></draw:frame>"
        "<draw:frame><draw:object xlink:href='./Object 1'/><draw:image xlink:href='x'/></draw:frame></text:p>"
        "<text:list><text:list-item><text:p>Punkt</text:p></text:list-item></text:list>"
    )
    lines, skipped = made(tmp_path, "a.odt", odf("text", body))
    assert lines == ["Bericht", "Ein  Absatz\thier.", "[Anna: Wirklich?]", "Im Kasten", "Punkt"]
    assert [what for what, _ in skipped] == ["1 Bild", "eingebettetes Objekt Object 1"]


def test_odp_has_a_page_for_each_slide(tmp_path: Path) -> None:
    slide = (
        "<draw:page><draw:frame presentation:class='title'><draw:text-box><text:p>{0}</text:p></draw:text-box>"
        "</draw:frame>"
        "<draw:frame><draw:text-box><text:p>Text {0}</text:p></draw:text-box></draw:frame>"
        "<presentation:notes><draw:frame><draw:text-box><text:p>Notiz {0}</text:p></draw:text-box></draw:frame>"
        "</presentation:notes></draw:page>"
    )
    (tmp_path / "a.odp").write_bytes(odf("presentation", slide.format("Eins") + slide.format("Zwei")))
    (document,), _ = read(tmp_path / "a.odp")
    assert document.text.split("\n") == ["Eins", "Text Eins", "Notiz Eins", "Zwei", "Text Zwei", "Notiz Zwei"]
    assert [(mark.page, mark.heading) for mark in document.landmarks] == [(1, "Eins"), (2, "Zwei")]
    assert document.title == "Eins"


def test_ods_has_an_article_for_each_sheet() -> None:
    documents, skipped = read(DATA / "zoo.ods")
    assert [document.title for document in documents] == ["zoo – Preise", "zoo – Zeiten"]
    assert documents[0].path == f"{DATA}/zoo.ods#Preise"
    assert documents[0].text.split("\n")[2].startswith("Tageskarte | Erwachsene: 8.50 € | Kinder: 4.00 € | Seit: ")
    assert documents[0].text.split("\n")[4:] == ["[Stimmt das?]"]
    assert skipped == [("Tabellenblatt Liste", "ist ausgeblendet")]


# RTF


def test_rtf(tmp_path: Path) -> None:
    content = (
        r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Cyr;}{\f2\fcharset2 Symbol;}}"
        r"{\info{\title Vom Amt}{\author X}}{\*\generator Y;}\pard "
        r"Gr\'f6\'dfe \uc1\u8222?A\u8220? und {\f1\'cc\'e8\'f0}"
        r"{\f2\'b7}{\deleted weg}\~km\line weiter{\footnote\pard Eine Fu\'dfnote.\par}\par"
        r"{\pict\pngblip 0a0b}{\*\unbekannt nichts}{\header\pard Kopf\par}\uc2\u8364\'80\'80 5"
        r"{\*\atnauthor Anna}{\*\annotation\pard Stimmt das?\par}\par"
        r"\trowd\cellx1000\cellx2000\cellx3000\intbl Karte\cell Erwachsene\cell Kinder\cell\row"
        r"\trowd\cellx1000\cellx2000\cellx3000\intbl Tages\par karte\cell 8 Euro\cell 4 Euro\cell\row"
        r"\trowd\cellx1000\cellx3010\intbl Jahr\cell 50 Euro\cell\row\pard Ende.\u-10179?\u-8704?}}danach"
    )
    lines, skipped = made(tmp_path, "a.rtf", content)
    assert lines == [
        "Größe „A“ und Мир\xa0km", "weiter", "Eine Fußnote.", "€ 5", "[Anna: Stimmt das?]",
        "Karte | Erwachsene | Kinder", "Tages karte | Erwachsene: 8 Euro | Kinder: 4 Euro",
        "Jahr | Erwachsene, Kinder: 50 Euro", "Ende.😀",
    ]  # fmt: skip
    assert [what for what, _ in skipped] == ["1 Bild", "Kopf- und Fußzeilen"]
    assert read(tmp_path / "a.rtf")[0][0].title == "Vom Amt"
    assert refusal(tmp_path, "b.rtf", b"Kein RTF") == "b.rtf ist kein lesbares RTF-Dokument."


# Slides


def test_pptx() -> None:
    (document,), _ = read(DATA / "zoo.pptx")
    assert document.text.split("\n") == [
        "Eintritt im Zoo", "Preise ab Mai", "Stadt Neudorf", "Preise", "Karte | Erwachsene | Kinder",
        "Tages karte | Erwachsene: 8 Euro | Kinder: 4 Euro", "Jahreskarte | Erwachsene, Kinder: 50 Euro",
        "Hunde zahlen nichts.",
    ]  # fmt: skip
    assert [(mark.page, mark.heading) for mark in document.landmarks] == [(1, "Eintritt im Zoo"), (2, "Preise")]


# Spreadsheets


def test_xlsx() -> None:
    documents, skipped = read(DATA / "zoo.xlsx")
    assert [document.text.split("\n") for document in documents] == [
        [
            "Eintritt 2024",
            "Karte | Erwachsene | Kinder | Seit",
            "Tageskarte | Erwachsene: 8,50 € | Kinder: 4,00 € | Seit: 17.05.2024",
            "Jahreskarte | Erwachsene: 1.250 | Kinder: 50 % | Seit: 17.05.2024 09:30",
            "[Anna Muster: Stimmt das?]",
        ],
        ["Tag | Öffnung", "Montag | Öffnung: 09:00", "Summe"],
    ]
    assert [what for what, _ in skipped] == ["Zeiten: Formeln ohne Ergebnis, 1 Zellen", "Tabellenblatt Liste"]


@pytest.mark.parametrize(
    ("value", "number_format", "shown"),
    [
        ("8.5", "", "8,5"), ("1250", "General", "1250"), ("0.1", "0.00", "0,10"),
        ("1234567.891", "#,##0.00", "1.234.567,89"),
        ("8.5", '#,##0.00\\ "€";[Red]-#,##0.00\\ "€"', "8,50 €"), ("0.085", "0.0%", "8,5 %"),
        ("45429", "dd/mm/yyyy", "17.05.2024"),
        ("45429.5", "yyyy-mm-dd hh:mm", "17.05.2024 12:00"), ("0.375", "h:mm", "09:00"), ("1.5", "[h]:mm", "36:00"),
        ("45429", "mmm yy", "05.2024"), ("3", '0" Stück"', "3 Stück"), ("-4", "0", "-4"), ("x", "0", "x"),
        ("NaN", "0", "NaN"),
        ("1E400", "0", "1E400"), ("0.30000000000000004", "", "0,3"), ("12", "@", "12"), ("9" * 12, "yyyy", "9" * 12),
    ],
)  # fmt: skip
def test_figures_are_as_german_excel_shows_them(value: str, number_format: str, shown: str) -> None:
    assert shown_number(value, number_format) == shown


@pytest.mark.parametrize("delimiter", [";", "\t", ",", "|"])
def test_csv_with_any_delimiter(tmp_path: Path, delimiter: str) -> None:
    rows = [["Karte", "Erwachsene", "Kinder"], ["Tageskarte", "8 €", "4 €"], ['"Jahres\nkarte"', "50 €", "frei"]]
    name = "a.tsv" if delimiter == "\t" else "a.csv"
    assert made(tmp_path, name, "\r\n".join(map(delimiter.join, rows)))[0] == [
        "Karte | Erwachsene | Kinder",
        "Tageskarte | Erwachsene: 8 € | Kinder: 4 €",
        "Jahres karte | Erwachsene: 50 € | Kinder: frei",
    ]


def test_csv_as_germans_write_it(tmp_path: Path) -> None:
    assert (
        made(tmp_path, "a.csv", "Ort;Bürgermeister\nUlm;Anna\n".encode("cp1252"))[0][1] == "Ulm | Bürgermeister: Anna"
    )
    assert made(tmp_path, "b.csv", "Ware;Preis\nBrot;3,20\nMilch;1,10\n")[0][1:] == [
        "Brot | Preis: 3,20",
        "Milch | Preis: 1,10",
    ]
    assert made(tmp_path, "c.csv", "sep=,\nWare,Preis\nBrot,3\n")[0] == ["Ware | Preis", "Brot | Preis: 3"]
    assert made(tmp_path, "d.csv", 'Rohr;Preis\n"5 Zoll;3\nZwei;4\n')[0] == [
        "Rohr | Preis",
        '"5 Zoll | Preis: 3',
        "Zwei | Preis: 4",
    ]
    assert made(tmp_path, "e.csv", "Nur eine Zeile Text")[0] == ["Nur eine Zeile Text"]
    assert made(tmp_path, "f.csv", "Brot;3\nMilch;4\n")[0] == ["Brot | 3", "Milch | 4"]


def test_a_table_that_is_too_large_is_cut_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheets, "MAX_CELLS", 10)
    skipped, article = spreadsheets.read_csv_file(b"a;b;c\n" * 4, "a.csv")
    assert isinstance(article, Article) and article.text.split("\n") == ["a | b | c"] * 3
    assert skipped == Skipped("Zeilen von 4 an", "mehr als 10 Zellen; bitte teilen")
