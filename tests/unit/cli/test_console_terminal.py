"""`offhook -r` against a running node: in a terminal (a pty), and without one."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from offhook.api.console.server import ConsoleUnreachableError, ask

OFFHOOK = [sys.executable, "-m", "offhook.cli.main"]
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|\r")


class Running:
    """A node of its own process."""

    def __init__(self, folder: Path, asterisk: str = "") -> None:
        self.folder = folder
        etc = folder / "etc"
        etc.mkdir()
        (etc / "extensions.conf").write_text("[here]\nexten => 1,1,Answer()\n")
        (etc / "pjsip.conf").write_text("[alice]\ntype=endpoint\ncontext=here\n")
        if asterisk:
            (etc / "asterisk.conf").write_text(asterisk)
        self.socket = folder / "state/run/asterisk.ctl"
        self.process = subprocess.Popen(
            [*OFFHOOK, "serve", str(etc), "--state", str(folder / "state"), "-q"],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=os.environ | {"HOME": str(folder)},
        )
        self.until_up()

    def until_up(self) -> None:
        end = time.monotonic() + 60
        while True:
            try:
                ask(self.socket, "core waitfullybooted")
                return
            except ConsoleUnreachableError:
                assert self.process.poll() is None, self.process.stderr and self.process.stderr.read()
                assert time.monotonic() < end
                time.sleep(0.05)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        if self.process.stderr is not None:
            self.process.stderr.close()


@pytest.fixture
def place() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="oh-"))  # short: a socket's name takes 107 octets
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def node() -> Iterator[Running]:
    folder = Path(tempfile.mkdtemp(prefix="oh-"))
    running = Running(folder)
    yield running
    running.stop()
    shutil.rmtree(folder, ignore_errors=True)


class Terminal:
    """`offhook -r` in a terminal that a test types at."""

    def __init__(self, node: Running, *flags: str) -> None:
        environment = os.environ | {
            "HOME": str(node.folder),
            "TERM": "xterm",
            "PROMPT_TOOLKIT_NO_CPR": "1",
            "SHELL": "/bin/sh",
        }
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(sys.executable, [*OFFHOOK, *flags, "-s", str(node.socket)], environment)
        self.raw = ""
        self._mark = 0

    def see(self, pattern: str, timeout: float = 20.0) -> re.Match[str]:
        """Wait until this was printed, after what was seen before."""
        end = time.monotonic() + timeout
        while True:
            text = _ESCAPES.sub("", self.raw)
            found = re.search(pattern, text[self._mark :])
            if found is not None:
                self._mark += found.end()
                return found
            assert time.monotonic() < end, f"{pattern!r} not seen in {text[self._mark :]!r}"
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    self.raw += os.read(self.fd, 65536).decode("utf-8", "replace")
                except OSError:  # its end
                    time.sleep(0.02)

    def type(self, text: str) -> None:
        os.write(self.fd, text.encode())

    def line(self, text: str) -> None:
        self.type(f"{text}\r")

    def leave(self) -> int:
        """Ctrl-D at a prompt; the exit status."""
        self.line("core show nothing")
        self.see(r"No such command 'core show nothing'")
        self.see(r"\*CLI>")
        self.type("\x04")
        return self.end()

    def end(self) -> int:
        """The exit status; what it still prints is read meanwhile."""
        limit = time.monotonic() + 20
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                break
            assert time.monotonic() < limit, self.raw
            if select.select([self.fd], [], [], 0.05)[0]:
                try:
                    self.raw += os.read(self.fd, 65536).decode("utf-8", "replace")
                except OSError:
                    time.sleep(0.02)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


def test_commands_and_leaving(node: Running) -> None:
    terminal = Terminal(node, "-r")
    terminal.see(r"Connected to Offhook \S+ on \S+ \(pid = \d+\)")
    terminal.see(r"\*CLI>")
    terminal.line("core show uptime seconds")
    terminal.see(r"System uptime: \d+")
    terminal.line("nonsense")
    terminal.see(r"No such command 'nonsense'")
    terminal.line("quit")
    assert terminal.end() == 0
    assert node.process.poll() is None
    history = node.folder / ".offhook_history"
    assert "core show uptime seconds" in history.read_text()
    assert history.stat().st_mode & 0o077 == 0


def test_history(node: Running) -> None:
    (node.folder / ".offhook_history").write_text("\n# 2026-01-01 00:00:00\n+core show channels count\n")
    terminal = Terminal(node, "-r")
    terminal.see(r"\*CLI>")
    terminal.type("\x1b[A\r")  # up
    terminal.see(r"0 active channels")
    assert terminal.leave() == 0


def test_completion_asks_the_node(node: Running) -> None:
    terminal = Terminal(node, "-rn")
    terminal.see(r"\*CLI>")
    for typed, completed in (("core sh", "ow"), ("up", "time")):
        terminal.type(f"{typed}\t")
        terminal.see(completed)  # only what changes is drawn
    terminal.type("\r")
    terminal.see(r"System uptime")
    terminal.see(r"\*CLI>")
    terminal.type("dialplan show he\t")
    terminal.see(r"re ?")
    terminal.type("\r")
    terminal.see(r"Context 'here' created by")
    terminal.type("core show s\t")
    terminal.see(r"settings\s[^>]*sysinfo")  # several: they are listed
    terminal.type("\x15")
    assert terminal.leave() == 0


@pytest.mark.parametrize("flag", ["-r", "-rn"])
def test_the_log_is_shown_as_it_happens(node: Running, flag: str) -> None:
    terminal = Terminal(node, flag)
    terminal.see(r"\*CLI>")
    ask(node.socket, "channel originate PJSIP/alice extension 1@here")  # nobody has registered
    terminal.see(r"WARNING\[\d+\].*: .*alice")
    assert ("\x1b[1;33m" in terminal.raw) == (flag == "-r")
    assert terminal.leave() == 0


def test_verbose_lines_of_one_console(node: Running) -> None:
    loud, silent = Terminal(node, "-rvvv"), Terminal(node, "-r")
    for terminal in (loud, silent):
        terminal.see(r"\*CLI>")
    ask(node.socket, "channel originate Local/1@here application Wait 0")
    loud.see(r"    -- Local/1@here-\w+;2: \[1@here:1\] Answer\(\)")
    silent.line("core set verbose 3")
    silent.see(r"Console verbose was 0 and is now 3")
    assert "Answer()" not in silent.raw
    ask(node.socket, "channel originate Local/1@here application Wait 0")
    silent.see(r"    -- Local/1@here-\w+;2: \[1@here:1\] Answer\(\)")
    silent.line("logger mute")
    silent.see(r"Console is muted")
    for terminal in (loud, silent):
        assert terminal.leave() == 0


def test_a_shell_command(node: Running) -> None:
    terminal = Terminal(node, "-r")
    terminal.see(r"\*CLI>")
    terminal.line("!echo $((40 + 2)) here")
    terminal.see(r"\n42 here")
    terminal.see(r"\*CLI>")
    terminal.line("core show version")
    terminal.see(r"\nOffhook ")
    assert terminal.leave() == 0


def test_the_node_ends(place: Path) -> None:
    node = Running(place)
    plain, waiting = Terminal(node, "-r"), Terminal(node, "-R")
    for terminal in (plain, waiting):
        terminal.see(r"\*CLI>")
    node.process.send_signal(signal.SIGKILL)
    node.process.wait()
    plain.see(r"Disconnected from Offhook: the node has ended")
    assert plain.end() == 0
    waiting.see(r"Waiting 30 seconds")
    shutil.rmtree(place / "etc")
    node.stop()
    again = Running(place)
    waiting.see(rf"Reconnected with Offhook \(pid = {again.process.pid}\)")
    waiting.line("core stop now")
    waiting.see(r"Disconnected from Offhook")
    assert again.process.wait(20) == 0
    os.kill(waiting.pid, signal.SIGKILL)
    waiting.end()
    again.stop()


def test_restart(place: Path) -> None:
    node = Running(place)
    terminal = Terminal(node, "-r")
    terminal.see(r"\*CLI>")
    terminal.line("core restart now")
    terminal.see(rf"Reconnected with Offhook \(pid = {node.process.pid}\)")
    terminal.line("core show uptime seconds")
    terminal.see(r"System uptime: \d\b")
    terminal.line("quit")
    assert terminal.end() == 0
    node.stop()


def batch(node: Running, text: str, *flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*OFFHOOK, *(flags or ("-r",)), "-s", str(node.socket)],
        input=text,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_without_a_terminal(node: Running) -> None:
    done = batch(node, "core show channels count\nnonsense\nquit\ncore show version\n")
    assert done.returncode == 0
    assert done.stdout.startswith("0 active channels\n0 active calls\n")
    assert "No such command 'nonsense'" in done.stdout
    assert "Offhook" not in done.stdout  # what stands behind quit is not carried out
    assert done.stderr == ""


def test_one_command(node: Running) -> None:
    done = batch(node, "", "-rx", "core show channels count")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "0 active channels")


def test_who_may_use_the_console(place: Path) -> None:
    group = os.getgroups()[0] if os.getgroups() else os.getgid()
    import grp

    name = grp.getgrgid(group).gr_name
    node = Running(
        place,
        f"[files]\nastctlpermissions=0660\nastctlgroup={name}\n[options]\ndisable_remote_console_shell=yes\n",
    )
    found = node.socket.stat()
    assert (found.st_mode & 0o777, found.st_gid) == (0o660, group)
    terminal = Terminal(node, "-r")
    terminal.see(r"\*CLI>")
    terminal.line("!echo no")
    terminal.see(r"asterisk.conf forbids it")
    assert terminal.leave() == 0
    node.stop()


def test_a_node_and_its_console(place: Path) -> None:
    """-c: one terminal for both; the node ends with it."""
    node = Running(place)  # for its files
    node.stop()
    (place / "etc/asterisk.conf").write_text(
        "[directories]\n"
        + "".join(
            f"{name} => {place}/c{name}\n"
            for name in ("astvarlibdir", "astspooldir", "astrundir", "astlogdir", "astcachedir")
        )
    )
    node.socket = place / "castrundir/asterisk.ctl"
    terminal = Terminal(node, "-c", "-C", str(place / "etc/asterisk.conf"))
    terminal.see(r"\*CLI>")
    terminal.line("quit")
    terminal.see(r"'core stop now' ends both")
    terminal.line("core stop now")
    terminal.see(r"Disconnected from Offhook")
    assert terminal.end() == 0
    with pytest.raises(ConsoleUnreachableError):
        ask(node.socket, "core show version")
