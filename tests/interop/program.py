"""The program under test: `offhook serve` as a process of its own, on a configuration with free ports."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from csv import reader as csv_reader
from pathlib import Path
from typing import Any

from offhook.api.console.server import ConsoleUnreachableError, ask
from offhook.config.paths import resolve_paths

__all__ = ["EXAMPLES", "NO_QUALIFY", "Program", "ProgramError", "adapt", "wait_for"]

NO_QUALIFY = {"qualify_frequency=60": "qualify_frequency=0"}
"""For phones whose scenario expects no OPTIONS."""

EXAMPLES = Path(__file__).parents[2] / "examples"


class ProgramError(AssertionError):
    """The program did not do what it must; the text ends with its log."""


def wait_for(what: str, condition: Callable[[], Any], timeout: float = 5.0, step: float = 0.02) -> Any:
    """What `condition` returns, as soon as it is true.  AssertionError after `timeout` seconds."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"within {timeout:g} s not seen: {what} (last: {value!r})")
        time.sleep(step)


def adapt(example: str, to: Path, changes: Mapping[str, str], files: Mapping[str, str] | None = None) -> Path:
    """A copy of an example's folder with other ports in it, and further files.

    Each of `changes` must occur: an example that no longer says what a test relies on is noticed.
    """
    shutil.copytree(EXAMPLES / example, to)
    missing = set(changes)
    for path in (*to.glob("*.conf"), *to.glob("*.py")):
        text = path.read_text()
        for old, new in changes.items():
            if old in text:
                missing.discard(old)
                text = text.replace(old, new)
        path.write_text(text)
    if missing:
        raise ValueError(f"examples/{example} has none of: {', '.join(sorted(missing))}")
    for name, text in (files or {}).items():
        with (to / name).open("a") as file:
            file.write("\n" + text)
    return to


class Program:
    """One run, or several on the same state folder (kill(), then start() again)."""

    def __init__(self, config: Path, state: Path, port: int, arguments: Sequence[str] = ("-v",)) -> None:
        self.config = config
        self.state = state
        self.port = port
        self.arguments = list(arguments)
        self.paths = resolve_paths(config, state=state)
        self.log_path = state.parent / f"{state.name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0
        self._own_tasks: frozenset[str] = frozenset()  # that run as long as the program does

    # ---------------------------------------------------------------- life

    def start(self, timeout: float = 20.0) -> None:
        """Start and wait until it is ready."""
        with self.log_path.open("ab") as log:
            self._log_start = log.tell()
            where = [str(self.config), "--state", str(self.state)]
            self._process = subprocess.Popen(
                [sys.executable, "-m", "offhook.cli.main", "serve", *where, *self.arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        end = time.monotonic() + timeout
        while True:
            if self._process.poll() is not None:
                raise self.error(f"it ended with {self._process.returncode} instead of starting")
            with contextlib.suppress(ConsoleUnreachableError):
                if self.ask("core waitfullybooted"):
                    self._own_tasks = frozenset(self._all_tasks())
                    return
            if time.monotonic() > end:
                self.kill()
                raise self.error("it did not get ready")
            time.sleep(0.02)

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self, timeout: float = 10.0) -> None:
        """SIGTERM, and a clean end."""
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise self.error(f"it did not stop within {timeout:g} s") from None
        if process.returncode != 0:
            raise self.error(f"it ended with {process.returncode}")

    # ---------------------------------------------------------------- questions

    def ask(self, command: str) -> str:
        """A console command's answer.  ConsoleUnreachableError when it does not run."""
        return ask(self.paths.socket, command, timeout=20.0)

    def counters(self) -> dict[str, int]:
        """`pjsip show counters`."""
        found: dict[str, int] = {}
        for line in self.ask("pjsip show counters").splitlines():
            name, _, value = line.partition(" ")
            if value.strip().lstrip("-").isdigit():
                found[name] = int(value)
        return found

    def channels(self) -> int:
        """How many channels there are."""
        found = re.match(r"(\d+) active channel", self.ask("core show channels count"))
        assert found is not None
        return int(found.group(1))

    def tasks(self) -> list[str]:
        """Names of the event loop's tasks, besides those that run as long as the program does."""
        return [name for name in self._all_tasks() if name not in self._own_tasks]

    def _all_tasks(self) -> list[str]:
        return [line.strip() for line in self.ask("core show tasks").splitlines()[:-1]]

    def media(self) -> dict[str, int]:
        """`media show counters`."""
        pairs = (line.split() for line in self.ask("media show counters").splitlines())
        return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2}

    @property
    def passwords(self) -> dict[str, str]:
        """The generated passwords by auth section."""
        return json.loads((self.paths.db / "secrets.json").read_text())

    def log(self) -> str:
        """The log of this run."""
        with contextlib.suppress(FileNotFoundError), self.log_path.open("rb") as file:
            file.seek(self._log_start)
            return file.read().decode("utf-8", "replace")
        return ""

    def error(self, what: str) -> ProgramError:
        """An error with the end of the log."""
        lines = self.log().splitlines()
        shown = "\n".join(["..."] * (len(lines) > 150) + lines[-150:])
        return ProgramError(f"{self.config.name}: {what}\n--- its log:\n{shown}")

    def rss_kib(self) -> int:
        """Resident memory."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found is not None
        return int(found.group(1))

    def descriptors(self) -> int:
        """Open file descriptors."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    # ---------------------------------------------------------------- records

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Rows of the store; it may run meanwhile."""
        with contextlib.closing(sqlite3.connect(self.paths.database, timeout=10)) as store:
            return store.execute(sql, parameters).fetchall()

    def cdrs(self) -> list[dict[str, Any]]:
        """The call detail records of SQLite, the oldest first."""
        with contextlib.closing(sqlite3.connect(self.paths.database, timeout=10)) as store:
            store.row_factory = sqlite3.Row
            return [dict(row) for row in store.execute("SELECT * FROM cdr ORDER BY rowid")]

    def master_csv(self) -> list[list[str]]:
        """The lines of Master.csv."""
        path = self.paths.cdr_csv / "Master.csv"
        if not path.exists():
            return []
        with path.open(newline="") as file:
            return list(csv_reader(file))

    # ---------------------------------------------------------------- nothing left

    def assert_idle(self, timeout: float = 5.0) -> None:
        """No channel, dialog, INVITE transaction, media port or task is left."""

        def left() -> dict[str, Any]:
            counters = self.counters()
            found: dict[str, Any] = {
                "channels": self.channels(),
                "dialogs": counters["dialogs"],
                "media ports": self.media()["ports"],
                "tasks": self.tasks(),
            }
            return {name: value for name, value in found.items() if value}

        end = time.monotonic() + timeout
        while found := left():
            if time.monotonic() > end:
                text = self.ask("core show channels")
                raise self.error(f"left over: {found}\n{text}")
            time.sleep(0.05)

    def assert_clean_log(self, *allowed: str) -> None:
        """No traceback, no error and no unexpected warning was logged."""
        for line in self.log().splitlines():
            bad = line.startswith("Traceback") or " ERROR " in line
            if bad and not any(text in line for text in allowed):
                raise self.error(f"in its log: {line}")
