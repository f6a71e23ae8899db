"""The collection of ``benchmarks.scale`` in PostgreSQL too, moved there with its vectors, on a server of its own."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.settings import load_settings
from bot.wiring import open_collection
from retrieval.collection import Collection
from retrieval.indexing.transfer import export, take_in
from retrieval.postgres.database import PostgresDatabase
from tests.postgres_server import running_server


def moved(collection: Collection, home: Path, measure: Callable[[str], dict[str, float]]) -> dict[str, float]:
    """What ``measure`` finds at the address of a database that has the articles of ``collection``.

    Also in there: seconds for the import, with making the vector index, and MB on the disk.

    Raises SystemExit where there is no server, or not all has arrived.
    """
    file = home / "articles.jsonl"
    with file.open("w", encoding="utf-8") as lines:
        export(collection.store, lines, vectors=True)
    try:
        with running_server(durable=True) as server:
            url = server.new_database()
            settings = load_settings(home=home, database_url=SecretStr(url))
            with open_collection(settings, lambda notice: print(notice, file=sys.stderr)) as target:
                started = time.perf_counter()
                take_in(file, target.store, target.indexer)
                importing = time.perf_counter() - started
                if target.store.sentence_count() != collection.store.sentence_count():
                    raise SystemExit("Not all sentences have arrived in PostgreSQL.")
                database, index = target.backend.size()
            seen = measure(url)
    except pytest.skip.Exception as reason:
        raise SystemExit(str(reason)) from None
    finally:
        file.unlink()
    return {"import_s": importing, "database_mb": database / 1e6, "index_mb": index / 1e6, **seen}


def server_memory_mb(database: PostgresDatabase) -> float:
    """Of all processes of a server on this machine, in MB; pages that several share count once."""
    ((started,),) = database.rows("SELECT pg_read_file('postmaster.pid')")
    postmaster = int(started.split()[0])
    total = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            # The name of the program stands in parentheses, and may hold anything.
            parent = int((process / "stat").read_text("ascii", "replace").rpartition(")")[2].split()[1])
            if postmaster in (parent, int(process.name)):
                total += int(re.findall(r"^Pss:\s+(\d+) kB", (process / "smaps_rollup").read_text("ascii"), re.M)[0])
        except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            continue
    return total / 1024
