"""Running heads and feet: what stands at the edges of a PDF's pages, again and again, numbers of pages aside."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from retrieval.language.word_lists import read_words
from retrieval.loading.pdf_rows import Row

# Of each edge, so many rows may be heads. On so many pages, and on this share of them, the same text is one; at the
# same place, and apart from the text, on fewer.
_EDGE_ROWS: Final = 12
_PAGES: Final = 3
_SHARE: Final = 1 / 3
_FEW_PAGES: Final = 5
# In points; in font sizes from baseline to baseline; in sizes of the text.
_APART: Final = 1.7
_SMALL: Final = 0.93
_LARGE: Final = 1.15
# A row whose text changes is a head where so many pages have one at the same place.
_SLOT_SHARE: Final = 0.6
_EDGE_SHARE: Final = 0.18
_NUMBER: Final = re.compile(r"\d+")
_PAGE_NUMBER: Final = re.compile(
    r"[-–—|·\s]*(?:(?:Seite|Page|Blatt|S\.|p\.)\s*\d{1,4}(?:\s*(?:von|of|/)\s*\d{1,4})?|\d{1,4}\s*(?:von|of|/)\s*\d{1,4}"
    r"|[-–—|]\s*\d{1,4}\s*[-–—|]|\d{1,4})[-–—|·\s]*",
    re.IGNORECASE,
)
_BROWSER_FOOT: Final = re.compile(r"(?:https?|file)://\S+ \d+/\d+|(?:Seite )?\d+ (?:von|/) \d+ (?:https?|file)://\S+")
_BROWSER_HEAD: Final = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{2,4},? (?:um )?\d{1,2}:\d\d\b")
_BARE_NUMBER: Final = re.compile(r"\d{1,4}")
_PAGE_WORDS: Final = frozenset({"seite", "s.", "page", "p.", "blatt", "-", "–", "—", "|", "•", "·"})
_SENTENCE: Final = re.compile(r"(?:\S+\s+){3,}\S+[.!?]")


@dataclass(frozen=True, slots=True)
class PageRows:
    """A page's rows from top to bottom, and the lower and upper edge of the page."""

    rows: Sequence[Row]
    bottom: float
    top: float


@dataclass(frozen=True, slots=True)
class _Edge:
    """A row near an edge of a page: how far from it (points, share), whether it stands apart, and its numbers."""

    page: int
    row: Row
    distance: float
    share: float
    is_apart: bool
    numbers: tuple[int, ...]


def without_running_heads(pages: Sequence[PageRows]) -> list[list[Row]]:
    """The pages' rows without running heads and feet.

    What is the only text of its page is a head only if other pages have it over or under their text.
    """
    size = _text_size(pages)
    left_out: list[set[int]] = [set() for _ in pages]
    for from_top in (True, False):
        edges = [list(_edge_rows(page, number, size, from_top=from_top)) for number, page in enumerate(pages)]
        found = _heads(edges, range(len(pages)), size)
        # Pages that would be empty do not count.
        empty = {number for number, rows in enumerate(edges) if len(found[number]) == len(pages[number].rows)}
        if empty:
            found = _heads(edges, [number for number in range(len(pages)) if number not in empty], size)
        for number, rows in enumerate(found):
            left_out[number] |= {id(row) for row in rows}
    for number, page in enumerate(pages):
        left_out[number] |= {id(row) for row in _browser_rows(page)}
    for number, turned in enumerate(_repeated_turned(pages)):
        left_out[number] |= turned
    return [[row for row in page.rows if id(row) not in out] for page, out in zip(pages, left_out, strict=True)]


def _text_size(pages: Sequence[PageRows]) -> float:
    """The font size of most of the text."""
    sizes: Counter[float] = Counter()
    for page in pages:
        for row in page.rows:
            sizes[round(row.size, 1)] += len(row.text)
    return sizes.most_common(1)[0][0] if sizes else 1.0


def _edge_rows(page: PageRows, number: int, size: float, *, from_top: bool) -> Iterator[_Edge]:
    """The rows from an edge on inwards."""
    straight = [row for row in page.rows if not row.is_turned]
    rows = straight if from_top else straight[::-1]
    for row, inner in zip(rows[:_EDGE_ROWS], [*rows[1:], None], strict=False):
        distance = page.top - row.y if from_top else row.y - page.bottom
        is_apart = (
            row.size < _SMALL * size or inner is None or abs(row.y - inner.y) > _APART * max(row.size, inner.size)
        )
        share = distance / max(page.top - page.bottom, 1.0)
        yield _Edge(
            number, row, distance, share, is_apart, tuple(int(digits[:9]) for digits in _NUMBER.findall(row.text))
        )


