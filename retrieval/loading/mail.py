"""Saved mail: the message's text, with subject, sender and date; and mailboxes, which hold many."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import Message
from email.utils import parseaddr, parsedate_to_datetime
from typing import Final

from retrieval.dates import iso_date
from retrieval.errors import LoadingError
from retrieval.loading.limits import MAX_MEMBERS
from retrieval.loading.mail_parts import MAX_HEADER_CHARS, decoded_words, mail_parts
from retrieval.loading.normalise import one_line
from retrieval.loading.parsed import Article, Refused, Skipped
from retrieval.messages import notice

# The line before each mail of a mailbox: "From - Fri May 17 08:30:00 2024". In its text it has a ">" in front.
_NEXT_MAIL: Final = re.compile(
    rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From (?=[^\r\n]{0,200}\d)[^\r\n]{0,300}\r?\n(?=[!-9;-~]+:)"
)
_QUOTED_FROM: Final = re.compile(rb"^>(>*From )", re.MULTILINE)


def read_mail_file(raw: bytes, name: str) -> Iterator[Article | Skipped]:
    """The text of a message: all its inline parts, of alternatives the plain one unless it is a stub.

    Attachments and pictures are named as Skipped.
    """
    yield from _read_mail(raw, name, "")


def read_mailbox_file(raw: bytes, name: str) -> Iterator[Article | Refused | Skipped]:
    """The messages of an .mbox file; each is a member, numbered from 1."""
    starts = [match.span() for match in _NEXT_MAIL.finditer(raw)]
    if not starts:
        raise LoadingError(notice("loading.no_mailbox", name=name))
    if len(starts) > MAX_MEMBERS:
        raise LoadingError(notice("loading.many_articles", name=name, count=len(starts), limit=MAX_MEMBERS))
    ends = [start for start, _ in starts[1:]] + [len(raw)]
    for number, ((_, start), end) in enumerate(zip(starts, ends, strict=True), 1):
        try:
            yield from _read_mail(_QUOTED_FROM.sub(rb"\1", raw[start:end]), name, str(number))
        except LoadingError as error:
            yield Refused(str(error), str(number))


def _read_mail(raw: bytes, name: str, member: str) -> Iterator[Article | Skipped]:
    try:
        # Not the library's newer parser of headers: it takes gigabytes for long ones.
        message = message_from_bytes(raw, policy=policy.compat32)
        if not message.keys():
            raise LoadingError(notice("loading.no_mail", name=name))
        parts = mail_parts(message, name)
    except RecursionError:
        raise LoadingError(notice("loading.nested", name=name)) from None
    if not any(block.text.strip() for block in parts.blocks):
        if parts.error:
            raise parts.error
        raise LoadingError(notice("loading.empty" if parts.texts else "loading.only_attachments", name=name))
    for skipped in parts.skipped:
        yield replace(skipped, member=member)
    sender, address = _address(_header(message, "from"))
    date = _header(message, "date")
    yield Article(
        tuple(parts.blocks),
        title=decoded_words(_header(message, "subject")),
        source=decoded_words(sender) or address,
        published=_day(date) or one_line(date),
        member=member,
    )


def _header(message: Message[str, str], name: str) -> str:
    """The first header of this name as it is written."""
    value = next((str(value) for key, value in message.raw_items() if key.lower() == name), "")
    raw = value[:MAX_HEADER_CHARS].encode("utf-8", "surrogateescape")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _address(value: str) -> tuple[str, str]:
    try:
        return parseaddr(value)
    except RecursionError:  # thousands of brackets
        return "", ""


def _day(date: str) -> str:
    try:
        return iso_date(date) or parsedate_to_datetime(date).date().isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""
