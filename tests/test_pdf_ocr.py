"""Pages that are pictures: named where nothing reads them, else read and marked."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from retrieval.errors import LoadingError
from retrieval.loading import ocr
from retrieval.loading.parsed import Article, Skipped
from retrieval.loading.pdf import read_pdf_file
from retrieval.loading.process import Worker
from retrieval.types import Document
from tests.conftest import ROOT
from tests.pdf_pages import column, placed, scanned, wrapped

MIXED = (ROOT / "tests" / "data" / "mixed_scan.pdf").read_bytes()
TEXT = "Die Stadt erneuert im Jahr 1951 die Wasserleitungen der Siedlung am Bach, wie die Verwaltung bekanntgab."
SCAN = scanned(placed([column(wrapped(TEXT, 300, 14), size=14, leading=18)]))

# What it prints: a page, a block, a paragraph, a line and its words, the last one unsure.
STAND_IN = """#!/bin/sh
case "$*" in
  --list-langs) printf 'List of available languages:\\n%s\\n' "$LANGUAGES"; exit 0;;
esac
case "$*" in "stdin stdout -l deu --dpi "*" tsv") ;; *) exit 3;; esac
cat > /dev/null
[ -n "$DELAY" ] && exec sleep "$DELAY"
printf 'level\\tpage_num\\tblock_num\\tpar_num\\tline_num\\tword_num\\tleft\\ttop\\twidth\\theight\\tconf\\ttext\\n'
printf '4\\t1\\t1\\t1\\t1\\t0\\t300\\t300\\t900\\t50\\t-1\\t\\n'
printf '5\\t1\\t1\\t1\\t1\\t1\\t300\\t300\\t300\\t50\\t%s\\tGelesener\\n' "$SURE"
printf '5\\t1\\t1\\t1\\t1\\t2\\t620\\t300\\t200\\t50\\t%s\\tSatz.\\n' "$SURE"
printf '5\\t1\\t1\\t1\\t1\\t3\\t850\\t300\\t100\\t50\\t12\\t~~\\n'
"""


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Whether Tesseract is there is looked up once a process."""
    ocr._program.cache_clear()
    yield
    ocr._program.cache_clear()


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A program named tesseract that reads „Gelesener Satz.“ off any picture."""
    program = tmp_path / "bin" / "tesseract"
    program.parent.mkdir()
    program.write_text(STAND_IN, encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.setenv("LANGUAGES", "deu")
    monkeypatch.setenv("SURE", "93.5")
    return monkeypatch


def parts(raw: bytes) -> tuple[list[Article], list[Skipped]]:
    found = list(read_pdf_file(raw, "a.pdf"))
    articles = [item for item in found if isinstance(item, Article)]
    return articles, [item for item in found if isinstance(item, Skipped)]


@pytest.mark.parametrize("languages", [None, "eng"])
def test_without_tesseract_or_german_pages_are_named(
    languages: str | None, stand_in: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if languages is None:
        (tmp_path / "bin" / "tesseract").unlink()
        stand_in.setenv("PATH", str(tmp_path / "bin"))
        how = "mit Tesseract („deu“) liest Fundstelle sie"
    else:
        stand_in.setenv("LANGUAGES", languages)
        (tmp_path / "bin" / "apt").symlink_to("/bin/true")
        how = "mit „apt install tesseract-ocr tesseract-ocr-deu“ liest Fundstelle sie"
    (article,), (skipped,) = parts(MIXED)
    assert article.text.startswith("Anlage zur Satzung\nJe Wohnung")
    assert skipped == Skipped("Seite 1 und 2", f"ohne Text, vielleicht eingescannt; {how}")
    with pytest.raises(LoadingError, match=r"vielleicht sind die Seiten eingescannte Bilder: mit .* liest"):
        parts(SCAN)


def test_pages_are_read_in_their_place_and_marked(stand_in: pytest.MonkeyPatch) -> None:
    (article,), skipped = parts(MIXED)
    assert [(block.text, block.page, block.ocr) for block in article.blocks[:3]] == [
        ("Gelesener Satz.", 1, True),
        ("Gelesener Satz.", 2, True),
        ("Anlage zur Satzung", 3, False),
    ]
    assert skipped == []


def test_what_it_is_not_sure_of_is_no_text(stand_in: pytest.MonkeyPatch) -> None:
    stand_in.setenv("SURE", "40")
    _, (skipped,) = parts(MIXED)
    assert skipped == Skipped("Seite 1 und 2", "ohne Text, vielleicht eingescannt; auch Tesseract las nichts")


def test_it_may_not_take_long(stand_in: pytest.MonkeyPatch) -> None:
    stand_in.setenv("DELAY", "30")
    stand_in.setattr(ocr, "OCR_PAGE_SECONDS", 0.3)
    _, (skipped,) = parts(MIXED)
    assert skipped.why == "ohne Text, vielleicht eingescannt; die Zeit für die Texterkennung reichte nicht"


def test_only_pdfs_get_more_time_and_only_where_they_can_be_read(stand_in: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert (ocr.more_seconds("a.PDF") > 300, ocr.more_seconds("a.zip")) == (True, 0.0)
    stand_in.setenv("PATH", str(tmp_path))
    assert ocr.more_seconds("a.pdf") == 0.0


def test_scanned_pages_with_a_printed_page_number(stand_in: pytest.MonkeyPatch) -> None:
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(BytesIO(SCAN)))
    stamp = PdfReader(BytesIO(placed([[(280, 30, "Seite 1 von 2", 9)]]))).pages[0]
    writer.pages[0].merge_page(stamp)
    writer.append(BytesIO(placed([[*column(wrapped(TEXT, 300)), (280, 30, "Seite 2 von 2", 9)]])))
    output = BytesIO()
    writer.write(output)
    (article,), skipped = parts(output.getvalue())
    assert [(block.text, block.page, block.ocr) for block in article.blocks] == [
        ("Gelesener Satz.", 1, True),
        (TEXT, 2, False),
    ]
    assert skipped == []


def _reads_german() -> bool:
    program = shutil.which("tesseract")
    if program is None:
        return False
    listed = subprocess.run([program, "--list-langs"], capture_output=True, check=False, text=True)
    return "deu" in listed.stdout.split()


@pytest.mark.skipif(not _reads_german(), reason="Tesseract with German is not installed")
def test_tesseract_reads_a_scanned_page(tmp_path: Path) -> None:
    worker = Worker()
    try:
        found = list(worker.read(SCAN, tmp_path / "a.pdf"))
    finally:
        worker.close()
    (document,) = found
    assert isinstance(document, Document)
    assert document.text == TEXT
    assert document.landmarks[0].ocr
