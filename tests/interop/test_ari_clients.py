"""ARI driven by a client that others wrote, asyncari, and by random bodies."""

from __future__ import annotations

import asyncio
import json
import random
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from urllib.parse import quote

import pytest
from ports import Ports
from program import Program

pytestmark = pytest.mark.interop

HTTP = "[general]\nenabled = yes\nbindaddr = 127.0.0.1\nbindport = {port}\n"
ARI = "[general]\nenabled = yes\n[robot]\ntype = user\npassword = s3cret\n"
DIALPLAN = "[robots]\nexten => 1,1,Answer()\n same => n,Echo()\n"
LOGIN = b64encode(b"robot:s3cret").decode()


@pytest.fixture
def served(make_office: Callable[..., Program], ports: Ports) -> int:
    """The port of an office's HTTP server."""
    port = ports.take()
    make_office({"http.conf": HTTP.format(port=port), "ari.conf": ARI, "extensions.conf": DIALPLAN})
    return port


def test_asyncari(served: int) -> None:
    asyncari = pytest.importorskip("asyncari")
    anyio = pytest.importorskip("anyio")
    said: list[object] = []

    async def drive() -> None:
        async with asyncari.connect(f"http://127.0.0.1:{served}/", "test", "robot", "s3cret") as client:
            ready = anyio.Event()

            async def handle() -> None:
                async with client.on_channel_event("StasisStart") as starts:
                    ready.set()
                    async for objects, event in starts:
                        channel = objects["channel"] if isinstance(objects, dict) else objects
                        said.append(event["args"])
                        bridge = await client.bridges.create(type="mixing")
                        await bridge.addChannel(channel=channel.id)
                        playback = await bridge.play(media="tone:ring")
                        await playback.stop()
                        await channel.setChannelVar(variable="COLOUR", value="red")
                        said.append(await channel.getChannelVar(variable="COLOUR"))
                        await bridge.destroy()
                        await channel.hangup()
                        return

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(handle)
                await ready.wait()
                await client.channels.originate(endpoint="Local/1@robots", app="test", appArgs="one,two")
            said.append(len(await client.bridges.list()))

    async def in_time() -> None:
        with anyio.fail_after(60):
            await drive()

    anyio.run(in_time)
    assert said == [["one", "two"], {"value": "red"}, 0]


class Nonsense:
    """Requests that nobody would make."""

    def __init__(self, seed: int, operations: list[tuple[str, str, list[str]]]) -> None:
        self._random = random.Random(seed)
        self._operations = operations

    def text(self) -> str:
        pick = self._random
        match pick.randrange(6):
            case 0:
                return ""
            case 1:
                return "".join(pick.choice("\0\n\r\"'\\%\x7f\u0100\u2028\U0001f600") for _ in range(9))
            case 2:
                return "x" * pick.randrange(3000)
            case 3:
                return pick.choice(
                    (
                        "Local/1@robots",
                        "sound:beep",
                        "../x",
                        "${SHELL(ls)}",
                        "channel:x",
                        "room",
                        "wav",
                        "ulaw",
                    )
                )
            case _:
                return "".join(pick.choice("abXY01_-:/@.(){}$[],; ") for _ in range(pick.randrange(30)))

    def value(self, depth: int = 0) -> object:
        pick = self._random
        match pick.randrange(9):
            case 0:
                return None
            case 1:
                return pick.choice((True, False))
            case 2:
                return pick.choice((0, -1, 2**63, -(2**70), 1e308))
            case 3 if depth < 3:
                return [self.value(depth + 1) for _ in range(pick.randrange(4))]
            case 4 if depth < 3:
                return {self.text(): self.value(depth + 1) for _ in range(pick.randrange(4))}
            case _:
                return self.text()

    def request(self) -> bytes:
        method, path, names = self._random.choice(self._operations)
        while "{" in path:
            before, _, rest = path.partition("{")
            path = before + quote(self.text()[:300] or "x", safe="") + rest.partition("}")[2]
        body = json.dumps({name: self.value() for name in names}).encode()
        if self._random.random() < 0.1:
            body = self._random.randbytes(40)
        head = f"{method} /ari{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {LOGIN}\r\n"
        return f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body


def test_random_bodies(served: int) -> None:
    """Whatever comes is answered, and never with a fault of the server."""

    async def ask(request: bytes) -> tuple[int, bytes]:
        reader, writer = await asyncio.open_connection("127.0.0.1", served)
        writer.write(request)
        async with asyncio.timeout(60):
            answer = await reader.read()
        writer.close()
        return int(answer.split(None, 2)[1]), answer.partition(b"\r\n\r\n")[2]

    async def drive() -> None:
        head = f"GET /ari/api-docs/openapi.json HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {LOGIN}\r\n"
        _, page = await ask(f"{head}Connection: close\r\n\r\n".encode())
        operations: list[tuple[str, str, list[str]]] = []
        for path, methods in json.loads(page)["paths"].items():
            for method, described in methods.items():
                names = [one["name"] for one in described["parameters"] if one["in"] == "query"]
                operations.append((method.upper(), path, names))
        nonsense = Nonsense(20261130, operations)
        statuses: Counter[int] = Counter()
        for _ in range(1500):
            request = nonsense.request()
            status, answer = await ask(request)
            assert status < 500 or b"Allocation failed" in answer, (request[:300], answer)
            statuses[status] += 1
        assert len(statuses) > 3
        ping = head.replace("api-docs/openapi.json", "asterisk/ping")
        status, _ = await ask(f"{ping}Connection: close\r\n\r\n".encode())
        assert status == 200

    asyncio.run(drive())
