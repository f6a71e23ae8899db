"""Enumerations in a sentence: of "Goslar" in "Betroffen sind Goslar, Hanau und Celle." the other two, too.

By the sentence's structure: items stand between commas and before and behind "und", and are noun phrases. The first
and the last one are cut out of what stands before and behind them, in the same form as the others.
"""

from __future__ import annotations

from collections.abc import Sequence

from retrieval.language.detection import question_language
from retrieval.language.item_grammar import Grammar, Stretch
from retrieval.language.sentence_items import REST, Kind, Part, Place, enumeration_words, is_finite, parts, plain_words

#: A title in quotation marks is one thing: „Krieg und Frieden“; what somebody says is longer.
_TITLE_WORDS = 5
#: More items, or a longer enumeration (in characters), is a text of its own.
_MOST_ITEMS, _LONGEST = 60, 1500
#: What is longer, in characters, is no sentence.
_LONGEST_SENTENCE = 4000
#: So many items need no "und" before the last one, where nothing else stands beside them.
_WITHOUT_JOINT = 3
_CLOSERS = ".!?…: "


def enumeration(text: str, start: int, end: int, bounds: Place) -> tuple[Place, ...]:
    """The items of the enumeration that ``text[start:end]`` is an item of, or several of them; () if there is none.

    ``bounds`` is where the sentence stands. The items are in order, at least two, and in one paragraph; between the
    first one's start and the last one's end there are only items and what joins them, and the given place lies inside.
    """
    first = max(bounds[0], text.rfind("\n", 0, start) + 1)
    cut = text.find("\n", start, bounds[1])
    last = bounds[1] if cut < 0 else cut
    if not first <= start < end <= last or last - first > _LONGEST_SENTENCE:
        return ()
    first, last = _inside(text, start, end, first, last)
    while last > end and text[last - 1] in _CLOSERS:
        last -= 1
    found = _Sentence(parts(text, first, last), text[first:last]).items(start, end)
    if not 2 <= len(found) <= _MOST_ITEMS or found[-1][1] - found[0][0] > _LONGEST:
        return ()
    return found if found[0][0] <= start and end <= found[-1][1] else ()


def _inside(text: str, start: int, end: int, first: int, last: int) -> Place:
    """Where the sentence stands, or the brackets in it or what is said there in quotation marks around the place."""
    for part in parts(text, first, last):
        if part.kind is Kind.BRACKETS or (part.is_quoted and part.end - part.start - 2 > end - start):
            inner = part.start + 1, part.end - 1
            is_title = part.is_quoted and len(text[slice(*inner)].split()) <= _TITLE_WORDS
            if inner[0] <= start and end <= inner[1] and not is_title:
                return inner
    return first, last


