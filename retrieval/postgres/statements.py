"""The store's SQL statements for PostgreSQL: "?" becomes what psycopg takes, and short forms of SQLite are translated.

What differs in more than these forms is a method of its own in ``PostgresStore``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import psycopg

    Row = tuple[Any, ...]

_FORMS: Final = (
    # JSON lists of numbers, see rows.ids_parameter.
    ("IN (SELECT value FROM json_each(?))", "= ANY (translate(?, '[]', '{}')::bigint[])"),
    ("ifnull(", "coalesce("),
)
_NUMBERED: Final = re.compile(r"\?(\d+)")
_NAMED: Final = re.compile(r"(?<![:\w]):([a-z_]+)")


class PostgresConnection:
    """A connection that takes the store's statements; see ``retrieval.store.sql.Connection``.

    ``failure`` is what the last statement that failed on a replica met.
    """

    def __init__(self, raw: psycopg.Connection[Row]) -> None:
        self.raw = raw
        self.failure: psycopg.Error | None = None

    def execute(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> psycopg.Cursor[Row]:
        """Runs one statement."""
        return self.raw.execute(translated(sql, isinstance(parameters, Mapping)), values_for(sql, parameters))

    def executemany(self, sql: str, parameters: Iterable[Sequence[object]]) -> psycopg.Cursor[Row]:
        """Runs one statement for each of these values."""
        cursor = self.raw.cursor()
        cursor.executemany(translated(sql), [values_for(sql, values) for values in parameters])
        return cursor


@lru_cache(maxsize=500)
def translated(sql: str, named: bool = False) -> str:
    """A statement as psycopg takes it; ``named`` says that its values come by name (":name")."""
    sql = sql.replace("%", "%%")
    for ours, theirs in _FORMS:
        sql = sql.replace(ours, theirs)
    if named:
        return _NAMED.sub(r"%(\1)s", sql)
    if _NUMBERED.search(sql):
        return _NUMBERED.sub(r"%(p\1)s", sql)
    return sql.replace("?", "%s")


def values_for(sql: str, parameters: Sequence[object] | Mapping[str, object]) -> Any:
    """The values of a statement as psycopg takes them."""
    if isinstance(parameters, Mapping):
        return {name: _value(value) for name, value in parameters.items()}
    values = [_value(value) for value in parameters]
    return {f"p{number}": value for number, value in enumerate(values, 1)} if _NUMBERED.search(sql) else values


def _value(value: object) -> object:
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, str):  # a notice, too
        # PostgreSQL keeps no NUL, and an article with one is refused before.
        return str(value).replace("\0", "\N{REPLACEMENT CHARACTER}")
    return value
