"""``fundstelle`` in the tests' own process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from typer.testing import CliRunner, Result

from bot.cli.app import app
from retrieval.collection import Collection
from tests.feeds import news
from tests.website import Website, fetcher, website


def fundstelle(*arguments: str, stdin: str | bytes | None = None) -> Result:
    """Runs a command; an error that it does not catch itself is raised."""
    return CliRunner().invoke(app, arguments, input=stdin, catch_exceptions=False)


@contextmanager
def news_site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Website]:
    """A site with ``news``, which is all that commands can reach of the web."""
    with website() as running:
        news(running)
        monkeypatch.setattr(Collection, "fetcher", lambda self: fetcher(running))
        yield running
