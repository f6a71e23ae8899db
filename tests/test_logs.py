"""bot/logs.py"""

from __future__ import annotations

import json
import logging
from datetime import datetime
from pathlib import Path

import pytest

from bot.logs import log_file, logging_to, logging_to_stderr
from bot.settings import Settings
from bot.telegram.token_redaction import redact_logs

# Not the one of the other tests: that one must be in no log.
TOKEN = "987654321:another-secret_0123456789_abcdefghij"
log = logging.getLogger("test")


def settings(home: Path, log_format: str) -> Settings:
    return Settings(_env_file=None, home=home, log_format=log_format)  # type: ignore[call-arg, arg-type]


def failed() -> None:
    try:
        raise RuntimeError(f"kaputt mit {TOKEN}")
    except RuntimeError:
        log.exception("ging schief: %s", f"„{TOKEN}“\nzweite Zeile")


def test_json_lines(tmp_path: Path) -> None:
    chosen = settings(tmp_path, "json")
    with logging_to(chosen, debug=False):
        log.info("Hallo %s", "Welt")
        failed()
    plain, error = (json.loads(line) for line in log_file(chosen).read_text("utf-8").splitlines())
    assert datetime.fromisoformat(plain.pop("time")).utcoffset() is not None
    assert plain == {"level": "INFO", "logger": "test", "message": "Hallo Welt"}
    assert "RuntimeError: kaputt mit" in error["traceback"]


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_redaction_holds_in_both_formats(tmp_path: Path, log_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    chosen = settings(tmp_path, log_format)
    with redact_logs(TOKEN, "Geheimnis"), logging_to(chosen, debug=False), logging_to_stderr(chosen):
        failed()
        log.warning("das Geheimnis")
    for written in (log_file(chosen).read_text("utf-8"), capsys.readouterr().err):
        assert "RuntimeError: kaputt mit <token>" in written
        assert "das <token>" in written
        assert TOKEN not in written and TOKEN.split(":")[1] not in written
