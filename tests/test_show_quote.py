import json
import webbrowser
from html.parser import HTMLParser
from pathlib import Path

import pytest

from bot.render.page import to_page
from bot.settings import load_settings
from retrieval.types import Document
from tests.command_line import fundstelle
from tests.pdf_pages import column, placed
from tests.test_cli import doubles, elsewhere  # noqa: F401

EVIL = "<script>alert(1)</script> & \"zwei\"\nDer Zug kostet 3 Euro.\n\nEnde 'hier'."


class Shown(HTMLParser):
    """The tags of a page, and the texts of its marks and paragraphs."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags = [""]
        self.marks: list[str] = []
        self.paragraphs: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.marks += [""] * (tag == "mark")
        self.paragraphs += [""] * (tag == "p")

    def handle_data(self, data: str) -> None:
        if self.tags.count("p") and self.paragraphs:
            self.paragraphs[-1] += data
        if self.tags[-1] == "mark":
            self.marks[-1] += data

    def handle_endtag(self, tag: str) -> None:
        self.tags.append("/" + tag)


@pytest.mark.parametrize("words", ["kostet 3 Euro", '"zwei"\nDer Zug', "<script>", "'hier'."])
def test_everything_is_escaped_and_the_words_are_marked(words: str) -> None:
    document = Document(EVIL, title='</title><img src=x onerror="1">', source="<b>dpa", url="javascript:alert(1)")
    start = EVIL.index(words)
    page = to_page(document, [(start, start + len(words))], "de")
    shown = Shown(page)
    assert not {"script", "img", "b"} & set(shown.tags)
    assert "\n".join(shown.marks) == words
    assert 'href="javascript' not in page
    assert "default-src 'none'" in page
    assert [line.strip() for line in shown.paragraphs if line.strip()][2:] == [
        line for line in EVIL.split("\n") if line
    ]


@pytest.fixture
def article(doubles: None, tmp_path: Path) -> Path:  # noqa: F811
    (tmp_path / "zug.txt").write_text("Der Zug kostet 3 Euro.\nEr fährt um neun nach   Minsk.")
    assert fundstelle("index", str(tmp_path / "zug.txt")).exit_code == 0
    return tmp_path / "zug.txt"


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a browser is asked to open."""
    opened: list[str] = []
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(webbrowser, "open", lambda url: not opened.append(url))
    return opened


def test_open_writes_a_page_that_only_its_owner_can_read(article: Path, browser: list[str]) -> None:
    result = fundstelle("show", "1", "--open", "--mark", "KOSTET  3 euro")
    path = load_settings().home / "fundstelle.page.html"
    assert browser == [f"{path.as_uri()}#stelle"]
    assert (result.stdout, result.stderr) == ("", f"Im Browser geöffnet: {path}\n")
    assert path.stat().st_mode & 0o777 == 0o600
    assert Shown(path.read_text("utf-8")).marks == ["kostet 3 Euro"]
    fundstelle("remove", "1")
    assert not path.exists()


def test_without_a_display_the_path_is_printed(article: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    path = load_settings().home / "fundstelle.page.html"
    assert fundstelle("show", "1", "--open").stdout == f"{path}\n"
    value = json.loads(fundstelle("show", "1", "--open", "--start", "8", "--end", "14", "--json").stdout)
    assert value == {"id": 1, "page": str(path)}
    assert Shown(path.read_text("utf-8")).marks == ["kostet"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--mark", "Flugzeug"), "„Flugzeug“ steht nicht im Artikel 1."),
        (("--mark", " "), "steht nicht im Artikel 1."),
        (("--start", "5"), "--start und --end passen nicht"),
        (("--start", "9", "--end", "9"), "--start und --end passen nicht"),
        (("--start", "0", "--end", "4000"), "der Text hat"),
        (("--page", "1"), "stammt nicht aus einer PDF-Datei"),
    ],
)
def test_what_cannot_be_marked_is_one_line(article: Path, options: tuple[str, ...], reason: str) -> None:
    result = fundstelle("show", "1", "--open", *options)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert reason in result.stderr


def test_a_page_of_a_pdf_as_a_picture(doubles: None, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "a.pdf").write_bytes(placed([column(["Der Zug kostet 3 Euro und faehrt nach Minsk."])]))
    fundstelle("index", str(tmp_path / "a.pdf"))
    picture = tmp_path / "bild.png"
    arguments = ("show", "1", "--page", "1", "--mark", "3 Euro", "--output", str(picture))
    assert fundstelle(*arguments).stdout == f"{picture}\n"
    assert picture.read_bytes().startswith(b"\x89PNG")
    value = json.loads(fundstelle(*arguments, "--json").stdout)
    assert value == {"id": 1, "picture": str(picture), "page": 1, "marked": True}
    missing = fundstelle("show", "1", "--page", "1", "--output", str(tmp_path / "fehlt" / "b.png"))
    assert (missing.exit_code, missing.stderr.count("\n")) == (1, 1)
    (tmp_path / "a.pdf").unlink()
    gone = fundstelle(*arguments)
    assert (gone.exit_code, "nicht mehr da" in gone.stderr) == (1, True)
