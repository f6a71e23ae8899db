"""Keeps the bot token out of every log record, whoever writes it and whichever handler prints it."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

PLACEHOLDER = "<token>"

# Any bot token: the bot's number, a colon (also percent-encoded), 30 or more characters of secret.
_ANY_TOKEN = re.compile(r"\d{6,}(?::|%3[aA])[A-Za-z0-9_-]{30,}")


class Redactor:
    """Replaces one token, other secrets, and whatever looks like a bot token, in strings and log records."""

    def __init__(self, token: str, *secrets: str) -> None:
        # The secret part alone gives access, so it is matched with and without the number before it.
        number, _, secret = token.partition(":")
        known = [re.escape(known) for known in (secret or number, *secrets) if known]
        if secret:
            known.insert(0, rf"{re.escape(number)}(?::|%3[aA]){re.escape(secret)}")
        self._pattern = re.compile("|".join([*known, _ANY_TOKEN.pattern]))

    def clean(self, text: str) -> str:
        """``text`` with each token replaced by ``<token>``."""
        return self._pattern.sub(PLACEHOLDER, text)

    def clean_record(self, record: logging.LogRecord) -> logging.LogRecord:
        """Redacts message, arguments, traceback and stack of a record, in place, and returns it."""
        try:
            message = record.getMessage()
        except Exception:  # Arguments that do not fit the message: logging would print them raw to stderr.
            message = f"{record.msg} {record.args!r}"
        record.msg, record.args = self.clean(message), ()
        if record.exc_info and record.exc_info[0] is not None:
            # The text replaces the exception: a handler that formats it itself would show the token.
            record.exc_text = self.clean("".join(traceback.format_exception(*record.exc_info)).rstrip())
            record.exc_info = None
        if record.stack_info:
            record.stack_info = self.clean(record.stack_info)
        return record


@contextmanager
def redact_logs(token: str, *secrets: str) -> Iterator[Redactor]:
    """While the block runs, no log record of this process contains ``token`` or one of ``secrets``.

    Records are cleaned where they are created, not in a handler's filter. This covers handlers added later, those of
    other libraries (httpx logs whole URLs), and the last-resort handler.
    """
    redactor = Redactor(token, *secrets)
    make_record = logging.getLogRecordFactory()

    def clean_record(*args: object, **kwargs: object) -> logging.LogRecord:
        return redactor.clean_record(make_record(*args, **kwargs))

    logging.setLogRecordFactory(clean_record)
    try:
        yield redactor
    finally:
        logging.setLogRecordFactory(make_record)
