"""`offhook -r`: the interactive console of a running node.

In a terminal: history, completion by the node, its log as it happens, in colours.  Otherwise it carries out
the lines of its standard input and prints their answers.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import TYPE_CHECKING

from offhook.api.console.server import ConsoleUnreachableError
from offhook.cli.console_link import ConsoleLink

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import CompleteEvent, Completion
    from prompt_toolkit.document import Document

__all__ = ["HISTORY", "Console", "console"]

HISTORY = Path("~/.offhook_history")
_QUIT = ("quit", "exit")
_COLOURS = {
    "error": "\x1b[1;31m",
    "warning": "\x1b[1;33m",
    "security": "\x1b[1;33m",
    "notice": "\x1b[1;34m",
    "verbose": "\x1b[36m",
    "debug": "\x1b[2m",
    "trace": "\x1b[2m",
    "dtmf": "\x1b[35m",
}
_PLAIN = "\x1b[0m"
_RECONNECT_S = 30
_HELP = "Type 'core show help' for the commands, 'quit' to leave; the node goes on.\n"


def console(
    socket: Path,
    *,
    verbose: int = 0,
    color: bool = True,
    reconnect: bool = False,
    leave: str = "",
) -> int:
    """Be the console of the node at this socket; the exit status: 0, or 1 when no node answers.

    `reconnect`: wait for a node that has ended to come back (-R).  `leave` is said in place of leaving
    where the console and its node are one (-c).
    """
    one = Console(socket, verbose=verbose, color=color, reconnect=reconnect, leave=leave)
    try:
        return asyncio.run(one.run())
    except ConsoleUnreachableError as error:
        print(f"offhook: {error}", file=sys.stderr)
        return 1


class Console:
    """One client, from its connection to its end."""

    def __init__(self, socket: Path, *, verbose: int, color: bool, reconnect: bool, leave: str = "") -> None:
        self._socket = socket
        self._verbose = verbose
        self._color = color
        self._reconnect = reconnect
        self._leave = leave
        self._interactive = sys.stdin.isatty() and sys.stdout.isatty()
        self._link = ConsoleLink(self._log)

    async def run(self) -> int:
        """Until the operator leaves or the node is gone; the exit status."""
        await self._connect()
        try:
            return await (self._talk() if self._interactive else self._batch())
        finally:
            await self._link.close()

    async def _connect(self) -> None:
        self._link = ConsoleLink(self._log)
        # Without a terminal the answers are wanted, and the log only when it is asked for.
        wants_log = self._interactive or self._verbose > 0
        await self._link.connect(self._socket, self._verbose if wants_log else -1)
        self._color = self._color and self._interactive and bool(self._link.hello.get("color"))

    def _log(self, kind: str, text: str) -> None:
        self._say(f"{_COLOURS.get(kind, '')}{text}{_PLAIN}\n" if self._color else f"{text}\n")

    def _say(self, text: str) -> None:
        """Print, above the prompt where there is one; what a node says cannot steer the terminal."""
        clean = "".join(char for char in text if char.isprintable() or char in "\n\t\x1b")
        sys.stdout.write(clean if self._color else clean.replace("\x1b", ""))
        sys.stdout.flush()

    async def complete(self, line: str) -> list[str]:
        """The words that may stand at the end of a line, as the node knows them."""
        return await self._link.complete(line)

    # ------------------------------------------------------------ without a terminal

    async def _batch(self) -> int:
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            if line.strip() in _QUIT:
                break
            answer = await self._link.run(line.strip())
            if answer is None:
                return 0
            self._say(answer)
        return 0

    # ------------------------------------------------------------ in a terminal

    async def _talk(self) -> int:
        from prompt_toolkit.patch_stdout import patch_stdout

        prompt = self._prompt()
        self._welcome()
        while True:
            with patch_stdout(raw=True):
                line = await self._ask(prompt)
                if line is None:
                    if self._link.ended.is_set():
                        if not await self._came_back():
                            return 0
                        continue
                    if not self._leave:
                        return 0
                    line = self._leave
                if not line.startswith("!"):
                    if line in _QUIT:
                        if not self._leave:
                            return 0
                        self._say(f"This console is the node's own: '{self._leave}' ends both.\n")
                        continue
                    await self._carry_out(line)
            if line.startswith("!"):
                await asyncio.to_thread(self._shell, line[1:].strip())

    def _welcome(self) -> None:
        hello = self._link.hello
        self._say(f"Offhook {hello['version']}\n{_HELP}")
        self._say(f"Connected to Offhook {hello['version']} on {hello['host']} (pid = {hello['pid']})\n")

    def _prompt(self) -> PromptSession[str]:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.completion import Completer, Completion
        from prompt_toolkit.history import FileHistory, InMemoryHistory
        from prompt_toolkit.shortcuts import CompleteStyle

        console = self

        class FromNode(Completer):
            def get_completions(self, document: Document, complete_event: CompleteEvent) -> list[Completion]:
                return []

            async def get_completions_async(
                self, document: Document, complete_event: CompleteEvent
            ) -> AsyncGenerator[Completion, None]:
                line = document.text_before_cursor
                last = "" if line[-1:].isspace() else line.split(" ")[-1]
                words = await console.complete(line)
                for word in words:
                    yield Completion(f"{word} " if len(words) == 1 else word, -len(last))

        history = HISTORY.expanduser()
        try:
            os.close(os.open(history, os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_CLOEXEC, 0o600))
            kept: FileHistory | InMemoryHistory = FileHistory(str(history))
        except OSError:  # no home, or one that cannot be written
            kept = InMemoryHistory()
        return PromptSession(
            history=kept,
            completer=FromNode(),
            complete_while_typing=False,
            complete_style=CompleteStyle.MULTI_COLUMN,
        )

    async def _ask(self, prompt: PromptSession[str]) -> str | None:
        """The next line; None at its end (Ctrl-D, Ctrl-C on an empty line) and when the node has ended."""
        name = self._link.hello.get("system") or self._link.hello["host"]
        asking = asyncio.ensure_future(prompt.prompt_async(f"{name}*CLI> "))
        ended = asyncio.ensure_future(self._link.ended.wait())
        try:
            await asyncio.wait([asking, ended], return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                asking.cancel()
                await asyncio.wait([asking])
                return None
            return asking.result().strip()
        except EOFError:
            return None
        except KeyboardInterrupt:
            return None if not prompt.default_buffer.text else ""
        finally:
            ended.cancel()

    async def _carry_out(self, line: str) -> None:
        if not line:
            return
        asked = asyncio.ensure_future(self._link.run(line))
        loop = asyncio.get_running_loop()
        import signal

        loop.add_signal_handler(signal.SIGINT, asked.cancel)
        try:
            answer = await asked
        except asyncio.CancelledError:
            self._say("^C\n")
            return
        finally:
            loop.remove_signal_handler(signal.SIGINT)
        if answer:
            self._say(answer if answer.endswith("\n") else f"{answer}\n")

    def _shell(self, command: str) -> None:
        """`!command`, `!` alone for a shell; where the console runs, not the node."""
        if not self._link.hello.get("shell"):
            self._say("asterisk.conf forbids it (disable_remote_console_shell)\n")
            return
        shell = os.environ.get("SHELL") or shutil.which("sh") or "/bin/sh"
        subprocess.run([shell, "-c", command] if command else [shell], check=False)

    async def _came_back(self) -> bool:
        """Say that the node has ended; whether there is one again."""
        self._say("\nDisconnected from Offhook: the node has ended.\n")
        if not (self._reconnect or self._link.restarts):
            return False
        self._say(f"Waiting {_RECONNECT_S} seconds for it to come back ...\n")
        for _ in range(_RECONNECT_S * 2):
            await asyncio.sleep(0.5)
            try:
                await self._connect()
            except ConsoleUnreachableError:
                continue
            self._say(f"Reconnected with Offhook (pid = {self._link.hello['pid']})\n")
            return True
        self._say("It did not.\n")
        return False
