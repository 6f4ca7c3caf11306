"""The manager interface driven by clients that others wrote: panoramisk (asyncio), pyst2 (threads), and by
random lines, a hundred thousand of them.

StarPy (Twisted) is not among them: it is in no package index.  The Asterisk Test Suite has it, so that
suite's tests of the manager interface are tests with StarPy (docs/exam-results.md).
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import threading
import time
from collections.abc import Callable

import pytest
from ports import Ports
from program import Program, wait_for

pytestmark = pytest.mark.interop

MANAGER = """
[general]
enabled = yes
bindaddr = 127.0.0.1
port = {port}
[robot]
secret = s3cret
read = all
write = all
"""
DIALPLAN = """
[robots]
exten => 1,1,Answer()
 same => n,Set(GREETING=hello)
 same => n,UserEvent(Arrived,Where: here)
 same => n,Wait(30)
"""


@pytest.fixture
def managed(make_office: Callable[..., Program], ports: Ports) -> tuple[Program, int]:
    """An office with a manager interface, and its port."""
    port = ports.take()
    files = {"manager.conf": MANAGER.format(port=port), "extensions.conf": DIALPLAN}
    return make_office(files), port


def test_panoramisk(managed: tuple[Program, int]) -> None:
    panoramisk = pytest.importorskip("panoramisk")
    _, port = managed

    async def drive() -> None:
        seen: list[object] = []
        arrived = asyncio.Event()
        manager = panoramisk.Manager(host="127.0.0.1", port=port, username="robot", secret="s3cret")

        def on_arrived(_manager: object, message: object) -> None:
            seen.append(message)
            arrived.set()

        manager.register_event("UserEvent", on_arrived)
        await manager.connect()
        try:
            pong = await manager.send_action({"Action": "Ping"})
            assert pong.success
            placed = await manager.send_action(
                {
                    "Action": "Originate",
                    "Channel": "Local/1@robots",
                    "Application": "Wait",
                    "Data": "30",
                    "Async": "false",
                }  # else it waits for OriginateResponse
            )
            assert placed.success
            async with asyncio.timeout(10):
                await arrived.wait()
            assert (seen[0].userevent, seen[0].where) == ("Arrived", "here")
            listed = await manager.send_action({"Action": "CoreShowChannels"})
            names = {one.channel for one in listed if one.event == "CoreShowChannel"}
            assert len(names) == 2
            for name in names:
                value = await manager.send_action(
                    {"Action": "Getvar", "Channel": name, "Variable": "GREETING"}
                )
                assert value.value == ("hello" if name.endswith(";2") else "")
            output = await manager.send_command("core show version")
            assert "Offhook" in str(output.output)
            hung_up = await manager.send_action({"Action": "Hangup", "Channel": names.pop()})
            assert hung_up.success
        finally:
            manager.close()

    asyncio.run(asyncio.wait_for(drive(), 40))


def _close(asterisk, manager) -> None:
    """pyst2 logs off here, and its reader may close the socket before it has written or read."""
    with contextlib.suppress(ValueError, asterisk.ManagerException):
        manager.close()


def test_pyst2(managed: tuple[Program, int]) -> None:
    asterisk = pytest.importorskip("asterisk.manager")
    _, port = managed
    manager = asterisk.Manager()
    events: list[object] = []
    arrived = threading.Event()

    def on_event(event: object, _manager: object) -> None:
        events.append(event)
        if event.name == "UserEvent":
            arrived.set()

    manager.connect("127.0.0.1", port)
    try:
        manager.register_event("*", on_event)
        assert manager.login("robot", "s3cret").get_header("Message") == "Authentication accepted"
        assert manager.ping().get_header("Ping") == "Pong"
        placed = manager.originate(
            "Local/1@robots", "", application="Wait", data="1", run_async=True, variables={"A": "b"}
        )
        assert placed.get_header("Response") == "Success"
        assert arrived.wait(10)
        shown = manager.send_action({"Action": "Status"})
        assert shown.get_header("Response") == "Success"
        assert {"Newchannel", "Newexten", "VarSet", "UserEvent"} <= {event.name for event in events}
        assert "Offhook" in manager.command("core show version").get_header("Output")
    finally:
        _close(asterisk, manager)
    other = asterisk.Manager()
    other.connect("127.0.0.1", port)
    with pytest.raises(asterisk.ManagerAuthException):
        other.login("robot", "wrong")
    _close(asterisk, other)


LINES = 100_000


def test_a_hundred_thousand_random_lines(managed: tuple[Program, int]) -> None:
    """Two connections send anything; a third is answered meanwhile, and nothing is left of them."""
    program, port = managed
    dice = random.Random(7)
    words = [
        "Action",
        "action",
        "ActionID",
        "Login",
        "Ping",
        "Channel",
        "Events",
        ":",
        " ",
        "\r",
        "\x00",
        "é",
        "0",
    ]

    def rubbish() -> bytes:
        lines: list[str] = []
        for _ in range(200):
            kind = dice.randrange(8)
            if kind == 0:
                lines.append("")
            elif kind == 1:
                lines.append("Action: " + dice.choice(["Login", "Challenge", "Ping", "Command", "x"]))
            else:
                lines.append("".join(dice.choice(words) for _ in range(dice.randrange(1, 12))))
        return ("\r\n".join(lines) + "\r\n").encode()

    def login() -> socket.socket:
        client = socket.create_connection(("127.0.0.1", port), timeout=10)
        client.sendall(b"Action: Login\r\nUsername: robot\r\nSecret: s3cret\r\nEvents: off\r\n\r\n")
        return client

    watcher, guest = login(), None
    slowest, sent = 0.0, 0
    sender = login()
    while sent < LINES:
        for client in (sender, guest):
            if client is None:
                continue
            client.settimeout(0)
            try:
                client.send(rubbish())
                while client.recv(1 << 20):
                    pass
            except BlockingIOError:
                pass
            except OSError:
                if client is guest:
                    guest = None
                else:  # a Logoff may have been among them
                    sender = login()
        if guest is None:
            guest = socket.create_connection(("127.0.0.1", port), timeout=10)
        sent += 400
        if sent % 20_000 == 0:
            begin = time.monotonic()
            watcher.sendall(b"Action: Ping\r\nActionID: w%d\r\n\r\n" % sent)
            answer = b""
            while b"ActionID: w%d" % sent not in answer:
                answer += watcher.recv(65536)
            slowest = max(slowest, time.monotonic() - begin)
    for client in (sender, guest, watcher):
        if client is not None:
            client.close()
    assert slowest < 5.0
    wait_for("no session is left", lambda: "0 users" in program.ask("manager show connected"), timeout=15)
    assert "0 active channels" in program.ask("core show channels")
