"""Text that was read in a wrong encoding and saved like that: "GrÃ¼n" for "Grün".

Only what German text has is put right, and only in a text that does not seem to be about it.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

# What German text holds besides ASCII.
_RIGHT: Final = "äöüÄÖÜßéèêëáàâçñóôíïúÉ„“”‚‘’»«›‹–—‑−…•€£§°²³½·×®©™\xa0\xad"
# What they begin with where they were encoded more than twice.
_WRONG_AGAIN: Final = "ÃÂâ"
_NO_TEXT: Final = re.compile("[\ue000-\uf8ff\ufff0-\uffff]")
_UMLAUTS: Final = re.compile("[äöüÄÖÜß]")
_WRONG: Final = ("cp1252", "latin-1", "mac_roman", "cp850", "cp437")
# What most of them begin with: a text without is left alone at once.
_SIGNS: Final = ("Ã", "Â", "â", "√", "¬", "‚Ä", "‚Ç", "‚à", "├", "┬", "Ô", "Γ")
_ROUNDS: Final = 3


def mend(text: str) -> str:
    """The text with what was encoded twice, or up to four times, as it was meant; most texts come back as they are."""
    for _ in range(_ROUNDS):
        if not any(sign in text for sign in _SIGNS) or not _patterns()[0].search(text):
            break
        mended = _reversed(text) or _mend_once(text)
        if mended == text:
            break
        text = mended
    return text


def _reversed(text: str) -> str:
    """The text read as it should have been, if all of it was encoded twice, else ""."""
    for encoding in _WRONG:
        try:
            # Bytes that Windows' encoding lacks have become control characters.
            raw = text.translate(_windows()).encode("latin-1") if encoding == "cp1252" else text.encode(encoding)
            mended = raw.decode("utf-8")
        except UnicodeError:
            continue
        if not _NO_TEXT.search(mended):
            return mended
    return ""


@cache
def _windows() -> dict[int, int]:
    characters = bytes(range(0x80, 0xA0)).decode("cp1252", "replace")
    return {ord(character): byte for byte, character in enumerate(characters, 0x80) if character != "\ufffd"}


def _mend_once(text: str) -> str:
    found, meanings = _patterns()
    wrong = len(found.findall(text))
    if not wrong:
        return text
    right = len(_UMLAUTS.findall(found.sub("", text)))
    if wrong > 2 * right:
        return found.sub(lambda match: meanings[match[0]], text)
    # Some lines are from elsewhere. A line with right umlauts tells of wrong ones; so do those without a word.
    return "\n".join(_mend_line(line, found, meanings) for line in text.split("\n"))


def _mend_line(line: str, found: re.Pattern[str], meanings: dict[str, str]) -> str:
    if _UMLAUTS.search(found.sub("", line)) or not any(_in_a_word(line, match) for match in found.finditer(line)):
        return line
    return found.sub(lambda match: meanings[match[0]], line)


def _in_a_word(line: str, match: re.Match[str]) -> bool:
    return line[match.start() - 1 : match.start()].isalpha() or line[match.end() : match.end() + 1].isalpha()


@cache
def _patterns() -> tuple[re.Pattern[str], dict[str, str]]:
    meanings: dict[str, str] = {}
    for encoding in _WRONG:
        for character in _RIGHT + _WRONG_AGAIN:
            wrong = _misread(character.encode(), encoding)
            if wrong is not None and wrong.startswith(_SIGNS):
                meanings.setdefault(wrong, character)
    longest_first = sorted(meanings, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))), meanings


def _misread(raw: bytes, encoding: str) -> str | None:
    """What programs make of bytes: those that Windows' encoding lacks become control characters."""
    try:
        return "".join(_character(byte, encoding) for byte in raw)
    except UnicodeDecodeError:
        return None


def _character(byte: int, encoding: str) -> str:
    try:
        return bytes([byte]).decode(encoding)
    except UnicodeDecodeError:
        return chr(byte)
