"""The text of PDFs: words, paragraphs, columns, tables, and what is no text of the article."""

from __future__ import annotations

from io import BytesIO

import pytest

from retrieval.errors import LoadingError
from retrieval.loading.normalise import clean, join_lines, show_hyphens, unwrap
from retrieval.loading.parsed import Article, Skipped
from retrieval.loading.pdf import page_numbers, read_pdf_file
from retrieval.loading.pdf_titles import best_title
from tests import samples
from tests.conftest import ROOT
from tests.pdf_pages import HEIGHT, Placed, column, placed, wrapped

DATA = ROOT / "tests" / "data"
LONG = (
    "Die Stadt Musterhausen erneuert im kommenden Jahr die Wasserleitungen der Siedlung am Mühlbach, wie die "
    "Bürgermeisterin am Dienstag im Gemeinderat bekanntgab; die Rohre stammen aus dem Jahr 1951 und sind undicht. "
    "Der Kreistag übernimmt sieben Zehntel der Kosten, den Rest tragen die Anlieger über zehn Jahre verteilt."
)
OTHER = (
    "Für das Freibad beschloss der Rat neue Preise, die vom ersten Mai an gelten und zwei Jahre lang bleiben sollen. "
    "Die Verwaltung rechnet mit Einnahmen von rund vierzigtausend Euro, mit denen die Rutsche bezahlt werden soll, "
    "sobald der Prüfbericht vorliegt und das Land seinen Anteil überwiesen hat."
)


def article(raw: bytes) -> Article:
    (found,) = (item for item in read_pdf_file(raw, "a.pdf") if isinstance(item, Article))
    return found


def lines(raw: bytes) -> list[str]:
    return clean(article(raw).text).split("\n")


# Words that are divided


@pytest.mark.parametrize(
    ("line", "following", "together"),
    [
        ("Die Regie-", "rung tagt", "Die Regierung tagt"),
        ("Die Regie\u00ad", "rung tagt", "Die Regierung tagt"),
        ("Die Regie\u2010", "rung tagt", "Die Regierung tagt"),
        ("Die Regie\u2011", "rung tagt", "Die Regierung tagt"),
        ("die Nord-", "Süd-Achse", "die Nord-Süd-Achse"),
        ("Ein-", "und Ausgang", "Ein- und Ausgang"),
        ("Ein\u2010", "und Ausgang", "Ein\u2010 und Ausgang"),
        ("Ein-", "bzw. Ausgang", "Ein- bzw. Ausgang"),
        ("im Winter 2024-", "2025", "im Winter 2024-2025"),
        ("ein 10-", "jähriges Kind", "ein 10-jähriges Kind"),
        ("mit der S-", "Bahn", "mit der S-Bahn"),
        ("eine E-", "mail", "eine E-mail"),
        ("gilt EU-", "weit", "gilt EU-weit"),
        ("BEKANNT-", "MACHUNG DER STADT", "BEKANNTMACHUNG DER STADT"),
        ("der CDU-", "SPD-Antrag", "der CDU-SPD-Antrag"),
        ("Ein Satz -", "mit Strich", "Ein Satz - mit Strich"),
        ("Ende.", "Anfang", "Ende. Anfang"),
    ],
)
def test_words_come_together_and_compounds_keep_their_hyphens(line: str, following: str, together: str) -> None:
    assert join_lines(line, following) == together


@pytest.mark.parametrize("name", ["divided_soft_hyphen.pdf", "divided_hyphen.pdf"])
def test_words_that_a_pdf_divides(name: str) -> None:
    assert lines((DATA / name).read_bytes())[1:] == [
        "Der Kreistag von Musterhausen hat am Dienstag eine neue Buslinie nach Neudorf beschlossen. Die Regierung des "
        "Landes übernimmt sieben Zehntel der Betriebskosten. Landrätin Ottilie Brandmeier lobte die Finanzierung. "
        "Der erste Wagen soll am ersten Oktober fahren."
    ]


