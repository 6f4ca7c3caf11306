"""The console: finding commands, carrying them out, the socket."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from offhook.api.console.all_commands import COMMANDS
from offhook.api.console.commands import CommandError, Commands, split_line
from offhook.api.console.completion import complete
from offhook.api.console.server import ConsoleServer, ConsoleUnreachableError, ask


def some() -> Commands:
    commands = Commands()

    @commands.add("core show channels", "[concise]")
    def channels(node: object, words: list[str]) -> str:
        """Show channels."""
        return f"channels {words}\n"

    @commands.add("core show channeltypes")
    def types(node: object, words: list[str]) -> str:
        """Show types."""
        return "types\n"

    @commands.add("core stop now")
    async def stop(node: object, words: list[str]) -> str:
        """Stop."""
        await asyncio.sleep(0)
        return "stopped\n"

    @commands.add("fail wrongly")
    def wrongly(node: object, words: list[str]) -> str:
        """Fail."""
        raise CommandError("Usage: fail wrongly NAME")

    @commands.add("fail badly")
    def badly(node: object, words: list[str]) -> str:
        """Fail."""
        raise ZeroDivisionError("oops")

    return commands


# ---------------------------------------------------------------- finding


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("core show channels", "channels []\n"),
        ("core show channels concise now", "channels ['concise', 'now']\n"),
        ("  core   show  channels ", "channels []\n"),
        ("co sh channelt", "types\n"),
        ("core show channel", "No such command"),  # two begin so
        ("core show", "No such command"),
        ("core stop n", "stopped\n"),
        ("nonsense", "No such command 'nonsense'"),
        ("", ""),
        ("   ", ""),
        ("fail wrongly", "Usage: fail wrongly NAME\n"),
        ("\x00\x1b[31m", "No such command"),
    ],
)
async def test_a_line(line: str, answer: str) -> None:
    assert (await some().run(None, line)).startswith(answer)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('a "b c" d', ["a", "b c", "d"]),
        ('a"b c"d', ["ab cd"]),
        ("a\\ b", ["a b"]),
        ('a \\"b', ["a", '"b']),
        ('a ""', ["a", ""]),
        ('a "b c', ["a", "b c"]),
        ("a\tb\\", ["a", "b"]),
        ("", []),
    ],
)
def test_quotes(line: str, words: list[str]) -> None:
    assert split_line(line) == words


def test_choices_of_a_pattern() -> None:
    commands = Commands()

    @commands.add("queue {pause|unpause} member", "NAME [reason TEXT]")
    def pause(node: object, words: list[str]) -> str:
        """Pause."""
        return f"{words}"

    @commands.add("rtp set debug {on|off|ip}", "ADDRESS")
    def debug(node: object, words: list[str]) -> str:
        """Debug."""
        return f"{words}"

    async def check() -> None:
        assert await commands.run(None, "queue unpause member x") == "['unpause', 'x']"
        assert await commands.run(None, "que paus memb x") == "['pause', 'x']"
        assert await commands.run(None, "rtp set debug ip 1.2.3.4") == "['ip', '1.2.3.4']"

    asyncio.run(check())
    assert [one.pattern for one in commands.all()] == [
        "queue {pause|unpause} member",
        "rtp set debug {on|off|ip}",
    ]
    assert complete(commands, None, "queue ") == ["pause", "unpause"]
    assert complete(commands, None, "queue pause m") == ["member"]
    assert complete(commands, None, "rtp set debug o") == ["off", "on"]
    assert complete(commands, None, "queue pause member x re") == ["reason"]
    assert complete(commands, None, "nothing such ") == []


async def test_a_command_that_fails_is_answered_and_logged(caplog) -> None:
    answer = await some().run(None, "fail badly")
    assert "oops" in answer
    assert "fail badly" in caplog.text


def test_every_command_has_help_and_words() -> None:
    commands = COMMANDS.all()
    assert len(commands) > 10
    for command in commands:
        assert command.help.partition("\n")[0].endswith("."), command.name
        assert COMMANDS.find(command.name) == (command, [])


# ---------------------------------------------------------------- the socket


@pytest.fixture
def place() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="oh-"))  # short: a socket's name takes 107 octets
    yield folder / "run" / "offhook.ctl"
    shutil.rmtree(folder, ignore_errors=True)


def talk(place: Path, *pieces: bytes, shut: bool = True) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(5)
        client.connect(str(place))
        for piece in pieces:
            client.sendall(piece)
        if shut:
            client.shutdown(socket.SHUT_WR)
        received = b""
        while piece := client.recv(65536):
            received += piece
        return received


def served(place: Path, *checks) -> None:
    """Run checks in threads beside a server, on a loop with real sockets."""

    async def main() -> None:
        server = ConsoleServer(place, some(), None)
        await server.start()
        try:
            for check in checks:
                await asyncio.to_thread(check)
        finally:
            await server.close()
        assert not place.exists()  # noqa: ASYNC240

    asyncio.run(main())


def test_asking(place: Path) -> None:
    def check() -> None:
        assert ask(place, "core show channels a b") == "channels ['a', 'b']\n"
        assert ask(place, "fail badly").startswith("the command failed")
        assert ask(place, "") == ""
        assert ask(place, "ä" * 1000).startswith("No such command")

    served(place, check)


def test_the_socket_is_its_owner_s(place: Path) -> None:
    served(place, lambda: check_mode(place))


def check_mode(place: Path) -> None:
    mode = os.stat(place).st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


def test_strange_clients_hurt_nobody(place: Path) -> None:
    def check() -> None:
        assert talk(place, b"core show channels\nmore\n") == b"channels []\n"
        assert talk(place, b"\xff\xfe\n").startswith(b"No such command")
        assert talk(place, b"x" * 200_000 + b"\n") == b""  # too long
        assert (
            talk(place, b"no end of line")
            == b"No such command 'no end of line' " + talk(place, b"no end of line").partition(b"' ")[2]
        )
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.connect(str(place))
        assert ask(place, "core show channels") == "channels []\n"

    served(place, check)


def test_a_socket_left_by_a_dead_node_is_replaced(place: Path) -> None:
    place.parent.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(place))
    with pytest.raises(ConsoleUnreachableError, match="is it started"):
        ask(place, "core show channels")
    served(place, lambda: ask(place, "core show channels"))


def test_nobody_is_there(place: Path) -> None:
    with pytest.raises(ConsoleUnreachableError):
        ask(place, "core show channels")


def test_a_file_in_its_place_is_not_removed(place: Path) -> None:
    place.parent.mkdir()
    place.write_text("mine")
    with pytest.raises(OSError, match="use"):
        served(place)
    assert place.read_text() == "mine"
