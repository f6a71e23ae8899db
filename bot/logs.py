"""Where log lines go: a file in the data directory, and with ``--debug`` stderr too."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path

from bot.settings import Settings

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class _LogFile(RotatingFileHandler):
    """A log file that is made with its first line, and does without where it cannot be written."""

    def handleError(self, record: logging.LogRecord) -> None:
        pass


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
        handler.setFormatter(logging.Formatter(_FORMAT))
        root.addHandler(handler)
    # httpx logs whole addresses at INFO, and Telegram's hold the token.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        root.setLevel(level)
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()
