"""The title of a PDF: what it states, unless its program has made that up, else its first heading."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from retrieval.loading.normalise import one_line
from retrieval.loading.parsed import Block

# What programs write as a title if nobody gives one; names of files; addresses.
_NOTHING: Final = (
    r"(?:untitled|unbenannte?s?|ohne titel|kein titel|no title|titel|title|unspecified|anonymous|none|null|unknown"
    r"|print|drucken|neues?|neue|new|about:blank)"
    r"(?:[ _-]*(?:document|dokument|page|seite|präsentation|presentation|design))?"
    r"[ _-]*\d*"
)
_KIND_AND_NUMBER: Final = (
    r"(?:dokument|document|doc|seite|page|blatt|scan|scanned document|folie|slide|tabelle|sheet|bild|image|img"
    r"|präsentation|presentation|powerpoint[ -](?:präsentation|presentation)|layout|mappe|book)"
    r"[ _-]*(?:nr\.? ?)?[\d_.:-]*(?: ?(?:von|of|/) ?\d+)?"
)
_FILE: Final = (
    r"microsoft (?:word|powerpoint|excel|office)\b.*|(?:https?|file)://.*|www\.\S+|[a-z]:\\.*|/\S+"
    r"|.*\.(?:docx?|dotx?|pdf|odt|ott|indd|xlsx?|pptx?|tex|dvi|html?|php|aspx?|qxd|qxp|pmd|p65|rtf|txt|pub|cdr|ai|e?ps"
    r"|fm|md|sxw|wpd|wps|pages|tmp|jpe?g|png|tiff?|xps|prn|vsdx?)|\S+\.\w{2,5}|[^\s_]+(?:_[^\s_]+)+|[\W\d_]*"
)
_NO_TITLE: Final = re.compile(f"{_NOTHING}|{_KIND_AND_NUMBER}|{_FILE}", re.IGNORECASE)
# Of the first blocks, one of these.
_FIRST_BLOCKS: Final = 6


def best_title(stated: str, blocks: Sequence[Block]) -> str:
    """A title, "" if there is none."""
    title = one_line(stated)
    if title and not _NO_TITLE.fullmatch(title.strip("()[]<>\"'„“ ")) and "\ufffd" not in title:
        return title
    page = blocks[0].page
    headings = (block.text for block in blocks[:_FIRST_BLOCKS] if block.heading and block.page == page)
    return one_line(next(headings, ""))
