"""Statistics as a StatsD server gets them."""

from __future__ import annotations

import asyncio

import pytest

from offhook.features.statsd import StatsdError, check
from unit.drivers.node import Switch, eventually, phone


class Server(asyncio.DatagramProtocol):
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.port = 0
        self.transport: asyncio.DatagramTransport

    async def open(self) -> Server:
        loop = asyncio.get_running_loop()
        self.transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        self.port = self.transport.get_extra_info("sockname")[1]
        return self

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.got.append(data.decode())

    async def has(self, *wanted: str) -> None:
        """Wait for these statistics, in this order."""

        def came() -> bool:
            found = iter(self.got)
            return all(any(one == each for each in found) for one in wanted)

        await eventually(f"{wanted} in {self.got}", came)


async def test_contacts_and_channels_are_counted(switch: Switch) -> None:
    server = await Server().open()
    await switch.start(
        phone("bob", "", "qualify_frequency=60"),
        "[default]\nexten => 1,1,StatsD(c,calls.in,1)\n same => n,StatsD(x,y,1)\n same => n,Hangup(17)\n",
        statsd=f"[general]\nenabled=yes\nserver=127.0.0.1:{server.port}\nprefix=pbx\n",
    )
    await server.has("pbx.PJSIP.contacts.states.Reachable:0|g", "pbx.PJSIP.registrations.count:0|g")
    bob = await switch.peer(name="bob")
    await bob.register()
    bob.answer(await bob.expect("OPTIONS"), 200)
    states = "pbx.PJSIP.contacts.states"
    await server.has(f"{states}.NonQualified:+1|g", f"{states}.NonQualified:-1|g", f"{states}.Reachable:+1|g")
    assert any(one.startswith("pbx.PJSIP.contacts.bob@@") and one.endswith("|ms") for one in server.got)
    await bob.register(expires=0)
    await server.has(f"{states}.Reachable:-1|g", f"{states}.Removed:+1|g")
    await bob.call("1", status=486)
    await server.has("pbx.channels.count:1|g", "pbx.calls.in:1|c", "pbx.channels.count:0|g")
    await eventually("calltime", lambda: any(one.startswith("pbx.channels.calltime:") for one in server.got))
    assert not any(".y:" in one for one in server.got)
    switch.write(phone("bob"), statsd="[general]\nenabled=no\n")
    await switch.node.reload()
    assert not switch.node.services.statsd.is_enabled
    server.transport.close()


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("", "a", "1"),
        ("h", "a", "1"),
        ("g", "a|", "1"),
        ("g", "", "1"),
        ("g", "a", ""),
        ("g", "a", "one"),
        ("c", "a", "+"),
        ("ms", "a", "-1"),
        ("s", "a", "x|y"),
    ],
)
def test_what_is_no_statistic(kind: str, name: str, value: str) -> None:
    with pytest.raises(StatsdError):
        check(kind, name, value)


@pytest.mark.parametrize(
    ("kind", "value"), [("g", "+5"), ("c", "-1"), ("ms", "20"), ("s", "who"), ("g", "1.5")]
)
def test_what_is_one(kind: str, value: str) -> None:
    check(kind, "a.b", value)
