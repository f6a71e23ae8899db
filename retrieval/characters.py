"""Characters that do something where a text is shown: they steer a terminal, begin a line, or turn letters round.

Articles and questions come from others. What is stored of an article holds none of them (``loading.normalise``), and
whatever is printed, logged or sent is escaped all the same.
"""

from __future__ import annotations

import json
import re
from typing import Final

# C0 and C1 without tab and line feed, line separators, the controls of the writing direction, lone surrogates.
_HARMFUL: Final = "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff"
_IN_LINES: Final = re.compile(f"[{_HARMFUL}]")
_IN_A_LINE: Final = re.compile(f"[\n{_HARMFUL}]")


def escape_controls(text: str, *, lines: bool = False) -> str:
    """``text`` with what is harmful written out ("\\x1b", "\\u202e"), so that it is seen; with ``lines`` line ends
    stay."""
    return (_IN_LINES if lines else _IN_A_LINE).sub(lambda found: _written_out(found[0]), text)


def without_controls(text: str) -> str:
    """``text`` without harmful characters but line ends: never longer, for where its length is limited."""
    return _IN_LINES.sub("", text)


def harmful_spans(text: str) -> list[tuple[int, int]]:
    """Where ``text`` holds harmful characters but line ends, as start and end."""
    return [found.span() for found in _IN_LINES.finditer(text)]


def to_json(value: object, indent: int | None = None) -> str:
    """``value`` as JSON, on one line without ``indent``; readable but for harmful characters, which are escaped."""
    written = json.dumps(value, ensure_ascii=False, indent=indent)
    return _IN_LINES.sub(lambda found: f"\\u{ord(found[0]):04x}", written)


def _written_out(letter: str) -> str:
    if letter in "\n\r":
        return "\\n" if letter == "\n" else "\\r"
    return f"\\x{ord(letter):02x}" if ord(letter) < 0x100 else f"\\u{ord(letter):04x}"
