"""The header of a text file: YAML, TOML, JSON, pandoc's "%" lines, or lines like those of a mail."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any, Final

#: What a header calls the fields of an article, the more telling names first.
FIELD_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "title": ("title", "titel", "headline", "überschrift", "schlagzeile", "subject", "betreff"),
    "source": ("source", "quelle", "publication", "publisher", "herausgeber", "medium", "zeitung", "agentur"),
    "url": ("url", "link", "source_url", "original_url", "canonical", "canonical_url"),
    "published": (
        "published", "date", "datum", "datepublished", "date_published", "published_at", "publishdate", "publish_date",
        "pubdate", "pub_date", "publication_date", "veröffentlicht", "erschienen", "gesendet", "stand",
    ),
    "author": ("author", "authors", "autor", "autoren", "autorin", "verfasser", "verfasserin", "byline", "creator"),
    "language": ("language", "lang", "sprache"),
}  # fmt: skip
_YEAR: Final = ("year", "jahr")
_OTHER_NAMES: Final = frozenset({
    "tags", "keywords", "stichworte", "schlagworte", "category", "categories", "kategorie", "rubrik", "ressort", "slug",
    "summary", "description", "status", "modified", "layout", "to", "an", "from", "von", "cc",
})  # fmt: skip
#: Characters; of what is longer nothing is a header.
MAX_HEADER_CHARS: Final = 1 << 16
_MAX_VALUE_CHARS: Final = 2000
_EMPTY: Final = frozenset({"", "null", "~", "none", "[]", "{}"})
_LINE: Final = re.compile(r"([^\W\d_][\w-]*)\s*:(?:\s+(.*))?$")
# YAML that is read faster without its parser.
_SIMPLE_LINE: Final = re.compile(r"[^\W\d_][\w-]*: +[\w„][^#\[\]{}\"':]*")
_TOML_LINE: Final = re.compile(r"([A-Za-z][\w-]*)\s*=\s*(.*)$")
_END_OF_LINES: Final = re.compile(r"\n(?:---[ \t]*)?\n")
_BY: Final = re.compile(r"^(?:[Vv]on|VON|[Bb]y) (?=[A-ZÄÖÜ]\S* [A-ZÄÖÜ])")
_GOES_ON: Final = re.compile(r"\s+\S|\s*#|\s*- |\s*$|[\]})]")
_WEB_ADDRESS: Final = re.compile(r"https?://\S+")
_DAY_WITHOUT_YEAR: Final = re.compile(r"\d{1,2}\.\s?(?:\d{1,2}\.|[A-Za-zä]{3,9}\.?)")
_ONE_YEAR: Final = re.compile(r"(?:19|20)\d\d")


def front_matter(text: str) -> tuple[dict[str, str], str]:
    """The fields at the beginning of ``text`` as written (title, source, url, published, author, language), and what
    follows.

    YAML between ``---`` and ``---``, TOML between ``+++``, a JSON object, up to three lines with ``%`` as pandoc has
    them, or lines like ``Title: ...`` up to an empty one. Other keys are passed over. A header that is longer than
    MAX_HEADER_CHARS is none.
    """
    begun = text.lstrip("\n")
    first = begun[:MAX_HEADER_CHARS].partition("\n")[0].rstrip()
    if first in ("---", "+++"):
        found = _fenced(begun, first)
    elif first.startswith("{"):
        found = _json(begun)
    elif first.startswith("%"):
        found = _pandoc(begun)
    else:
        found = _mail_like(begun)
    return found or ({}, text)


def article_fields(stated: Mapping[Any, Any]) -> dict[str, str]:
    """The fields of an article among what is ``stated`` of it, as strings: lists and objects with names, too."""
    # In YAML and JSON a key may be anything, and those of TOML's sections ("[params]") are no fields of their own.
    said: dict[str, Any] = {}
    for key, value in stated.items():
        if isinstance(key, str):
            said.setdefault(key.lower().replace(" ", "_"), value)
    for section in ("params", "extra"):
        if isinstance(said.get(section), Mapping):
            for key, value in said[section].items():
                said.setdefault(str(key).lower(), value)
    fields = {}
    for field, names in FIELD_NAMES.items():
        value = next((value for name in names if (value := plain_value(said.get(name)))), "")
        if value:
            fields[field] = value
    if "author" in fields:
        fields["author"] = _BY.sub("", fields["author"], count=1)
    year = next((value for name in _YEAR if _ONE_YEAR.fullmatch(value := plain_value(said.get(name)))), "")
    if year and _DAY_WITHOUT_YEAR.fullmatch(fields.get("published", "")):
        fields["published"] += f" {year}"
    if _WEB_ADDRESS.fullmatch(source := fields.get("source", "")):  # an address is no name
        del fields["source"]
        fields.setdefault("url", source)
    return fields


def plain_value(value: Any) -> str:
    """A value of a header as one line: that of an object is its name, those of a list have commas between them."""
    if isinstance(value, Mapping):
        return plain_value(next((value[key] for key in ("name", "title", "value", "@id") if key in value), None))
    if isinstance(value, list):
        parts = (plain_value(part) if not isinstance(part, list) else "" for part in value[:50])
        return ", ".join(part for part in parts if part)[:_MAX_VALUE_CHARS]
    if value is None or isinstance(value, bool):
        return ""
    plain = " ".join(str(value).split())[:_MAX_VALUE_CHARS]
    return "" if plain.lower() in _EMPTY else plain


def _fenced(text: str, fence: str) -> tuple[dict[str, str], str] | None:
    lines = text[:MAX_HEADER_CHARS].split("\n")
    ends = ("---", "...") if fence == "---" else ("+++",)
    closing = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() in ends), None)
    if closing is None:
        return None
    head = [line.rstrip() for line in lines[1:closing]]
    stated = _yaml(head) if fence == "---" else _toml(head)
    if stated is None:
        return None  # a text that begins with a rule
    end = sum(len(line) + 1 for line in lines[: closing + 1])
    return article_fields(stated), text[end:]


def _yaml(head: list[str]) -> Mapping[Any, Any] | None:
    """What lines of YAML state. Every value is a string: no tag is followed, no anchor merged, no date understood."""
    plain = _plain_lines(head, _LINE)
    if plain is not None and (
        any(value.startswith(("!", "&", "*")) for value in plain.values())
        or all(_SIMPLE_LINE.fullmatch(line) for line in head)
    ):
        return plain
    import yaml

    try:
        # Not the loader in C: it has no limit of depth but the stack's end.
        stated = yaml.load("\n".join(head), Loader=yaml.BaseLoader)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        return plain  # "title: Handel: Belarus und Perm"
    return stated if isinstance(stated, Mapping) and stated else None


def _toml(head: list[str]) -> Mapping[str, Any] | None:
    try:
        return tomllib.loads("\n".join(head)) or None
    except (ValueError, RecursionError):
        return _plain_lines(head, _TOML_LINE)


def _plain_lines(head: Iterable[str], pattern: re.Pattern[str]) -> dict[str, str] | None:
    """The keys and values of lines that are not quite YAML or TOML; None if there is a line of another kind."""
    stated: dict[str, str] = {}
    for line in head:
        if match := pattern.match(line):
            stated.setdefault(match[1], _unquoted((match[2] or "").strip()))
        elif not _GOES_ON.match(line):
            return None
    return stated or None


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value


def _json(text: str) -> tuple[dict[str, str], str] | None:
    try:
        stated, end = json.JSONDecoder().raw_decode(text[:MAX_HEADER_CHARS])
    except (ValueError, RecursionError):
        return None
    fields = article_fields(stated) if isinstance(stated, dict) else {}
    return (fields, text[end:]) if fields else None


def _pandoc(text: str) -> tuple[dict[str, str], str] | None:
    """ "% title", "% author; author", "% date": a line that begins with a blank goes on with the one before."""
    stated: list[str] = []
    end = 0
    for line in text[:MAX_HEADER_CHARS].split("\n"):
        if line.startswith("%") and len(stated) < 3 and not line.startswith("%%"):
            stated.append(line[1:].strip())
        elif stated and line.startswith(" ") and line.strip():
            stated[-1] += f"\n{line.strip()}"
        else:
            break
        end += len(line) + 1
    if not any(stated) or not text[end:].strip():
        return None
    names = ("title", "author", "date")
    return article_fields({
        name: re.split(r"[;\n]\s*", value) if name == "author" else value
        for name, value in zip(names, stated, strict=False)
    }), text[end:]  # fmt: skip


def _mail_like(text: str) -> tuple[dict[str, str], str] | None:
    """Lines like "Title: ..." up to an empty one, if every one is like that and says something that is understood."""
    end = _END_OF_LINES.search(text, 0, MAX_HEADER_CHARS)
    if end is None or not text[end.end() :].strip():
        return None
    lines = text[: end.start()].split("\n")
    if not _is_known(lines[0]):
        return None
    stated: dict[str, str] = {}
    last = ""
    for line in lines:
        if match := _LINE.match(line):
            last = match[1].lower()
            stated.setdefault(last, (match[2] or "").strip())
        elif last and line[:1] in (" ", "\t"):
            stated[last] += f" {line.strip()}"
        else:
            return None
    fields = article_fields(stated)
    return (fields, text[end.end() :]) if fields else None


def _is_known(line: str) -> bool:
    match = _LINE.match(line)
    name = match[1].lower() if match else ""
    return name in _OTHER_NAMES or any(name in names for names in FIELD_NAMES.values())
