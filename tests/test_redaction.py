"""bot/telegram/token_redaction.py"""

from __future__ import annotations

import io
import logging

import pytest

from bot.telegram.token_redaction import Redactor, redact_logs

TOKEN = "123456789:AAsecret-short"
LONG = "987654321:" + "A1b2_-" * 6


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (f"https://api.telegram.org/bot{TOKEN}/getMe", "https://api.telegram.org/bot<token>/getMe"),
        ("bot123456789%3AAAsecret-short/x", "bot<token>/x"),
        ("only AAsecret-short leaked", "only <token> leaked"),
        (f"b'/bot{TOKEN}/getMe'", "b'/bot<token>/getMe'"),
        (f"another bot's {LONG}.", "another bot's <token>."),
        ("nothing: 123456789 at 10:30", "nothing: 123456789 at 10:30"),
        ("", ""),
    ],
)
def test_clean(text: str, clean: str) -> None:
    assert Redactor(TOKEN).clean(text) == clean


def test_without_a_token_other_tokens_are_still_cleaned() -> None:
    assert Redactor("").clean(f"x {LONG} y") == "x <token> y"


@pytest.fixture
def output() -> str:
    """What a handler prints that knows nothing of redaction, for all the ways a token gets into a record."""
    stream = io.StringIO()
    logger = logging.Logger("somewhere.else", logging.DEBUG)
    with redact_logs(TOKEN):
        logger.addHandler(logging.StreamHandler(stream))
        logger.debug("url %s", f"http://h/bot{TOKEN}/x")
        logger.info("dict %(url)s", {"url": TOKEN})
        logger.info(f"plain {TOKEN}")
        logger.warning("too few: %s %s", TOKEN)
        try:
            raise ValueError(f"refused {TOKEN}")
        except ValueError:
            logger.exception("failed", stack_info=True)
    return stream.getvalue()


def test_no_way_into_a_record_keeps_the_token(output: str) -> None:
    assert "AAsecret" not in output
    assert "url http://h/bot<token>/x\ndict <token>\nplain <token>\ntoo few: %s %s ('<token>',)\nfailed\n" in output


def test_tracebacks_stay_readable(output: str) -> None:
    assert "Traceback (most recent call last):" in output
    assert "ValueError: refused <token>" in output


def test_ends_with_the_block(caplog: pytest.LogCaptureFixture) -> None:
    with redact_logs(TOKEN):
        logging.getLogger("inside").warning("%s", TOKEN)
    logging.getLogger("after").warning("%s", TOKEN)
    assert [record.getMessage() for record in caplog.records] == ["<token>", TOKEN]


def test_other_secrets_are_redacted_too() -> None:
    redactor = Redactor("123456789:secret", "of-the-webhook", "")
    assert redactor.clean("123456789:secret and of-the-webhook") == "<token> and <token>"
