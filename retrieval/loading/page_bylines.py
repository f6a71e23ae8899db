"""The authors of an article as its page shows them beside the headline."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from retrieval.loading.html_lines import Line, Place
from retrieval.loading.metadata import stated_in_text
from retrieval.loading.page_names import BYLINE

_LINES_BEFORE: Final = 3
_LINES_AFTER: Final = 2
_MAX_LINE_CHARS: Final = 120
_PARTS: Final = re.compile(r"\s*[|·•]\s*|\s[–-]\s|,?\s*(?:(?:am|vom|den|Stand:?)\s+)?(?=\d)")
_INTRODUCED: Final = re.compile(r"von |text:|autor(?:in)?:|by ", re.IGNORECASE)
_AUTHOR_NAME: Final = re.compile(r"author|autor")


def shown_authors(lines: Sequence[Line], places: Sequence[Place], headline: int, first: int) -> tuple[str, ...]:
    """What the line beside the headline says that names authors ("Von Anna Muster, 17. Mai 2024"), () without one.

    Args:
        headline: the line of the headline, -1 if there is none.
        first: the first line of the article's prose.
    """
    if headline < 0:
        return ()
    for at in range(max(0, headline - _LINES_BEFORE), min(first + _LINES_AFTER, len(lines))):
        line = lines[at]
        if line.heading or len(line.text) > _MAX_LINE_CHARS:
            continue
        names = f"{line.part} {places[line.place].names}"
        for part in _PARTS.split(line.text):
            introduced = bool(_INTRODUCED.match(part))
            if introduced or (BYLINE.search(names) and _AUTHOR_NAME.search(names)):
                stated = part if introduced else f"Von {part}"
                if author := stated_in_text(f"-\n{stated}\n-").author:
                    return (author,)
    return ()
