"""``index URL``, ``feed`` and ``sync`` on the command line; the web site is one on this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from bot.cli.sync import parse_interval
from retrieval.collection import Collection
from tests.command_line import fundstelle, news_site
from tests.doubles import HashEmbedder
from tests.website import Website

REAL_FETCHER = Collection.fetcher


@pytest.fixture(autouse=True)
def site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Website]:
    monkeypatch.chdir(tmp_path)  # no .env of a developer is read
    monkeypatch.setattr(Collection, "embedder", HashEmbedder())
    with news_site(monkeypatch) as running:
        yield running


def test_pages_and_files_together(site: Website, tmp_path: Path) -> None:
    (tmp_path / "perm.txt").write_text("Machonin ist Gouverneur. Er war in Minsk.")
    result = fundstelle("index", "perm.txt", site.url("/bad"), site.url("/fehlt"), "file:///etc/passwd")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0] == f"{site.url('/fehlt')}: nicht aufgenommen: {site.url('/fehlt')} gibt es nicht (mehr)."
    assert lines[1].startswith("file:///etc/passwd: nicht aufgenommen: ")
    assert lines[2] == "2 neu, 0 geändert, 0 unverändert, 0 doppelt, 2 nicht aufgenommen"
    assert result.stderr == "2 von 4 nicht aufgenommen.\n"


def test_page_can_be_shown_and_removed_by_its_address(site: Website) -> None:
    fundstelle("index", site.url("/bad"))
    assert "zwei Jahre lang geschlossen" in fundstelle("show", site.url("/bad")).stdout
    assert fundstelle("remove", "1").exit_code == 0
    before = len(site.asked)
    assert json.loads(fundstelle("sync", "--json").stdout)["files"] == []
    assert len(site.asked) == before  # it is not looked at any more


def test_feed_from_its_beginning_to_its_end(site: Website) -> None:
    assert fundstelle("feed", "list").stderr.startswith("Noch sind keine Feeds eingetragen.")
    added = fundstelle("feed", "add", site.url("/feed"))
    assert added.stdout == f"Feed: Tagfunk ({site.url('/feed')}), 2 Einträge. fundstelle sync nimmt sie auf.\n"
    assert fundstelle("feed", "list").stdout == f"{site.url('/feed')} (noch nicht abgerufen)\n"
    assert fundstelle("sync").stdout == "2 neu, 0 geändert, 0 unverändert, 0 doppelt, 0 nicht aufgenommen\n"
    assert fundstelle("sync").stdout == "0 neu, 0 geändert, 0 unverändert, 0 doppelt, 0 nicht aufgenommen\n"
    assert "(zuletzt 20" in fundstelle("feed", "list").stdout

    del site.pages["/feed"]
    failed = fundstelle("sync", "--json")
    assert failed.exit_code == 1
    assert json.loads(failed.stdout)["files"][0] | {"reason": ""} == {
        "path": site.url("/feed"), "outcome": "failed", "reason": ""
    }  # fmt: skip
    (listed,) = json.loads(fundstelle("feed", "list", "--json").stdout)["feeds"]
    assert "gibt es nicht" in listed["error"]

    assert fundstelle("feed", "remove", site.url("/feed")).exit_code == 0
    assert len(json.loads(fundstelle("list", "--json").stdout)["articles"]) == 2
    unknown = fundstelle("feed", "remove", site.url("/feed"))
    assert (unknown.exit_code, unknown.stdout) == (1, "")


def test_what_is_no_feed(site: Website) -> None:
    result = fundstelle("feed", "add", site.url("/bad"))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"Fehler: {site.url('/bad')} ist kein Feed (RSS oder Atom).\n"


def test_removed_files_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "articles"
    folder.mkdir()
    for name, text in (("a", "Machonin war in Minsk. Er blieb zwei Tage."), ("b", "In Brest ist Messe. Sie ist groß.")):
        (folder / f"{name}.txt").write_text(text)
    fundstelle("index", str(folder))
    (folder / "a.txt").unlink()
    first = fundstelle("sync").stdout.splitlines()
    assert first[0].startswith(f"{folder / 'a.txt'}: unverändert: Die Datei fehlt. ")
    assert first[1] == "0 neu, 0 geändert, 2 unverändert, 0 doppelt, 0 nicht aufgenommen"
    result = fundstelle("sync")
    assert result.stdout.splitlines() == [
        f"{folder / 'a.txt'}: entfernt",
        "0 neu, 0 geändert, 1 unverändert, 0 doppelt, 1 entfernt, 0 nicht aufgenommen",
    ]
    assert result.exit_code == 0


def test_nothing_to_sync() -> None:
    result = fundstelle("sync")
    assert result.exit_code == 0
    assert result.stderr.startswith("Noch gibt es nichts abzugleichen.")


@pytest.mark.parametrize(("value", "seconds"), [("60s", 60), ("1m", 60), ("30m", 1800), ("2H", 7200), ("168h", 604800)])
def test_intervals(value: str, seconds: int) -> None:
    assert parse_interval(value).total_seconds() == seconds


@pytest.mark.parametrize("value", ["", "30", "59s", "0m", "-5m", "1d", "169h", "999999999999h", "m", "1.5h"])
def test_what_is_no_interval(value: str) -> None:
    with pytest.raises(typer.BadParameter):
        parse_interval(value)
    assert fundstelle("sync", f"--every={value}").exit_code == 2


def test_rounds_go_on_until_ctrl_c(tmp_path: Path) -> None:
    """The first round fails, since the folder is gone by then; the next one would come in a minute."""
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "a.txt").write_text("Machonin war in Minsk. Er blieb zwei Tage.")
    fundstelle("index", str(folder))
    folder.rename(tmp_path / "elsewhere")
    process = subprocess.Popen(
        [sys.executable, "-m", "bot.cli", "sync", "--every", "1m"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[1])},
    )  # fmt: skip
    assert process.stderr is not None
    said = [process.stderr.readline() for _ in range(2)]
    assert said[0] == "1 von 1 nicht aufgenommen.\n"
    assert said[1].startswith("Weiter um ")
    time.sleep(0.2)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=20)
    assert "nicht zu lesen" in stdout
    assert (process.returncode, stderr) == (0, "")


def test_a_round_that_fails_as_a_whole_does_not_end_the_rounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Damaged(HashEmbedder):
        def embed_texts(self, texts: object) -> object:  # type: ignore[override]
            raise RuntimeError("kaputt")

    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "a.txt").write_text("Machonin war in Minsk. Er blieb zwei Tage.")
    fundstelle("index", str(folder))
    (folder / "b.txt").write_text("In Brest beginnt die Messe. Sie zeigt Maschinen.")
    monkeypatch.setattr(Collection, "embedder", Damaged())
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", sleep)
    result = fundstelle("sync", "--every", "5m")
    assert result.exit_code == 0
    assert slept == [300, 300]
    assert result.stderr.count("Dieser Durchgang ist gescheitert: kaputt") == 2


def test_hosts_that_may_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Collection, "fetcher", REAL_FETCHER)
    monkeypatch.setenv("FUNDSTELLE_WEB_HOSTS", "example.org")
    result = fundstelle("index", "http://anders.example/")
    assert "anders.example:80 steht nicht in FUNDSTELLE_WEB_HOSTS" in result.stdout
