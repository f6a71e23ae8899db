"""Saved mail: the message's text, with subject, sender and date."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.utils import parseaddr, parsedate_to_datetime
from typing import Final

from retrieval.errors import LoadingError
from retrieval.loading.normalise import tidy, unwrap
from retrieval.loading.parsed import Article, Block
from retrieval.loading.text_files import decoded, html_article
from retrieval.messages import notice

_MAX_HEADER_CHARS: Final = 2000


def read_mail_file(raw: bytes, name: str) -> Iterator[Article]:
    """The plain text of a message, else its HTML; attachments are left out."""
    try:
        message = message_from_bytes(raw, policy=policy.default)
        if not isinstance(message, EmailMessage) or not message.keys():
            raise LoadingError(notice("loading.no_mail", name=name))
        body = _body(message)
    except RecursionError:
        raise LoadingError(notice("loading.nested", name=name)) from None
    if body is None:
        raise LoadingError(notice("loading.only_attachments", name=name))
    charset = body.get_param("charset")
    content = body.get_payload(decode=True)
    text = decoded(
        content if isinstance(content, bytes) else b"", name, charset=charset if isinstance(charset, str) else ""
    )
    html = body.get_content_type() == "text/html"
    article = html_article(text, name) if html else Article((Block(unwrap(tidy(text))),))
    sender, address = _address(_header(message, "from"))
    yield replace(
        article,
        title=_decoded_words(_header(message, "subject")) or article.title,
        source=_decoded_words(sender) or address or article.source,
        published=_day(_header(message, "date")) or article.published,
    )


def _body(message: EmailMessage) -> Message | None:
    try:
        return message.get_body(("plain", "html"))
    except (MessageError, KeyError, AttributeError):  # what it raises for parts that contradict their headers
        return None


def _header(message: EmailMessage, name: str) -> str:
    """The first header of this name as it is written: the library's own parser takes gigabytes for long ones."""
    value = next((str(value) for key, value in message.raw_items() if key.lower() == name), "")
    raw = value[:_MAX_HEADER_CHARS].encode("utf-8", "surrogateescape")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _address(value: str) -> tuple[str, str]:
    try:
        return parseaddr(value)
    except RecursionError:  # thousands of brackets
        return "", ""


def _decoded_words(value: str) -> str:
    """A header with its ``=?utf-8?…?=`` spelt out."""
    try:
        return str(make_header(decode_header(value)))
    except (MessageError, LookupError, ValueError):
        return value


def _day(date: str) -> str:
    try:
        return parsedate_to_datetime(date).date().isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""