def test_soft_hyphens_at_line_ends_of_plain_text() -> None:
    wrapped_text = "Der Kreistag beschloss eine neue Bus\u00ad\nlinie nach Neudorf. Die Regie\u00ad\nrung zahlt."
    assert unwrap(clean(show_hyphens(wrapped_text))) == (
        "Der Kreistag beschloss eine neue Buslinie nach Neudorf. Die Regierung zahlt."
    )
    # Lines that are meant: the rest of the word moves up.
    assert clean("Regie\u00ad \n rung tagt\nEnde") == "Regierung\ntagt\nEnde"
    assert unwrap(clean(show_hyphens("Regie\u00ad\nrung\nNord\u2010\nSüd"))) == "Regierung\nNord\u2010\nSüd"


# Heads and feet


def body(top: float = 740, text: str = LONG) -> list[Placed]:
    return column(wrapped(text, 440), top=top)


def test_heads_and_feet_of_several_lines_go_and_the_sentence_goes_on() -> None:
    first, second = wrapped(LONG, 440)[:2], wrapped(LONG, 440)[2:]
    pages = []
    for number, part in enumerate((first, second, wrapped(OTHER, 440)), 1):
        head = [(60, 800, "Amtsblatt der Stadt", 8), (60, 790, "Ausgabe 20 vom 17. Mai 2024", 8)]
        foot = [(60, 40, "Rathausplatz 1", 8), (60, 30, f"Seite {number} von 3", 8)]
        pages.append([*head, *column(part, top=740), *foot])
    assert lines(placed(pages)) == [LONG, OTHER]


def test_heads_that_alternate_and_heads_on_two_pages() -> None:
    pages = [
        [
            (60 if number % 2 else 480, 800, f"{number} Haushalt" if number % 2 else f"Stadt {number}", 9),
            *body(740, text),
        ]
        for number, text in enumerate((LONG, OTHER, LONG, OTHER), 11)
    ]
    assert lines(placed(pages)) == [LONG, OTHER, LONG, OTHER]
    both = [[(60, 800, "Pressemitteilung", 9), *body(700, text)] for text in (LONG, OTHER)]
    assert lines(placed(both)) == [LONG, OTHER]


@pytest.mark.parametrize("word", ["Kapitel", "Anlage", "§"])
def test_headings_with_numbers_are_no_heads(word: str) -> None:
    pages = [
        [(60, 780, f"{word} {number}", 10), *body(740, text)] for number, text in enumerate((LONG, OTHER, LONG), 1)
    ]
    assert lines(placed(pages)) == [f"{word} 1", LONG, f"{word} 2", OTHER, f"{word} 3", LONG]


def test_the_only_line_of_each_page_stays() -> None:
    said = [f"Im Jahr {year} zählte das Freibad {count} Besucher." for year, count in ((2021, 18200), (2022, 24650))]
    assert lines(placed([[(60, 780, text, 10)] for text in said])) == said
    alike = [[(60, 780, "Stand: neu", 10)] for _ in range(4)]
    assert lines(placed(alike)) == ["Stand: neu"] * 4


def test_a_title_on_the_first_page_stays_though_it_is_a_head_later() -> None:
    later = [[(60, 810, "Satzung über die Abfälle", 8), *body(740, text)] for text in (OTHER, LONG, OTHER)]
    pages = [[(60, 780, "Satzung über die Abfälle", 18), *body(740)], *later]
    assert lines(placed(pages)) == ["Satzung über die Abfälle", LONG, OTHER, LONG, OTHER]
    assert article(placed(pages)).title == "Satzung über die Abfälle"


def test_footnotes_stand_after_the_sentence_that_runs_over_the_page() -> None:
    first, second = wrapped(LONG, 440)[:2], wrapped(LONG, 440)[2:]
    note = (60.0, 60.0, "1 Beschluss des Rats vom 3. Mai.", 7.0)
    raw = placed([[*column(first, top=100), note], [*column(second), *column(wrapped(OTHER, 440), top=600)]])
    assert lines(raw) == [LONG, "1 Beschluss des Rats vom 3. Mai.", OTHER]
    assert [block.page for block in article(raw).blocks] == [1, 2, 1, 2]


# Order and form


