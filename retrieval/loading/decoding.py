"""From bytes to text: the encodings that German articles come in."""

from __future__ import annotations

import codecs
import re
from typing import Final

from retrieval.errors import LoadingError
from retrieval.messages import notice

# The longer mark first: UTF-32's begins with UTF-16's.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROLS: Final = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a\x1b"))
_DECLARED: Final = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE)
# What German text in one of Windows' and Western Europe's old encodings holds besides ASCII.
_WESTERN: Final = frozenset("äöüÄÖÜßéèêëáàâåçñóòôøíìîïúùûœæÉÈÁÀÂÅÇÑÓÔØÍÎÚÆ„“”‚‘’»«›‹–—…•·€£§°²³µ½¼©®™´×\xa0\xad")


def declared_charset(html: bytes) -> str:
    """The encoding that a page of HTML or XML names in its head, "" if it names none."""
    found = _DECLARED.search(html[:2048])
    return found[1].decode("ascii", "replace") if found else ""


def decode(raw: bytes, name: str, *, charset: str = "") -> str:
    """UTF-8, UTF-16 and UTF-32 with a mark, then ``charset`` (what the file states), then old Western encodings.

    Raises LoadingError if ``raw`` is no text, or in an encoding that cannot be told. ``name`` is for its message.
    """
    unknown = LoadingError(notice("loading.encoding", name=name))
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            try:
                return raw[len(mark) :].decode(encoding)
            except UnicodeDecodeError:
                raise unknown from None
    # A stray control character may be in any text, more of them are not.
    if b"\0" in raw or len(raw) - len(raw.translate(None, _CONTROLS)) > 1 + len(raw) / 1000:
        raise LoadingError(notice("loading.binary", name=name))
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        pass
    if charset.lower() not in ("", "utf-8", "utf8"):
        try:
            text = raw.decode(charset)
            text.encode()  # some codecs let lone surrogates pass, which nothing further on can store
            return text
        except (LookupError, UnicodeError):
            pass
    western = _decode_western(raw)
    if western is None:
        raise unknown
    return western


def _decode_western(raw: bytes) -> str | None:
    from charset_normalizer import from_bytes

    best = from_bytes(raw, cp_isolation=["cp1252", "latin_1"]).best()
    if best is None:
        return None
    # The detector's mark is a guess. Every byte is a letter in these encodings, so Cyrillic and damaged UTF-8 pass it
    # too, but then most of the letters beyond ASCII are not those of German text.
    text = str(best)
    foreign = [character for character in text if character > "\x7f"]
    return text if sum(character in _WESTERN for character in foreign) >= 0.9 * len(foreign) else None
