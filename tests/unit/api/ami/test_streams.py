"""Events to many clients: encoded once, in order with answers, and how often they are written."""

from __future__ import annotations

import asyncio
from typing import Any

from offhook.api.ami.filters import Filters, parse_filter
from offhook.api.ami.streams import Streams


class Client:
    """What Streams needs of a session."""

    def __init__(self, wanted: int, expression: str = "") -> None:
        self.wanted = wanted
        self.filters = Filters()
        if expression:
            self.filters.add(parse_filter(expression))
        self.waiting = None
        self.closed = False
        self.stream: Any = None
        self.got: list[bytes] = []

    def write_events(self, data: bytes) -> None:
        self.got.append(data)

    def deliver(self, name: str, text: str) -> None:
        if self.filters.passes(name, text):
            self.stream.pending.append(text.encode())

    def flush(self) -> None:
        self.stream.flush()


def placed(*clients: Client) -> Streams:
    streams = Streams(asyncio.get_running_loop())
    for client in clients:
        streams.place(client)  # type: ignore[arg-type]
    return streams


def event(streams: Streams, name: str, mask: int) -> None:
    streams.give(name, mask, f"Event: {name}\r\n", "")


async def test_who_wants_the_same_gets_the_same_octets() -> None:
    one, two, other, none = Client(3), Client(3), Client(2), Client(0)
    streams = placed(one, two, other, none)
    event(streams, "A", 1)
    event(streams, "B", 2)
    assert one.got == []
    await asyncio.sleep(0.01)
    assert one.got == [b"Event: A\r\n\r\nEvent: B\r\n\r\n"]
    assert one.got[0] is two.got[0]
    assert other.got == [b"Event: B\r\n\r\n"]
    assert none.got == []


async def test_filters_are_of_one_client() -> None:
    plain, filtered = Client(1), Client(1, "Event: B")
    streams = placed(plain, filtered)
    for name in "ABAB":
        event(streams, name, 1)
    await asyncio.sleep(0.01)
    assert b"".join(plain.got).count(b"Event") == 4
    assert filtered.got == [b"Event: B\r\n\r\n" * 2]


async def test_what_came_before_is_not_for_a_new_client() -> None:
    first, second = Client(1), Client(1)
    streams = placed(first)
    event(streams, "A", 1)
    streams.place(second)  # type: ignore[arg-type]
    event(streams, "B", 1)
    await asyncio.sleep(0.01)
    assert first.got == [b"Event: A\r\n\r\n", b"Event: B\r\n\r\n"]
    assert second.got == [b"Event: B\r\n\r\n"]


async def test_what_came_before_is_for_one_who_leaves() -> None:
    """It changes what it wants, or says goodbye: events are not lost, and none comes afterwards."""
    client = Client(1)
    streams = placed(client)
    event(streams, "A", 1)
    client.wanted = 2
    streams.place(client)  # type: ignore[arg-type]
    event(streams, "B", 1)
    event(streams, "C", 2)
    streams.remove(client)  # type: ignore[arg-type]
    event(streams, "D", 2)
    await asyncio.sleep(0.01)
    assert b"".join(client.got) == b"Event: A\r\n\r\nEvent: C\r\n\r\n"


async def test_many_clients_are_written_to_less_often() -> None:
    streams = placed(Client(1))
    assert streams.pause == 0.02
    for _ in range(9):
        streams.place(Client(1))  # type: ignore[arg-type]
    assert streams.pause == 0.05
    for _ in range(90):
        streams.place(Client(1))  # type: ignore[arg-type]
    assert streams.pause == 0.1
