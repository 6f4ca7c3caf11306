"""How ARI's messages leave: frames for many at once, in order, and clients that do not read."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from offhook.api.ari.models import channel_json, written_channel
from offhook.api.ari.outlets import FrameOutlet, Streams
from offhook.api.ari.writing import Written, write
from offhook.api.http.frames import text_head
from offhook.pbx.channel import ChannelState
from unit.api.ari_client import ARI, DIALPLAN, HTTP, Client, ari, in_stasis
from unit.drivers.node import Switch, eventually, phone

if TYPE_CHECKING:
    from offhook.api.http.frames import FramesWebSocket

__all__ = ["ari"]


class Wire:
    """Keeps the frames that are written, and may be stuck."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.waiting = 0
        self.stuck_s = 0.0
        self.abandoned = False

    def abandon(self) -> None:
        self.abandoned = True

    def write_frames(self, frames: bytes) -> None:
        self.writes.append(frames)

    @property
    def texts(self) -> list[str]:
        """The messages, read as RFC 6455 says."""
        data, found = b"".join(self.writes), []
        while data:
            assert data[0] == 0x81
            length, data = data[1], data[2:]
            if length == 126:
                (length,), data = struct.unpack("!H", data[:2]), data[2:]
            elif length == 127:
                (length,), data = struct.unpack("!Q", data[:8]), data[8:]
            found.append(data[:length].decode())
            data = data[length:]
        return found


def outlets(streams: Streams, count: int) -> list[tuple[FrameOutlet, Wire]]:
    found: list[tuple[FrameOutlet, Wire]] = []
    for _ in range(count):
        wire = Wire()
        outlet = FrameOutlet(streams, cast("FramesWebSocket", wire), 5.0)
        streams.open(outlet)
        found.append((outlet, wire))
    return found


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65535, 65536])
def test_heads(length: int) -> None:
    wire = Wire()
    wire.write_frames(text_head(length) + b"x" * length)
    assert wire.texts == ["x" * length]


async def test_what_is_shared_and_what_is_not_come_in_order() -> None:
    streams = Streams(asyncio.get_running_loop())
    (one, its), (two, others), (third, apart) = outlets(streams, 3)
    streams.place([(one, "-one"), (two, "-another")])
    assert streams.is_shared
    streams.share("a")
    streams.share("ü" * 100)
    one.put("for one")
    third.put("for the third")
    streams.share("b")
    await asyncio.sleep(0.01)
    assert its.texts == ["a-one", "ü" * 100 + "-one", "for one", "b-one"]
    assert others.texts == ["a-another", "ü" * 100 + "-another", "b-another"]
    assert apart.texts == ["for the third"]
    assert [len(wire.writes) for wire in (its, others, apart)] == [1, 1, 1]


async def test_who_comes_later_hears_later_events_only() -> None:
    streams = Streams(asyncio.get_running_loop())
    (one, its), (two, others) = outlets(streams, 2)
    streams.place([(one, "")])
    streams.share("before")
    streams.place([(one, ""), (two, "")])
    streams.share("after")
    streams.close(one)
    streams.share("at last")
    await asyncio.sleep(0.01)
    assert others.texts == ["after", "at last"]
    assert not its.writes
    streams.close(two)
    assert not streams.is_shared


async def test_what_was_said_before_its_session_runs_does_not_wait_for_more() -> None:
    streams = Streams(asyncio.get_running_loop())
    wire = Wire()
    one = FrameOutlet(streams, cast("FramesWebSocket", wire), 5.0)
    one.put("early")
    await asyncio.sleep(0.01)
    assert not wire.writes
    running = asyncio.create_task(one.run())
    await eventually("the message", lambda: wire.texts == ["early"])
    one.end()
    await asyncio.wait_for(running, 5)


async def test_messages_after_a_pause_go_at_once_and_others_wait_for_company() -> None:
    streams = Streams(asyncio.get_running_loop())
    ((one, wire),) = outlets(streams, 1)
    one.put("first")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert wire.texts == ["first"]
    one.put("second")
    one.put("third")
    await asyncio.sleep(0)
    assert len(wire.writes) == 1
    await eventually("the second write", lambda: len(wire.writes) == 2)
    assert wire.texts == ["first", "second", "third"]
    one.put("an answer")
    one.flush()
    assert wire.texts[-1] == "an answer"


@pytest.mark.parametrize(("waiting", "stuck_s"), [(9 << 20, 0.0), (0, 6.0)])
async def test_a_client_that_does_not_read_is_given_up(
    waiting: int, stuck_s: float, caplog: pytest.LogCaptureFixture
) -> None:
    streams = Streams(asyncio.get_running_loop())
    wire = Wire()
    one = FrameOutlet(streams, cast("FramesWebSocket", wire), 5.0)
    running = asyncio.create_task(one.run())
    await asyncio.sleep(0)
    one.put("taken")
    one.flush()
    assert not running.done()
    wire.waiting, wire.stuck_s = waiting, stuck_s
    one.put("not taken")
    one.flush()
    await asyncio.wait_for(running, 5)
    assert wire.abandoned
    assert "behind and is disconnected" in caplog.text
    one.put("too late")
    one.flush()
    assert "too late" not in wire.texts


