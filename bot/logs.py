"""Where log lines go: a file in the data directory, and stderr with ``--debug`` or for a service; as text or JSON."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

from bot.settings import Settings
from retrieval.characters import escape_controls, to_json

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_INDENT = "    "


class _LogFile(RotatingFileHandler):
    """A log file created with its first line; lines that cannot be written are dropped."""

    def handleError(self, record: logging.LogRecord) -> None:
        pass


class _Text(logging.Formatter):
    """A line a record, whatever its message holds; a traceback follows in lines that are indented."""

    def format(self, record: logging.LogRecord) -> str:
        record.message = record.getMessage()
        record.asctime = self.formatTime(record, self.datefmt)
        more = [_traceback(self, record), record.stack_info or ""]
        further = (line for part in more for line in part.split("\n") if line)
        return "\n".join(
            [escape_controls(self.formatMessage(record)), *(_INDENT + escape_controls(line) for line in further)]
        )


class _Json(logging.Formatter):
    """One JSON object a line: ``time`` (ISO, UTC), ``level``, ``logger``, ``message``, and ``traceback`` if any."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if traceback := _traceback(self, record):
            line["traceback"] = traceback
        return to_json(line)


def _traceback(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    """What lies behind an error; of a redacted record only the text is left."""
    return formatter.formatException(record.exc_info) if record.exc_info else record.exc_text or ""


def log_file(settings: Settings) -> Path:
    """The log file of a data directory."""
    return settings.home / "fundstelle.log"


@contextmanager
def logging_to(settings: Settings, *, debug: bool) -> Iterator[None]:
    """Logs and warnings of the block go to the log file, and to stderr at level DEBUG with ``debug``."""
    root = logging.getLogger()
    handlers: list[logging.Handler] = [
        _LogFile(log_file(settings), maxBytes=1_000_000, backupCount=2, encoding="utf-8", delay=True)
    ]
    if debug:
        handlers.append(logging.StreamHandler(sys.stderr))
    level = root.level
    root.setLevel(logging.DEBUG if debug else settings.log_level)
    for handler in handlers:
        handler.setFormatter(_formatter(settings))
        root.addHandler(handler)
    # httpx logs whole addresses at INFO, and Telegram's hold the token.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    # FAISS logs at INFO which instructions of the processor it is built for.
    logging.getLogger("faiss").setLevel(logging.WARNING)
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        root.setLevel(level)
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()


@contextmanager
def logging_to_stderr(settings: Settings) -> Iterator[None]:
    """Logs of the block go to stderr too, if they do not yet: a service's log is read there."""
    root = logging.getLogger()
    if any(type(handler) is logging.StreamHandler for handler in root.handlers):
        yield
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(settings))
    handler.setLevel(settings.log_level)
    before = root.level
    root.setLevel(min(before, handler.level))
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(before)


def _formatter(settings: Settings) -> logging.Formatter:
    return _Json() if settings.log_format == "json" else _Text(_FORMAT)
