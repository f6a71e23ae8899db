"""What an item of an enumeration looks like: a German noun phrase, some lower-case words, or English words."""

from __future__ import annotations

from collections.abc import Sequence

from retrieval.language.sentence_items import Kind, Part, enumeration_words, is_finite, plain_words

#: Positions of parts, from the first one to behind the last one.
Stretch = tuple[int, int]

_NOUN = (Kind.NAME, Kind.BRACKETS)
_BEFORE_NOUN = (Kind.DETERMINER, Kind.ADVERB, Kind.ADJECTIVE)
_LONGEST_ITEM, _LONGEST_LOWER, _LONGEST_ENGLISH = 25, 2, 7


class Grammar:
    """Says of the parts of one sentence which of them are items like ``core``, which is one or several."""

    def __init__(self, found: Sequence[Part], core: Stretch, *, english: bool, commas: bool) -> None:
        self._parts = found
        self._core = core
        self._inner = (Kind.COMMA, Kind.JOINT) if commas else ()
        has_noun = any(part.kind in _NOUN for part in found[core[0] : core[1]])
        self._lower = not has_noun and not english
        self._english = english and not has_noun
        self._most = _LONGEST_LOWER if self._lower else _LONGEST_ENGLISH if self._english else _LONGEST_ITEM

    def is_item(self, begin: int, end: int) -> bool:
        """Whether parts are an item as a whole."""
        found = self._parts[begin:end]
        if not found or len(found) > self._most:
            return False
        if self._lower or self._english:
            return all(self._is_plain(part) for part in found)
        if found[-1].kind not in _NOUN and not self._is_unit(end - 1):
            return False
        return any(part.kind is Kind.NAME for part in found) and all(
            self._goes_on(position) or self._is_unit(position) for position in range(begin, end)
        )

    def can_end(self, begin: int, end: int) -> bool:
        """Whether an item may end with the last of these parts."""
        if begin == end:
            return False
        if self._lower or self._english:
            return self._is_plain(self._parts[end - 1])
        return self._parts[end - 1].kind in _NOUN or self._is_unit(end - 1)

    def can_begin(self, begin: int, end: int) -> bool:
        """Whether an item may begin with the first of these parts."""
        return self.last_end((begin, end), []) > begin

    def first_begin(self, segment: Stretch, others: Sequence[Stretch]) -> int:
        """Where the first item begins, which ends with the segment."""
        begin, end = segment
        if self._lower or self._english:
            most = max((b - a for a, b in others), default=1)
            position = end
            while position > max(begin, end - most) and self._is_plain(self._parts[position - 1]):
                position -= 1
            while position < end - 1 and self._parts[position].kind in (Kind.PREPOSITION, Kind.ADVERB):
                position += 1
            return position
        position = self._first_noun_phrase(begin, end, self._are_wide(others), others)
        return self._without_class(position, end, others)

    def last_end(self, segment: Stretch, others: Sequence[Stretch]) -> int:
        """Where the last item ends, which begins with the segment."""
        begin, end = segment
        if self._lower or self._english:
            most = max((b - a for a, b in others), default=self._most)
            position = begin
            while position < min(end, begin + most) and self._is_plain(self._parts[position]):
                position += 1
            return position
        return self._noun_phrase_end(begin, end, self._are_wide(others))

    def says_more(self, segment: Stretch, core: Stretch) -> bool:
        """Whether the core only says more of the noun before it: "Carla für ihren Mut"."""
        before = core[0]
        while before > segment[0] and self._parts[before - 1].kind in _BEFORE_NOUN:
            before -= 1
        if before - segment[0] < 2 or self._parts[before - 1].kind is not Kind.PREPOSITION:
            return False
        return self._parts[before - 2].kind in _NOUN

    def is_of_inner_noun(self, segment: Stretch, core: Stretch, behind: Stretch) -> bool:
        """Whether "und" behind the first item's segment joins another noun of it than the core's.

        "vier Kühlhäuser für Schnittblumen und Avocados" is one thing to who asks what is delivered, but "eine Anlage
        auf dem Dach und zwei Pumpen" are two: both have an article or a number.
        """
        counted = self._is_counted(behind[0])
        if self.says_more(segment, core):
            return counted
        rest = self._parts[core[1] : segment[1]]
        if not any(part.kind is Kind.PREPOSITION for part in rest):
            return False
        return not counted or not any(
            self._is_counted(position) for position in range(max(core[0] - 1, segment[0]), core[1])
        )

    def _is_counted(self, position: int) -> bool:
        return self._parts[position].kind is Kind.DETERMINER or self._parts[position].is_number

    def with_prepositions(self, run: Sequence[Stretch]) -> list[Stretch]:
        """The items with their prepositions, or without where all have that of the first: "in Goslar, in Hanau".

        None where some have one and the first has not.
        """
        begin = run[0][0]
        own = self._parts[begin - 1] if begin and self._parts[begin - 1].kind is Kind.PREPOSITION else None
        others = {self._parts[a].low for a, _ in run[1:] if self._parts[a].kind is Kind.PREPOSITION}
        if not others:
            return list(run)
        if own is None:
            return list(run) if self._parts[begin].kind is Kind.PREPOSITION else []
        if others == {own.low}:
            return [run[0], *((a + (self._parts[a].kind is Kind.PREPOSITION), b) for a, b in run[1:])]
        return [(begin - 1, run[0][1]), *run[1:]]

    def _is_plain(self, part: Part) -> bool:
        """Whether a word may be one of an item that is no German noun phrase."""
        if part.kind in (Kind.END, Kind.COMMA, Kind.SEMICOLON, Kind.JOINT, Kind.PREPOSITION):
            return part.low in ("of",)
        if part.low in enumeration_words("verb") or (not self._english and is_finite(part)):
            return False
        return part.kind in (Kind.NAME, Kind.BRACKETS, Kind.DETERMINER) or part.low not in plain_words()

    def _is_unit(self, position: int) -> bool:
        """Whether it is the "km" of "3 km"."""
        part = self._parts[position]
        is_short = part.kind in (Kind.OTHER, Kind.ADJECTIVE) and part.end - part.start <= 4
        return position > 0 and is_short and self._parts[position - 1].is_number and part.low not in plain_words()

    def _goes_on(self, position: int) -> bool:
        """Whether a part may stand in a German noun phrase behind the one before it."""
        part = self._parts[position]
        before = self._parts[position - 1] if position else None
        if part.kind is Kind.DETERMINER and before is not None and before.kind in _NOUN:
            return part.low in enumeration_words("genitive")  # "das THW die Bombe" are two
        if part.kind in (*_NOUN, Kind.DETERMINER, Kind.PREPOSITION, Kind.ADVERB, *self._inner):
            return True
        # "die Polizei sperrte Straßen": behind a noun there is no adjective.
        return part.kind is Kind.ADJECTIVE and (before is None or before.kind is not Kind.NAME or before.is_number)

    def _are_wide(self, others: Sequence[Stretch]) -> bool:
        """Whether one of the items goes on behind a preposition: "zwei Frauen aus Celle"."""
        return any(
            part.kind is Kind.PREPOSITION and position > 0 and self._parts[a + position - 1].kind in _NOUN
            for a, b in others
            for position, part in enumerate(self._parts[a:b])
        )

    def _noun_phrase_end(self, begin: int, end: int, wide: bool) -> int:
        """Where the noun phrase ends that begins with ``begin``; there itself if none does."""
        position = begin
        begins_with_preposition = begin < end and self._parts[begin].kind is Kind.PREPOSITION
        while position < end and self._parts[position].kind in (*_BEFORE_NOUN, Kind.PREPOSITION):
            position += 1
        first = position
        while position < end and (self._parts[position].kind in _NOUN or self._is_unit(position)):
            position += 1
        if position == first:
            return begin
        # "drei junge Männer": the number is a noun to what follows.
        if position < end and self._parts[position - 1].is_number and self._parts[position].kind is Kind.ADJECTIVE:
            more = self._noun_phrase_end(position, end, wide)
            return max(more, position)
        if position < end and not self._parts[position - 1].is_time:
            part = self._parts[position]
            attached = part.low in enumeration_words("genitive") or part.low in enumeration_words("attached")
            if (part.kind is Kind.DETERMINER and attached) or (
                part.kind is Kind.PREPOSITION and (wide or attached) and not begins_with_preposition
            ):
                more = self._noun_phrase_end(position + 1, end, wide)
                is_time = more > position + 1 and self._parts[more - 1].is_time
                return more if more > position + 1 and not is_time else position
        return position

    def _first_noun_phrase(self, begin: int, end: int, wide: bool, others: Sequence[Stretch]) -> int:
        """Where the noun phrase begins that ends with ``end``."""
        position = end
        while position > begin and (self._parts[position - 1].kind in _NOUN or self._is_unit(position - 1)):
            part = self._parts[position - 1]
            if position < end and part.is_time and not self._parts[position].is_time and not part.is_number:
                break  # "im Mai Polen, Ungarn und Italien"
            position -= 1
        noun = position
        while position > begin and self._parts[position - 1].kind is Kind.ADJECTIVE:
            position -= 1
        if position == begin or self._parts[position - 1].kind not in (Kind.DETERMINER, Kind.ADVERB, Kind.PREPOSITION):
            position = max(position, noun - self._adjectives(others))
        before = self._parts[position - 1].kind if position > begin else Kind.END
        if before in (Kind.DETERMINER, Kind.ADVERB):
            while position > begin and self._parts[position - 1].kind in (Kind.DETERMINER, Kind.ADVERB):
                position -= 1
        if position > begin + 1:
            part, noun_before = self._parts[position - 1], self._parts[position - 2].kind is Kind.NAME
            genitive = self._parts[position].low in enumeration_words("genitive")
            if wide and part.kind is Kind.PREPOSITION and noun_before:
                return self._first_noun_phrase(begin, position - 1, wide, others)
            if genitive and part.kind is Kind.NAME and self._have_determiners(others):
                return self._first_noun_phrase(begin, position, wide, others)
        return position

    def _without_class(self, position: int, end: int, others: Sequence[Stretch]) -> int:
        """Without "die Städte" before "Goslar", where no other item has an article."""
        core, begins = self._core, position
        if core[0] < end and core[0] >= position:
            return core[0] if self._parts[position].kind is Kind.DETERMINER else min(position, core[0])
        if self._have_determiners(others) or self._parts[position].kind is not Kind.DETERMINER:
            return position
        while position < end and self._parts[position].kind in _BEFORE_NOUN:
            position += 1
        nouns = self._parts[position:end]
        named = len(nouns) > 1 and all(part.kind is Kind.NAME and not part.is_number for part in nouns)
        is_adjective = named and nouns[0].low.endswith(("sche", "schen", "rote", "roten", "grüne", "grünen"))
        return position + 1 if named and not is_adjective else begins

    def _have_determiners(self, others: Sequence[Stretch]) -> bool:
        return any(self._parts[a].kind is Kind.DETERMINER for a, b in others if a < b)

    def _adjectives(self, others: Sequence[Stretch]) -> int:
        """With how many adjectives an item begins at most; none of them may be a verb: "nannte Goslar"."""
        counts = [0]
        for a, b in others:
            kinds = [part.kind is Kind.ADJECTIVE for part in self._parts[a:b]]
            counts.append([*kinds, False].index(False))
        return max(counts)
