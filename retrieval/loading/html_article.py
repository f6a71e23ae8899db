"""Which lines of a web page are its article: trafilatura's choice, checked against what the page says of itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from retrieval.loading.html_lines import Line, Place
from retrieval.loading.page_names import BYLINE, CAPTION, FURNITURE, LEAD, is_date_line, is_furniture_phrase
from retrieval.loading.page_statements import Statements
from retrieval.loading.word_runs import RUN, SAME_SHARE, KnownLines, words_of

_PROSE_WORDS: Final = 8
_LONG_WORDS: Final = 20
# The share of the chosen text that the article's element holds, and how much of it has to be on the page as lines.
_CORE_SHARE: Final = 0.85
_LOCATED_SHARE: Final = 0.6
_KEPT_SHARE: Final = 0.4
_LINKED: Final = 0.5
# From this share in links on, a line is the teaser of another article; in a list there may be a topic before the link.
_TEASER_SHARE: Final = 0.9
_LISTED_SHARE: Final = 0.6
# What the page states counts as shown nowhere on it below this share of its runs.
_WHOLE_SHARE: Final = 0.7
_UNSEEN_SHARE: Final = 0.3
_SENTENCE_END: Final = re.compile(r"(?<=[.!?…“\"])\s+(?=[A-ZÄÖÜ„\"»])")


_SEPARATOR: Final = re.compile(r"\s*(?:[|–—›»⋆•·(/]|-\s)|\s[:-]")
_NEWSLETTER: Final = re.compile(r"newsletter", re.IGNORECASE)
_ENDED: Final = re.compile(r"[.!?…:][\"“”«»‹›’')\]]*$")


@dataclass(frozen=True, slots=True)
class Chosen:
    """A line of the article, and whether it is a heading."""

    text: str
    heading: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """The article's lines; on the page, the line of its headline (-1: none) and the first of its prose."""

    lines: list[Chosen]
    headline: int
    first: int


def read_article(lines: Sequence[Line], places: Sequence[Place], body: str, said: Statements) -> Reading:
    """The lines of the article in the order of the page.

    ``body`` is the text that trafilatura finds, a paragraph a line, "" for none. What the page states and does not
    show is put in its place.
    """
    choice = _Choice(lines, places, body, said)
    return Reading(_completed(choice.lines(), choice, said), choice.headline, choice.first)


def begins_with(title: str, headline: str) -> bool:
    """Whether a title is the headline and something after a separator, as the name of the site."""
    return title.startswith(headline) and bool(_SEPARATOR.match(title, len(headline)))