def test_json_with_ready_text_in_it() -> None:
    ready = Written('{"a": "b"}')
    value = {"x": [ready, 1, None, True, "q\"'\n"], "é": {"y": ready}}
    assert json.loads(write(value)) == {
        "x": [{"a": "b"}, 1, None, True, "q\"'\n"], "é": {"y": {"a": "b"}},
    }  # fmt: skip


def a_channel(**more: Any) -> Any:
    """What is shown of a channel, with all that could be taken for JSON."""
    party = SimpleNamespace(name='}, "creationtime": ', number='"dialplan": {')
    call_id: list[str] = []
    found = SimpleNamespace(
        uniqueid="1.2", name="PJSIP/a-1", state=ChannelState.RING, caller=party, connected=party,
        account_code="\\", context="default", exten="100", priority=1, application="Set",
        application_data='a="}, \\"creationtime\\": "', created_at=1.5, language="en", tenant_id="",
        redirecting=SimpleNamespace(by=SimpleNamespace(number="")), ari_text=None,
        info=lambda item: call_id[0] if call_id else None, get_variable=lambda name: f"${name}",
        call_id=call_id,
    )  # fmt: skip
    for name, value in more.items():
        setattr(found, name, value)
    return found


def test_a_channels_text_is_its_json_whatever_changes() -> None:
    channel = a_channel()
    for change in (
        {}, {"priority": 2, "application_data": '"}'}, {"state": ChannelState.UP}, {"exten": "h\n"},
        {"caller": SimpleNamespace(name="Zoë", number="1")}, {"tenant_id": "t"}, {"language": "de"},
        {"redirecting": SimpleNamespace(by=SimpleNamespace(number="5"))}, {"context": '"dialplan": {'},
    ):  # fmt: skip
        for name, value in change.items():
            setattr(channel, name, value)
        assert json.loads(written_channel(channel)) == channel_json(channel), change
    channel.call_id.append("abc@host")
    assert json.loads(written_channel(channel))["protocol_id"] == "abc@host"
    assert json.loads(written_channel(channel, ["A"])) == channel_json(channel, ["A"])


async def test_all_hear_the_same_however_they_are_subscribed(switch: Switch) -> None:
    await switch.start(phone("alice") + phone("bob"), DIALPLAN, ari=ARI, http=HTTP)
    everything, several, choosy = (Client(switch) for _ in range(3))
    await everything.listen("all", "&subscribeAll=true")
    await several.listen("one,two", "&subscribeAll=true")
    await choosy.listen("test")
    await choosy(
        "PUT", "applications/test/eventFilter",
        {"disallowed": [{"type": "ChannelStateChange"}, {"type": "Nothing"}]},
    )  # fmt: skip
    alice, dialog, channel = await in_stasis(choosy)
    alice.within(dialog, "BYE")
    await choosy.event("StasisEnd")

    def told(client: Client, name: str) -> list[dict[str, Any]]:
        mine = [event for event in client.events if event["application"] == name]
        return [{key: value for key, value in event.items() if key != "application"} for event in mine]

    await eventually(
        "the end of the channel",
        lambda: all(
            any(event["type"] == "ChannelDestroyed" for event in told(client, name))
            for client, name in ((everything, "all"), (several, "one"), (several, "two"))
        ),
    )
    heard = told(everything, "all")
    assert heard == told(several, "one") == told(several, "two")
    assert {"ChannelCreated", "ChannelStateChange", "ChannelDialplan", "ChannelVarset"} <= {
        event["type"] for event in heard
    }
    assert all(event["channel"]["id"] == channel for event in heard if event["type"] == "ChannelCreated")
    assert "ChannelStateChange" not in [event["type"] for event in choosy.events]
    for client in (everything, several, choosy):
        await client.close()


async def test_debugging_shows_what_everybody_is_told(ari: Client, caplog: pytest.LogCaptureFixture) -> None:
    await ari.listen("all", "&subscribeAll=true")
    service = ari.switch.node.ari
    assert service is not None
    caplog.set_level(1)
    service.debugged = {"all"}
    await ari("POST", "asterisk/variable?variable=SEEN&value=1", status=204)
    await ari.event("ChannelVarset")
    assert '"variable": "SEEN"' in caplog.text
    service.debugged = set()
    await ari("POST", "asterisk/variable?variable=UNSEEN&value=1", status=204)
    await ari.event("ChannelVarset")
    assert '"variable": "UNSEEN"' not in caplog.text


async def test_a_client_that_does_not_read_is_gone_at_once_when_its_session_ends(ari: Client) -> None:
    host, port = ari.address
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(deaf, (host, port))
        upgrade = (
            "GET /ari/events?app=deaf&subscribeAll=true&api_key=me:secret HTTP/1.1\r\nHost: x\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        await loop.sock_sendall(deaf, upgrade.encode())
        service = ari.switch.node.ari
        assert service is not None
        await eventually("the session", lambda: service.apps.get("deaf"))
        (session,) = service.sessions.values()
        for _ in range(200):  # more than the kernel keeps for it
            session.send({"type": "Nothing", "text": "x" * 50_000})
        await asyncio.sleep(0.05)
        await service.close_sessions(list(service.sessions))
        await eventually("the end of the session", lambda: not service.sessions)
        assert "deaf" not in service.apps
