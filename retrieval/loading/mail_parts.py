"""What a mail consists of: the parts that are its text, and those that are not read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.header import decode_header, make_header
from email.message import Message
from typing import Any, Final

from retrieval.errors import LoadingError
from retrieval.loading.decoding import declared_charset, decode
from retrieval.loading.html_lines import page_lines
from retrieval.loading.normalise import clean, one_line, show_hyphens, shown_line, tidy, unwrap
from retrieval.loading.parsed import Block, Skipped
from retrieval.messages import notice

MAX_HEADER_CHARS: Final = 2000
_TEXTS: Final = ("text/plain", "text/html", "text/markdown", "text/enriched")
# The plain part of many newsletters only points to the other one.
_POINTS_ELSEWHERE: Final = re.compile(
    r"\bhtml\b|im browser|in (?:your|a) browser|web ?version|online[- ]?(?:version|ansicht|ausgabe|ansehen|lesen)"
    r"|(?:im netz|im internet|auf unserer website) (?:lesen|ansehen|unter)|e-?mail-?programm|mail client|email client",
    re.IGNORECASE,
)
_ADDRESS: Final = re.compile(r"https?://\S+")
# A plain part with so small a share of the other's words is none; with a pointer in it, a larger share will not do.
_STUB_SHARE: Final = 0.2
_POINTER_SHARE: Final = 0.6
_MIN_WORDS: Final = 25
_MAX_NAMED: Final = 50
_MAX_NAME_CHARS: Final = 200


@dataclass(slots=True)
class Parts:
    """The text of a mail as blocks, and what else is in it.

    ``texts`` counts the parts of text, read or not; ``error`` is why the first of those was not read.
    """

    blocks: list[Block] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    texts: int = 0
    pictures: int = 0
    error: LoadingError | None = None


def mail_parts(message: Message[str, str], name: str) -> Parts:
    """The parts of a mail in order. Of alternatives the plain text is taken, unless it is empty or a stub.

    Raises RecursionError for mails in mails in mails.
    """
    parts = Parts()
    _read(message, name, parts)
    if parts.pictures:
        key = "parts.picture" if parts.pictures == 1 else "parts.pictures"
        parts.skipped.append(Skipped(notice(key, count=parts.pictures), notice("parts.pictures_why")))
    del parts.skipped[_MAX_NAMED:]
    return parts


def _read(part: Message[str, str], name: str, parts: Parts) -> None:
    kind = part.get_content_type()
    if part.get_content_disposition() == "attachment":
        _skip(part, parts)
    elif kind == "multipart/alternative" and part.is_multipart():
        _read_alternatives(part, name, parts)
    elif kind == "message/rfc822" and part.is_multipart():
        for message in _children(part):
            subject = one_line(decoded_words(str(message.get("subject", ""))))
            if subject:
                parts.blocks.append(Block(subject, heading=True))
            _read(message, name, parts)
    elif part.is_multipart():
        for child in _children(part):
            _read(child, name, parts)
    elif kind in _TEXTS:
        parts.texts += 1
        try:
            parts.blocks += _text_blocks(part, name)
        except LoadingError as error:
            parts.error = parts.error or error
            what = notice("loading.part_unnamed", kind=shown_line(kind, _MAX_NAME_CHARS))
            parts.skipped.append(Skipped(what, notice("loading.part_damaged")))
    elif kind.startswith("multipart/"):
        return  # without the parts that it announces
    elif kind.startswith("image/"):
        parts.pictures += 1
    else:
        _skip(part, parts)


def _children(part: Message[str, str]) -> Iterator[Message[str, str]]:
    payload: Any = part.get_payload()
    for child in payload if isinstance(payload, list) else ():
        if isinstance(child, Message):
            yield child


def _read_alternatives(part: Message[str, str], name: str, parts: Parts) -> None:
    """The plain text among the alternatives if it says what the richest one says, else that one."""
    read: list[tuple[bool, Parts]] = []
    for child in _children(part):
        found = Parts()
        _read(child, name, found)
        read.append((child.get_content_type() == "text/plain", found))
    plain = next((found for is_plain, found in read if is_plain), Parts())
    rich = max((found for is_plain, found in read if not is_plain), key=_words, default=Parts())
    chosen = rich if _is_stub(plain, rich) else plain
    parts.blocks += chosen.blocks
    for _, found in read:
        parts.texts += found.texts
        parts.error = parts.error or found.error
        parts.pictures += found.pictures
        # That an alternative is damaged does not matter where another one was read.
        if not (found.error and chosen.blocks):
            parts.skipped += found.skipped


def _words(parts: Parts) -> int:
    return sum(len(block.text.split()) for block in parts.blocks)


def _is_stub(plain: Parts, rich: Parts) -> bool:
    text = "\n".join(block.text for block in plain.blocks)
    words, of_rich = len(_ADDRESS.sub("", text).split()), _words(rich)
    if not words or not of_rich:
        return bool(of_rich)
    share = _POINTER_SHARE if _POINTS_ELSEWHERE.search(text) else _STUB_SHARE
    # A short mail may well have a long signature in HTML only.
    return words < share * of_rich and (of_rich >= _MIN_WORDS or share == _POINTER_SHARE)


def _text_blocks(part: Message[str, str], name: str) -> list[Block]:
    """The text of a part without any below it. Raises LoadingError if it cannot be read."""
    charset = part.get_param("charset")
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    if not content.strip():
        return []
    is_html = part.get_content_type() in ("text/html", "text/enriched")
    stated = charset if isinstance(charset, str) else declared_charset(content) if is_html else ""
    text = decode(content, name, charset=stated)
    text = clean(text if is_html else show_hyphens(text))
    if is_html:
        return _html_blocks(text, name)
    return [Block(_plain(text, part))] if text.strip() else []


def _html_blocks(html: str, name: str) -> list[Block]:
    """All that can be seen: a mail has no navigation, and what stands around its text is hard to tell from it."""
    import trafilatura

    try:
        root = trafilatura.load_html(html)
    except (ValueError, RecursionError) as error:  # what lxml raises for input that it cannot make a tree of
        raise LoadingError(notice("loading.unreadable", name=name, kind=notice("loading.kind_html"))) from error
    if root is None:
        return []
    return [Block(line.text, heading=line.heading) for line in page_lines(root)[0] if line.text.strip()]


def _plain(text: str, part: Message[str, str]) -> str:
    flowed = part.get_param("format")
    if isinstance(flowed, str) and flowed.lower() == "flowed":
        delete = str(part.get_param("delsp")).lower() == "yes"
        return tidy(_unflowed(text, delete=delete))
    return unwrap(tidy(text))


def _unflowed(text: str, *, delete: bool) -> str:
    """Lines that end in a blank go on in the next one (RFC 3676), but for the one before a signature."""
    paragraphs: list[list[str]] = [[]]
    for line in text.split("\n"):
        goes_on = line.endswith(" ") and line != "-- "
        paragraphs[-1].append(line[:-1] if goes_on and delete else line)
        if not goes_on:
            paragraphs.append([])
    return "\n".join("".join(lines) for lines in paragraphs)


def _skip(part: Message[str, str], parts: Parts) -> None:
    named = shown_line(decoded_words(_file_name(part)), _MAX_NAME_CHARS)
    kind = shown_line(part.get_content_type(), _MAX_NAME_CHARS)
    if not named and kind.startswith("image/"):
        parts.pictures += 1
        return
    what = notice("loading.part_attachment", name=named) if named else notice("loading.part_unnamed", kind=kind)
    parts.skipped.append(Skipped(what, notice("loading.attachment_not_read")))


def _file_name(part: Message[str, str]) -> str:
    try:
        found = part.get_filename() or ""
    except (LookupError, ValueError, TypeError):
        found = ""
    if not found and part.get_content_type() == "message/rfc822":
        found = next((str(message.get("subject", "")) for message in _children(part)), "")
    return found[:MAX_HEADER_CHARS].encode("utf-8", "replace").decode()


def decoded_words(value: str) -> str:
    """A header with its ``=?utf-8?…?=`` spelt out."""
    try:
        return str(make_header(decode_header(value[:MAX_HEADER_CHARS])))
    except (LookupError, ValueError):
        return value