def _heads(edges: Sequence[Sequence[_Edge]], counted: Sequence[int], size: float) -> list[list[Row]]:
    """The rows of each page that are heads at this edge, judged by the pages that count."""
    groups: dict[tuple[str, int], list[_Edge]] = defaultdict(list)
    pages = frozenset(counted)
    for rows in edges:
        for edge in rows:
            groups[_NUMBER.sub("0", edge.row.text), round(edge.row.size)].append(edge)
    heads: set[int] = set()
    for group in groups.values():
        heads |= _repeated(group, pages, size)
    places = Counter(
        place
        for rows in edges
        if rows and rows[0].page in pages and id(rows[0].row) in heads
        for place in _place(rows[0])
    )
    found: list[list[Row]] = []
    for rows in edges:
        out: list[Row] = []
        for number, edge in enumerate(rows):
            is_last = number + 1 == len(rows) and len(rows) < _EDGE_ROWS
            in_slot = edge.is_apart and number == 0 and not is_last and edge.row.size <= _LARGE * size
            in_slot = in_slot and len(pages) > _PAGES and places[round(edge.distance)] >= _SLOT_SHARE * len(pages)
            if id(edge.row) not in heads and not in_slot and not _is_page_number(edge):
                break
            out.append(edge.row)
        found.append(out)
    return found


def _browser_rows(page: PageRows) -> Iterator[Row]:
    """What a browser prints at the edges of a page: its address and number, time and title."""
    straight = [row for row in page.rows if not row.is_turned]
    if len(straight) > 2 and _BROWSER_FOOT.fullmatch(straight[-1].text):
        yield straight[-1]
        if _BROWSER_HEAD.match(straight[0].text):
            yield straight[0]


def _place(edge: _Edge) -> tuple[int, ...]:
    return tuple(round(edge.distance) + step for step in (-1, 0, 1))


def _is_page_number(edge: _Edge) -> bool:
    """Whether it is nothing but the number of its page, by what it says or by which page it is."""
    if not _PAGE_NUMBER.fullmatch(edge.row.text) or not edge.is_apart or edge.share > _EDGE_SHARE:
        return False
    return not _BARE_NUMBER.fullmatch(edge.row.text) or edge.numbers[0] == edge.page + 1


def _repeated(group: Sequence[_Edge], pages: frozenset[int], size: float) -> set[int]:
    """The rows of one text, numbers aside, that are heads; none if they stand on too few pages."""
    group = _consistent(group, size)
    places: Mapping[int, set[int]] = defaultdict(set)
    for edge in group:
        if edge.page in pages and edge.is_apart:
            for place in _place(edge):
                places[place].add(edge.page)
    on = {edge.page for edge in group if edge.page in pages}
    if len(on) >= max(_PAGES, len(pages) * _SHARE):
        return {id(edge.row) for edge in group}
    least = 2 if len(pages) <= _FEW_PAGES else _PAGES
    return {id(edge.row) for edge in group if edge.is_apart and len(places[round(edge.distance)]) >= least}


def _consistent(group: Sequence[_Edge], size: float) -> Sequence[_Edge]:
    """Those whose numbers are the same on all pages, or count the pages."""
    for position in range(len(group[0].numbers)):
        values = Counter(edge.numbers[position] for edge in group)
        value, same = values.most_common(1)[0]
        if same < len(group):
            steps = Counter(edge.numbers[position] - edge.page for edge in group)
            step, counting = steps.most_common(1)[0]
            if counting > same:
                group = [edge for edge in group if edge.numbers[position] - edge.page == step]
                if not _may_count(group[0], position, size):
                    return []
                continue
        group = [edge for edge in group if edge.numbers[position] == value]
    return group


def _may_count(edge: _Edge, position: int, size: float) -> bool:
    """Whether the number at this position may be a page's: at an end of its piece, or after a word for it."""
    row = edge.row
    if _PAGE_NUMBER.fullmatch(row.text):
        return True
    if row.size > _LARGE * size or _SENTENCE.fullmatch(row.text):
        return False
    start = [match.start() for match in _NUMBER.finditer(row.text)][position]
    before = row.text[:start].split()
    word = before[-1].lower() if before else ""
    if word in _PAGE_WORDS:
        return True
    if word in _heading_words():
        return False
    passed = 0
    for segment in row.segments:
        if start <= passed + len(segment.text):
            inside = start - passed
            rest = _NUMBER.sub("", segment.text[inside:], count=1).strip(" -–—|./")
            return not segment.text[:inside].strip(" -–—|") or not rest or rest.startswith(("von ", "of "))
        passed += len(segment.text) + 1
    return False


def _repeated_turned(pages: Sequence[PageRows]) -> Iterator[set[int]]:
    """Of each page the turned rows that many pages have, as drafts have „ENTWURF“."""
    seen = Counter(row.text for page in pages for row in page.rows if row.is_turned)
    for page in pages:
        yield {id(row) for row in page.rows if row.is_turned and seen[row.text] >= max(2, len(pages) * _SHARE)}


@cache
def _heading_words() -> frozenset[str]:
    return read_words("numbered_heading_words_de.txt")
