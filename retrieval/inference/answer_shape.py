"""What a span must look like to be shown: whole words, marks in pairs, inside one paragraph, no part of a heading."""

from __future__ import annotations

import re

_SPACE_OR_MARK = " \t\n\u00a0.,;:!?–-"
_WORD_BEFORE = re.compile(r"(?:[^\W_]|(?<=\d)[.,](?=\d))+\Z")
_WORD_AFTER = re.compile(r"(?:[^\W_]|(?<=\d)[.,](?=\d))+")

#: Marks that come in pairs. German „ closes with “, which opens in English; " is its own partner.
_PAIRS = {"„": '“”"', "“": "”", "‚": "‘’", "«": "»", "(": ")", "[": "]", '"': '"'}
_CLOSING = '“”"‘»)]'
#: Marks that open behind a space, and else close.
_EITHER = '“"'
#: Where a mark in the middle of a span may be closed behind it, in characters.
_REACH = 160
# "haben – Industrieprodukte": one small word and a dash before what is meant.
_WORD_AND_DASH = re.compile(r"[a-zäöüß]+ [–—-] (?=\S)")
# A line that only asks, also behind a label: "Namen: Wie heißen die Bademeister?"
_QUESTION_LINE = re.compile(r"[^.!?\n]{1,160}\?[“”\"]?\s*")


def shaped(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The span as it can be shown; None if it is none, however it is cut.

    Word pieces are made whole, marks without a partner go or get theirs, a leading verb with a dash goes. A span over
    the end of a paragraph, or in a line that is a question, is none.
    """
    start, end = whole_words(text, start, end)
    dash = _WORD_AND_DASH.match(text, start, end)
    if dash is not None:
        start, end = whole_words(text, dash.end(), end)
    balanced = _balanced(text, start, end)
    if balanced is None:
        return None
    start, end = balanced
    return None if start >= end or "\n" in text[start:end] or _in_question_line(text, start, end) else (start, end)


def whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """The span widened to whole words and numbers, without space and marks at its ends.

    Word pieces cut compounds and numbers: "Milliarden" in "5 Milliarden" may begin at "5" of "0,5".
    """
    while start < end and text[start] in _SPACE_OR_MARK and not _is_sign(text, start):
        start += 1
    while end > start and text[end - 1] in _SPACE_OR_MARK:
        end -= 1
    if start == end:
        return start, end
    if text[start].isalnum():
        match = _WORD_BEFORE.search(text, max(0, start - 60), start + 1)
        start = match.start() if match else start
    if text[end - 1].isalnum():
        match = _WORD_AFTER.match(text, end - 1)
        end = match.end() if match else end
    return start, end


def _is_sign(text: str, position: int) -> bool:
    """Whether the mark is the sign of a number ("-3 Grad", "–0,5 Prozent")."""
    return text[position] in "-–" and text[position + 1 : position + 2].isdigit()


def _balanced(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The span with its marks in pairs: one alone at an end goes, one in the middle gets its partner, or it is None."""
    while True:
        unclosed, unopened = _alone(text[start:end])
        if not unclosed and not unopened:
            return start, end
        if unclosed and unclosed[0] == 0:
            start, end = whole_words(text, start + 1, end)
        elif unopened and unopened[-1] == end - start - 1:
            start, end = whole_words(text, start, end - 1)
        elif unopened or len(unclosed) > 1:
            return None
        else:
            closing = _PAIRS[text[start + unclosed[0]]]
            found = next((i for i in range(end, min(end + _REACH, len(text))) if text[i] in closing + "\n"), None)
            if found is None or text[found] == "\n":
                return None
            end = found + 1


def _alone(span: str) -> tuple[list[int], list[int]]:
    """Positions of opening marks that nothing closes, and of closing ones that nothing opens."""
    opened: list[int] = []
    unopened: list[int] = []
    for position, letter in enumerate(span):
        if opened and letter in _PAIRS[span[opened[-1]]]:
            opened.pop()
        elif letter in _PAIRS and not (letter in _EITHER and span[max(0, position - 1) : position].strip(" (\n")):
            opened.append(position)
        elif letter in _CLOSING and not _is_apostrophe(span, position):
            unopened.append(position)
    return opened, unopened


def _is_apostrophe(span: str, position: int) -> bool:
    return span[position] == "‘" and span[max(0, position - 1) : position + 2 : 2].isalnum()


def _in_question_line(text: str, start: int, end: int) -> bool:
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", end)
    return _QUESTION_LINE.fullmatch(text, first, len(text) if last < 0 else last) is not None
