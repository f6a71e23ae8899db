"""The pictures in the READMEs that need a browser or a PDF: an answer on Telegram, and a page with the quote marked.

``python -m docs.screenshots`` asks the embedded models and writes docs/telegram-card.png and docs/pdf-page.png anew.
The message and its buttons are the bot's own; the bubbles around them are drawn here, as Telegram draws them. It needs
the test tools and Chromium, which ``CHROMIUM`` may name; with the fonts, on Debian:
``apt-get install chromium fonts-roboto-unhinted fonts-noto-color-emoji``.
"""

from __future__ import annotations

import sys
import tempfile
from html import escape
from io import BytesIO
from pathlib import Path

import yaml
from PIL import Image, ImageOps
from typer.testing import CliRunner

from bot.cli.app import app
from bot.render.telegram import to_html
from bot.telegram.handlers.excerpts import buttons
from bot.telegram.seals import Seals
from docs.transcripts import samples
from retrieval import Answer, Collection
from tests.chromium import Chromium, find_chromium

ROOT = Path(__file__).resolve().parents[1]
CARD, PAGE = ROOT / "docs" / "telegram-card.png", ROOT / "docs" / "pdf-page.png"
QUESTION = "Wie viel kostete die Sanierung des Hallenbads in Fulda?"
REPORT = ROOT / "seeds" / "2024-06-01_tagfunk_fulda-hallenbad-wiedereroeffnung.txt"
QUOTE = "16,8 Mio. Euro"
NO_BROWSER = "No Chromium is on the PATH: install one (Debian: apt-get install chromium) or set CHROMIUM to its path."
_PERSON = "Lena"
_STYLE = """
body { margin: 0; width: 430px; background: linear-gradient(160deg, #d5e3b5, #aecb9a 55%, #9cc3a4);
  font: 16px/1.35 Roboto, sans-serif; color: #000; }
main { padding: 12px 10px 14px; display: flex; flex-direction: column; gap: 6px; }
.bubble { position: relative; padding: 7px 11px 8px; border-radius: 15px; overflow-wrap: break-word; }
.asked { align-self: flex-end; max-width: 330px; background: #effdde; border-bottom-right-radius: 4px; }
.answered { align-self: flex-start; width: 368px; background: #fff; border-bottom-left-radius: 4px;
  white-space: pre-wrap; }
time { float: right; margin: 5px 0 -3px 10px; font-size: 12px; color: #8b9aa3; }
.asked time { color: #5fa85b; }
.reply { margin: 1px 0 5px; padding: 3px 8px; border-left: 3px solid #3d9be9; border-radius: 5px; background: #eaf4fd;
  font-size: 14px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.reply b { display: block; color: #2f86d3; font-weight: 500; }
b { font-weight: 700; }
a { color: #2f86d3; text-decoration: none; }
/* The line break after a frame is its end: no empty line. */
blockquote { position: relative; margin: 2px 0 -.95em; padding: 4px 26px 5px 9px; border-left: 3px solid #3d9be9;
  border-radius: 5px; background: #eaf4fd; font-size: 15px; }
blockquote::after { content: "\\201D"; position: absolute; top: -1px; right: 8px; font: 700 24px/1.2 Georgia, serif;
  color: #3d9be9; }
blockquote[expandable]::before { content: ""; position: absolute; bottom: 7px; right: 11px; width: 6px; height: 6px;
  border: solid #3d9be9; border-width: 2px 0 0 2px; transform: rotate(45deg); }
.keys { align-self: flex-start; width: 390px; display: grid; gap: 4px; }
.keys div { display: grid; grid-auto-flow: column; grid-auto-columns: 1fr; gap: 4px; }
.keys span { padding: 9px 4px; border-radius: 8px; background: rgb(66 96 62 / 62%); color: #fff; font-weight: 500;
  font-size: 15px; text-align: center; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
"""


