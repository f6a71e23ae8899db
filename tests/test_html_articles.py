"""Web pages: what belongs to the article, and what the page states of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from retrieval.loading.documents import Member, read_documents
from retrieval.types import Document

PAGES = Path(__file__).parent / "data" / "html"
LEAD = (
    "Landrätin Ottilie Brandmeier hat den Bau der Seetalbahn angekündigt. Die Strecke nach Bergheim soll siebzig"
    " Millionen Euro kosten und im Herbst zweitausendachtundzwanzig fertig sein."
)
BODY = (
    "Die Abstimmung im Kreistag ging mit dreißig zu zwölf Stimmen aus. Gegen den Plan stimmten vor allem Mitglieder der"
    " Freien Liste, die die Kosten für zu hoch halten.",
    "Der Umbau der Strecke soll in zwei Abschnitten erfolgen. Zunächst werden die Gleise erneuert, danach folgen die"
    " Bahnsteige, die künftig ohne Stufen erreichbar sein sollen.",
    "Auch die Vertreter der Fahrgäste äußerten sich zufrieden. Man habe lange auf diese Entscheidung gewartet, sagte"
    " ihr Sprecher Konrad Ahlsdorf nach der Sitzung.",
)
TITLE = "Kreistag stimmt für die Seetalbahn"
PARAGRAPHS = "".join(f"<p>{paragraph}</p>" for paragraph in BODY)


def read(html: str | bytes) -> Document:
    raw = html if isinstance(html, bytes) else html.encode()
    [found] = list(read_documents(raw, "seite.html"))
    assert isinstance(found, Member)
    return found.document


def page(article: str, head: str = "", around: str = "") -> str:
    return (
        f'<!DOCTYPE html><html lang="de"><head><meta charset="utf-8"><title>{TITLE}</title>{head}</head>'
        f"<body><nav><a href='/'>Start</a></nav><main><article>{article}</article></main>{around}</body></html>"
    )


def linked_data(**fields: object) -> str:
    stated = {"@context": "https://schema.org", "@type": "NewsArticle", **fields}
    return f'<script type="application/ld+json">{json.dumps(stated)}</script>'


LEADS = [
    "div-excerpt", "div-intro", "div-summary", "header-p-lead", "hgroup-h2", "p-article-lead", "p-teaser", "plain-p",
    "strong-lead",
]  # fmt: skip


@pytest.mark.parametrize("name", LEADS)
def test_lead_is_read_once(name: str) -> None:
    document = read((PAGES / f"{name}.html").read_bytes())
    assert document.text.count(LEAD) == 1
    assert document.text.index(LEAD) < document.text.index("Die Abstimmung im Kreistag")
    assert (document.title, document.published) == (TITLE, "2024-05-17")


@pytest.mark.parametrize(
    "article",
    [
        f"<header><p class='kicker'>Verkehr</p><h1>{TITLE}</h1><h2 class='subline'>{LEAD}</h2></header>{PARAGRAPHS}",
        f"<div class='head'><h1>{TITLE}</h1><div class='entry-summary'><p><b>{LEAD}</b></p></div></div>"
        f"<div class='meta'>Von Anna Muster</div><div class='content'>{PARAGRAPHS}</div>",
        f"<h1>{TITLE}</h1><section class='standfirst'>{LEAD}</section><div>{PARAGRAPHS}</div>",
    ],
    ids=["subline", "summary-and-byline", "standfirst"],
)
def test_lead_without_a_description(article: str) -> None:
    text = read(page(article)).text
    assert text.count(LEAD) == 1
    assert all(paragraph in text for paragraph in BODY)
    assert "Anna Muster" not in text


def test_lead_beside_the_body() -> None:
    html = page(
        f"<div class='text'>{PARAGRAPHS}</div>",
        head=f'<meta property="og:description" content="{LEAD}">',
    ).replace("<article>", f"<div class='top'><h1>{TITLE}</h1><div class='teaser-text'>{LEAD}</div></div><article>")
    text = read(html).text
    assert text.count(LEAD) == 1
    assert text.index(LEAD) < text.index(BODY[0])


def test_what_only_the_data_state_stands_in_its_place() -> None:
    hidden = "Der Landkreis zahlt davon zwanzig Millionen Euro aus seinen Rücklagen."
    body = f"{BODY[0]} {hidden} {BODY[1]} {BODY[2]}"
    text = read(page(f"<h1>{TITLE}</h1>{PARAGRAPHS}", head=linked_data(headline=TITLE, articleBody=body))).text
    assert text.index(BODY[0]) < text.index(hidden) < text.index(BODY[1])
    assert all(text.count(paragraph) == 1 for paragraph in (*BODY, hidden))


def test_summary_sub_headings_and_captions() -> None:
    document = read(
        page(
            f"<h1>{TITLE}</h1><div class='summary-box'><ul><li>Der Bau der Bahn kostet siebzig Millionen Euro.</li>"
            "<li>Die ersten Züge fahren nach dem Plan in vier Jahren.</li></ul></div>"
            f"<p>{BODY[0]}</p><figure><img src='x.jpg'><figcaption>Der alte Bahnhof von Bergheim im Seetal</figcaption>"
            f"</figure><h2>Zwei Abschnitte</h2><p>{BODY[1]}</p><h3>Lob und Dank</h3><p>{BODY[2]}</p>"
        )
    )
    lines = document.text.split("\n")
    for line in (
        "Der Bau der Bahn kostet siebzig Millionen Euro.",
        "Die ersten Züge fahren nach dem Plan in vier Jahren.",
        "Der alte Bahnhof von Bergheim im Seetal",
        "Zwei Abschnitte",
        "Lob und Dank",
    ):
        assert lines.count(line) == 1


@pytest.mark.parametrize(
    "furniture",
    [
        "<aside class='related'><h3>Mehr zum Thema</h3><p>Die Waldbahn wird nach langem Streit nun doch gebaut, sagt"
        " der Rat.</p></aside>",
        "<div class='app-banner'><p>Laden Sie die App und lesen Sie alle Artikel vier Wochen ohne Kosten.</p></div>",
        "<div class='newsletter-box'><p>Melden Sie sich an und lesen Sie jeden Morgen, was im Tal geschah.</p></div>",
        "<div class='embed-consent'><p>Mit Ihrer Zustimmung wird hier ein Video gezeigt, das andere machten.</p></div>",
        "<p><a href='/x'>Lesen Sie auch: Die Waldbahn wird nach langem Streit nun doch gebaut</a></p>",
        "<div class='share'><a href='#'>Auf Facebook teilen</a><a href='#'>Per Mail verschicken</a></div>",
        "<ul><li>Waldbahn: <a href='/x'>Nach langem Streit wird sie nun doch gebaut</a></li></ul>",
        "<p>Anzeige</p>",
    ],
    ids=["related", "app", "newsletter", "consent", "link", "share", "list", "advertisement"],
)
def test_what_is_no_article(furniture: str) -> None:
    text = read(page(f"<h1>{TITLE}</h1><p>{BODY[0]}</p>{furniture}<p>{BODY[1]}</p><p>{BODY[2]}</p>")).text
    assert [line for line in text.split("\n") if line != TITLE] == list(BODY)


@pytest.mark.parametrize("hint", ["(öffnet im neuen Fenster)", "<span>öffnet in neuem Tab</span>"])
def test_hints_for_links_are_no_text(hint: str) -> None:
    said = f"Der Plan steht <a href='/plan' target='_blank'>im Netz {hint}</a>, wie der Landkreis am Abend sagte."
    text = read(page(f"<h1>{TITLE}</h1><p>{BODY[0]}</p><p>{said}</p><p>{BODY[2]}</p>")).text
    assert "Der Plan steht im Netz, wie der Landkreis" in text


def test_kicker_and_headline_of_a_case() -> None:
    document = read((PAGES / "kicker.html").read_bytes())
    assert "Streit um die Seetalbahn\nKreistag stimmt für den Bau\n" in document.text
    assert document.title == "Kreistag stimmt für den Bau"


@pytest.mark.parametrize(
    "heading",
    [
        f"<h1><span>Streit um die Bahn</span><span>{TITLE}</span></h1>",
        f"<h1><small class='overline'>Streit um die Bahn</small>{TITLE}</h1>",
        f"<h1><span class='dachzeile'>Streit um die Bahn</span><br>{TITLE}</h1>",
        f"<header><h1><strong>Streit um die Bahn</strong><em>{TITLE}</em></h1></header>",
    ],
    ids=["spans", "small", "break", "strong"],
)
def test_kicker_and_headline_do_not_run_together(heading: str) -> None:
    document = read(page(heading + PARAGRAPHS))
    assert "Bahn" + TITLE not in document.text
    assert document.title == TITLE


DATES = {"copyright": "", "datecreated": "2015-10-12", "event": "", "nodate": "", "visible": "2024-01-17"}


@pytest.mark.parametrize("name", DATES)
def test_no_date_is_invented(name: str) -> None:
    document = read((PAGES / f"{name}.html").read_bytes())
    assert document.published == DATES[name]
    assert document.author == ("Erika Muster" if name == "visible" else "")


@pytest.mark.parametrize(
    ("article", "head", "around", "expected"),
    [
        (PARAGRAPHS, linked_data(headline=TITLE, datePublished="2024-05-17T23:30:00+02:00"), "", "2024-05-17"),
        (PARAGRAPHS, '<meta name="date" content="2024-05-17">', "", "2024-05-17"),
        (f"<time datetime='2024-05-17'>Freitag</time>{PARAGRAPHS}", "", "", "2024-05-17"),
        (f"<div class='date'>17.05.2024 – 10:30 Uhr</div>{PARAGRAPHS}", "", "", "2024-05-17"),
        (f"<p>Stand: 17. Mai 2024</p>{PARAGRAPHS}", "", "", "2024-05-17"),
        (f"{PARAGRAPHS}<p>Das Tal hat seit dem <time datetime='1998-03-03'>3. März 1998</time> keine.</p>", "", "", ""),
        (f"<p>Konzert am 3. Juni 2024</p>{PARAGRAPHS}", "", "", ""),
        (f"<p class='subline'>Premiere: 3. Juni 2024, 19 Uhr</p>{PARAGRAPHS}", "", "", ""),
        (f"<figure><figcaption>Bergheim, 3. Juni 1998</figcaption></figure>{PARAGRAPHS}", "", "", ""),
        (PARAGRAPHS, "", "<footer>© 1. Januar 2016 Bote Neudorf</footer>", ""),
        (PARAGRAPHS, "", "<aside><time datetime='2020-01-01'>1.1.2020</time> <a href='/a'>Anderes</a></aside>", ""),
        (PARAGRAPHS, linked_data(headline=TITLE, dateModified="2025-01-01", copyrightYear=2016), "", ""),
    ],
    ids=[
        "linked-data", "meta", "time", "line", "as-of", "story", "concert", "premiere", "caption", "copyright", "aside",
        "modified",
    ],
)  # fmt: skip
def test_date_of_the_article(article: str, head: str, around: str, expected: str) -> None:
    assert read(page(f"<h1>{TITLE}</h1>{article}", head, around)).published == expected


@pytest.mark.parametrize(
    ("head", "line", "expected"),
    [
        (linked_data(headline=TITLE, author={"@type": "Person", "name": "Anna Muster"}), "", "Anna Muster"),
        ('<meta name="author" content="Anna Muster">', "", "Anna Muster"),
        ("", "<p>Von Anna Muster</p>", "Anna Muster"),
        ("", "<div class='author'>Anna Muster | 17.05.2024</div>", "Anna Muster"),
        ("", "<p class='place'>Berlin</p>", ""),
    ],
    ids=["linked-data", "meta", "by", "class", "place"],
)
def test_author(head: str, line: str, expected: str) -> None:
    assert read(page(f"<h1>{TITLE}</h1>{line}{PARAGRAPHS}", head)).author == expected


@pytest.mark.parametrize(
    ("title", "head"),
    [
        (f"{TITLE} | Bote Neudorf", '<meta property="og:site_name" content="Bote Neudorf">'),
        (
            f"{TITLE} - Bote Neudorf",
            linked_data(headline=TITLE, publisher={"@type": "Organization", "name": "Bote Neudorf"}),
        ),
        (f"Bote Neudorf: {TITLE}", '<meta property="og:site_name" content="Bote Neudorf">'),
    ],
    ids=["bar", "hyphen", "before"],
)
def test_title_without_the_site_that_is_the_source(title: str, head: str) -> None:
    html = page(f"<h1>{TITLE}</h1>{PARAGRAPHS}", head).replace(f"<title>{TITLE}</title>", f"<title>{title}</title>")
    document = read(html)
    assert (document.title, document.source) == (TITLE, "Bote Neudorf")


def test_title_that_is_cut_at_a_quotation_mark_is_whole() -> None:
    whole = 'Sieger und "royaler Besuch" in Neudorf'
    head = f'<meta property="og:title" content="{whole}">'  # the attribute ends at the second quotation mark
    assert read(page(f"<h1>{whole}</h1>{PARAGRAPHS}", head)).title == whole


def test_headline_is_no_source() -> None:
    head = f'<meta property="og:title" content="{TITLE}"><meta property="og:site_name" content="{TITLE}">'
    assert read(page(f"<h1>{TITLE}</h1>{PARAGRAPHS}", head)).source == ""


@pytest.mark.parametrize(
    ("table", "lines"),
    [
        (
            "<tr><th></th><th>Erwachsene</th><th>Kinder</th></tr>"
            "<tr><td>Tageskarte</td><td>8 Euro<br>ermäßigt 6 Euro</td><td>4 Euro</td></tr>",
            ["Erwachsene | Kinder", "Tageskarte | Erwachsene: 8 Euro ermäßigt 6 Euro | Kinder: 4 Euro"],
        ),
        (
            "<caption>Preise im Sommer</caption><thead><tr><td>Karte</td><td>Preis</td></tr></thead>"
            "<tbody><tr><td><p>Jahres</p><p>karte</p></td><td>80 Euro</td></tr></tbody>",
            ["Preise im Sommer", "Karte | Preis", "Jahres karte | Preis: 80 Euro"],
        ),
        (
            "<tr><th rowspan='2'>Karte</th><th colspan='2'>Eintritt</th></tr><tr><th>Kinder</th><th>Hunde</th></tr>"
            "<tr><td>Tag</td><td>4 Euro</td><td>1 Euro</td></tr>",
            ["Karte | Eintritt", "Kinder | Hunde", "Tag | Eintritt Kinder: 4 Euro | Eintritt Hunde: 1 Euro"],
        ),
    ],
    ids=["break", "caption", "spans"],
)
def test_row_of_a_table_is_a_line(table: str, lines: list[str]) -> None:
    text = read(page(f"<h1>{TITLE}</h1><p>{BODY[0]}</p><table>{table}</table><p>{BODY[1]}</p><p>{BODY[2]}</p>")).text
    assert "\n".join((BODY[0], *lines, BODY[1])) in text


def test_table_of_a_layout_is_text() -> None:
    inner = "<table><tr><td>Tageskarte</td><td>8 Euro</td></tr></table>"
    html = (
        f"<html><body><table><tr><td><h1>{TITLE}</h1>{PARAGRAPHS}{inner}</td><td>Rand</td></tr></table></body></html>"
    )
    lines = read(html).text.split("\n")
    assert [line for line in lines if line in BODY] == list(BODY)


@pytest.mark.parametrize(
    "hostile",
    [
        "<table><tr><td>x</td><td>" * 300,
        "<table><tr>" + "<td colspan='99999' rowspan='99999'>x</td>" * 1000 + "</table>",
        f"<script type='application/ld+json'>{'[' * 5000}</script>",
        "<script type='application/ld+json'>[" + '{"@type":"NewsArticle","headline":7},' * 5000 + "0]</script>",
        "<h2><span class='kicker'>A</span></h2>" * 1000,
        "<p>Von " + "JanJanJan" * 30 + " 17</p><p>17.05." + " " * 20_000 + "</p>",
    ],
    ids=["nested", "spans", "deep-data", "many-articles", "kickers", "dates"],
)
def test_hostile_page_is_read(hostile: str) -> None:
    assert BODY[1] in read(page(f"<h1>{TITLE}</h1>{PARAGRAPHS}{hostile}")).text
