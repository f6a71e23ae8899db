"""The words of a sentence as an enumeration sees them: what may be in an item, what joins items, what ends them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache

from retrieval.language.question_words import ADJECTIVE_ENDINGS, words_of
from retrieval.language.word_lists import read_lists

#: From the first character to behind the last one.
Place = tuple[int, int]

_QUOTED = (
    r"„[^„“”\"\n]{1,300}[“”\"]|“[^“”\n]{1,300}”|\"[^\"\n]{1,300}\""
    r"|»[^«»\n]{1,300}«|«[^«»\n]{1,300}»|‚[^‚‘’\n]{1,300}[‘’]"
)
_BRACKETS = r"\([^()\n]{1,300}\)|\[[^\[\]\n]{1,300}\]"
_NUMBER = r"[-−+]?\d+(?:[.,:]\d+)*\.?(?![^\W_])"
# "Nord-", "Müller-Lüdenscheidt", "L'Aquila", "A7", "U21", "St.", "20-jährige", "und/oder", "taz.de"
_WORD = r"\w+(?:[-–.'’/*:&](?=\w)\w+)*-?\.?"
_TOKEN = re.compile(
    rf"(?P<group>{_QUOTED})|(?P<brackets>{_BRACKETS})|(?P<number>{_NUMBER})|(?P<word>{_WORD})|(?P<mark>\S)"
)
_UNIT_MARKS = "%€$£°&‰²³§"
#: Stands for a joint behind which there is no item: "und andere".
REST = "_"
_FINITE = ("te", "ten", "tet")
_PARTICIPLE = re.compile(r"\w*(?:ge|be|ver|er|ent|zer|miss|über|unter)\w+t|\w+iert")


class Kind(Enum):
    """What a token may be in an item."""

    COMMA = auto()
    SEMICOLON = auto()
    JOINT = auto()  # "und", also after a comma
    NAME = auto()  # a name, a noun, a number, a quotation
    BRACKETS = auto()  # belongs to what stands before
    DETERMINER = auto()
    PREPOSITION = auto()
    ADVERB = auto()
    ADJECTIVE = auto()
    OTHER = auto()  # a lower-case word: a verb, mostly
    END = auto()  # a mark that no item goes over


@dataclass(frozen=True, slots=True)
class Part:
    """A token at ``start``..``end``; ``low`` is its lower case, a joint of several words having "_" between them."""

    kind: Kind
    start: int
    end: int
    low: str
    is_quoted: bool = False
    is_number: bool = False
    is_time: bool = False

    @property
    def separates(self) -> bool:
        """Whether it stands between two items."""
        return self.kind in (Kind.COMMA, Kind.SEMICOLON, Kind.JOINT)


@cache
def enumeration_words(name: str) -> frozenset[str]:
    """A list of ``retrieval/data/enumeration_words.txt``."""
    return read_lists("enumeration_words.txt")[name]


def parts(text: str, start: int, end: int) -> list[Part]:
    """The tokens of ``text[start:end]``, which is one sentence without its end mark, or a part of one."""
    found = list(_TOKEN.finditer(text, start, end))
    return list(_joined(text, [_part(match, first=number == 0) for number, match in enumerate(found)]))


def _part(match: re.Match[str], *, first: bool) -> Part:
    words, start, end = match[0], match.start(), match.end()
    low = words.lower()
    if match["group"]:
        return Part(Kind.NAME, start, end, low, is_quoted=True)
    if match["brackets"]:
        return Part(Kind.BRACKETS, start, end, low)
    if match["number"]:
        is_year = len(words) == 4 and words.isdigit() and words[:2] in ("18", "19", "20")
        return Part(Kind.NAME, start, end, low, is_number=True, is_time=is_year)
    if match["mark"]:
        marks = {",": Kind.COMMA, ";": Kind.SEMICOLON}
        return Part(marks.get(words, Kind.NAME if words in _UNIT_MARKS else Kind.END), start, end, low)
    capital = words[0].isupper() or words[0].isdigit() or any(letter.isupper() for letter in words[1:])
    if low in enumeration_words("joint") and not (capital and not first):
        return Part(Kind.JOINT, start, end, low)
    if not capital or first:
        for name, kind in (
            ("determiner", Kind.DETERMINER),
            ("preposition", Kind.PREPOSITION),
            ("adverb", Kind.ADVERB),
        ):
            if low in enumeration_words(name):
                return Part(kind, start, end, low)
    if capital and first and low in plain_words() | enumeration_words("clause"):
        return Part(Kind.OTHER, start, end, low)
    if capital:
        is_time = words_of("de").has("time", low) or words_of("en").has("time", low)
        return Part(Kind.NAME, start, end, low, is_time=is_time)
    is_adjective = low.endswith(ADJECTIVE_ENDINGS) and low not in words_of("de").stop
    is_adjective = is_adjective and low not in enumeration_words("verb")
    return Part(Kind.ADJECTIVE if is_adjective else Kind.OTHER, start, end, low)


def _joined(text: str, found: list[Part]) -> Iterator[Part]:
    """The tokens, the words of longer joints put together, and with a comma before one where it may have one."""
    position = 0
    while position < len(found):
        part = found[position]
        comma = part.kind is Kind.COMMA
        begin = position + comma
        for length in (3, 2, 1):
            words = found[begin : begin + length]
            low = "_".join(word.low for word in words)
            if len(words) < length or low not in enumeration_words("joint") | enumeration_words("after_comma"):
                continue
            if comma and low not in enumeration_words("after_comma") and low not in ("and", "or"):
                continue
            position = begin + length
            if _leaves_rest(found, position):
                yield Part(Kind.END, part.start, words[-1].end, REST)
            else:
                yield Part(Kind.JOINT, part.start, words[-1].end, low)
            break
        else:
            yield part
            position += 1


def _leaves_rest(found: list[Part], position: int) -> bool:
    """Whether what is joined is "andere" or "mehr", and no "andere Orte"."""
    if position == len(found) or found[position].low not in enumeration_words("rest"):
        return False
    return position + 1 == len(found) or found[position + 1].kind is not Kind.NAME


def is_finite(part: Part) -> bool:
    """Whether a lower-case word is a verb that a clause has one of, as far as its ending tells."""
    low = part.low
    if part.kind not in (Kind.OTHER, Kind.ADJECTIVE):
        return False
    if low in enumeration_words("verb"):
        return True
    if low in plain_words() or low in enumeration_words("no_verb"):
        return False
    if low.endswith(_FINITE):
        return not low.startswith("ge")
    return part.kind is Kind.OTHER and low.endswith(("t", "ed")) and len(low) > 3 and not _PARTICIPLE.fullmatch(low)


@cache
def plain_words() -> frozenset[str]:
    """Words that stand in no item: those that only help to build a sentence."""
    return words_of("de").stop | words_of("en").stop