class _Choice:
    def __init__(self, lines: Sequence[Line], places: Sequence[Place], body: str, said: Statements) -> None:
        self._lines = lines
        self._places = places
        self.words = [words_of(line.shown or line.text) for line in lines]
        self._body = [line for line in body.split("\n") if line.strip()]
        voted = KnownLines(map(words_of, self._body))
        self._voted = [voted.has(words) for words in self.words]
        self._vote_for_tables()
        self._stated = KnownLines(map(words_of, said.body.split("\n")))
        self._described = [KnownLines([words_of(text)]) for text in said.descriptions]
        self._titles = {tuple(words_of(title)) for title in said.titles}
        self._stated_titles = said.titles
        self._prose = [at for at, vote in enumerate(self._voted) if vote and self._is_prose(at)]
        self._core = self._article_element()
        self._within = self._inside()
        self._prose = [at for at in self._prose if self._within[lines[at].place]] or self._prose
        self.first = self._prose[0] if self._prose else 0
        self.headline = self._find_headline()
        self._kicker = self._headline_with_kicker()
        self._furniture = self._furnished()

    def _vote_for_tables(self) -> None:
        """A table whose words are in trafilatura's text is chosen with all rows, however that text divides them."""
        tables: dict[int, list[int]] = {}
        for at, line in enumerate(self._lines):
            if line.shown:
                tables.setdefault(line.place, []).append(at)
        chosen = set(words_of(" ".join(self._body))) if tables else set()
        for rows in tables.values():
            words = {word for at in rows for word in self.words[at]}
            if len(words & chosen) >= SAME_SHARE * len(words):
                for at in rows:
                    self._voted[at] = True

    def _is_prose(self, at: int) -> bool:
        line = self._lines[at]
        return len(self.words[at]) >= _PROSE_WORDS and not line.heading and line.linked < _LINKED * len(line.text)

    def _article_element(self) -> int:
        """The innermost place that holds nearly all of the chosen prose; 0, the whole page, without any."""
        held = [0] * len(self._places)
        for at in self._prose:
            held[self._lines[at].place] += len(self._lines[at].text)
        for place in range(len(held) - 1, 0, -1):  # parents stand before their children
            held[self._places[place].parent] += held[place]
        self._held = held
        core = 0
        for place in range(1, len(held)):
            if self._places[place].parent == core and held[place] >= _CORE_SHARE * held[0] > 0:
                core = place
        return core

    def _inside(self) -> list[bool]:
        within = [place == self._core for place in range(len(self._places))]
        for place in range(1, len(within)):
            within[place] = within[place] or within[self._places[place].parent]
        return within

    def _furnished(self) -> list[bool]:
        """Which places inside the article's element are called after what is no article, or lie in such a place."""
        furniture = [False] * len(self._places)
        for at in range(1, len(self._places)):
            place = self._places[at]
            furniture[at] = furniture[place.parent]
            # Whatever it is called, what holds most of the prose is the article.
            above = at == self._core or not self._within[at] or self._held[at] > self._held[0] / 2
            if not furniture[at] and not above:
                furniture[at] = place.tag in ("footer", "nav", "form") or bool(FURNITURE.search(place.names))
        return furniture

    def _find_headline(self) -> int:
        """The line of the page's headline before the chosen prose, -1 if there is none."""
        end = self.first if self._prose else len(self._lines)
        heads = [at for at in range(end) if self._lines[at].heading or self._lines[at].part]
        fitting = [at for at in heads if self._is_title(at)]
        first = [at for at in heads if self._places[self._lines[at].place].tag == "h1"]
        return fitting[0] if fitting else (first or heads or [-1])[-1]

    def _headline_with_kicker(self) -> range:
        """The lines of the headline if there is more in its element than the page's title, as a kicker."""
        if self.headline < 0:
            return range(0)
        place = self._lines[self.headline].place
        start, end = self.headline, self.headline + 1
        while start > 0 and self._lines[start - 1].place == place and self._lines[start - 1].heading:
            start -= 1
        while end < len(self._lines) and self._lines[end].place == place and self._lines[end].heading:
            end += 1
        return range(start, end) if end - start > 1 and self._lines[self.headline].heading else range(0)

    def _is_title(self, at: int) -> bool:
        text = self._lines[at].text
        return tuple(self.words[at]) in self._titles or any(
            begins_with(title, text) for title in self._stated_titles if len(self.words[at]) > 1
        )

    def lines(self) -> list[Chosen]:
        """The chosen lines of the page; trafilatura's where most of them are not found in it or would be lost."""
        located = sum(len(line.text) for at, line in enumerate(self._lines) if self._voted[at])
        if located < _LOCATED_SHARE * sum(map(len, self._body)) or not self._lines:
            return [Chosen(line) for line in self._body]
        headline, first = self.headline, self.first
        last = self._prose[-1] if self._prose else len(self._lines)
        seen: set[tuple[str, ...]] = set()
        belongs = [bool(words) and self._belongs(at, headline, first, last) for at, words in enumerate(self.words)]
        end = self._end(belongs)
        kept = []
        for at, line in enumerate(self._lines[:end]):
            key = tuple(self.words[at])
            if not belongs[at] or (key in seen and (len(key) >= _PROSE_WORDS or key in self._titles)):
                continue
            lead = headline < at < first and self._is_lead(at)
            if line.heading and not lead and not self._voted[at] and not any(belongs[at + 1 : at + 3]):
                continue  # of something that is left out
            seen.add(key)
            kept.append(Chosen(line.text, line.heading and not lead))
        if sum(len(chosen.text) for chosen in kept) < _KEPT_SHARE * sum(map(len, self._body)):
            return [Chosen(line) for line in self._body]
        return _without_empty_headings(kept)

    def _end(self, belongs: Sequence[bool]) -> int:
        """The line after the article's last one: where the page states the whole text, nothing comes after it."""
        prose = [at for at in self._prose if belongs[at]]
        stated = [at for at in prose if self._stated.has(self.words[at])]
        if stated and sum(len(self.words[at]) for at in stated) >= _WHOLE_SHARE * sum(
            len(self.words[at]) for at in prose
        ):
            return stated[-1] + 1
        return len(self._lines)

    def _belongs(self, at: int, headline: int, first: int, last: int) -> bool:
        line = self._lines[at]
        place = self._places[line.place]
        words = self.words[at]
        lead = headline < at < first and self._is_lead(at)
        if self._kicker and at in self._kicker:
            return True
        if is_furniture_phrase(line.text):
            return False
        if self._stated.has(words) and (self._within[line.place] or lead) and len(words) >= RUN:
            return True
        if lead:
            return True
        if headline < at < first and (place.tag == "figcaption" or CAPTION.search(place.names)):
            says = sum(not word.isdigit() for word in words) >= RUN  # more than a place and a day
            return says and line.linked < _LINKED * len(line.text) and not self._furniture[line.place]
        if self._furniture[line.place] or not (self._within[line.place] or (self._voted[at] and self._is_prose(at))):
            return False
        teaser_share = _LISTED_SHARE if place.tag == "li" else _TEASER_SHARE
        if line.linked >= teaser_share * len(line.text) and len(words) >= RUN:
            return False
        if line.linked and _NEWSLETTER.search(line.text):
            return False
        if self._voted[at]:
            is_byline = at < first and not line.heading and (BYLINE.search(place.names) or is_date_line(line.text))
            return not is_byline or len(words) >= _PROSE_WORDS
        if not headline < at <= last or line.linked >= _LINKED * len(line.text):
            return False
        if place.tag == "figcaption" or CAPTION.search(place.names):
            return len(words) >= RUN
        if at < first:
            return False
        return line.heading or (self._is_prose(at) and (bool(_ENDED.search(line.text)) or len(words) >= _LONG_WORDS))

    def _is_lead(self, at: int) -> bool:
        """Whether a line between headline and text is the article's lead: sentences, and no byline or advertisement."""
        line = self._lines[at]
        place = self._places[line.place]
        words = self.words[at]
        if len(words) < RUN or line.linked >= _LINKED * len(line.text) or place.linked or tuple(words) in self._titles:
            return False
        if any(text.has(words) for text in self._described):
            return True
        names = [place.names]
        while place.parent > 0 and len(names) < 3:
            place = self._places[place.parent]
            names.append(place.names)
        around = " ".join(names)
        if BYLINE.search(names[0]) or FURNITURE.search(around.replace("teaser", "")):
            return False
        is_sentence = bool(_ENDED.search(line.text))
        return len(words) >= _PROSE_WORDS and (is_sentence or bool(LEAD.search(around)))


