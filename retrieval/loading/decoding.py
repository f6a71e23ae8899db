"""From bytes to text: the encodings that German articles come in."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Final

from retrieval.errors import LoadingError
from retrieval.loading.german_letters import IMPOSSIBLE, weight
from retrieval.loading.mojibake import mend
from retrieval.messages import notice

# The longer mark first: UTF-32's begins with UTF-16's.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Where the zeros of Latin letters are: the step, and which byte of each step is none.
_WIDE: Final = (("utf-32-le", 4, 0), ("utf-32-be", 4, 3), ("utf-16-le", 2, 0), ("utf-16-be", 2, 1))
_CONTROLS: Final = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a\x1b"))
_NO_TEXT: Final = re.compile("[\x00-\x08\x0e-\x19\x1c-\x1f\x7f-\x9f\ufffe\uffff]")
_DECLARED: Final = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE)
# The encodings of one byte a letter, the likelier first, and what its likelihood counts for: one letter's weight.
_OLD: Final = (
    ("cp1252", 0.3),
    ("cp858", 0.0),
    ("mac_roman", 0.0),
    ("iso8859-15", -0.1),
    ("cp437", -0.1),
    ("cp1254", -0.2),
    ("cp1250", -0.25),
)
# "latin-1" in a header mostly means what Windows wrote.
_SAME: Final = {"iso8859-1": "cp1252", "ascii": "cp1252", "cp850": "cp858"}
# In UTF-8 these are letters of scripts that stand in no German word, in Windows' encoding "ß“" or "Ü»" at a word's end.
_ACCIDENT: Final = re.compile("(?<=[A-Za-z])[\u0580-\u05bf\u0700-\u073f\u07c0-\u07ff](?![\u0580-\u07ff])")
_STRAY: Final = re.compile("[\udc80-\udcff]")
_LOOKED_AT: Final = 20_000
# What a letter has to weigh on average, and by how much more than in the next best encoding all of them together.
_GOOD: Final = 0.35
_CLEARLY: Final = 0.4
_SHARE_OF_IMPOSSIBLE: Final = 0.02
# UTF-8 without any umlaut is read once more where its letters weigh so little, and those of the other reading so much.
_DOUBTFUL: Final = 0.3
_GERMAN: Final = 1.2
_LETTERS: Final = re.compile("[^\x00-\x7f]")
_PLAIN_UMLAUTS: Final = re.compile("[äöüßÄÖÜ]")


def declared_charset(html: bytes) -> str:
    """The encoding that a page of HTML or XML names in its head, "" if it names none."""
    found = _DECLARED.search(html[:2048])
    return found[1].decode("ascii", "replace") if found else ""


def decode(raw: bytes, name: str, *, charset: str = "") -> str:
    """UTF-8, UTF-16 and UTF-32, then ``charset`` (what the file states), then old Western encodings, also mixed with
    UTF-8. Text that was encoded twice is put right.

    Raises LoadingError if ``raw`` is no text, or in an encoding that cannot be told. ``name`` is for its message.
    """
    unknown = LoadingError(notice("loading.encoding", name=name))
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            try:
                return mend(raw[len(mark) :].decode(encoding))
            except UnicodeDecodeError:
                raise unknown from None
    # A stray control character may be in any text, more of them are not.
    if b"\0" in raw or len(raw) - len(raw.translate(None, _CONTROLS)) > 1 + len(raw) / 1000:
        wide = _decode_wide(raw)
        if wide is None:
            raise LoadingError(notice("loading.binary", name=name))
        return wide
    stated = _python_name(charset)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("utf-8", "surrogateescape")
    else:
        if text.isascii() or not _ACCIDENT.search(text):
            return _reread(mend(text))
    if stated not in ("", "utf-8") and _SAME.get(stated, stated) not in dict(_OLD):
        try:
            text = raw.decode(stated)
            text.encode()  # some codecs let lone surrogates pass, which nothing further on can store
            return text
        except (LookupError, UnicodeError):
            pass
    old = _decode_old(_without_accidents(text), _SAME.get(stated, stated))
    if old is None:
        raise unknown
    return mend(old)


def _python_name(charset: str) -> str:
    try:
        return codecs.lookup(charset).name if charset else ""
    except (LookupError, ValueError):
        return ""


def _decode_wide(raw: bytes) -> str | None:
    """UTF-16 and UTF-32 without a mark: most of their bytes for Latin letters are zeros, always at the same place."""
    for encoding, step, letter in _WIDE:
        if len(raw) % step or len(raw) < 4 * step:
            continue
        units = len(raw) // step
        zeros = [raw[place::step].count(0) for place in range(step)]
        if zeros[letter] > units / 100 or any(zeros[place] < 0.7 * units for place in range(step) if place != letter):
            continue
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if _NO_TEXT.search(text) else text
    return None


def _without_accidents(text: str) -> str:
    """The bytes of letters that are there by accident as stray ones, as those that are no UTF-8 already are."""
    return _ACCIDENT.sub(lambda match: match[0].encode().decode("ascii", "surrogateescape"), text)


def _decode_old(text: str, stated: str) -> str | None:
    """``text`` with its stray bytes read in the encoding where they fit; None if there is none or more than one."""
    found = islice(_STRAY.finditer(text), _LOOKED_AT)
    places = Counter((before, ord(stray) - 0xDC00, after) for before, stray, after in _neighbours(text, found))
    total = sum(places.values())
    ranked = []
    for encoding, prior in _OLD:
        table = _table(encoding)
        weights = [(_weight(*place, table), count) for place, count in places.items()]
        score = sum(value * count for value, count in weights)
        impossible = sum(count for value, count in weights if value <= IMPOSSIBLE)
        if impossible <= _SHARE_OF_IMPOSSIBLE * total + total // 20:
            ranked.append((score + (1.0 if encoding == stated else prior), encoding))
    ranked.sort(reverse=True)
    encoding = _clearly_best(ranked, frozenset(byte for _, byte, _ in places), _GOOD * total)
    if not encoding and any(stated == possible for _, possible in ranked):
        encoding = stated  # other languages than German
    if not encoding:
        return None
    return text.translate({0xDC00 + byte: character for byte, character in _table(encoding).items()})


def _clearly_best(ranked: Sequence[tuple[float, str]], stray: frozenset[int], needed: float) -> str:
    """The first encoding if its score is enough, and others that read these bytes in another way are far behind."""
    if not ranked or ranked[0][0] < needed:
        return ""
    first, best = ranked[0]
    rivals = (encoding for score, encoding in ranked[1:] if first - score < _CLEARLY)
    same = all(_table(rival)[byte] == _table(best)[byte] for rival in rivals for byte in stray)
    return best if same else ""


def _neighbours(text: str, found: Iterable[re.Match[str]]) -> Iterator[tuple[str, str, str]]:
    for match in found:
        place = match.start()
        yield text[max(0, place - 2) : place], match[0], text[place + 1 : place + 3]


def _weight(before: str, byte: int, after: str, table: dict[int, str]) -> float:
    character = table[byte]
    if character == "\ufffd":
        return IMPOSSIBLE
    return weight(_shown(before, table), character, _shown(after, table))


def _shown(characters: str, table: dict[int, str]) -> str:
    return "".join(table.get(ord(character) - 0xDC00, character) for character in characters)


@cache
def _table(encoding: str) -> dict[int, str]:
    return {byte: bytes([byte]).decode(encoding, "replace") for byte in range(0x80, 0x100)}


def _reread(text: str) -> str:
    """UTF-8 into which an old encoding was put as another: "l„nger" was "länger"."""
    if text.isascii() or _PLAIN_UMLAUTS.search(text):
        return text
    if _average(text) > _DOUBTFUL:
        return text
    for wrong in ("cp1252", "mac_roman", "cp858"):
        try:
            stray = text.encode(wrong).decode("ascii", "surrogateescape")
        except UnicodeEncodeError:
            continue
        again = _decode_old(stray, "")
        if again is not None and _average(again) >= _GERMAN:
            return again
    return text


def _average(text: str) -> float:
    """What a character beyond ASCII weighs in it; there is one."""
    found = islice(_LETTERS.finditer(text), _LOOKED_AT)
    weights = [weight(*place) for place in _neighbours(text, found)]
    return sum(weights) / len(weights)