@pytest.mark.parametrize("across", [False, True])
def test_columns_are_read_one_after_the_other(across: bool) -> None:
    left, right = column(wrapped(LONG, 210), top=700), column(wrapped(OTHER, 210), left=300, top=700)
    drawn = [*left, *right] if not across else sorted([*left, *right], key=lambda line: (-line[1], line[0]))
    raw = placed([[(60, 740, "Aus dem Gemeinderat", 16), *drawn]])
    assert lines(raw) == ["Aus dem Gemeinderat", LONG, OTHER]


def test_three_columns() -> None:
    drawn = [
        line
        for number, text in enumerate((LONG, OTHER, LONG))
        for line in column(wrapped(text, 150), left=40 + 175 * number)
    ]
    assert lines(placed([drawn])) == [LONG, OTHER, LONG]


def test_a_table_row_is_a_line_with_its_cells_apart() -> None:
    rows = [
        ("Karte", "Erwachsene", "Kinder"),
        ("Tageskarte", "6,50 Euro", "3,00 Euro"),
        ("Jahreskarte", "180 Euro", "90 Euro"),
    ]
    drawn = [
        (left, 640 - 20 * number, cell, 10)
        for number, row in enumerate(rows)
        for left, cell in zip((60, 200, 320), row, strict=True)
    ]
    assert lines(placed([[*body(), *drawn, *body(500, OTHER)]])) == [LONG, *(" | ".join(row) for row in rows), OTHER]


def test_the_lines_of_a_cell_belong_together() -> None:
    cells = [
        *column(["Leistung"], top=700), *column(["Preis"], left=300, top=700),
        *column(["Abholung von Sperr-", "müll bis zwei Kubikmeter"], top=676), *column(["25 Euro"], left=300, top=676),
        *column(["Tonne"], top=640), *column(["96 Euro im Jahr,", "zahlbar im Mai"], left=300, top=640),
    ]  # fmt: skip
    assert lines(placed([cells])) == [
        "Leistung | Preis",
        "Abholung von Sperrmüll bis zwei Kubikmeter | 25 Euro",
        "Tonne | 96 Euro im Jahr, zahlbar im Mai",
    ]


def test_numbered_paragraphs_and_bullets_begin_lines_and_dates_do_not() -> None:
    items = ["(1) Jeder Haushalt erhält eine Tonne für Papier und eine für Glas, die", "zusammen abgeholt werden.",
             "(2) Die Abholung beginnt am Montag, dem", "17. Mai, um sieben Uhr.", "a) Papier", "b) Glas"]  # fmt: skip
    assert lines(placed([column(items)])) == [
        "(1) Jeder Haushalt erhält eine Tonne für Papier und eine für Glas, die zusammen abgeholt werden.",
        "(2) Die Abholung beginnt am Montag, dem 17. Mai, um sieben Uhr.",
        "a) Papier",
        "b) Glas",
    ]


@pytest.mark.parametrize(
    "heading", ["S A T Z U N G", "B e k a n n t m a c h u n g", "S A T Z U N G   D E R   S T A D T"]
)
def test_letters_that_are_set_apart_make_words(heading: str) -> None:
    together = " ".join(word.replace(" ", "") for word in heading.split("   "))
    assert lines(placed([[(60, 780, heading, 14), *body()]])) == [together, LONG]


def test_bullets_of_symbol_fonts_and_private_letters() -> None:
    from retrieval.loading.pdf_words import _text

    assert [_text(word) for word in ("\uf0b7", "\uf0a7", "\uf0fc", "5\uf0b0", "\uf053\uf061\uf074\uf07a")] == [
        "•", "•", "✓", "5°", "Satz"
    ]  # fmt: skip
    assert _text("o\ufb03ziell") == "offiziell"


def test_a_justified_line_with_few_words_is_no_table() -> None:
    words = ["dem", "Jahr", "1951.", "Im", "zweiten", "Abschnitt"]
    spread = [(60 + 42 * number, 740 - 12 * line, word, 10) for line in range(2) for number, word in enumerate(words)]
    assert "|" not in "\n".join(lines(placed([_justified(spread)])))


