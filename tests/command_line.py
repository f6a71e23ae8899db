"""``fundstelle`` in the tests' own process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from typer.testing import CliRunner, Result

from bot.cli.app import app
from retrieval.answering.calibration import Calibrations
from retrieval.collection import Collection
from retrieval.inference.reader import Reader
from tests.doubles import HashEmbedder
from tests.feeds import news
from tests.website import Website, fetcher, website


def fundstelle(*arguments: str, stdin: str | bytes | None = None) -> Result:
    """Runs a command; an error that it does not catch itself is raised."""
    return CliRunner().invoke(app, arguments, input=stdin, catch_exceptions=False)


def use_reader(monkeypatch: pytest.MonkeyPatch, reader: Reader) -> None:
    """Commands find articles by their words and answer with ``reader``; no models are loaded, nothing is calibrated."""
    monkeypatch.setattr(Collection, "calibrations", Calibrations())
    monkeypatch.setattr(Collection, "embedder", HashEmbedder())
    monkeypatch.setattr(Collection, "reader", reader)


@contextmanager
def news_site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Website]:
    """A site with ``news``, which is all that commands can reach of the web."""
    with website() as running:
        news(running)
        monkeypatch.setattr(Collection, "fetcher", lambda self: fetcher(running))
        yield running
