"""RTF files: paragraphs and tables in order, with headings, notes, comments and text boxes.

Read from the control words themselves: the library there is leaves notes and text boxes out and tears table rows.
The control words are those of Microsoft's RTF Specification 1.9.1.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from retrieval.errors import LoadingError
from retrieval.language.lines import CELL_SEPARATOR
from retrieval.loading.office import counted
from retrieval.loading.parsed import Article, Block, Skipped, comments
from retrieval.loading.rtf_flow import Flow
from retrieval.messages import notice

_TOKEN: Final = re.compile(
    r"\\([a-zA-Z]{1,32})(-?[0-9]{1,9})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z'])|([{}])|([^\\{}\r\n]+)|[\r\n\\]"
)
_CHARACTERS: Final = {
    "tab": "\t", "line": "\n", "lbr": "\n", "emdash": "—", "endash": "–", "bullet": "•", "lquote": "‘", "rquote": "’",
    "ldblquote": "“", "rdblquote": "”", "emspace": " ", "enspace": " ", "qmspace": " ",
}  # fmt: skip
_SYMBOLS: Final = {"~": "\xa0", "_": "\u2011", "{": "{", "}": "}", "\\": "\\"}
# Groups of paragraphs of their own, which come after the paragraph that they are in.
_FLOWS: Final = frozenset({"footnote", "annotation", "shptxt"})
_HEADS: Final = frozenset({"header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr", "footerf"})
# Groups without text of the article. All that begin with "\\*" are left out, too, unless they are in _KEPT.
_LEFT_OUT: Final = frozenset({
    "fonttbl", "colortbl", "stylesheet", "info", "pict", "fldinst", "listtext", "pntext", "nonshppict", "listtable",
    "listoverridetable", "revtbl", "rsidtbl", "generator", "themedata", "objdata", "bkmkstart", "bkmkend", "xe", "tc",
    "atnid", "atnref", "atndate", "atntime", "ftnsep", "ftnsepc", "ftncn", "aftnsep", "aftnsepc", "aftncn", "sp",
    "nesttableprops", "latentstyles", "filetbl", "template", "upr", "private", "do",
}) | _HEADS  # fmt: skip
_KEPT: Final = frozenset({"footnote", "annotation", "atnauthor", "shpinst", "shptxt", "shppict", "fldrslt", "ud"})
_NAMES: Final = frozenset({"title", "atnauthor"})
_CODE_PAGES: Final = {
    0: "cp1252", 77: "mac_roman", 128: "cp932", 129: "cp949", 134: "cp936", 136: "cp950", 161: "cp1253", 162: "cp1254",
    163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250",
    254: "cp437", 255: "cp850",
}  # fmt: skip
_HEADING_STYLES: Final = ("heading ", "title")
_SYMBOL_CHARSET: Final = 2
_MAX_GROUPS: Final = 100_000
# Notes in text boxes in notes; deeper ones stay in their paragraph.
_MAX_FLOWS: Final = 10


@dataclass(frozen=True, slots=True)
class _Group:
    """What holds in a group, and for the groups in it."""

    destination: str = ""
    is_out: bool = False
    font: int = -1
    skip: int = 1  # how many bytes stand for a \\u character, for programs that do not know it
    deleted: bool = False
    starred: bool = False  # it began with "\\*"


@dataclass(slots=True)
class _Rtf:
    """Reads the tokens of a file."""

    name: str
    group: _Group = field(default_factory=_Group)
    outer: list[tuple[_Group, bool]] = field(default_factory=list)  # with each, whether it began a flow
    flows: list[Flow] = field(default_factory=lambda: [Flow()])
    fonts: dict[int, int] = field(default_factory=dict)  # font -> its charset
    code_page: str = "cp1252"
    bytes_read: bytearray = field(default_factory=bytearray)
    to_skip: int = 0
    names: dict[str, list[str]] = field(default_factory=lambda: {"title": [], "atnauthor": []})
    style: int = -1  # in the list of styles: the one that is being read
    heading_styles: set[int] = field(default_factory=set)
    skipped: Counter[str] = field(default_factory=Counter)

    def read(self, text: str) -> list[Block]:
        """The blocks of a file; a character of ``text`` is a byte."""
        position = 0
        while token := _TOKEN.match(text, position):
            position = token.end()
            word, number, code, symbol, brace, plain = token.groups()
            if code or plain:
                self._bytes(bytes.fromhex(code) if code else plain.encode("latin-1"))
                continue
            self._flush()
            if brace == "{":
                self._open()
            elif brace:
                self._close()
                if not self.outer:
                    break
            elif word == "bin":
                position += max(0, int(number or 0))
            elif word:
                self._word(word, None if number is None else int(number))
            elif symbol == "*":
                self.group = replace(self.group, starred=True)
            elif symbol in ("\n", "\r"):
                self._word("par", None)
            elif symbol:
                self._text(_SYMBOLS.get(symbol, ""))
        self._flush()
        while self.outer:
            self._close()
        return self.flows[0].finish()

    def _open(self) -> None:
        if len(self.outer) > _MAX_GROUPS:
            raise LoadingError(notice("loading.nested", name=self.name))
        self.outer.append((self.group, False))

    def _close(self) -> None:
        if not self.outer:
            return
        destination = self.group.destination
        self.group, began_flow = self.outer.pop()
        if began_flow:
            flow = self.flows.pop()
            blocks = flow.finish()
            if flow.kind == "annotation":
                blocks = self._comment(blocks)
            self.flows[-1].afterwards += blocks
        elif destination == "nesttableprops" and self.group.destination != destination:
            self.flows[-1].end_nested_row()
        self.to_skip = 0

    def _comment(self, blocks: list[Block]) -> list[Block]:
        author = "".join(self.names["atnauthor"]).strip()
        self.names["atnauthor"].clear()
        return comments(" ".join(block.text.strip() for block in blocks), author)

    def _word(self, word: str, number: int | None) -> None:
        group, flow = self.group, self.flows[-1]
        if group.starred and word not in _KEPT:
            self.group = replace(group, is_out=True, starred=False, destination=word)
            return
        if group.starred:
            self.group = group = replace(group, starred=False)
        if group.destination == "stylesheet":
            self.style = (number or 0) if word == "s" else self.style
        elif word in _NAMES:
            self.group = replace(group, destination=word, is_out=True)
        elif word in _LEFT_OUT:
            if not group.is_out and word in _HEADS | {"pict"}:
                self.skipped["heads" if word in _HEADS else "pict"] += 1
            self.group = replace(group, destination=word, is_out=True)
        elif word in _FLOWS and not group.is_out and self.outer and len(self.flows) < _MAX_FLOWS:
            self.outer[-1] = (self.outer[-1][0], True)
            self.flows.append(Flow(kind=word))
            self.group = replace(group, destination=word)
        elif word == "object" and not group.is_out:
            self.skipped["object"] += 1
        elif word in ("f", "fcharset", "ansicpg", "mac", "pc", "pca", "uc", "u", "deleted", "plain"):
            self._character_word(word, number)
        elif not group.is_out:
            self._paragraph_word(word, number, flow)

    def _character_word(self, word: str, number: int | None) -> None:
        group = self.group
        if word == "f":
            self.group = replace(group, font=number or 0)
        elif word == "fcharset" and group.destination == "fonttbl":
            self.fonts[group.font] = number or 0
        elif word == "uc":
            self.group = replace(group, skip=max(0, min(number or 0, 100)))
        elif word == "u" and number is not None:
            self._text(chr(number & 0xFFFF))
            self.to_skip = group.skip
        elif word == "deleted":
            self.group = replace(group, deleted=number != 0)
        elif word == "plain":
            self.group = replace(group, deleted=False)
        elif word in ("mac", "pc", "pca"):
            self.code_page = {"mac": "mac_roman", "pc": "cp437", "pca": "cp850"}[word]
        elif word == "ansicpg" and _is_code_page(f"cp{number}"):
            self.code_page = f"cp{number}"

    def _paragraph_word(self, word: str, number: int | None, flow: Flow) -> None:
        if word in ("par", "sect", "page"):
            flow.end_paragraph()
        elif word in _CHARACTERS:
            self._text(_CHARACTERS[word])
        elif word == "pard":
            flow.in_table = flow.heading = False
        elif word == "s":
            flow.heading = (number or 0) in self.heading_styles
        elif word == "outlinelevel":
            flow.heading = number is not None and number < 9
        elif word == "intbl":
            flow.in_table = True
        elif word == "trowd":
            flow.edges, flow.covered, flow.is_header = [], [], False
        elif word == "trhdr":
            flow.is_header = True
        elif word in ("clmrg", "clvmrg"):
            flow.covered += [False] * (len(flow.edges) - len(flow.covered)) + [True]
        elif word == "cellx" and number is not None:
            flow.edges.append(number)
        elif word == "cell":
            flow.end_cell()
        elif word == "row":
            flow.end_row()
        elif word == "nestcell":
            flow.add(CELL_SEPARATOR)

    def _bytes(self, raw: bytes) -> None:
        left_out = min(self.to_skip, len(raw))
        self.to_skip -= left_out
        self.bytes_read += raw[left_out:]

    def _flush(self) -> None:
        """The bytes until here as text, in the encoding of their font."""
        if self.bytes_read:
            charset = self.fonts.get(self.group.font, 0)
            encoding = self.code_page if charset in (0, 1) else _CODE_PAGES.get(charset, self.code_page)
            text = self.bytes_read.decode(encoding, "replace")
            if charset != _SYMBOL_CHARSET:
                self._text(text)
            self.bytes_read.clear()

    def _text(self, text: str) -> None:
        if self.group.destination in self.names:
            self.names[self.group.destination].append(text)
        elif self.group.destination == "stylesheet":
            if text.strip().lower().startswith(_HEADING_STYLES):
                self.heading_styles.add(self.style)
        elif not self.group.is_out and not self.group.deleted:
            self.flows[-1].add(text)


def read_rtf_file(raw: bytes, name: str) -> Iterator[Article | Skipped]:
    """The text of an .rtf file; the title is its first paragraph if that is a heading, else what it states."""
    raw = raw.lstrip(b"\xef\xbb\xbf \r\n\t")
    if not raw.startswith(b"{\\rtf"):
        raise LoadingError(notice("loading.unreadable", name=name, kind=notice("loading.kind_rtf")))
    rtf = _Rtf(name)
    blocks = rtf.read(raw.decode("latin-1"))
    yield from counted("parts.picture", "parts.pictures", "parts.pictures_why", rtf.skipped["pict"])
    yield from counted("parts.unnamed_object", "parts.unnamed_objects", "parts.object_why", rtf.skipped["object"])
    if rtf.skipped["heads"]:
        yield Skipped(notice("parts.heads"), notice("parts.on_each_page"))
    if not blocks:
        raise LoadingError(notice("loading.nothing", name=name))
    stated = "".join(rtf.names["title"]).strip()
    yield Article(tuple(blocks), title=blocks[0].text if blocks[0].heading else stated)


def _is_code_page(name: str) -> bool:
    try:
        return codecs.lookup(name).name not in ("punycode", "idna")
    except LookupError:
        return False
