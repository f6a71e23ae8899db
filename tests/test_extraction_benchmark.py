from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.extraction import main, measure, summary

LEAD = "Der Rat der Stadt hat am Abend eine neue Buslinie beschlossen, sie fährt ab dem Herbst."
TEXT = "Bürgermeisterin Ottilie Brandmeier sprach von einem guten Tag für alle, die mit dem Bus zur Arbeit fahren."
OTHER = "Die Freie Liste stimmte dagegen, weil ihr die Kosten der Linie in diesem Jahr viel zu hoch sind."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inner = tmp_path / "cache"
    inner.mkdir()
    head = '<title>Neue Linie im Tal</title><meta name="date" content="2024-05-17">'
    html = f"<html><head>{head}</head><body><article><p>{LEAD}</p><p>{TEXT}</p><p>{OTHER}</p></article></body></html>"
    (inner / "bus.html").write_text(html, "utf-8")
    return tmp_path


def entry(**fields: object) -> dict[str, dict[str, object]]:
    stated = {
        "file": "bus.html",
        "lead": [LEAD],
        "text": [TEXT, OTHER],
        "title": "Neue Linie im Tal",
        "date": "2024-05-17",
    }
    return {"https://bote.example/bus": {**stated, **fields}}


def test_all_is_found(folder: Path) -> None:
    [page] = measure(folder, entry())
    assert (page.lead, page.title, page.date, page.wrong_date) == (True, True, True, False)
    assert (page.found, page.other) == (page.words, 0)


def test_what_is_missing_or_wrong_counts(folder: Path) -> None:
    missing = "Der Landkreis zahlt die Hälfte davon."
    [page] = measure(folder, entry(lead=[missing], text=[LEAD, TEXT], title="Anderes", date="2024-05-18"))
    assert (page.lead, page.title, page.date, page.wrong_date) == (False, False, False, True)
    assert page.words - page.found == len(missing.split())
    assert page.other == len(OTHER.split())


def test_pieces_and_what_is_not_judged(folder: Path) -> None:
    reference = {"page": {"file": "bus.html", "with": ["neue Buslinie", "gibt es nicht"], "without": ["Freie Liste"]}}
    figures = summary(measure(folder, reference))
    assert (figures["pieces found"], figures["foreign pieces found"]) == ("0.500", "1.000")
    assert "title right" not in figures


def test_page_that_is_not_there_is_passed_over(folder: Path) -> None:
    assert measure(folder, {"page": {"file": "fehlt.html"}}) == []


def test_command(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reference = tmp_path / "reference.json"
    reference.write_text(json.dumps(entry()), "utf-8")
    main([str(folder), str(reference), "--pages"])
    shown = capsys.readouterr().out
    assert "bus.html: lead, recall 1.00, other 0.00" in shown
    assert "title right: 1 of 1" in shown
