"""`offhook -c`: a node and its console in one terminal.

The node is a process of its own, so that a terminal that is stuck stops no call; it ends with its console.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from offhook.api.console.server import ConsoleUnreachableError, ask

__all__ = ["run_with_console"]

_START_S = 60.0
_STOP_S = 15.0


def run_with_console(flags: Sequence[str], socket: Path, *, verbose: int, color: bool) -> int:
    """Start a node with Asterisk's `flags` and be its console; the exit status."""
    from offhook.cli.console import console

    words = [word for word in flags if word != "-c"]
    words = [word.replace("c", "") if word[:1] == "-" and word[1:].isalpha() else word for word in words]
    with tempfile.TemporaryFile() as said:
        node = subprocess.Popen(
            [sys.executable, "-m", "offhook.cli.main", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,  # Ctrl-C is for the console
        )
        try:
            if not _is_up(node, socket):
                said.seek(0)
                sys.stderr.write(said.read().decode("utf-8", "replace"))
                return node.wait() or 1
            return console(socket, verbose=verbose, color=color, leave="core stop now")
        finally:
            if node.poll() is None:
                node.send_signal(signal.SIGTERM)
            try:
                node.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                node.kill()


def _is_up(node: subprocess.Popen[bytes], socket: Path) -> bool:
    end = time.monotonic() + _START_S
    while node.poll() is None and time.monotonic() < end:
        try:
            ask(socket, "core waitfullybooted")
        except ConsoleUnreachableError:
            time.sleep(0.1)
            continue
        return True
    return False
