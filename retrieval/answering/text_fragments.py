"""Addresses that open a web page at the very words of a quote: https://example.org/a#:~:text=4%2C5%20Mio."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from retrieval.language.lines import line_end
from retrieval.types import Document

_DIRECTIVE: Final = ":~:"
# A browser looks for whole words, and "4,5" is one.
_WORD: Final = re.compile(r"\w+(?:[.,:'’]\w+)*")
_LONGEST_WORD = 100
# A quote that is longer, in characters, or goes on after a line's end is named by its first and last words.
_LONGEST = 150
_ENDS = 5
# So many words on either side tell equal quotes apart, the fewest that do.
_CONTEXT = (3, 6, 12)
#: No address is longer; one that would be leads to the page's beginning.
_LONGEST_ADDRESS = 2000


def address_at(document: Document, start: int, end: int) -> str:
    """The web address of ``document``, leading to the words ``start``..``end`` of its text.

    Where the words stand more than once, their neighbours on the same line are named too. The address alone is
    returned where it has such a directive already, and for what is no page of HTML: whatever has numbered pages.
    """
    address = document.url
    web = address.startswith(("http://", "https://"))
    if not web or _DIRECTIVE in address or document.landmark_at(start).page or not document.text[start:end].strip():
        return address
    start, end = _whole_words(document.text, start, end)
    directive = f"{_DIRECTIVE}text={_fragment(document, start, end)}"
    leading = f"{address}{'' if '#' in address else '#'}{directive}"
    return leading if len(leading) <= _LONGEST_ADDRESS else address


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    while text[start].isspace():
        start += 1
    while text[end - 1].isspace():
        end -= 1
    first, last = start, end
    for word in _WORD.finditer(text, max(0, start - _LONGEST_WORD), min(len(text), end + _LONGEST_WORD)):
        if word.start() < start < word.end():
            first = word.start()
        if word.start() < end < word.end():
            last = word.end()
    return first, last


def _fragment(document: Document, start: int, end: int) -> str:
    text = document.text
    words = text[start:end]
    before = text[text.rfind("\n", 0, start) + 1 : start].split()
    after = text[end : line_end(text, end)].split()
    prefix = suffix = ""
    for count in (0, *_CONTEXT):
        prefix, suffix = " ".join(before[-count:] if count else []), " ".join(after[:count])
        # The headline stands on the page, too.
        if _occurrences(f"{document.title}\n{text}", prefix, words, suffix) <= 1:
            break
    parts = [_encoded(part) for part in _ends(words)]
    return ",".join(
        [*([_encoded(prefix) + "-"] if prefix else []), *parts, *(["-" + _encoded(suffix)] if suffix else [])]
    )


def _occurrences(text: str, *parts: str) -> int:
    """How often the words of ``parts`` stand in ``text`` one after the other, in any case, as a browser looks."""
    words = [re.escape(word) for part in parts for word in part.split()]
    # Between two parts there may be no blank: a quotation mark, say.
    return len(re.findall(r"(?<!\w)" + r"\s*".join(words) + r"(?!\w)", text, re.IGNORECASE))


def _ends(words: str) -> list[str]:
    """The words, or of many the first and the last ones."""
    if len(words) <= _LONGEST and "\n" not in words:
        return [" ".join(words.split())]
    lines = [line for line in words.split("\n") if line.strip()]
    first, last = lines[0].split(), lines[-1].split()
    if len(lines) == 1 and len(first) < 2:
        return first
    # The two must not overlap.
    most = min(_ENDS, len(first) // 2) if len(lines) == 1 else _ENDS
    return [" ".join(first[:most]), " ".join(last[-most:])]


def _encoded(words: str) -> str:
    """Percent-encoded, and the hyphen with it, which has a meaning of its own in such an address."""
    return quote(words, safe="", errors="replace").replace("-", "%2D")
