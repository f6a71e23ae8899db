"""The lines of a text, and how a row of a table is written as one."""

from __future__ import annotations

from typing import Final

#: Between the cells of a row, and between the name of a column and what a cell of it says:
#: "Tageskarte | Erwachsene: 8 Euro | Kinder: 4 Euro".
CELL_SEPARATOR: Final = " | "
LABEL_END: Final = ": "


def line_end(text: str, offset: int) -> int:
    """Where the line ends that the character at ``offset`` stands in."""
    found = text.find("\n", offset)
    return len(text) if found < 0 else found
