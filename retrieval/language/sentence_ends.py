"""Sentence ends that leave no doubt, so that SoMaJo, which is slow, reads only the sentences where there is one.

An end is clear where SoMaJo decides in the same way whatever stands around it: an ordinary word, an end mark, a blank,
and a capital letter or digit. Doubtful are above all abbreviations and ordinals before a capital letter or digit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# Lines with other characters are doubtful as a whole: tags, "_", "*", quotes like 'this' and so on pair up over
# sentence ends, invisible characters and those that are not NFC move offsets.
_CHARACTERS = r"[\u00a0 !\"#$%&()+,\-./0-9:;=?A-Z\[\]a-z§°²³·À-ÿĀ-ſ€„“”‚‘’«»›‹–—‑…]*"
_ORDINARY = re.compile(rf"{_CHARACTERS}(?:(?<=[^\W\d_])'(?=[^\W\d_]){_CHARACTERS})*")
_CLEAR_END = re.compile(
    r"""(?:
        (?<![^\s(\[„“»«"]) (?:\w+-)* ([^\W\d_]{2,}) \.    # a word, if it is not an abbreviation
        | (?<=[)\]“”»«"%]) \.
        | (?<=\w) [!?]+
    ) [)“”»«"]? [ ]+ (?= (?:[–—][ ])? [(„“»«"]? [A-ZÄÖÜ] | (?!8[-oO)(DPp])\d)  # "8)": a face
    | (?<!\S) [12]\d{3} \. [)“”»«"]? [ ]+ (?= [(„“»«"]? [A-ZÄÖÜ])    # a year: smaller numbers may be ordinals
    """,
    re.VERBOSE,
)
_CLOSING = ' \u00a0)]“”‘’»«›‹"'
_MARK = re.compile(r"[.!?…]")
# Marks that end nothing: before a small letter or comma, in numbers ("160.000", "1.234,5", "9.30"), dates, centuries.
_NO_END = re.compile(
    r"""[.!?…]+ [)“”»«"]? (?: , | [ ] (?= [a-zäöüß]+ [ ,] ))
    | (?<![\w.,]) \d{1,3} (?: (?:\.\d{3})+ (?:,\d+)? | \.\d\d ) (?! [.,]?\d | \w )
    | \b (?:[Aa]m|[Aa]b|[Ii]m|[Vv]om|[Zz]um|[Bb]is|[Dd]e[mnrs]|und) [ ] \d{1,2} \. (?= [ ] (?:
        Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember|Jahrhunderts? ) \b )
    """,
    re.VERBOSE,
)
_ROMAN = frozenset("IVXLCDM")


def clear_parts(line: str, abbreviations: frozenset[str]) -> Iterator[tuple[int, int, bool]]:
    """Cuts a line at its clear sentence ends: (start, end, whether the part is certainly one sentence).

    ``abbreviations``: small letters, without the full stop; of those with several parts, the last one.
    """
    if not _ORDINARY.fullmatch(line):
        yield 0, len(line), False
        return
    start = 0
    for match in _CLEAR_END.finditer(line):
        word = match[1]
        # "Hauptstr." and "Friedrich II." may go on.
        if word and (word.lower() in abbreviations or word.lower().endswith("str") or _ROMAN.issuperset(word)):
            continue
        yield start, match.end(), _is_one(line[start : match.end()])
        start = match.end()
    if start < len(line):
        yield start, len(line), _is_one(line[start:])


def _is_one(part: str) -> bool:
    body = part.rstrip(_CLOSING).rstrip(".!?…")
    return not _MARK.search(body) or not _MARK.search(_NO_END.sub(" ", body))
