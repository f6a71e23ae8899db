"""Pictures in the terminal itself: which terminals can, and what is sent to them."""

from __future__ import annotations

import base64
import os
import pty
import re
import sys
import threading
from pathlib import Path

import pytest

from bot.cli.inline_picture import Protocol, inline_sequence, protocol_of, show_inline
from bot.cli.quote_pictures import draw_quote
from bot.render.cite import Quotation
from bot.settings import load_settings
from retrieval.types import Document

KITTY, ITERM = Protocol.KITTY, Protocol.ITERM
PNG = bytes(range(256)) * 60


@pytest.mark.parametrize(
    ("environment", "protocol"),
    [
        ({}, None),
        ({"TERM": "xterm-kitty"}, KITTY),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, KITTY),
        ({"TERM": "xterm-ghostty"}, KITTY),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, ITERM),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, ITERM),
        ({"TERM": "xterm-256color"}, None),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, None),
        # Started from within kitty.
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "vscode", "KITTY_WINDOW_ID": "1"}, None),
        ({"TERM": "tmux-256color", "TERM_PROGRAM": "tmux", "KITTY_WINDOW_ID": "1"}, None),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/tmux-0/default,1,0"}, None),
        ({"TERM": "screen", "TERM_PROGRAM": "iTerm.app", "STY": "1"}, None),
        ({"TERM": "dumb", "TERM_PROGRAM": "iTerm.app"}, None),
    ],
)
def test_which_terminals_show_pictures(environment: dict[str, str], protocol: Protocol | None) -> None:
    assert protocol_of(environment) is protocol


@pytest.mark.parametrize("png", [PNG, PNG[:3072], PNG[:3073], b"\x89"])
def test_what_kitty_gets(png: bytes) -> None:
    sequence = inline_sequence(png, KITTY, 60)
    pieces = re.findall(r"\x1b_G([^;\x1b]*);([A-Za-z0-9+/=]+)\x1b\\", sequence)
    assert "".join(f"\x1b_G{keys};{chunk}\x1b\\" for keys, chunk in pieces) == sequence
    assert base64.b64decode("".join(chunk for _, chunk in pieces)) == png
    assert all(len(chunk) <= 4096 and len(chunk) % 4 == 0 for _, chunk in pieces)
    first, *others = (dict(pair.split("=") for pair in keys.split(",")) for keys, _ in pieces)
    assert first == {"a": "T", "f": "100", "q": "2", "c": "60", "m": str(int(bool(others)))}
    assert others == [{"m": "1"}] * (len(others) - 1) + [{"m": "0"}] * bool(others)


def test_what_iterm_gets() -> None:
    found = re.fullmatch(r"\x1b]1337;File=([^:]*):([A-Za-z0-9+/=]+)\x07", inline_sequence(PNG, ITERM, 60))
    assert found is not None
    assert base64.b64decode(found[2]) == PNG
    keys = dict(pair.split("=") for pair in found[1].split(";"))
    assert keys == {"inline": "1", "size": str(len(PNG)), "width": "60", "preserveAspectRatio": "1"}


def test_pipes_get_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("TERM", "xterm-kitty")
    show_inline(PNG)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("term", "begins"), [("xterm-kitty", b"\x1b_Ga=T,f=100"), ("xterm-256color", b"/")])
def test_on_a_terminal_the_picture_is_shown_and_the_path_is_said(
    term: str, begins: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TERM_PROGRAM", "KITTY_WINDOW_ID", "TMUX", "STY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", term)
    screen, keyboard = pty.openpty()
    shown = bytearray()

    def read() -> None:
        while b"zitat.png\r\n" not in shown and (piece := os.read(screen, 65536)):
            shown.extend(piece)

    reading = threading.Thread(target=read, daemon=True)
    reading.start()
    with open(keyboard, "w", encoding="utf-8") as terminal:
        monkeypatch.setattr(sys, "stdout", terminal)
        path = tmp_path / "zitat.png"
        draw_quote(load_settings(), Quotation(Document("Es regnet.", path="/a.txt"), "Es regnet.", 0), path)
        terminal.flush()
        reading.join(10)
        monkeypatch.undo()
    os.close(screen)
    assert bytes(shown).startswith(begins)
    # Long paths may be wrapped, but not within themselves.
    assert bytes(shown).endswith(f"{path}\r\n".encode())
    if begins != b"/":
        sent = base64.b64decode(b"".join(re.findall(rb"\x1b_G[^;]*;([^\x1b]*)\x1b", bytes(shown))))
        assert sent == path.read_bytes()
