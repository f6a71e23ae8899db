"""The same article as PDFs of ten programs: what is read is what was written. Programs that are missing are skipped."""

from __future__ import annotations

import html
import importlib
import shutil
import subprocess
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Final

import pytest

from retrieval.loading.normalise import clean
from retrieval.loading.parsed import Article
from retrieval.loading.pdf import read_pdf_file
from tests import samples

TITLE: Final = "Neue Preise im Freibad"
PARAGRAPHS: Final = (
    "Die Stadt Musterhausen erneuert im kommenden Jahr die Wasserleitungen der Siedlung am Mühlbach, wie die "
    "Bürgermeisterin am Dienstag im Gemeinderat bekanntgab; die Rohre stammen aus dem Jahr 1951 und sind undicht.",
    "Für das Freibad beschloss der Rat neue Preise, die vom 1. Mai an gelten. Ein- und Ausgang werden getrennt, die "
    "Nord-Süd-Achse bleibt offen, und der Kiosk öffnet größer als zuvor.",
    "Die Verwaltung rechnet mit Einnahmen von rund vierzigtausend Euro, mit denen die Rutsche bezahlt werden soll.",
)
ROWS: Final = (
    ("Karte", "Erwachsene", "Kinder"),
    ("Tageskarte", "6,50 Euro", "3,00 Euro"),
    ("Zehnerkarte", "58 Euro", "27 Euro"),
)
TABLE: Final = tuple(" | ".join(row) for row in ROWS)
#: How long a program may take, in seconds.
PATIENCE: Final = 60


def needs(*programs: str) -> str:
    """The path of the first of these programs that is installed; skips the test if none is."""
    for name in programs:
        if found := shutil.which(name):
            return found
    pytest.skip(f"{' or '.join(programs)} is not installed")


def run(*command: str, folder: Path, stdin: bytes | None = None) -> bytes:
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "TEXMFVAR": str(folder),
    }
    done = subprocess.run(
        command, cwd=folder, input=stdin, capture_output=True, timeout=PATIENCE, check=False, env=environment
    )
    if done.returncode:
        pytest.skip(f"{Path(command[0]).name} does not run here: {done.stderr[-200:]!r}")
    return done.stdout


def page(style: str = "") -> str:
    cells = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in ROWS)
    paragraphs = "".join(f"<p>{html.escape(text)}</p>" for text in PARAGRAPHS)
    head = f'<meta charset="utf-8"><title>{TITLE}</title><style>{style}</style>'
    return (
        f'<!doctype html><html lang="de"><head>{head}</head>'
        f"<body><h1>{TITLE}</h1>{paragraphs}<table>{cells}</table></body></html>"
    )


def reportlab_platypus(folder: Path) -> bytes:
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table

    output = BytesIO()
    styles = getSampleStyleSheet()
    story = [Paragraph(TITLE, styles["Title"]), *(Paragraph(text, styles["BodyText"]) for text in PARAGRAPHS)]
    SimpleDocTemplate(output).build([*story, Spacer(1, 12), Table([list(row) for row in ROWS])])
    return output.getvalue()


def reportlab_two_columns(folder: Path) -> bytes:
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import BalancedColumns, Paragraph, SimpleDocTemplate, Spacer, Table

    output = BytesIO()
    styles = getSampleStyleSheet()
    columns = BalancedColumns([Paragraph(text, styles["BodyText"]) for text in PARAGRAPHS], nCols=2)
    table = Table([list(row) for row in ROWS])
    SimpleDocTemplate(output).build([Paragraph(TITLE, styles["Title"]), columns, Spacer(1, 24), table])
    return output.getvalue()


def fpdf2(folder: Path) -> bytes:
    from fpdf import FPDF

    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=18)
    pdf.multi_cell(0, 12, TITLE, new_x="LMARGIN", new_y="NEXT")
    pdf.set_font("Helvetica", size=11)
    for text in PARAGRAPHS:
        pdf.multi_cell(0, 6, text, align="J", new_x="LMARGIN", new_y="NEXT")
        pdf.ln(3)
    with pdf.table() as table:
        for row in ROWS:
            table.row(row)
    return bytes(pdf.output())