class _Sentence:
    """One sentence, or what stands in brackets or is said in quotation marks in it."""

    def __init__(self, found: Sequence[Part], words: str) -> None:
        self._parts = found
        # With semicolons between the items, commas stand inside of them.
        self._by_semicolon = sum(part.kind is Kind.SEMICOLON for part in found) > 1
        self._separators = [number for number, part in enumerate(found) if self._separates(part)]
        edges = [-1, *self._separators, len(found)]
        self._segments = [(edges[number] + 1, edges[number + 1]) for number in range(len(edges) - 1)]
        self._language = question_language(words)

    def items(self, start: int, end: int) -> tuple[Place, ...]:
        """See ``enumeration``."""
        inside = [number for number, part in enumerate(self._parts) if part.start < end and start < part.end]
        if not inside:
            return ()
        core = inside[0], inside[-1] + 1
        if any(self._separates(self._parts[edge]) for edge in (core[0], core[1] - 1)):
            return ()
        grammar = Grammar(self._parts, core, english=self._language == "en", commas=self._by_semicolon)
        run = self._run(grammar, core)
        return tuple((self._parts[first].start, self._parts[last - 1].end) for first, last in run)

    def _separates(self, part: Part) -> bool:
        if self._by_semicolon:
            return part.kind is Kind.SEMICOLON
        return part.kind in (Kind.COMMA, Kind.SEMICOLON, Kind.JOINT)

    def _run(self, grammar: Grammar, core: Stretch) -> list[Stretch]:
        """The items as positions of parts."""
        touched = [number for number, (a, b) in enumerate(self._segments) if a < core[1] and core[0] < b]
        first, last = touched[0], touched[-1]
        if first > 0 and grammar.says_more(self._segments[first], core):
            return []
        left, right = self._reach(grammar, core, first, last)
        left, right, joined = self._block(left, right, first, last)
        if left == right or (
            left == first < right and grammar.is_of_inner_noun(self._segments[left], core, self._segments[left + 1])
        ):
            return []
        if self._by_semicolon:
            return self._whole_segments(left, right)
        inner = self._segments[left + 1 : right]
        known = [*inner, *([core] if first == last else [])]
        end = grammar.last_end(self._segments[right], [*known])
        if right == last:
            end = max(end, core[1])
        tail = (self._segments[right][0], end)
        begin = grammar.first_begin(self._segments[left], [*known, tail])
        if left == first:
            begin = min(begin, core[0])
        run = [(begin, self._segments[left][1]), *inner, tail]
        joined = joined or (end < len(self._parts) and self._parts[end].low == REST)
        if len(run) > 2 and left < first and self._is_named_by(run):
            run, begin = run[1:], run[1][0]
        if any(a >= b for a, b in run) or (joined and self._begins_clause(begin, tail)):
            return []
        if not joined and not self._stands_alone(begin, end, len(run)):
            return []
        return grammar.with_prepositions(run)

    def _reach(self, grammar: Grammar, core: Stretch, first: int, last: int) -> Stretch:
        """The first and the last segment that items lie in."""
        segments, left, right = self._segments, first, last
        while left > 0:
            begin, end = segments[left]
            if not grammar.is_item(begin, core[1] if left == last else end) or not grammar.can_end(*segments[left - 1]):
                break
            left -= 1
        while right + 1 < len(segments):
            begin, end = segments[right]
            begin = core[0] if right == first else begin
            if not grammar.is_item(begin, end) or not grammar.can_begin(*segments[right + 1]):
                break
            right += 1
        return left, right

    def _block(self, left: int, right: int, first: int, last: int) -> tuple[int, int, bool]:
        """Of the segments ``left``..``right`` those of one enumeration, "und" standing before its last ones only.

        The third value says whether there is one.
        """
        begin = left
        joined = False
        for number in range(left, right + 1):
            is_last = number == right
            separator = None if is_last else self._parts[self._separators[number]]
            joint = separator is not None and separator.kind is Kind.JOINT
            if is_last or (joined and not joint):
                if begin <= first and last <= number:
                    return begin, number, joined
                if number >= first:
                    return first, first, False
                begin, joined = number + 1, False
            else:
                joined = joint
        return first, first, False

    def _whole_segments(self, left: int, right: int) -> list[Stretch]:
        """Items between semicolons, the first one behind a colon or at the beginning."""
        begin, end = self._segments[left]
        while end > begin and self._parts[end - 1].kind is not Kind.END:
            end -= 1
        is_whole = left == 0 and right == len(self._segments) - 1
        return [(end, self._segments[left][1]), *self._segments[left + 1 :]] if is_whole else []

    def _is_named_by(self, run: Sequence[Stretch]) -> bool:
        """Whether the first only names what the others are: "Beide Meere, Nord- und Ostsee, sind zu warm"."""
        end = run[-1][1]
        encloses = end < len(self._parts) and self._parts[end].kind is Kind.COMMA
        articles = [self._parts[a].kind is Kind.DETERMINER for a, _ in run]
        return encloses and articles[0] and not any(articles[1:])

    def _stands_alone(self, begin: int, end: int, count: int) -> bool:
        """Whether nothing else stands beside items without "und": "Orte: Goslar, Hanau, Celle"."""
        opened = begin == 0 or self._parts[begin - 1].kind is Kind.END
        behind = [part.low.strip(".") for part in self._parts[end:] if not part.separates]
        rest = enumeration_words("rest")
        return count >= _WITHOUT_JOINT and opened and all(word in rest for word in behind)

    def _begins_clause(self, begin: int, tail: Stretch) -> bool:
        """Whether "und" joins two clauses: "rettete einen Mann und die Polizei sperrte die Straße".

        A verb follows what looks like the last item, and there is one before the first. Behind "dass" and the like the
        verb stands at the end.
        """
        clause = begin
        while clause > 0 and self._parts[clause - 1].kind not in (Kind.END, Kind.COMMA, Kind.SEMICOLON):
            clause -= 1
        before, behind = self._parts[clause:begin], self._parts[tail[1] : tail[1] + 1]
        # At a sentence's beginning, "der" and "wer" begin a main clause.
        if before and before[0].low in enumeration_words("clause") and (clause or before[0].low not in plain_words()):
            return False
        return any(map(is_finite, behind)) and any(map(is_finite, before))
