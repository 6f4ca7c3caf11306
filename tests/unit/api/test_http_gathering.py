"""Writes of a WebSocket that go out together."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from offhook.api.http.gathering import GatheredWrites


class Transport:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def get_extra_info(self, name: str) -> str:
        return f"the {name}"


@pytest.fixture
async def both():
    transport = Transport()
    gathered = GatheredWrites(cast("asyncio.Transport", transport), asyncio.get_running_loop())
    yield transport, gathered
    gathered.lost()


async def test_behind_a_pause_in_this_turn_of_the_loop(both) -> None:
    transport, gathered = both
    gathered.write(b"one ")
    gathered.write(b"two")
    assert transport.written == []
    await asyncio.sleep(0)
    assert transport.written == [b"one two"]


async def test_what_follows_waits_for_company(both) -> None:
    transport, gathered = both
    gathered.write(b"one")
    await asyncio.sleep(0)
    for piece in (b"two ", b"three"):
        gathered.write(piece)
        await asyncio.sleep(0)
    assert transport.written == [b"one"]
    await asyncio.sleep(0.2)
    assert transport.written == [b"one", b"two three"]


async def test_the_end_hands_over_what_waits(both) -> None:
    transport, gathered = both
    gathered.write(b"one")
    await asyncio.sleep(0)
    gathered.write(b"goodbye")
    gathered.close()
    assert transport.written == [b"one", b"goodbye"]
    assert transport.closed
    gathered.write(b"too late")
    await asyncio.sleep(0.2)
    assert transport.written == [b"one", b"goodbye"]


async def test_all_else_is_the_transport_s(both) -> None:
    _, gathered = both
    assert gathered.get_extra_info("peername") == "the peername"
