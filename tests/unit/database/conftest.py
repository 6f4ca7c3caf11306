"""Fixtures of tests that need a database server: a PostgreSQL of their own, on a socket."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from unit.drivers.conftest import switch

__all__ = ["Postgres", "postgres", "switch"]


def _program(name: str) -> str:
    found = shutil.which(name) or next(
        (str(path) for path in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)), ""
    )
    assert found, f"{name} is missing: scripts/setup test installs Debian's postgresql"
    return found


class Postgres:
    """A server that listens on a socket only."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="oh-pg-"))
        self.data = self.folder / "data"
        # It refuses to run as root.
        self._user = "postgres" if os.geteuid() == 0 else None
        self.name = self._user or pwd.getpwuid(os.geteuid()).pw_name
        if self._user:
            shutil.chown(self.folder, self._user)
        self._run("initdb", "-D", str(self.data), "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")

    def _run(self, program: str, *arguments: str) -> None:
        log = self.folder / "log"
        done = subprocess.run(
            [_program(program), *arguments],
            user=self._user,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        said = log.read_text() if log.exists() else ""
        assert done.returncode == 0, f"{program}: {done.stdout}\n{said}"

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = f"-k {self.folder} -c listen_addresses='' -c fsync=off -c shared_buffers=1MB"
        log = self.folder / "log"
        self._run("pg_ctl", "-D", str(self.data), "-w", "-s", "-l", str(log), "-o", options, "start")

    def stop(self) -> None:
        """Stop at once."""
        self._run("pg_ctl", "-D", str(self.data), "-w", "-s", "-m", "immediate", "stop")

    @property
    def url(self) -> str:
        """For SQLAlchemy."""
        return f"postgresql+psycopg://{self.name}@/postgres?host={self.folder}"

    def sql(self, statement: str) -> list[tuple[object, ...]]:
        """Run a statement; its rows."""
        import psycopg

        with psycopg.connect(host=str(self.folder), user=self.name, dbname="postgres", autocommit=True) as db:
            cursor = db.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running server."""
    server = Postgres()
    server.start()
    yield server
    server.stop()
    shutil.rmtree(server.folder, ignore_errors=True)
