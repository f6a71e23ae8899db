import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from retrieval.errors import LoadingError
from retrieval.loading import load_documents
from retrieval.loading.page_pictures import PagePicture, is_page_of_pdf, page_picture
from retrieval.types import Document
from tests.pdf_pages import column, placed

FIRST = [
    "Die Stadt zahlt 17 Euro fuer das neue Wasser-",
    "werk am Rand. Der Zug kostet 17 Euro und faehrt.",
    "Es regnet.",
]
SECOND = ["Auf der zweiten Seite steht ein anderer Satz."]
RAW = placed([column(FIRST, size=14, leading=18), column(SECOND)])


def article(path: Path) -> Document:
    path.write_bytes(RAW)
    return next(item for item in load_documents(path) if isinstance(item, Document))


def drawn(document: Document, words: str, start: int = 0) -> PagePicture:
    place = document.text.index(words, start)
    return page_picture(document, 0, place, place + len(words))


def marked(picture: PagePicture) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom of what is yellow, in points."""
    image = Image.open(io.BytesIO(picture.png)).convert("RGB")
    red, _, blue = image.split()
    yellow = Image.composite(red, Image.new("L", image.size), blue.point(lambda value: 255 if value < 120 else 0))
    box = yellow.point(lambda value: 255 if value > 200 else 0).getbbox()
    scale = image.width / 595
    return None if box is None else tuple(round(edge / scale) for edge in box)  # type: ignore[return-value]


def test_the_quote_is_marked_where_its_neighbours_stand(tmp_path: Path) -> None:
    document = article(tmp_path / "a.pdf")
    first, second = drawn(document, "17 Euro"), drawn(document, "17 Euro", document.text.index("Zug"))
    assert (first.page, first.is_marked, second.page, second.is_marked) == (1, True, 1, True)
    one, other = marked(first), marked(second)
    assert one is not None and other is not None
    assert other[1] - one[1] == pytest.approx(18, abs=2)  # a line lower
    assert one[0] < other[0]


def test_a_word_divided_at_the_end_of_a_line_is_marked_on_both(tmp_path: Path) -> None:
    box = marked(drawn(article(tmp_path / "a.pdf"), "neue Wasserwerk"))
    assert box is not None
    assert box[3] - box[1] > 25


def test_the_page_is_that_of_the_quote_or_the_wanted_one(tmp_path: Path) -> None:
    document = article(tmp_path / "a.pdf")
    assert drawn(document, "ein anderer Satz").page == 2
    start = document.text.index("ein anderer Satz")
    elsewhere = page_picture(document, 1, start, start + 16)
    assert (elsewhere.page, elsewhere.is_marked, marked(elsewhere)) == (1, False, None)


def test_a_quote_that_goes_on_over_the_page_is_marked_as_far_as_it_stands_there(tmp_path: Path) -> None:
    document = article(tmp_path / "a.pdf")
    first, end = document.text.index("Der Zug"), document.text.index("ein anderer")
    assert page_picture(document, 0, first, end).is_marked


def test_a_file_in_an_archive(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("ordner/b#1.pdf", RAW)
        archive.writestr("a.txt", "Ein Text.")
    document = next(
        item for item in load_documents(tmp_path / "x.zip") if isinstance(item, Document) and ".pdf" in item.path
    )
    assert drawn(document, "17 Euro").is_marked
    with pytest.raises(LoadingError, match=r"gibt es nicht|nicht mehr"):
        drawn(replace(document, path=document.path.replace("b#1", "c")), "17 Euro")


def test_no_page_of_any_size_is_a_large_picture(tmp_path: Path) -> None:
    from reportlab.pdfgen.canvas import Canvas

    for width, height in ((14_000, 14_000), (14_000, 3), (3, 3)):
        canvas = Canvas(str(tmp_path / "a.pdf"), (width, height))
        canvas.drawString(0, 0, "Wort")
        canvas.showPage()
        canvas.save()
        picture = page_picture(Document("Wort", path=str(tmp_path / "a.pdf")), 1)
        size = Image.open(io.BytesIO(picture.png)).size
        assert max(size) <= 2401
        assert size[0] * size[1] <= 4_100_000


def test_what_cannot_be_shown_is_said(tmp_path: Path) -> None:
    document = article(tmp_path / "a.pdf")
    for changed, page, size, reason in (
        (replace(document, path="/a/b.txt"), 1, None, "stammt nicht aus einer PDF"),
        (replace(document, path="https://example.org/a.pdf"), 1, None, "liegt im Netz"),
        (replace(document, path=str(tmp_path / "b.pdf")), 1, None, "nicht mehr da"),
        (replace(document, landmarks=()), 0, None, "keine Seite bekannt"),
        (document, 3, None, "hat keine Seite 3, sondern 2"),
        (document, 1, len(RAW) + 1, "seither geändert"),
    ):
        with pytest.raises(LoadingError, match=reason):
            page_picture(changed, page, size=size)
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4 kaputt")
    with pytest.raises(LoadingError, match=r"a\.pdf"):
        page_picture(document, 1)
    assert drawn(article(tmp_path / "a.pdf"), "17 Euro").is_marked  # the process goes on


def test_which_answers_have_a_page(tmp_path: Path) -> None:
    document = article(tmp_path / "a.pdf")
    assert is_page_of_pdf(document, 0)
    assert not is_page_of_pdf(replace(document, path="https://example.org/a.pdf"), 0)
    assert not is_page_of_pdf(replace(document, path="/a/b.docx"), 0)
    assert not is_page_of_pdf(replace(document, landmarks=()), 0)
