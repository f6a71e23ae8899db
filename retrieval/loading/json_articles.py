"""JSON: one article, a list of them, or one a line."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

from retrieval.errors import LoadingError
from retrieval.loading.headers import FIELD_NAMES, article_fields
from retrieval.loading.limits import MAX_MEMBERS
from retrieval.loading.normalise import clean, show_hyphens, tidy, unwrap
from retrieval.loading.parsed import Article, Block, Refused
from retrieval.loading.text_files import decoded
from retrieval.messages import in_language, notice

logger = logging.getLogger(__name__)


def read_json_file(raw: bytes, name: str) -> Iterator[Article | Refused]:
    """An object, a list of objects, or an object a line; in the last two cases the members are numbered from 1."""
    text = decoded(raw, name)
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        if error.msg != "Extra data":
            raise LoadingError(notice("loading.json", name=name, line=error.lineno, error=error.msg)) from None
        yield from _lines(text, name)
    except (ValueError, RecursionError) as error:  # numbers with thousands of digits, thousands of brackets
        raise LoadingError(notice("loading.unreadable_json", name=name, error=_reason(error))) from None
    else:
        if isinstance(value, list):
            if not value:
                raise LoadingError(notice("loading.empty_list", name=name))
            _check_count(len(value), name)
            for number, record in enumerate(value, 1):
                yield _article(record, name, str(number))
        else:
            yield _article(value, name, "")


def read_json_lines_file(raw: bytes, name: str) -> Iterator[Article | Refused]:
    """An object a line; a line is a member, numbered as in the file."""
    yield from _lines(decoded(raw, name), name)


def _lines(text: str, name: str) -> Iterator[Article | Refused]:
    lines = text.split("\n")
    _check_count(len(lines), name)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield _article(json.loads(line), name, str(number))
        except (ValueError, RecursionError) as error:
            yield Refused(notice("loading.unreadable_line", name=name, line=number, error=_reason(error)), str(number))


def _check_count(count: int, name: str) -> None:
    if count > MAX_MEMBERS:
        raise LoadingError(notice("loading.many_articles", name=name, count=count, limit=MAX_MEMBERS))


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return notice("loading.nested_json")
    return error.msg if isinstance(error, json.JSONDecodeError) else notice("loading.long_number")


def _article(record: Any, name: str, member: str) -> Article | Refused:
    where = notice("loading.place", name=name, member=member) if member else name
    if not isinstance(record, dict) or not isinstance(record.get("text"), str):
        return Refused(notice("loading.no_article", place=where), member)
    for field in FIELD_NAMES:
        if not isinstance(record.get(field, ""), str | list | dict | None):
            logger.warning("%s: the field %r is no string and stays empty", in_language(where, "en"), field)
    fields = article_fields({key: value for key, value in record.items() if isinstance(value, str | list | dict)})
    return Article((Block(unwrap(tidy(clean(show_hyphens(record["text"]))))),), **fields, member=member)
