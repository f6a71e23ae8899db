"""The transcripts in the documents and the picture of the chat, made of real answers.

``python docs/transcripts.py`` asks the embedded models and writes docs/chat.svg and the transcripts anew. A transcript
is the block below a ``printf … | make chat`` or ``printf … | fundstelle chat``, whose questions are asked.
tests/test_readme.py checks that all of it is still true.
"""

from __future__ import annotations

import io
import re
import shlex
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text
from typer.testing import CliRunner, Result

from bot.cli.app import app
from bot.render import terminal
from retrieval import Collection

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "chat.svg"
PAGES = (ROOT / "README.md", ROOT / "LIESMICH.md", ROOT / "docs" / "command-line.md")
QUESTION = "Wer ist Gouverneur der Region Perm?"
# What a user would see in the place of the folder that is used here.
HOME = Path("/home/me/.local/share/fundstelle")
TRANSCRIPT = re.compile(
    r"(```\nprintf '%s\\n' (?P<questions>[^\n]+) \| \w+ chat\n```\n\n```\n)(?P<answers>.*?)(?=```\n)", re.DOTALL
)
WIDTH = 100
_COLOURS = TerminalTheme(
    (24, 26, 31), (220, 223, 228),
    [(40, 44, 52), (224, 108, 117), (152, 195, 121), (229, 192, 123), (97, 175, 239), (198, 120, 221), (86, 182, 194),
     (220, 223, 228)],
)  # fmt: skip
# Without a title bar, and with the fonts of the reader's machine: a picture should fetch nothing.
_FORMAT = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs>{lines}</defs>
<rect width="{width}" height="{height}" rx="8" fill="#181a1f"/>
<g transform="translate(9, 22)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


@contextmanager
def samples() -> Iterator[Path]:
    """The data directory of a collection of the sample articles, with the embedded models."""
    with tempfile.TemporaryDirectory() as home:
        with Collection(home) as collection:
            collection.index([str(ROOT / "seeds")])
        yield Path(home)


def answers(home: Path, questions: str) -> str:
    """What the chat prints when ``questions``, quoted as for a shell, are piped in."""
    return _chat(home, shlex.split(questions)).stdout


def rewritten(page: str, home: Path) -> str:
    """The text of a page with its transcripts made anew."""
    return TRANSCRIPT.sub(lambda found: found[1] + answers(home, found["questions"]), page)


def picture(home: Path) -> str:
    """The chat with its greeting, a question and the answer, as SVG."""
    console = Console(width=WIDTH, record=True, file=io.StringIO(), force_terminal=True, highlight=False, markup=False)
    console.print(Text("$ ", "dim").append("make chat", "bold"))
    console.print(_chat(home, []).stderr.replace(str(home), str(HOME)), end="")
    console.print(Text("? ").append(QUESTION, "bold"))
    with Collection(home) as collection:
        answer = collection.ask(QUESTION)
    console.print(Text("\n").append_text(terminal.to_text(answer, "de", passages=False)))
    return console.export_svg(theme=_COLOURS, code_format=_FORMAT, unique_id="chat")


def _chat(home: Path, lines: list[str]) -> Result:
    """The real command, with these lines piped in."""
    arguments = ["chat", "--home", str(home), "--language", "de"]
    return CliRunner().invoke(app, arguments, input="".join(f"{line}\n" for line in lines), catch_exceptions=False)


def main() -> None:
    with samples() as home:
        PICTURE.write_text(picture(home), encoding="utf-8")
        for path in PAGES:
            path.write_text(rewritten(path.read_text(encoding="utf-8"), home), encoding="utf-8")


if __name__ == "__main__":
    main()