def _justified(words: list[Placed]) -> list[Placed]:
    """The words of each line with the same gap of one and a half font sizes between them."""
    from reportlab.pdfbase.pdfmetrics import stringWidth

    moved: list[Placed] = []
    for _, y, word, size in words:
        left = 60.0
        if moved and moved[-1][1] == y:
            left = moved[-1][0] + stringWidth(moved[-1][2], "Helvetica", size) + 1.5 * size
        moved.append((left, y, word, size))
    return moved


# Titles and pages


@pytest.mark.parametrize(
    "title",
    ["Seite 1", "Untitled document", "untitled", "Dokument1", "Microsoft Word - Satzung.doc", "satzung_2024_neu",
     "scan0001", "https://example.org/a", "Präsentation", "PowerPoint-Präsentation", "(anonymous)", "Bericht Mai.docx",
     "12-05"],
)  # fmt: skip
def test_titles_that_are_none(title: str) -> None:
    raw = placed([[(60, 780, "Neue Preise im Freibad", 18), *body()]], title=title)
    assert article(raw).title == "Neue Preise im Freibad"


@pytest.mark.parametrize(
    "title", ["Seite an Seite", "Satzung der Stadt", "Bericht 2024", "U. S. Army", "Neue Seiten der Stadt"]
)
def test_titles_that_are_some(title: str) -> None:
    assert best_title(title, article(placed([body()])).blocks) == title


@pytest.mark.parametrize(
    ("numbers", "named"),
    [
        ([0], "Seite 1"),
        ([0, 1], "Seite 1 und 2"),
        ([0, 1, 2, 3], "Seite 1 bis 4"),
        ([0, 4], "Seite 1 und 5"),
        ([0, 2, 4, 5, 6], "Seite 1, 3 und 5–7"),
        (list(range(0, 60, 2)), f"Seite {', '.join(map(str, range(1, 40, 2)))} und andere (30)"),
    ],
)
def test_names_of_pages(numbers: list[int], named: str) -> None:
    assert page_numbers(numbers) == named


def test_damaged_and_blank_pages() -> None:
    from pypdf import PdfReader, PdfWriter
    from pypdf.generic import NullObject

    writer = PdfWriter(clone_from=PdfReader(BytesIO(samples.pdf([LONG, OTHER, LONG]))))
    writer.add_blank_page(595, HEIGHT)
    kids = writer.root_object["/Pages"]["/Kids"]  # type: ignore[index]
    kids[1] = NullObject()
    output = BytesIO()
    writer.write(output)
    found = list(read_pdf_file(output.getvalue(), "a.pdf"))
    assert [item for item in found if isinstance(item, Skipped)] == [Skipped("Seite 2", "beschädigt")]
    assert {block.page for block in found[0].blocks} == {1, 3}  # type: ignore[union-attr]


def test_turned_pages_are_read_and_drafts_are_no_text() -> None:
    from reportlab.pdfgen.canvas import Canvas

    output = BytesIO()
    canvas = Canvas(output, (842, 595))
    for text in (LONG, OTHER):
        canvas.saveState()
        canvas.translate(842, 0)
        canvas.rotate(90)
        for left, y, line, size in column(wrapped(text, 440), top=700):
            canvas.setFont("Helvetica", size)
            canvas.drawString(left, y, line)
        canvas.restoreState()
        canvas.saveState()
        canvas.rotate(45)
        canvas.setFont("Helvetica", 60)
        canvas.drawString(200, 0, "ENTWURF")
        canvas.restoreState()
        canvas.showPage()
    canvas.save()
    assert lines(output.getvalue()) == [LONG, OTHER]


def test_pages_beyond_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrieval.loading.pdf.MAX_PAGES", 2)
    with pytest.raises(LoadingError, match=r"a\.pdf hat 3 Seiten; erlaubt sind 2"):
        article(samples.pdf([LONG] * 3))


def test_the_only_line_of_a_page_is_no_running_head() -> None:
    (article,) = read_pdf_file((DATA / "one_line_pages.pdf").read_bytes(), "besucher.pdf")
    assert [block.text for block in article.blocks] == [
        f"Im Jahr {year} zählte das Freibad {count} Besucher."
        for year, count in ((2021, 18200), (2022, 24650), (2023, 31990))
    ]
