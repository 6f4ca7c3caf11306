"""AGI: a hundred thousand lines of nonsense from a script's server: each is answered, nothing is left."""

from __future__ import annotations

import random
import re
import socket
import threading
import time
from collections.abc import Callable

import pytest
from program import Program, wait_for

pytestmark = pytest.mark.interop

LINES = 100_000
BURST = 400

DIALPLAN = """
[robots]
exten => 1,1,Answer()
 same => n,AGI(agi://127.0.0.1:{port}/nonsense,one,two)
 same => n,Set(GLOBAL(over)=${AGISTATUS})
 same => n,Wait(1)
"""
# Commands that neither wait for somebody nor end the call, and beginnings of all others.
_COMMANDS = (
    *("ANSWER", "CHANNEL STATUS", "GET VARIABLE", "GET FULL VARIABLE", "NOOP", "SET CALLERID"),
    *("SET VARIABLE", "VERBOSE", "DATABASE GET", "TDD MODE", "GOSUB"),
    *("SET", "GET", "SAY", "STREAM", "WAIT FOR", "RECORD", "DATABASE", "CONTROL STREAM", "SPEECH", "EXECUTE"),
)
_TOKENS = (
    *(
        '"',
        "\\",
        '\\"',
        "''",
        "${X}",
        "$[1/0]",
        "${LEN(",
        "%s%n",
        "-1",
        "9" * 30,
        "a" * 300,
        "\x01",
        "é",
        "\u202e",
    ),
    *("Local/1", "on", "off", "0", "#", "*", "(", "robots", "~" * 50, ";", "|", ","),
)
_REPLY = re.compile(rb"^(?:200 |510 |511 |520 )", re.MULTILINE)


def line(dice: random.Random) -> str:
    """One that is no line break; one in five is a command that exists, more or less."""
    kind = dice.randrange(5)
    words = [dice.choice(_COMMANDS)] if kind < 2 else []
    words += (dice.choice(_TOKENS) for _ in range(dice.randrange(1, 6)))
    text = " ".join(words)
    return text.lower() if kind == 1 else text


def exchange(client: socket.socket, lines: list[str]) -> bytes:
    """Send lines and read until each has its reply."""
    client.sendall("".join(f"{one}\n" for one in lines).encode())
    wanted = sum(bool(one.strip()) for one in lines)
    got = b""
    while len(_REPLY.findall(got)) < wanted:
        piece = client.recv(1 << 20)
        assert piece, f"the session ended after {len(_REPLY.findall(got))} of {wanted} replies"
        got += piece
    return got


def test_a_hundred_thousand_lines(make_office: Callable[..., Program]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        port = server.getsockname()[1]
        program = make_office({"extensions.conf": DIALPLAN.replace("{port}", str(port))})
        program.ask("channel originate Local/1@robots application Wait 600")
        client, _ = server.accept()
        client.settimeout(30)
        with client:
            head = b""
            while not head.endswith(b"\n\n"):
                head += client.recv(65536)
            assert b"agi_network_script: nonsense\n" in head
            dice = random.Random(11)
            exchange(client, [line(dice) for _ in range(BURST)])  # what is loaded once is no leak
            memory = program.rss_kib()
            slowest, replies = 0.0, bytearray()
            asked = threading.Event()

            def ask() -> None:
                nonlocal slowest
                while not asked.wait(0.5):
                    begun = time.monotonic()
                    program.ask("core show uptime seconds")
                    slowest = max(slowest, time.monotonic() - begun)

            watcher = threading.Thread(target=ask)
            watcher.start()
            try:
                for _ in range(LINES // BURST):
                    replies += exchange(client, [line(dice) for _ in range(BURST)])
            finally:
                asked.set()
                watcher.join()
            kinds = {kind[:3] for kind in _REPLY.findall(bytes(replies))}
            assert kinds == {b"200", b"510", b"520"}
            assert slowest < 5.0
            assert program.rss_kib() < memory + 40_000
            # the session is as good as before
            assert exchange(client, ["GET VARIABLE AGISTATUS"]).startswith(b"200 result=")
        wait_for("the script is over", lambda: "over" in program.ask("dialplan show globals"), timeout=15)
    program.ask("channel request hangup all")
    wait_for(
        "no channel is left", lambda: "0 active channels" in program.ask("core show channels"), timeout=15
    )
    assert not [one for one in program.log().splitlines() if "Traceback" in one]
