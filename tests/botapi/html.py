"""Telegram's HTML: what it takes, and in which words it refuses the rest (those of TDLib's parser)."""

from __future__ import annotations

import re

_TAGS = {
    *("b", "strong", "i", "em", "u", "ins", "s", "strike", "del"),
    *("span", "tg-spoiler", "a", "code", "pre", "blockquote", "tg-emoji"),
}
# The only named entities that Telegram knows; others stay as they are written. The semicolon may be missing.
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_ENTITY = re.compile(r"&(?:#(?:[xX]([0-9a-fA-F]+)|(\d+))|([a-zA-Z]+));?")
_NAME = re.compile(r"[^\s>]*")
_SPACE = re.compile(r"\s*")
_ATTRIBUTE_NAME = re.compile(r"[^\s=>]*")
_BARE_VALUE = re.compile(r"[\w.-]*", re.ASCII)


class HtmlError(ValueError):
    """Telegram would refuse this HTML."""


def parsed_text(source: str) -> str:
    """The text without tags and with entities replaced. Raises HtmlError in Telegram's words."""
    return _Parser(source).parse()


class _Parser:
    def __init__(self, source: str) -> None:
        self._source = source
        self._position = 0
        self._open: list[str] = []

    def parse(self) -> str:
        text = ""
        while self._position < len(self._source):
            if self._source.startswith("</", self._position):
                self._end_tag()
            elif self._source[self._position] == "<":
                self._start_tag()
            else:
                end = self._source.find("<", self._position)
                end = len(self._source) if end == -1 else end
                text += _ENTITY.sub(_character, self._source[self._position : end])
                self._position = end
        if self._open:
            raise HtmlError(f'Can\'t find end tag corresponding to start tag "{self._open[-1]}"')
        if any(0xD800 <= ord(character) <= 0xDFFF for character in text):
            raise HtmlError(
                "Text contains invalid Unicode characters after decoding HTML entities, check for unmatched surrogate "
                "code units"
            )
        return text

    def _offset(self, position: int) -> str:
        return f"at byte offset {len(self._source[:position].encode('utf-8', 'replace'))}"

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._source, self._position)
        assert found is not None  # All of these patterns match the empty string.
        self._position = found.end()
        return found[0]

    def _next(self) -> str:
        return self._source[self._position : self._position + 1]

    def _start_tag(self) -> None:
        begin = self._position
        self._position += 1
        name = self._take(_NAME).lower()
        if not self._next():
            raise HtmlError(f"Unclosed start tag {self._offset(begin)}")
        if name not in _TAGS:
            raise HtmlError(f'Unsupported start tag "{name}" {self._offset(begin)}')
        attributes = {}
        while True:
            self._take(_SPACE)
            if self._next() == ">":
                break
            attribute, value = self._attribute(name, begin)
            attributes[attribute] = value
        self._position += 1
        if name == "span" and attributes.get("class") != "tg-spoiler":
            raise HtmlError(f'Tag "span" must have class "tg-spoiler" {self._offset(begin)}')
        self._open.append(name)

    def _attribute(self, tag: str, begin: int) -> tuple[str, str]:
        name = self._take(_ATTRIBUTE_NAME)
        if not name:
            raise HtmlError(f'Empty attribute name in the tag "{tag}" {self._offset(begin)}')
        self._take(_SPACE)
        if self._next() != "=":
            if tag == "blockquote" and name == "expandable":
                return name, ""
            raise HtmlError(
                f'Expected equal sign in declaration of an attribute of the tag "{tag}" {self._offset(begin)}'
            )
        self._position += 1
        self._take(_SPACE)
        quote = self._next()
        if quote in ("'", '"') and quote:
            end = self._source.find(quote, self._position + 1)
            if end == -1:
                raise HtmlError(f"Unclosed start tag {self._offset(begin)}")
            value = _ENTITY.sub(_character, self._source[self._position + 1 : end])
            self._position = end + 1
        else:
            token = self._position
            value = self._take(_BARE_VALUE).lower()
            if self._next() and self._next() != ">" and not self._next().isspace():
                raise HtmlError(f"Unexpected end of name token {self._offset(token)}")
        if not self._next():
            raise HtmlError(f"Unclosed start tag {self._offset(begin)}")
        return name, value

    def _end_tag(self) -> None:
        begin = self._position
        if not self._open:
            raise HtmlError(f"Unexpected end tag {self._offset(begin)}")
        self._position += 2
        name = self._take(_NAME).lower()
        self._take(_SPACE)
        if self._next() != ">":
            raise HtmlError(f"Unclosed end tag {self._offset(begin)}")
        self._position += 1
        expected = self._open.pop()
        if name and name != expected:
            raise HtmlError(f'Unmatched end tag {self._offset(begin)}, expected "</{expected}>", found "</{name}>"')


def _character(entity: re.Match[str]) -> str:
    hexadecimal, decimal, name = entity.groups()
    if name:
        return _NAMED.get(name, entity[0])
    code = int(hexadecimal, 16) if hexadecimal else int(decimal)
    return chr(code) if 0 < code < 0x10FFFF else entity[0]
