"""For tests of ARI: a node in this process, phones, and a client over real HTTP and WebSocket.

What answers and events consist of is checked against the models.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import websockets
from websockets.asyncio.client import ClientConnection

from offhook.api.ari.operations import AriError, find_operation
from offhook.api.ari.schema import models
from unit.drivers.node import Peer, Switch, eventually, phone

DIALPLAN = """
[default]
exten => stasis,1,Stasis(test,one,two)
 same => n,Set(GLOBAL(status)=${STASISSTATUS})
exten => nobody,1,Stasis(nobody)
 same => n,Set(GLOBAL(status)=${STASISSTATUS})
exten => 200,1,Set(GLOBAL(went)=${EXTEN})
exten => 200,n(label),Set(GLOBAL(went)=label)
exten => bob,1,Dial(PJSIP/bob,20)
exten => user,1,UserEvent(Hello,Colour: red)
"""
ARI = """
[general]
pretty=no
[me]
type=user
password=secret
[looker]
type=user
password=look
read_only=yes
"""
HTTP = "[general]\nenabled=yes\nbindaddr=127.0.0.1\nbindport=0\n"


_PLAIN: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "Date": str,
    "boolean": bool,
    "int": int,
    "long": int,
    "double": (int, float),
    "object": dict,
    "containers": dict,
}


def check(value: object, kind: str, where: str = "") -> None:
    """Whether a value is what ARI's documents say of this type: nothing missing, nothing unknown."""
    where = where or kind
    if kind.startswith("List["):
        assert isinstance(value, list), where
        for one in value:
            check(one, kind[5:-1], where)
        return
    if kind in _PLAIN:
        assert isinstance(value, _PLAIN[kind]), (where, value)
        return
    assert isinstance(value, dict), (where, value)
    model = models()[kind]
    for name, item in value.items():
        assert name in model.fields, f"{where} has {name!r}, which is in no document"
        field = model.fields[name]
        check(item, field.type, f"{where}.{name}")
        assert not field.values or item in field.values, f"{where}.{name} is {item!r}"
    missing = [name for name, field in model.fields.items() if field.required and name not in value]
    assert not missing, f"{where} lacks {missing}"


def check_answer(method: str, path: str, content: object) -> None:
    """Whether the answer to an operation is of its model."""
    try:
        operation, _ = find_operation(method, path.partition("?")[0].strip("/").split("/"))
    except AriError:
        return
    if operation.model not in ("void", "binary"):
        check(content, operation.model)


class Client:
    """One user of ARI."""

    def __init__(self, switch: Switch, user: str = "me:secret") -> None:
        self.switch = switch
        self.user = user
        self.events: list[dict[str, Any]] = []
        self.socket: ClientConnection | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def address(self) -> tuple[str, int]:
        assert self.switch.node.http is not None
        return self.switch.node.http.addresses[0]

    async def __call__(
        self, method: str, path: str, body: object = None, *, status: int = 0, user: str | None = None
    ) -> Any:
        """One request; its JSON, after a look at the status."""
        host, port = self.address
        reader, writer = await asyncio.open_connection(host, port)
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        login = base64.b64encode((self.user if user is None else user).encode()).decode()
        head = (
            f"{method} {path if path.startswith('/') else f'/ari/{path}'} HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Basic {login}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(data)}\r\nConnection: close\r\n\r\n"
        )
        writer.write(head.encode() + data)
        answer = await reader.read()
        writer.close()
        lines, _, content = answer.partition(b"\r\n\r\n")
        found = int(lines.split()[1])
        if b"transfer-encoding: chunked" in lines.lower():
            content = b"".join(content.split(b"\r\n")[1::2])
        assert found == status or (not status and 200 <= found < 300), (method, path, lines, content)
        self.headers = lines.decode()
        if not content or b"application/json" not in lines:
            return content
        decoded = json.loads(content)
        if 200 <= found < 300 and not path.startswith("/"):
            check_answer(method, path, decoded)
        return decoded

    async def listen(self, apps: str = "test", more: str = "") -> Client:
        host, port = self.address
        url = f"ws://{host}:{port}/ari/events?app={apps}&api_key={self.user}{more}"
        self.socket = await websockets.connect(url, subprotocols=[websockets.Subprotocol("ari")])
        self._task = asyncio.create_task(self._read())
        return self

    async def _read(self) -> None:
        assert self.socket is not None
        try:
            async for message in self.socket:
                event = json.loads(message)
                check(event, event["type"])
                self.events.append(event)
        except websockets.ConnectionClosed:
            pass

    async def event(self, kind: str, where: Callable[[dict[str, Any]], object] = lambda event: True) -> dict:
        """The next event of a kind, taking away what came before it."""

        def look() -> dict[str, Any] | None:
            if self._task is not None and self._task.done():
                self._task.result()
            for index, event in enumerate(self.events):
                if event["type"] == kind and where(event):
                    del self.events[: index + 1]
                    return event
            return None

        found = await eventually(f"{kind} among {[event['type'] for event in self.events]}", look)
        assert isinstance(found, dict)
        return found

    async def close(self) -> None:
        if self.socket is not None:
            await self.socket.close()
        if self._task is not None:
            await self._task


@pytest.fixture
async def ari(switch: Switch) -> AsyncIterator[Client]:
    await switch.start(phone("alice") + phone("bob"), DIALPLAN, ari=ARI, http=HTTP)
    client = Client(switch)
    yield client
    await client.close()


async def in_stasis(ari: Client) -> tuple[Peer, Any, str]:
    """Alice's call in the application `test`: she, her dialog, the channel's id."""
    switch = ari.switch
    if ari.socket is None:
        await ari.listen()
    alice, audio = await switch.peer(name="alice"), await switch.audio()
    calling = asyncio.create_task(alice.call("stasis", body=audio.sdp(), status=200))
    start = await ari.event("StasisStart")
    channel = start["channel"]["id"]
    await ari("POST", f"channels/{channel}/answer", status=204)
    dialog = await calling
    audio.aim(dialog.response)
    return alice, dialog, channel


# ---------------------------------------------------------------- HTTP


async def answer(switch: Switch, name: str = "bob") -> tuple[Peer, Any]:
    bob, audio = await switch.peer(name=name), await switch.audio()
    await bob.register()

    async def wait() -> Any:
        invite = await bob.expect("INVITE")
        audio.aim(invite)
        bob.answer(invite, 180)
        dialog = bob.accept(invite, body=audio.sdp())
        await bob.expect("ACK")
        return dialog

    return bob, asyncio.create_task(wait())