def pypdf(folder: Path) -> bytes:
    from tests.pdf_pages import wrapped

    lines = [line for text in PARAGRAPHS for line in wrapped(text, 480, 11)]
    return samples.pdf(["\n".join([TITLE, *lines])])


def typst(folder: Path) -> bytes:
    try:
        compiler = importlib.import_module("typst")
    except ImportError:
        pytest.skip("typst is not installed")
    table = "#table(columns: 3, " + ", ".join(f"[{cell}]" for row in ROWS for cell in row) + ")"
    source = '#set text(lang: "de")\n#set page(width: 14cm)\n#set par(justify: true)\n'
    (folder / "a.typ").write_text(source + "\n\n".join([f"= {TITLE}", *PARAGRAPHS, table]), encoding="utf-8")
    return bytes(compiler.compile(str(folder / "a.typ")))


def libreoffice_word(folder: Path) -> bytes:
    from docx import Document

    program = needs("soffice", "libreoffice")
    document = Document()
    document.add_heading(TITLE, level=0)
    for text in PARAGRAPHS:
        document.add_paragraph(text)
    table = document.add_table(rows=0, cols=3)
    for row in ROWS:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    document.save(str(folder / "a.docx"))
    run(program, "--headless", "--convert-to", "pdf", "a.docx", folder=folder)
    return (folder / "a.pdf").read_bytes()


def chromium(folder: Path) -> bytes:
    program = needs("chromium", "chromium-browser", "google-chrome")
    style = "p {text-align: justify; hyphens: auto; width: 12cm} td {padding: 4px 12px; border: 1px solid}"
    (folder / "a.html").write_text(page(style), encoding="utf-8")
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--print-to-pdf=a.pdf")
    run(program, *options, (folder / "a.html").as_uri(), folder=folder)
    return (folder / "a.pdf").read_bytes()


def latex(folder: Path) -> bytes:
    program = needs("pdflatex")
    table = r"\begin{tabular}{lrr}" + r"\\".join(" & ".join(row) for row in ROWS) + r"\end{tabular}"
    head = r"\documentclass[twocolumn]{article}\usepackage[utf8]{inputenc}\usepackage[ngerman]{babel}\begin{document}"
    body = "\n\n".join([rf"\section*{{{TITLE}}}", *PARAGRAPHS, table])
    (folder / "a.tex").write_text(head + body + r"\end{document}", encoding="utf-8")
    run(program, "-interaction=batchmode", "a.tex", folder=folder)
    return (folder / "a.pdf").read_bytes()


def groff(folder: Path) -> bytes:
    program, distiller = needs("groff"), needs("ps2pdf")
    text = "\n".join([f".ll 12c\n.ps 18\n{TITLE}\n.br\n.ps 11\n.vs 14", *(f".sp\n{text}" for text in PARAGRAPHS)])
    table = ".sp\n.nf\n.ta 4c 8c\n" + "\n".join("\t".join(row) for row in ROWS)
    script = run(program, "-Kutf8", "-Tps", "-mde", folder=folder, stdin=f"{text}\n{table}\n".encode())
    (folder / "a.ps").write_bytes(script)
    run(distiller, "a.ps", "a.pdf", folder=folder)
    return (folder / "a.pdf").read_bytes()


def ghostscript(folder: Path) -> bytes:
    program = needs("gs")
    (folder / "a.pdf").write_bytes(fpdf2(folder))
    run(program, "-q", "-o", "b.pdf", "-sDEVICE=pdfwrite", "-dPDFSETTINGS=/screen", "a.pdf", folder=folder)
    return (folder / "b.pdf").read_bytes()


ORIGINS: Final[tuple[Callable[[Path], bytes], ...]] = (
    reportlab_platypus, reportlab_two_columns, fpdf2, pypdf, typst, libreoffice_word, chromium, latex, groff,
    ghostscript,
)  # fmt: skip


@pytest.mark.parametrize("made_by", ORIGINS, ids=lambda made_by: str(made_by.__name__))
def test_what_is_read_is_what_was_written(made_by: Callable[[Path], bytes], tmp_path: Path) -> None:
    (article,) = (found for found in read_pdf_file(made_by(tmp_path), "a.pdf") if isinstance(found, Article))
    table = () if made_by is pypdf else TABLE
    assert clean(article.text).split("\n") == [TITLE, *PARAGRAPHS, *table]
