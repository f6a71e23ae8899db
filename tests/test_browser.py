"""The pages of ``fundstelle serve`` in a real browser, as people use them: typed, pressed, looked at.

Without Chromium these are skipped: it is nothing that Fundstelle needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from retrieval.types import Document
from tests.chromium import Chromium, Tab, find_chromium
from tests.served import ATTACKER, COSTS, EVIL, collection
from tests.test_http import TOKEN, running

SENTENCE = "Die neue Kaimauer kostet 12 Millionen Euro & mehr."
#: Many windows long, with the quote in the middle.
LONG = Document(
    "\n\n".join([*["Am Abend regnete es wie seit Wochen."] * 60, SENTENCE, *["Der Wind kam aus Nordwest."] * 60]),
    title="Hafen " + "wächst" * 40,
    source="dpa",
    published="2024-05-17",
    url="https://hafen.example/1",
    path="/artikel/lang.txt",
)
# The contrast of every text with what lies behind it, as WCAG 2.2 reckons it.
CONTRASTS = """(() => {
  const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = colour => {
    const [r, g, b] = numbers(colour).map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const behind = element => {
    const colour = getComputedStyle(element).backgroundColor;
    return numbers(colour)[3] === 0 ? behind(element.parentElement) : colour;
  };
  return [...document.body.querySelectorAll('*')]
    .filter(element => element.matches('input') || [...element.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
    .map(element => {
      const both = [light(getComputedStyle(element).color), light(behind(element))].sort((a, b) => b - a);
      return [element.tagName + '.' + element.className, (both[0] + .05) / (both[1] + .05)];
    });
})()"""
PAGES = {"blank": {}, "answer": {"q": COSTS}, "silence": {"q": "Wann schließt das Museum?", "since": "2024-01-01"}}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("browser") / "home"
    with collection(home, [LONG, EVIL]):
        pass
    with running(home) as address:
        yield address.rstrip("/")


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    program = find_chromium()
    if program is None:
        pytest.skip("needs Chromium on the PATH, or CHROMIUM with its path")
    with Chromium(program, tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture(scope="module")
def phone(chromium: Chromium, address: str) -> Tab:
    """A narrow window that has been let in."""
    tab = chromium.tab(size=(320, 640))
    tab.open(f"{address}/?token={TOKEN}")
    return tab


@pytest.mark.parametrize(
    ("language", "scripts", "said"),
    [("de", True, "● sicher"), ("en-GB,de;q=0.5", True, "● certain"), ("de", False, "● sicher")],
)
def test_from_the_address_to_the_marked_sentence(
    chromium: Chromium, address: str, language: str, scripts: bool, said: str
) -> None:
    tab = chromium.tab(language=language, scripts=scripts)
    tab.open(f"{address}/?token={TOKEN}")
    assert tab.evaluate("location.search") == ""
    tab.type(COSTS)  # the search box has the focus
    tab.press("Enter", leads_on=True)
    assert (tab.text("h1"), tab.text(".certainty"), tab.text("mark")) == (
        "12 Millionen Euro",
        said,
        "12 Millionen Euro",
    )
    tab.click("article .source a", leads_on=True)
    assert tab.evaluate("[...document.querySelectorAll('.sentence')].map(e => e.innerText).join('')") == SENTENCE
    assert tab.text(".sentence mark") == "12 Millionen Euro"
    window = tab.evaluate("innerHeight")
    for marked in ("#quote", "mark", ".sentence:last-child"):
        assert 0 <= tab.box(marked)["top"] < tab.box(marked)["bottom"] <= window
    assert tab.evaluate("document.body.scrollHeight") > 3 * window
    assert tab.evaluate("document.documentElement.lang") == language[:2]
    assert tab.settle() == []


def test_the_button_asks_too(phone: Tab, address: str) -> None:
    phone.open(f"{address}/")
    phone.type(COSTS)
    phone.click("button", leads_on=True)
    assert phone.text("mark") == "12 Millionen Euro"


def test_filters_open_and_are_used_without_scripts(chromium: Chromium, address: str) -> None:
    tab = chromium.tab(scripts=False)
    tab.open(f"{address}/?token={TOKEN}")
    tab.type(COSTS)
    tab.click("summary")
    tab.click("input[name=until]")
    tab.type("2024-05-16")
    tab.press("Enter", leads_on=True)
    assert "until=2024-05-16" in tab.evaluate("location.search")
    assert (tab.text("mark"), tab.text("h1")) == ("", "Dazu steht nichts in den Artikeln.")


def test_what_an_article_wrote_is_text(phone: Tab, address: str) -> None:
    phone.open(f"{address}/?{urlencode({'q': ATTACKER})}")
    assert phone.text("mark") == '"><img src=x onerror=alert(2)>'
    phone.open(f"{address}/articles/2")
    assert phone.text(".text") == EVIL.text
    assert phone.evaluate("document.querySelectorAll('img, script').length") == 0
    assert phone.settle() == []


@pytest.mark.parametrize("page", PAGES)
def test_pages_fit_a_narrow_window(phone: Tab, address: str, page: str) -> None:
    phone.open(f"{address}/?{urlencode(PAGES[page])}")
    assert phone.evaluate("document.documentElement.scrollWidth") == 320
    outside = "[...document.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > 320.5).length"
    assert phone.evaluate(outside) == 0


@pytest.mark.parametrize("dark", [False, True])
def test_every_text_can_be_read(chromium: Chromium, address: str, dark: bool) -> None:
    tab = chromium.tab(dark=dark)
    tab.open(f"{address}/?token={TOKEN}")
    seen: set[str] = set()
    for path in (*(f"/?{urlencode(asked)}" for asked in PAGES.values()), "/articles/1?start=2220&end=2230"):
        tab.open(address + path)
        found = dict(tab.evaluate(CONTRASTS))
        seen |= set(found)
        assert {name: value for name, value in found.items() if value < 4.5} == {}
    assert {"MARK.", "BUTTON.", "INPUT.", "P.source", "H2.", "A."} <= seen
    # A quote is told from its sentence, and the sentence from the rest.
    colours = ["mark", ".sentence", "body"]
    assert len({tab.evaluate(f"getComputedStyle(document.querySelector('{c}')).backgroundColor") for c in colours}) == 3


def test_a_screen_reader_finds_names_and_the_answer(phone: Tab, address: str) -> None:
    phone.open(f"{address}/?{urlencode(PAGES['silence'])}")
    names = phone.names()
    assert names["searchbox"] == ["Ihre Frage an die Artikel"]
    assert names["textbox"] == ["Quelle", "Ab", "Bis"]
    assert names["button"] == ["Fragen"]
    assert names["heading"] == ["Dazu steht nichts in den Artikeln.", "Am nächsten kommen diese Stellen:"]
    assert {"main", "banner", "search"} <= set(names)


def test_what_has_the_focus_shows_it(phone: Tab, address: str) -> None:
    phone.open(f"{address}/?{urlencode({'q': COSTS})}")
    shown = []
    for _ in range(4):
        phone.press("Tab")
        shown.append(
            phone.evaluate("[document.activeElement.tagName, getComputedStyle(document.activeElement).outline]")
        )
    assert [tag for tag, _ in shown] == ["A", "INPUT", "BUTTON", "SUMMARY"]
    assert all("solid 2px" in outline for _, outline in shown)
