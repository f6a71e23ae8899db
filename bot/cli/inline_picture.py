"""Pictures in the terminal itself, where it can show them.

Two protocols: kitty's (https://sw.kovidgoyal.net/kitty/graphics-protocol/) and iTerm2's, which WezTerm has as well
(https://iterm2.com/documentation-images.html). A terminal says by its environment which it knows: asking it would mean
to read its answer from the keyboard's input.
"""

from __future__ import annotations

import base64
import os
import shutil
import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

_KITTY_TERMS: Final = ("xterm-kitty", "xterm-ghostty")
_PROGRAMS: Final = {"iTerm.app": "iterm", "WezTerm": "iterm", "ghostty": "kitty"}
#: Columns of the terminal that a picture takes at most.
_COLUMNS: Final = 80
# What kitty takes in one piece.
_CHUNK: Final = 4096


class Protocol(StrEnum):
    """How a terminal takes pictures."""

    KITTY = "kitty"
    ITERM = "iterm"


def protocol_of(environment: Mapping[str, str]) -> Protocol | None:
    """What the terminal knows, from TERM, TERM_PROGRAM and KITTY_WINDOW_ID; None for any other."""
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    # A multiplexer keeps to itself what it does not know, and hands on the environment of where it was started.
    if term.startswith(("screen", "tmux", "dumb")) or environment.get("TMUX") or environment.get("STY"):
        return None
    if program in _PROGRAMS:
        return Protocol(_PROGRAMS[program])
    if term in _KITTY_TERMS or (environment.get("KITTY_WINDOW_ID") and not program):
        return Protocol.KITTY
    return None


def show_inline(png: bytes) -> None:
    """Shows a picture on stdout if that is a terminal that can; else nothing."""
    protocol = protocol_of(os.environ) if sys.stdout.isatty() else None
    if protocol is not None:
        columns = min(_COLUMNS, shutil.get_terminal_size().columns)
        sys.stdout.write(inline_sequence(png, protocol, columns) + "\n")
        sys.stdout.flush()


def inline_sequence(png: bytes, protocol: Protocol, columns: int) -> str:
    """The characters that show a PNG over ``columns`` of the terminal, as high as it is then."""
    encoded = base64.b64encode(png).decode()
    if protocol is Protocol.ITERM:
        return f"\x1b]1337;File=inline=1;size={len(png)};width={columns};preserveAspectRatio=1:{encoded}\a"
    chunks = [encoded[at : at + _CHUNK] for at in range(0, len(encoded), _CHUNK)]
    # a=T shows it at once, f=100 is PNG, q=2 keeps the terminal from answering, m says whether more follows.
    return "".join(
        f"\x1b_G{'' if number else f'a=T,f=100,q=2,c={columns},'}m={int(number + 1 < len(chunks))};{chunk}\x1b\\"
        for number, chunk in enumerate(chunks)
    )
