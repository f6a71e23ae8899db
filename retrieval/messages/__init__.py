"""What Fundstelle says to people: in a package of texts one TOML file a language, the same keys in each.

A key is ``section.name``; values are filled in with ``str.format`` (``{count}``, ``{seconds:g}``). This package holds
errors, notices and reasons. Where they arise nobody knows who will read them: they travel as Notices.
"""

from __future__ import annotations

import errno
import json
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES = ("de", "en")
_SYSTEM_ERRORS = {
    errno.ENOENT: "system.not_there",
    errno.EACCES: "system.forbidden",
    errno.EPERM: "system.forbidden",
    errno.EISDIR: "system.folder",
    errno.ENOTDIR: "system.no_folder",
    errno.EEXIST: "system.there",
    errno.ENOTEMPTY: "system.not_empty",
    errno.ENOSPC: "system.full",
    errno.EDQUOT: "system.full",
    errno.EROFS: "system.read_only",
    errno.EIO: "system.disk",
    errno.ENAMETOOLONG: "system.long_name",
    errno.ELOOP: "system.loop",
    errno.EMFILE: "system.many_files",
    errno.ENFILE: "system.many_files",
    errno.ENOMEM: "system.memory",
    errno.EBUSY: "system.busy",
    errno.ETXTBSY: "system.busy",
    errno.EADDRINUSE: "system.in_use",
    errno.EADDRNOTAVAIL: "system.not_here",
    errno.ECONNREFUSED: "system.no_connection",
    errno.ECONNRESET: "system.no_connection",
    errno.ENETUNREACH: "system.no_connection",
    errno.EHOSTUNREACH: "system.no_connection",
    errno.ETIMEDOUT: "system.late",
}


@cache
def _table(package: str, language: str) -> dict[str, dict[str, str]]:
    if language not in LANGUAGES:
        raise KeyError(f"no texts in the language {language!r}")
    sections: dict[str, dict[str, str]] = tomllib.loads(
        files(package).joinpath(f"{language}.toml").read_text(encoding="utf-8")
    )
    return sections


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of a package, whose TOML files lie in its folder."""

    package: str

    def table(self, language: str) -> dict[str, dict[str, str]]:
        """All of one language, by section and name. Raises KeyError for a language that has no file."""
        return _table(self.package, language)

    def text(self, key: str, language: str, /, **values: object) -> str:
        """The text ``key`` (``"chat.no_answer"``) in ``language`` with ``values`` filled in, Notices in it, too.

        Raises KeyError for an unknown key or language and for a value that the text needs and did not get.
        """
        section, _, name = key.partition(".")
        filled_in = {
            name: in_language(value, language) if isinstance(value, str | Exception) else value
            for name, value in values.items()
        }
        if isinstance(error := filled_in.get("error"), str):
            filled_in["error"] = _system_error(error, language)
        return self.table(language)[section][name].format(**filled_in)

    def notice(self, key: str, /, **values: object) -> Notice:
        """The same for whatever language it will be read in. Raises KeyError likewise, at once."""
        return Notice(self, key, values)


class Notice(str):
    """A text for people in all languages: by itself it is the German one, ``in_language`` gives any.

    What is done to a ``str`` (joining, slicing, f-strings) leaves German behind. Two Notices are put together by a text
    that one of them is filled into.
    """

    texts: Texts
    key: str
    values: Mapping[str, object]

    def __new__(cls, texts: Texts, key: str, values: Mapping[str, object]) -> Notice:
        """``values`` may hold Notices, and errors for what they say."""
        kept = {name: str(value) if isinstance(value, Exception) else value for name, value in values.items()}
        made = super().__new__(cls, texts.text(key, "de", **kept))
        made.texts, made.key, made.values = texts, key, kept
        return made

    def __str__(self) -> str:
        """Itself: that way ``str(error)`` is the very Notice that the error was raised with."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy is made the same way."""
        return Notice, (self.texts, self.key, self.values)


_TEXTS = Texts(__name__)
notice = _TEXTS.notice


def in_language(said: str | Exception, language: str) -> str:
    """What is shown to people of a Notice or of an error that has one; any other text stays as it is."""
    said = str(said)
    return said.texts.text(said.key, language, **said.values) if isinstance(said, Notice) else said


def _system_error(said: str, language: str) -> str:
    """What the operating system reports, in the user's words; any other text as it is.

    The file's name that ``str`` of an OSError ends with is left out: the text it is filled into names it.
    """
    found = re.match(r"\[Errno (\d+)\] ", said)
    number = int(found[1]) if found else _numbers().get(said)
    key = _SYSTEM_ERRORS.get(number or 0)
    return said if key is None else _TEXTS.text(key, language)


@cache
def _numbers() -> dict[str, int]:
    """What the system says -> its number."""
    return {os.strerror(number): number for number in _SYSTEM_ERRORS}


def mapped(said: str, change: Callable[[str], str]) -> str:
    """``change`` of a text; of a Notice, of every text that was filled in."""
    if not isinstance(said, Notice):
        return change(said)
    values = {name: mapped(value, change) if isinstance(value, str) else value for name, value in said.values.items()}
    return Notice(said.texts, said.key, values)


def stored(said: str) -> str:
    """A Notice of this package as JSON, to be kept or sent; any other text as it is."""
    return json.dumps(_parts(said), ensure_ascii=False, default=str) if isinstance(said, Notice) else said


def restored(kept: str) -> str:
    """What ``stored`` made ``kept`` of."""
    try:
        parts = json.loads(kept)
    except ValueError:
        return kept
    return str(_whole(parts)) if isinstance(parts, list) else kept


def _parts(value: object) -> object:
    """The only lists in it are Notices."""
    if not isinstance(value, Notice):
        return value
    return [value, value.key, {name: _parts(inner) for name, inner in value.values.items()}]


def _whole(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    german, key, values = value
    try:
        return notice(key, **{name: _whole(inner) for name, inner in values.items()})
    except (KeyError, ValueError):  # from a version that says it otherwise
        return german
