"""What is said of a PostgreSQL server: where it is, and what it complains of."""

from __future__ import annotations

from typing import Any

import psycopg
from pgvector.psycopg import register_vector
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import PoolTimeout

from retrieval.errors import StoreError
from retrieval.messages import notice


def prepare(connection: psycopg.Connection[Any]) -> None:
    """Once for each connection. Compiling a statement would take longer than any of ours does."""
    register_vector(connection)
    connection.execute("SET jit = off")


def place(url: str) -> str:
    """Where a database is, for people: hosts, ports and name, without user and password.

    Raises:
        StoreError: it is no address of a database.
    """
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error as error:
        raise StoreError(notice("store.postgres_address")) from error
    hosts, ports = str(parts.get("host") or "localhost").split(","), str(parts.get("port") or "").split(",")
    named = [
        host + (f":{port}" if port else "")
        for host, port in zip(hosts, ports * len(hosts) if len(ports) == 1 else ports, strict=False)
    ]
    return f"postgresql://{','.join(named)}/{parts.get('dbname') or ''}"


def complaint(error: psycopg.Error) -> str:
    """An error's first line: others may quote what is stored."""
    return (error.diag.message_primary or str(error) or type(error).__name__).splitlines()[0]


def is_passing(error: psycopg.Error) -> bool:
    """Whether what failed may go well another time."""
    if isinstance(error, PoolTimeout):
        return True
    state = error.sqlstate or ""
    if not state:  # the connection broke
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    # Serialisation, deadlock, no connection, the server stops or starts; a server that has become a replica; two
    # writers at the same article, which a lock keeps apart next time.
    return state[:2] in ("40", "08", "57") or state in ("25006", "23503", "23505", "55P03")
