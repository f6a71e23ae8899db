"""Numbers over time: which values belong together, what is drawn of them, and how they get to people."""

from __future__ import annotations

import os
import threading
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from bot.cli.ask_all import draw_chart, show_all
from bot.render.all_answers import COLUMNS, rows, to_json
from bot.render.chart import CACHE, chart
from bot.render.csv import cell
from bot.render.values import Series, series, value_cells, written
from bot.settings import Settings
from bot.telegram.handlers import all_answers
from retrieval.answering.all_answers import AllAnswers, Finding, Mention
from retrieval.types import Document, Filter, Passage
from tests.botapi import BotApi
from tests.botapi.journal import Call
from tests.telegram_bot import RunningBot, ScriptedAnswerer

QUESTION = "Was kostet die Halle in $Kellingrode$, \\frac{1}{2} oder 中?"


def finding(quote: str, *days: str, confidence: float = 0.9, source: str = "Bote $x^2$") -> Finding:
    mentions = []
    for number, day in enumerate(days):
        document = Document(quote, "T" * 20, source, published=day, id=hash((quote, number)))
        mentions.append(Mention(quote, 0, len(quote), document, Passage(quote, 0, len(quote), 0, 0), confidence))
    return Finding(tuple(mentions))


COSTS = AllAnswers(
    QUESTION,
    (
        finding("zwölf Millionen Euro", "2024-01-15", "2024-02-20"),
        finding("14.500.000 Euro", "2024-04-11"),
        finding("13 Mio. €", "2024-04-11", confidence=0.6),
        finding("1,2345 Mrd. Euro", "2024-09-19"),
        finding("viel zu viel", "2024-09-20"),
        finding("3 Jahre", "2024-09-20"),
        finding("15 Mio. Euro", ""),
    ),
)


def test_the_values_of_the_commonest_unit_by_day() -> None:
    values = series(COSTS)
    assert values is not None
    assert values.unit == "Euro"
    assert [(point.day.isoformat(), int(point.amount), point.is_first, point.is_surest) for point in values.points] == [
        ("2024-01-15", 12_000_000, True, True),
        ("2024-02-20", 12_000_000, False, True),
        ("2024-04-11", 14_500_000, True, True),
        ("2024-04-11", 13_000_000, True, False),
        ("2024-09-19", 1_234_500_000, True, True),
    ]
    assert values.scale("de") == ("Mrd. Euro", 10**9)
    assert values.scale("en") == ("billion Euro", 10**9)
    assert written(Decimal("1234500000"), Decimal(10**6), "de") == "1.234,5"
    assert values.of(COSTS.findings[0]) == 12_000_000
    assert values.of(COSTS.findings[4]) is None


def test_values_are_in_the_unit_that_most_articles_have() -> None:
    quotes = ("4 Meter", "420 cm", "5,10 Meter")
    values = series(AllAnswers("", tuple(finding(q, f"2024-02-0{n}") for n, q in enumerate(quotes, 1))))
    assert values is not None
    assert (values.unit, [str(point.amount) for point in values.points]) == ("Meter", ["4", "4.2", "5.1"])
    plain = series(AllAnswers("", (finding("120", "2024-02-01"), finding("350 Menschen", "2024-02-02", "2024-02-03"))))
    assert plain is not None
    assert (plain.unit, [int(point.amount) for point in plain.points]) == ("Menschen", [120, 350, 350])


@pytest.mark.parametrize(
    "found",
    [
        (),
        (finding("4 Meter", "2024-02-01"), finding("5 Meter", "2024-02-02")),
        (finding("4 Meter", "2024-02-01"), finding("5 Meter", "2024-02-01"), finding("6 Meter", "2024-02-01")),
        (finding("4 Meter", "2024-02-01"), finding("5 Euro", "2024-02-02"), finding("6 Jahre", "2024-02-03")),
        (finding("4 Meter", ""), finding("5 Meter", "gestern"), finding("6 Meter", "2024-02-03")),
        tuple(finding(when, f"2024-02-0{n}") for n, when in enumerate(("September 2025", "2026", "im März 2027"), 1)),
        (finding("im Mai", "2024-02-01"), finding("Anna", "2024-02-02"), finding("4 bis 5 Meter", "2024-02-03")),
    ],
)
def test_there_is_nothing_to_draw(found: tuple[Finding, ...]) -> None:
    assert series(AllAnswers("", found)) is None


