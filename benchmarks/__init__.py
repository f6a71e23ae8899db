"""Quality and speed. ``make bench`` runs both; ``python -m benchmarks.quality`` and ``.speed`` one of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def markdown(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table with numbers from the second column on; None is shown as a dash."""
    rule = ["---", *["--:"] * (len(header) - 1)]
    lines = [header, rule, *(["–" if cell is None else str(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
