"""The figures of ``fundstelle eval`` for people: a table that says of each what it means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.cli.console import show_table
from bot.messages import text
from bot.render.text import decimal, number

_COUNTS = {"n", "first_n", "later_n", "completed", "open_answered", "messages"}
#: All others are in percent.
_UP_TO_ONE = {"mrr10", "ece", "auroc"}
_NOTHING = "–"


def show_figures(figures: Mapping[str, float | int | None], language: str) -> None:
    """Prints a row for each figure, as ``retrieval.evaluation`` names and measures them."""
    _show(_rows(figures, language), language)


def show_reading(
    figures: Mapping[str, float | int | None], curve: Sequence[tuple[float, float]], language: str
) -> None:
    """The same for questions with answers, with the risk-coverage curve in percent."""
    points = ", ".join(
        text("figures.point", language, coverage=number(round(coverage), language), risk=_percent(risk, language))
        for coverage, risk in curve
    )
    rows = _rows(figures, language)
    if points:
        rows.append(("risk_coverage", "", text("figures.risk_coverage", language, points=points)))
    _show(rows, language)


def show_silence(
    figures: Mapping[str, float | int | None],
    kinds: Mapping[str, Mapping[str, float | int | None]],
    language: str,
) -> None:
    """The same for questions that nobody can answer, all and of each kind."""
    rows = [
        ("n", _value("n", figures["n"], language), _meaning("n", language)),
        ("answered_share", _value("", figures["answered_share"], language), text("figures.wrongly_answered", language)),
    ]
    for kind, shares in kinds.items():
        meaning = text("figures.of_kind", language, count=number(int(shares["n"] or 0), language))
        rows.append((kind, _value("", shares["answered_share"], language), meaning))
    _show(rows, language)


def _show(rows: Sequence[Sequence[str]], language: str) -> None:
    show_table([text(f"figures.column_{name}", language) for name in ("figure", "value", "meaning")], rows)


def _rows(figures: Mapping[str, float | int | None], language: str) -> list[tuple[str, str, str]]:
    return [(name, _value(name, value, language), _meaning(name, language)) for name, value in figures.items()]


def _meaning(name: str, language: str) -> str:
    return text(f"figures.{name}", language)


def _value(name: str, value: float | int | None, language: str) -> str:
    if value is None:
        return _NOTHING
    if name in _COUNTS:
        return number(int(value), language)
    return decimal(value, language) if name in _UP_TO_ONE else _percent(value, language)


def _percent(value: float, language: str) -> str:
    return f"{decimal(value, language)}\u00a0%"