def _without_empty_headings(lines: list[Chosen]) -> list[Chosen]:
    """Without headings at the end, under which nothing stands; a heading that is a sentence says something."""
    end = len(lines)
    while end > 0 and lines[end - 1].heading and not _says_something(lines[end - 1].text):
        end -= 1
    return lines[:end] if end else lines


def _says_something(text: str) -> bool:
    return len(words_of(text)) >= _PROSE_WORDS and text.endswith((".", "!"))


def _completed(chosen: list[Chosen], choice: _Choice, said: Statements) -> list[Chosen]:
    """The lines with the sentences that the page states only in its data, after those that stand before them there."""
    if not said.body:
        return chosen
    have = KnownLines(words_of(line.text) for line in chosen)
    shown = KnownLines(choice.words)
    missing: dict[int, list[str]] = {}
    here = 0
    for paragraph in said.body.split("\n"):
        for sentence in _SENTENCE_END.split(paragraph):
            words = words_of(sentence)
            if (line := have.line(words)) >= 0:
                here = line + 1
            elif len(words) >= RUN and shown.share(words) < _UNSEEN_SHARE and not is_furniture_phrase(sentence):
                missing.setdefault(here, []).append(sentence)
    result: list[Chosen] = []
    for at, line_of_page in enumerate([*chosen, None]):
        if at in missing:
            result.append(Chosen(" ".join(missing[at])))
        if line_of_page:
            result.append(line_of_page)
    return result
