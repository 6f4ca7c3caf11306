"""ARI: WebSockets that the node makes to programs which are applications."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from offhook.api.console.all_commands import COMMANDS
from unit.api.ari_client import ARI, HTTP, check
from unit.drivers.node import Switch, eventually, phone

DIALPLAN = """
[default]
exten => call,1,Stasis(percall,x)
 same => n,Set(GLOBAL(status)=${STASISSTATUS})
 same => n,Hangup()
"""


class Program:
    """A program that is connected to."""

    def __init__(self) -> None:
        self.connections: list[ServerConnection] = []
        self.events: list[dict[str, Any]] = []
        self.port = 0

    async def accept(self, connection: ServerConnection) -> None:
        self.connections.append(connection)
        async for message in connection:
            event = json.loads(message)
            check(event, event["type"])
            self.events.append(event)

    def kinds(self) -> list[str]:
        return [event["type"] for event in self.events]


@pytest.fixture
async def program() -> AsyncIterator[Program]:
    made = Program()
    async with serve(made.accept, "127.0.0.1", 0, subprotocols=[Subprotocol("ari")]) as server:
        made.port = next(iter(server.sockets)).getsockname()[1]
        yield made


def configuration(program: Program, kind: str) -> dict[str, str]:
    client = (
        f"[c]\ntype=websocket_client\nuri=ws://127.0.0.1:{program.port}/ari\nprotocols=ari\nusername=u\n"
        f"password=p\nconnection_type={kind}\nreconnect_interval=20\nreconnect_attempts=1\n"
    )
    outbound = "[out]\ntype=outbound_websocket\nwebsocket_client_id=c\napps=percall\nlocal_ari_user=me\n"
    return {"websocket_client": client, "ari": ARI + outbound, "http": HTTP}


async def test_a_persistent_connection_is_made_again(switch: Switch, program: Program) -> None:
    await switch.start(phone("alice"), DIALPLAN, **configuration(program, "persistent"))
    await eventually("the application", lambda: program.kinds() == ["ApplicationRegistered"])
    first = program.connections[0]
    assert first.request is not None
    assert first.request.headers["Authorization"] == "Basic dTpw"
    assert first.subprotocol == "ari"
    request = {"type": "RESTRequest", "transaction_id": "t", "request_id": "r", "method": "GET"}
    await first.send(json.dumps({**request, "uri": "asterisk/ping"}))
    await eventually("the answer", lambda: program.kinds()[-1] == "RESTResponse")
    assert program.events[-1]["status_code"] == 200
    assert "out" in await COMMANDS.run(switch.node, "ari show websocket sessions")
    await first.close()
    await eventually("a second connection", lambda: len(program.connections) == 2)
    await eventually("the application", lambda: program.kinds()[-1] == "ApplicationRegistered")
    assert "1" in await COMMANDS.run(switch.node, "ari shutdown websocket sessions")
    await eventually("the end", lambda: program.kinds()[-1] == "ApplicationUnregistered")
    assert not switch.node.ari or not switch.node.ari.apps
    await COMMANDS.run(switch.node, "ari start outbound-websocket out")
    await eventually("a third connection", lambda: len(program.connections) == 3)


async def test_a_call_has_a_connection_of_its_own(switch: Switch, program: Program) -> None:
    await switch.start(phone("alice"), DIALPLAN, **configuration(program, "per_call_config"))
    assert not program.connections
    alice = await switch.peer(name="alice")
    calling = asyncio.create_task(alice.call("call", body=(await switch.audio()).sdp(), status=200))
    await eventually("the call", lambda: "StasisStart" in program.kinds())
    start = program.events[program.kinds().index("StasisStart")]
    channel = start["channel"]["id"]
    assert (start["application"], start["args"]) == (f"percall-{channel}", ["x"])
    request = {"type": "RESTRequest", "transaction_id": "t", "request_id": "r", "method": "POST"}
    connection = program.connections[0]
    await connection.send(json.dumps({**request, "uri": f"channels/{channel}/answer"}))
    await calling
    await connection.send(json.dumps({**request, "uri": f"channels/{channel}/continue"}))
    await eventually("the end", lambda: switch.node.runner.globals.get("status") == "SUCCESS")
    await eventually("the end of the connection", lambda: connection.state.name == "CLOSED")


async def test_nobody_is_reached(switch: Switch, program: Program) -> None:
    there = configuration(program, "per_call_config")
    there["websocket_client"] = there["websocket_client"].replace(str(program.port), "1")
    await switch.start(phone("alice"), DIALPLAN, **there)
    alice = await switch.peer(name="alice")
    calling = asyncio.create_task(alice.call("call", body=(await switch.audio()).sdp()))
    await eventually("the end", lambda: switch.node.runner.globals.get("status") == "FAILED")
    calling.cancel()
