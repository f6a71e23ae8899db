"""Sentences with exact offsets: SoMaJo for German, corrected where agency German defeats it.

SoMaJo reads what ``sentence_ends`` leaves in doubt, and what is put right on its tokens is: a full stop that belongs
to an ordinal, a Roman numeral or an abbreviation and ends the sentence too ("am 15. Das Amt ...", "u. a. Sie reisten
...", "die U 21. Trainer ..."), those of references that it does not ("Nr. 3 S. 1 BauGB"), sentences that begin with
"1,2 Millionen", "5G" or "iPhone", and abbreviations that it does not know ("Stv. Müller"). The word lists lie in
``retrieval/data``.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from retrieval.language.sentence_ends import clear_parts
from retrieval.language.word_lists import read_entries, read_words
from retrieval.types import Sentence

logger = logging.getLogger(__name__)

MAX_SENTENCE_CHARS = 1000
# SoMaJo takes time that grows with the square of a paragraph's length, so long lines go to it window by window.
WINDOW_CHARS = 4000
# Nor does it get endless "words" (Base64, "-----", 1.1.1.1...), on which its patterns backtrack; no word is that long.
_ENDLESS = re.compile(r"\S{300,}")

_FULL_STOP = re.compile(r"[.!?]+$")
_BEFORE_STOP = re.compile(r"([^\W\d_]+)\.$")
_ROMAN = re.compile(r"[IVXLC]+\.$")
_MIXED_CASE = re.compile(r"[a-zäöü]{1,2}[A-ZÄÖÜ]\w")
_MONTHS = frozenset((
    "Januar", "Jänner", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November",
    "Dezember", "Jahrhundert",
))  # fmt: skip
_CLOSING = frozenset("\"'“”‘’«»›‹)]")
# For the rare line that SoMaJo cannot align: an end mark, closing quotes, a blank, and no lower-case letter after it.
_PLAIN_END = re.compile(r"(?<=[.!?…])[\"'“”«»)\]]*\s+(?![a-zäöüß])")
# Where a sentence that is too long may be cut, best first.
_CUTS = tuple(re.compile(pattern) for pattern in (r"[;:]\s", r"\s[–—-]\s", r",\s", r"\s"))
# A cut never comes before one of these: combining marks, joiners and variation selectors belong to what precedes them.
_CLINGING = re.compile(r"[\u0300-\u036f\u200c\u200d\ufe00-\ufe0f\U0001f3fb-\U0001f3ff]")


class SentenceSplitter:
    """Splits German text into sentences; lines are paragraphs, and no sentence goes beyond its line.

    SoMaJo is loaded with the first doubtful sentence (0.2 s). One caller at a time: SoMaJo keeps state while it works.
    """

    def split(self, text: str) -> tuple[Sentence, ...]:
        """The sentences of ``text`` in order, without blanks around them and without overlap.

        ``text[sentence.start:sentence.end] == sentence.text`` holds for each. Between two sentences lie only blanks
        and invisible characters. None is longer than ``MAX_SENTENCE_CHARS``: longer ones are cut at a semicolon,
        dash, comma or blank. A text without visible characters has no sentences.
        """
        sentences: list[Sentence] = []
        offset = 0
        for line in text.split("\n"):
            if line and not line.isspace():
                for start, end in self._line(line):
                    for first, last in _cut(line, start, end):
                        piece = line[first:last]
                        if any(character.isprintable() and character != " " for character in piece):
                            sentences.append(Sentence(piece, offset + first, offset + last))
            offset += len(line) + 1
        return tuple(sentences)

    def _line(self, line: str) -> Iterator[tuple[int, int]]:
        """The sentences of one line of any length as (start, end)."""
        # Without SoMaJo's list of abbreviations no end is clear.
        whole_line = ((0, len(line), False),)
        for start, end, is_one in clear_parts(line, self._before_stop) if self._before_stop else whole_line:
            for first, last in [_strip(line, start, end)] if is_one else self._doubtful(line, start, end):
                if first < last:
                    yield first, last

    def _doubtful(self, line: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
        """The sentences of ``line[begin:end]`` as (start, end)."""
        while end - begin > WINDOW_CHARS:
            stop = _blank_before(line, begin, begin + WINDOW_CHARS)
            spans = self._window(line[begin:stop])
            # The last sentence of a window may be cut off by it: it is read again with the next one.
            for first, last in spans[:-1] or spans:
                yield begin + first, begin + last
            begin = begin + spans[-1][0] if len(spans) > 1 else stop
        for first, last in self._window(line[begin:end]):
            yield begin + first, begin + last

    def _window(self, window: str) -> list[tuple[int, int]]:
        """The sentences of a short piece of text as (start, end)."""
        if _ENDLESS.fullmatch(window):
            return [(0, len(window))]
        # As many characters as before, so the offsets stay right; what SoMaJo sees of an endless word is one word.
        shown = _ENDLESS.sub(lambda match: match[0][0] + "x" * (len(match[0]) - 1), window)
        try:
            tokens = [token for sentence in self._somajo.tokenize_text([shown]) for token in sentence]
        except (AssertionError, LookupError, NameError, ValueError) as error:
            # SoMaJo asserts that it can align its tokens with the text; odd Unicode that is not NFC can defeat it.
            logger.warning("sentence ends found by punctuation alone (%s): %.60r", type(error).__name__, window)
            return _plain_spans(window)
        if not tokens:
            return []
        spans = []
        first = 0
        for position in range(len(tokens)):
            if position + 1 == len(tokens) or self._ends(tokens, first, position):
                spans.append((tokens[first].character_offset[0], tokens[position].character_offset[1]))
                first = position + 1
        return spans

    def _ends(self, tokens: Sequence[Any], first: int, position: int) -> bool:
        """Whether the sentence that begins at token ``first`` ends with token ``position`` (not the text's last)."""
        token, following = tokens[position], tokens[position + 1]
        if self._is_reference(tokens, position):
            return False
        if token.last_in_sentence:
            return not self._is_known_abbreviation(tokens, position)
        if not token.space_after:
            return False
        # The token that carries the full stop: this one, or one before closing quotes and brackets.
        end = position
        while end > first and tokens[end].text in _CLOSING and not tokens[end - 1].space_after:
            end -= 1
        stop = tokens[end]
        if not _FULL_STOP.search(stop.text):
            return False
        if stop.token_class == "symbol":
            return stop.text != "..." and _begins_unlike_a_word(following.text)
        if end == first or not following.text[0].isupper():
            return False  # "1. Das Land zahlt": the number of a list
        before = tokens[end - 1]
        if self._not_final.search("".join(_spell(token) for token in tokens[max(first, end - 3) : end + 1]).rstrip()):
            return False
        if following.text.lower() in self._starters:
            return True
        if stop.token_class == "ordinal" and not _ROMAN.match(stop.text):
            # "Platz 3. Meier", "2:1. Meier" hold plain numbers
            is_letter = len(before.text) == 1 and before.text.isupper()
            if is_letter or before.text.removesuffix(".") in self._references:
                return following.text not in _MONTHS  # "die U 21. Trainer Huber", "auf S. 12. Meier"
            return before.text.lower() in self._number_nouns or (before.text == ":" and not before.space_after)
        return bool(before.text == "°")  # "-12,5 °C."

    def _is_reference(self, tokens: Sequence[Any], position: int) -> bool:
        """Whether the full stop at ``position`` belongs to what a number follows: "Nr. 3 S. 1 BauGB", "Abt. 3"."""
        if position == 0 or tokens[position].text != "." or tokens[position - 1].space_after:
            return False
        word, following = tokens[position - 1].text, tokens[position + 1].text
        if word not in self._references or not following[0].isdigit():
            return False
        return word != "S" or (position > 1 and tokens[position - 2].text[-1].isdigit())

    def _is_known_abbreviation(self, tokens: Sequence[Any], position: int) -> bool:
        """Whether the full stop at ``position`` belongs to one of our abbreviations and the sentence goes on."""
        if position == 0 or tokens[position].text != "." or tokens[position - 1].space_after:
            return False
        following = tokens[position + 1].text
        return tokens[position - 1].text in self._abbreviations and following.lower() not in self._starters

    @cached_property
    def _somajo(self) -> Any:
        from somajo import SoMaJo

        return SoMaJo("de_CMC", character_offsets=True)

    @cached_property
    def _starters(self) -> frozenset[str]:
        return read_words("sentence_starters_de.txt")

    @cached_property
    def _abbreviations(self) -> frozenset[str]:
        return read_words("abbreviations_de.txt")

    @cached_property
    def _references(self) -> frozenset[str]:
        return read_words("references_de.txt")

    @cached_property
    def _before_stop(self) -> frozenset[str]:
        """What stands before the full stop of abbreviations, small: SoMaJo's and ours; empty if its lists are gone."""
        try:
            from somajo.utils import read_abbreviation_file

            names = ("abbreviations_de.txt", "single_token_abbreviations_de.txt", "eos_abbreviations.txt")
            known = {entry for name in names for entry in read_abbreviation_file(name)}
        except (ImportError, OSError) as error:
            logger.warning("SoMaJo's abbreviations cannot be read, splitting is slower: %r", error)
            return frozenset()
        # The two at the end are patterns in SoMaJo.
        known |= {f"{entry}." for entry in self._abbreviations | self._references} | {"PS.", "Art."}
        return frozenset(match[1].lower() for entry in known if (match := _BEFORE_STOP.search(entry)))

    @cached_property
    def _number_nouns(self) -> frozenset[str]:
        return read_words("number_nouns_de.txt")

    @cached_property
    def _not_final(self) -> re.Pattern[str]:
        entries = (re.escape(entry).replace(r"\ ", r"\s?") for entry in read_entries("abbreviations_not_final_de.txt"))
        return re.compile(rf"(?<!\w)(?:{'|'.join(entries)})$", re.IGNORECASE)


def _spell(token: Any) -> str:
    """A token of SoMaJo as it stands in the text, with a blank where one follows."""
    return f"{token.text} " if token.space_after else str(token.text)


def _begins_unlike_a_word(text: str) -> bool:
    """Beginnings that SoMaJo does not take for one: "1,2", "5G", "§", "iPhone" (plain digits and capitals it does)."""
    return text[0].isdigit() or text == "§" or bool(_MIXED_CASE.match(text))


def _blank_before(line: str, begin: int, stop: int) -> int:
    """The last place in ``line[begin:stop]`` where a word begins, else the nearest sound place to cut."""
    for position in range(stop, begin + (stop - begin) // 2, -1):
        if line[position - 1].isspace():
            return position
    return _sound(line, begin, stop)


def _sound(line: str, begin: int, stop: int) -> int:
    """``stop``, moved to the left while it would tear a combining mark or a joined emoji off what precedes it."""
    position = stop
    while (
        position > begin + 1
        and position < len(line)
        and (_CLINGING.match(line[position]) or line[position - 1] == "\u200d")
    ):
        position -= 1
    return position if position > begin + 1 else stop


def _plain_spans(window: str) -> list[tuple[int, int]]:
    ends = [match.end() for match in _PLAIN_END.finditer(window)] + [len(window)]
    spans = [_strip(window, start, end) for start, end in zip([0, *ends], ends, strict=False)]
    return [(start, end) for start, end in spans if start < end]


def _strip(line: str, start: int, end: int) -> tuple[int, int]:
    """``start`` and ``end`` without the blanks of ``line`` inside them."""
    piece = line[start:end]
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())


def _cut(line: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """``line[start:end]`` in pieces of at most ``MAX_SENTENCE_CHARS`` characters."""
    while end - start > MAX_SENTENCE_CHARS:
        limit = start + MAX_SENTENCE_CHARS
        # Not in the first half: pieces of a few words are of no use to anyone.
        half = start + MAX_SENTENCE_CHARS // 2
        for pattern in _CUTS:
            places = [match.end() for match in pattern.finditer(line, half, limit)]
            if places:
                stop = places[-1]
                break
        else:
            stop = _sound(line, start, limit)
        piece = _strip(line, start, stop)
        if piece[0] < piece[1]:
            yield piece
        start = _strip(line, stop, end)[0]
    if start < end:
        yield start, end
