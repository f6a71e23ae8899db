"""How a number changed, as a picture: the values of all answers to a question by their days.

Matplotlib takes a second to load, and once some more to list the fonts; both happen with the first picture.
"""

from __future__ import annotations

import logging
import os
import threading
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bot.messages import text
from bot.render.colours import BLUE, GREY, INK, PAPER
from bot.render.text import cut, day, short_day
from bot.render.values import Point, Series, written
from bot.render.wording import line
from retrieval.answering.all_answers import AllAnswers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: The folder in the data directory that matplotlib keeps its list of fonts in.
CACHE: Final = "matplotlib"
_SIZE, _DPI = (8.0, 4.8), 150
_MOST_DAYS, _MOST_LABELS = 6, 16
_TITLE_LIMIT, _SOURCES, _SOURCES_LIMIT = 140, 6, 220
# So many letters of the title and of the sources go on a line.
_TITLE_CHARS, _SOURCE_CHARS = 70, 115
# Its fonts may be used by one thread at a time.
_DRAWING: Final = threading.Lock()


def chart(answers: AllAnswers, values: Series, language: str, home: Path) -> bytes:
    """A PNG of the values, each named, and below them which sources name them. Takes a second: not in an event loop.

    The values of one day stand above each other; the surest ones are joined by a line. Below ``home`` lies what
    matplotlib keeps.
    """
    with _DRAWING:
        _load(home / CACHE)
        import matplotlib
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        # A matplotlibrc of the user is for other pictures.
        with matplotlib.rc_context(matplotlib.rcParamsDefault):
            figure = Figure(figsize=_SIZE, dpi=_DPI, facecolor=PAPER)
            canvas = FigureCanvasAgg(figure)
            axes = figure.add_axes((0.1, 0.19, 0.86, 0.62), facecolor=PAPER)
            _draw(axes, values, language)
            title = _lines(cut(line(answers.understood or answers.question), _TITLE_LIMIT), _TITLE_CHARS)
            _write(figure, 0.03, 0.96, title, size=12, weight="bold", color=INK, va="top")
            sources = _lines(_sources(values, language), _SOURCE_CHARS)
            _write(figure, 0.03, 0.03, sources, size=8, color=GREY, va="bottom")
            png = BytesIO()
            canvas.print_png(png)  # type: ignore[no-untyped-call]
    return png.getvalue()


def _load(cache: Path) -> None:
    """Imports matplotlib so that it keeps its list of fonts in ``cache``, unless the user has set another place."""
    name = "MPLCONFIGDIR"
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    was_set = name in os.environ
    if not was_set:
        os.environ[name] = str(cache)
    try:
        import matplotlib
        import matplotlib.font_manager

        matplotlib.get_configdir(), matplotlib.get_cachedir()  # remembered from now on
    finally:
        if not was_set:
            del os.environ[name]


def _draw(axes: Axes, values: Series, language: str) -> None:
    unit, factor = values.scale(language)
    days = sorted({point.day for point in values.points})
    first, last = days[0].toordinal(), days[-1].toordinal()
    heights = [float(point.amount / factor) for point in values.points]
    surest = {point.day: point for point in reversed(values.points) if point.is_surest}
    axes.plot(
        [place.toordinal() for place in sorted(surest)],
        [float(surest[place].amount / factor) for place in sorted(surest)],
        color=BLUE,
        linewidth=1.5,
        alpha=0.6,
    )
    for point, height in zip(values.points, heights, strict=True):
        filling = BLUE if surest[point.day] is point else PAPER
        axes.plot(
            [point.day.toordinal()],
            [height],
            "o",
            color=BLUE,
            markersize=7,
            markerfacecolor=filling,
        )
    for point in _labelled(values):
        above = _stands_above(point, values)
        axes.annotate(
            written(point.amount, factor, language),
            (point.day.toordinal(), float(point.amount / factor)),
            xytext=(0, 9 if above else -9),
            textcoords="offset points",
            ha="center",
            va="bottom" if above else "top",
            fontsize=9,
            color=INK,
            parse_math=False,
        )
    spread = (max(heights) - min(heights)) or abs(max(heights)) or 1.0
    axes.set_ylim(min(heights) - 0.18 * spread, max(heights) + 0.18 * spread)
    margin = max(1.0, 0.06 * (last - first))
    axes.set_xlim(first - margin, last + margin)
    ticks = _ticks(first, last)
    axes.set_xticks(ticks)
    axes.set_xticklabels([short_day(date.fromordinal(tick), language) for tick in ticks], parse_math=False)
    axes.yaxis.set_major_formatter(lambda height, _: written(Decimal(f"{height:.6g}"), Decimal(1), language))
    axes.set_ylabel(_drawable(line(unit)), color=INK, parse_math=False)
    axes.tick_params(colors=GREY, labelsize=9)
    axes.grid(axis="y", color=GREY, alpha=0.2, linewidth=0.8)
    for name, spine in axes.spines.items():
        spine.set_visible(name == "bottom")
        spine.set_color(GREY)


def _labelled(values: Series) -> list[Point]:
    """The values that are named: where each is new, and of many the most telling."""
    new = [point for point in values.points if point.is_first] or list(values.points)
    if len(new) <= _MOST_LABELS:
        return new
    ends = (min(new, key=lambda p: p.amount), max(new, key=lambda p: p.amount), new[0], new[-1])
    return [point for point in new if any(point is end for end in ends)]


def _stands_above(point: Point, values: Series) -> bool:
    """Whether the number is written above the point: it is the largest of its day, or the line goes down from it."""
    same = [other.amount for other in values.points if other.day == point.day]
    if len(same) > 1:
        return point.amount == max(same)
    before = [other.amount for other in values.points if other.day < point.day]
    return not before or point.amount >= before[-1]


def _ticks(first: int, last: int) -> list[int]:
    count = min(_MOST_DAYS, last - first + 1)
    return sorted({first + round(number * (last - first) / max(count - 1, 1)) for number in range(count)})


def _sources(values: Series, language: str) -> str:
    """The line below: who names the values, and from when to when."""
    found = [mention.document for point in values.points for mention in point.finding.mentions]
    names = list(dict.fromkeys(line(document.source) or line(document.title) for document in found))
    names = [cut(name, 60) for name in names if name]
    more = ["…"] if len(names) > _SOURCES else []
    days = [point.day for point in values.points]
    since, until = (day(place.isoformat(), language) for place in (min(days), max(days)))
    listed = ", ".join([*names[:_SOURCES], *more])
    said = text("chart.sources", language, sources=listed, since=since, until=until)
    return cut(said, _SOURCES_LIMIT)


def _lines(words: str, most: int) -> str:
    """The words on lines that fit the picture."""
    import textwrap

    return "\n".join(textwrap.wrap(words, most)[:3])


def _write(figure: Any, left: float, bottom: float, words: str, **style: Any) -> None:
    """Writes words as they are: "$" and "\\" mean nothing."""
    figure.text(left, bottom, _drawable(words), parse_math=False, **style)


def _drawable(words: str) -> str:
    """The words with a box for each letter that the font has not."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    letters = get_font(findfont(FontProperties(family="DejaVu Sans"))).get_charmap()
    return "".join(letter if letter == "\n" or ord(letter) in letters else "□" for letter in words)
