"""docs/screenshots.py: the message in its picture is the bot's, and the pictures are there."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from PIL import Image

from bot.render.telegram import to_html
from bot.telegram.handlers.excerpts import buttons
from docs import screenshots
from retrieval.loading import load_documents
from retrieval.loading.page_pictures import page_picture
from retrieval.types import Document
from tests.served import COSTS, collection


def test_the_chat_shows_the_bot_s_message_and_buttons(tmp_path: Path) -> None:
    with collection(tmp_path) as articles:
        answer = articles.ask(COSTS)
    for language in ("de", "en"):
        page = screenshots.chat_page(answer, language, tmp_path)
        assert to_html(answer, language) in page
        markup = buttons(answer, language, lambda *_: "x" * 14)
        assert markup is not None
        rows = re.findall("<div><span.*?</div>", page)
        shown = [[unescape(key) for key in re.findall("<span>(.*?)</span>", row)] for row in rows]
        assert shown == [[key.text for key in row] for row in markup.inline_keyboard]


def test_the_report_as_a_pdf_has_the_quote_marked(tmp_path: Path) -> None:
    path = tmp_path / "bericht.pdf"
    path.write_bytes(screenshots.report_pdf(screenshots.REPORT.read_text(encoding="utf-8")))
    article = next(item for item in load_documents(path) if isinstance(item, Document))
    place = article.text.index(screenshots.QUOTE)
    picture = page_picture(article, 0, place, place + len(screenshots.QUOTE))
    assert (picture.page, picture.is_marked) == (1, True)
    assert article.landmarks[-1].page == 1


@pytest.mark.parametrize("picture", [screenshots.CARD, screenshots.PAGE])
def test_the_pictures_are_there_and_small(picture: Path) -> None:
    assert picture.stat().st_size < 120_000
    with Image.open(picture) as opened:
        assert (opened.format, opened.width <= 900) == ("PNG", True)


def test_without_a_browser_one_line_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)
    with pytest.raises(SystemExit, match="No Chromium"):
        screenshots.main()
