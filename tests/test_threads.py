"""bot/threads.py"""

from __future__ import annotations

import os

import pytest

from bot.threads import wait_without_spinning
from tests.command_line import fundstelle


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"OMP_WAIT_POLICY": "PASSIVE"}),
        ({"OMP_WAIT_POLICY": "ACTIVE"}, {"OMP_WAIT_POLICY": "ACTIVE"}),
        ({"GOMP_SPINCOUNT": "1000"}, {"GOMP_SPINCOUNT": "1000"}),
    ],
)
def test_threads_sleep_unless_the_user_says_otherwise(before: dict[str, str], after: dict[str, str]) -> None:
    environment = dict(before)
    wait_without_spinning(environment)
    assert environment == after


def test_every_command_begins_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "x")  # put back afterwards, whatever it was
    monkeypatch.delenv("OMP_WAIT_POLICY")
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    assert fundstelle("status").exit_code == 0
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"
