"""What the readers of the file types hand on: an article in blocks, or why there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of an article's text that lies on one page (from 1, 0 where there are none).

    ``heading`` says that it is one. ``joint`` is what stands between it and the block before: a line end between
    paragraphs, a blank or nothing where a paragraph goes on. ``ocr`` says that a program read it off a picture.
    """

    text: str
    page: int = 0
    heading: bool = False
    joint: str = "\n"
    ocr: bool = False


def comments(said: str, author: str, *, page: int = 0) -> list[Block]:
    """What somebody remarks on an article, in brackets: that is not what it says. None for a remark without words."""
    words = f"{author}: {said}" if author else said
    return [Block(f"[{words}]", page)] if said else []


@dataclass(frozen=True, slots=True)
class Article:
    """An article as its file has it; fields it does not state are "".

    ``published`` is a date in one of the forms of ``dates.iso_date``, ``language`` a language tag. ``member`` is the
    article's name within its file, empty if the file holds one article.
    """

    blocks: tuple[Block, ...]
    title: str = ""
    source: str = ""
    url: str = ""
    published: str = ""
    author: str = ""
    language: str = ""
    member: str = ""

    @property
    def text(self) -> str:
        """The blocks put together, not yet normalised."""
        return "".join((block.joint if position else "") + block.text for position, block in enumerate(self.blocks))


@dataclass(frozen=True, slots=True)
class Refused:
    """An article that could not be read, and the reason, one line; ``member`` as in Article."""

    reason: str
    member: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A part of a file that was not read: ``what`` it is and ``why``, both for people; ``member`` as in Article."""

    what: str
    why: str
    member: str = ""


#: From the content and the name of a file to its articles, and to what else is in it. Raises LoadingError if nothing
#: in the file can be read.
Reader = Callable[[bytes, str], Iterable[Article | Refused | Skipped]]
