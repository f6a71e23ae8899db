"""READMEs and docs as the tests read them: sections, tables, links, and the ``fundstelle`` commands in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import typer
from typer.core import TyperCommand, TyperGroup

from bot.cli.app import app
from tests.conftest import ROOT

READMES = {name: ROOT / name for name in ("README.md", "LIESMICH.md")}
DOCS = {path.name: path for path in sorted((ROOT / "docs").glob("*.md"))}
PAGES = {**READMES, **DOCS}
COMMANDS: dict[str, TyperCommand | TyperGroup] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
#: Stands for any command.
ANY = ("COMMAND", "BEFEHL")


def page(name: str) -> str:
    return PAGES[name].read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """The text under a heading, up to the next one of any level."""
    return re.split(r"^#+ ", re.split(rf"^#+ {heading}\n", text, flags=re.M)[1], maxsplit=1, flags=re.M)[0]


def rows(text: str) -> list[list[str]]:
    """The cells of the first table, without its header."""
    lines = []
    for line in text.splitlines():
        if line.startswith("|"):
            lines.append(line)
        elif lines:
            break
    return [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def headings(text: str) -> list[tuple[int, str]]:
    """Level and title of each."""
    return [(len(hashes), title) for hashes, title in re.findall(r"^(#+) (.+)$", without_blocks(text), re.M)]


def anchors(text: str) -> set[str]:
    """What a link can name in a page, made of its headings as GitHub does it."""
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for _, title in headings(text)}


def links(text: str) -> list[str]:
    """Where the links and pictures of a page lead to, but for web addresses."""
    found = re.findall(r"\]\(([^)\s]+)\)", without_blocks(text))
    return [link for link in found if not link.startswith(("http://", "https://"))]


def blocks(text: str, language: str = "") -> list[str]:
    """The code blocks in a language; those of none are commands, files and what is printed."""
    return [code for name, code in re.findall(r"^ *```(\w*)\n(.*?)^ *```$", text, re.M | re.S) if name == language]


def without_blocks(text: str) -> str:
    return re.sub(r"^ *```.*?^ *```$", "", text, flags=re.M | re.S)


def commands(text: str) -> Iterator[str]:
    """What stands behind ``fundstelle`` in each command of a page, in blocks and between backticks."""
    names = "|".join(map(re.escape, (*COMMANDS, *ANY)))
    for block in blocks(text):
        for line in block.splitlines():
            # Not the name of an image, a user or a folder.
            found = re.search(rf"(?:^|[\s/])fundstelle ((?:{names})\b.*)$", line)
            if found:
                yield re.sub(r"\s+#.*$", "", found[1])
    for code in re.findall(r"`([^`\n]+)`", without_blocks(text)):
        found = re.fullmatch(r"(?:\S*/)?fundstelle (.+)", code)
        if found:
            yield found[1].replace("\\|", "|")


def is_synopsis(command: str) -> bool:
    """Whether a command is a pattern of what can be written, and not one that can be typed."""
    return "[" in command or "|" in command or "..." in command


def modules() -> set[str]:
    """The paths of all modules of the program, from the top."""
    return {
        str(path.relative_to(ROOT)) for package in ("retrieval", "bot") for path in (ROOT / package).rglob("*.py")
    }


def folders(package: str) -> set[Path]:
    """The folders of a package with modules or texts in them, without its top."""
    paths = [*(ROOT / package).rglob("*.py"), *(ROOT / package).rglob("*.toml")]
    return {path.parent for path in paths} - {ROOT / package}