def test_the_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("matplotlibrc").write_text("text.usetex: True\n")
    values = series(COSTS)
    assert values is not None
    drawn = [chart(answers_, values, "de", tmp_path) for answers_ in (COSTS, AllAnswers("Anders?", COSTS.findings))]
    for png in drawn:
        picture = Image.open(BytesIO(png))
        assert picture.format == "PNG"
        assert picture.size == (1200, 720)
        assert picture.convert("L").getpixel((2, 2)) > 230  # its own light paper
        assert picture.convert("L").getextrema()[0] < 60
    assert drawn[0] != drawn[1]
    assert "MPLCONFIGDIR" not in os.environ
    assert {entry.name for entry in tmp_path.iterdir()} <= {CACHE, "matplotlibrc"}


def test_value_and_unit_in_json_and_csv() -> None:
    found = {shown["text"]: (shown["value"], shown["unit"]) for shown in to_json(COSTS, by_date=True)["findings"]}
    assert found["13 Mio. €"] == (13_000_000.0, "€")
    assert found["viel zu viel"] == (None, None)
    table = [dict(zip(COLUMNS, map(cell, row), strict=True)) for row in rows(COSTS, by_date=True)]
    assert [(row["date"], row["source"], row["value"], row["unit"]) for row in table][:2] == [
        ("2024-01-15", "Bote $x^2$", "12000000", "Euro"),
        ("2024-02-20", "Bote $x^2$", "12000000", "Euro"),
    ]
    assert cell(value_cells("minus 3,5 Grad")[0]) == "-3.5"


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings(_env_file=None, home=tmp_path)  # type: ignore[call-arg]
    assert draw_chart(settings, COSTS, tmp_path / "kosten.png")
    assert (tmp_path / "kosten.png").read_bytes().startswith(b"\x89PNG")
    assert capsys.readouterr().err.replace("\n", "").endswith("kosten.png")
    assert not draw_chart(settings, AllAnswers("?", COSTS.findings[:1]), tmp_path / "nichts.png")
    assert "mindestens drei Zahlen" in capsys.readouterr().err
    assert not (tmp_path / "nichts.png").exists()


def test_bars_in_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    levels = AllAnswers("?", tuple(finding(f"{n} Meter", f"2024-02-0{n}") for n in (2, 4, 8)))
    show_all(levels, "de", by_date=True, is_table=True)
    printed = capsys.readouterr().out
    assert [line.count("█") for line in printed.splitlines() if "Meter" in line] == [5, 10, 20]
    show_all(levels, "de", by_date=False, is_table=True)
    assert "█" not in capsys.readouterr().out


class CostAnswerer(ScriptedAnswerer):
    """Answers with COSTS, or to "Viele" with too many for the words below a photo."""

    def ask_all(self, question: str, *, within: Filter | None = None) -> AllAnswers:
        if question != "Viele":
            return AllAnswers(question, COSTS.findings)
        return AllAnswers(question, tuple(finding(f"{n} Meter", f"2024-02-{n:02}") for n in range(1, 29)))


def test_on_telegram_charts_are_drawn_beside_the_event_loop(
    api: BotApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []

    def watched(answers: AllAnswers, values: Series, language: str, home: Path) -> bytes:
        threads.append(threading.current_thread().name)
        return chart(answers, values, language, home)

    monkeypatch.setattr(all_answers, "chart", watched)
    with RunningBot(tmp_path / "bot", api.url, CostAnswerer()) as bot:
        api.text("/verlauf Was kostet die Halle?")
        api.text("/alle Was kostet die Halle?")
        api.wait(lambda: len(api.calls("sendPhoto")) == 2, 60)
        assert len(threads) == 2
        assert bot._thread.name not in threads  # the event loop's
        assert not bot.answerer.threads & set(threads)  # nor that of the reader, which others wait for


def test_on_telegram_the_list_stands_below_the_picture(api: BotApi, tmp_path: Path) -> None:
    def photos() -> list[Call]:
        return api.calls("sendPhoto")

    with RunningBot(tmp_path / "bot", api.url, CostAnswerer()):
        api.text("/verlauf Was kostet die Halle?")
        api.wait(photos, 60)
        (shown,) = photos()
        assert shown.params["caption"].startswith("7 verschiedene Antworten, die älteste")
        assert "1. <b>zwölf Millionen Euro</b> 🟢 sicher" in shown.params["caption"]
        assert shown.answer["photo"][0]["width"] == 1200
        assert not api.sent()
        api.text("/alle Viele")
        api.wait(lambda: len(photos()) == 2, 60)
        assert "caption" not in photos()[1].params
        (listed,) = api.sent()
        assert listed["text"].startswith("28 verschiedene Antworten, die sicherste")