def chat_page(answer: Answer, language: str, home: Path) -> str:
    """A chat in which the question was asked and answered, as an HTML page; ``home`` has the key of the buttons.

    The quote's frame is open, as after a press.
    """
    markup = buttons(answer, language, lambda *parts: Seals(home).of(1, *parts))
    rows = markup.inline_keyboard if markup else ()
    keys = "".join(f"<div>{''.join(f'<span>{escape(key.text)}</span>' for key in row)}</div>" for row in rows)
    question = escape(answer.question)
    return f"""<!DOCTYPE html>
<html lang="{language}">
<meta charset="utf-8">
<title>Telegram</title>
<style>{_STYLE}</style>
<main>
<div class="bubble asked">{question}<time>14:02 ✓✓</time></div>
<div class="bubble answered"><div class="reply"><b>{_PERSON}</b>{question}</div>{to_html(answer, language)}\
<time>14:02</time></div>
<div class="keys">{keys}</div>
</main>
</html>
"""


def card(program: str) -> bytes:
    """The answer to QUESTION on Telegram, as PNG."""
    with samples() as home, Collection(home) as collection, tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "chat.html"
        page.write_text(chat_page(collection.ask(QUESTION), "de", home), encoding="utf-8")
        with Chromium(program, Path(folder)) as browser:
            tab = browser.tab(size=(430, 900), scale=2)
            tab.open(page.as_uri())
            return tab.picture("main")


def marked_page() -> bytes:
    """What ``fundstelle show`` draws of a PDF with REPORT, with QUOTE marked, as PNG."""
    with tempfile.TemporaryDirectory() as folder:
        report, picture = Path(folder) / "bericht.pdf", Path(folder) / "seite.png"
        report.write_bytes(report_pdf(REPORT.read_text(encoding="utf-8")))
        home = ["--home", f"{folder}/home", "--language", "de"]
        for command in (
            ["index", str(report)],
            ["show", str(report), "--page", "1", "--mark", QUOTE, "--output", str(picture)],
        ):
            CliRunner().invoke(app, [*command, *home], catch_exceptions=False)
        return picture.read_bytes()


def report_pdf(article: str) -> bytes:
    """An article with a header as the samples have it, on a small page."""
    from reportlab.lib.enums import TA_JUSTIFY
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer

    _, header, text = article.split("---\n", 2)
    about = yaml.safe_load(header)
    title = ParagraphStyle("title", fontName="Times-Bold", fontSize=17, leading=20, spaceAfter=3)
    line = ParagraphStyle("line", fontName="Helvetica", fontSize=8, leading=12, textColor="#666666")
    body = ParagraphStyle("body", fontName="Times-Roman", fontSize=10, leading=13.2, alignment=TA_JUSTIFY, spaceAfter=6)
    story: list[Flowable] = [
        Paragraph(escape(about["title"]), title),
        Paragraph(escape(f"{about['source']} · {about['published']:%d.%m.%Y}"), line),
        Spacer(1, 8),
        *(Paragraph(escape(paragraph), body) for paragraph in text.strip().split("\n")),
    ]
    output = BytesIO()
    margins = dict.fromkeys(("leftMargin", "rightMargin", "topMargin", "bottomMargin"), 34)
    SimpleDocTemplate(output, pagesize=(420, 545), title=about["title"], author=about["source"], **margins).build(story)
    return output.getvalue()


def small(png: bytes, width: int, colours: int) -> bytes:
    """The picture at most ``width`` wide and with few colours, for pages that are opened often."""
    picture = Image.open(BytesIO(png)).convert("RGB")
    if picture.width > width:
        height = round(picture.height * width / picture.width)
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    output = BytesIO()
    # Coverage rather than frequency: the yellow of a dot or a mark is rare, and the point of the picture.
    few = picture.quantize(colours, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(output, "PNG", optimize=True)
    return output.getvalue()


def framed(png: bytes) -> bytes:
    """With a thin line around it, so that a white page is seen on a white one."""
    output = BytesIO()
    ImageOps.expand(Image.open(BytesIO(png)).convert("RGB"), 2, "#c8c8c8").save(output, "PNG")
    return output.getvalue()


def main() -> None:
    program = find_chromium()
    if program is None:
        sys.exit(NO_BROWSER)
    CARD.write_bytes(small(card(program), 860, 255))
    PAGE.write_bytes(small(framed(marked_page()), 800, 32))


if __name__ == "__main__":
    main()
