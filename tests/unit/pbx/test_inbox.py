"""The queue of a leg's events."""

from __future__ import annotations

import asyncio

import pytest

from offhook.pbx.inbox import Inbox


async def test_items_come_out_in_order_without_waiting() -> None:
    inbox: Inbox[int] = Inbox()
    inbox.put(1)
    inbox.put(2)
    assert len(inbox) == 2
    assert [await inbox.get(), await inbox.get(0), await inbox.get(0)] == [1, 2, None]


async def test_a_reader_waits_for_the_next_item() -> None:
    inbox: Inbox[int] = Inbox()
    loop = asyncio.get_running_loop()
    loop.call_later(5, inbox.put, 7)
    began = loop.time()
    assert await inbox.get() == 7
    assert loop.time() - began == pytest.approx(5)


async def test_a_timeout_gives_none_and_leaves_no_timer() -> None:
    inbox: Inbox[int] = Inbox()
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert await inbox.get(3) is None
    assert loop.time() - began == pytest.approx(3)
    loop.call_later(1, inbox.put, 1)
    assert await inbox.get(100) == 1
    assert loop.timers() == []


async def test_a_negative_timeout_still_gives_what_is_there() -> None:
    inbox: Inbox[int] = Inbox()
    inbox.put(1)
    assert await inbox.get(-1) == 1
    assert await inbox.get(-1) is None


async def test_what_is_thrown_away_before_it_was_read_is_no_timeout() -> None:
    inbox: Inbox[int] = Inbox()
    loop = asyncio.get_running_loop()
    reader = asyncio.create_task(inbox.get())
    await asyncio.sleep(0)
    inbox.put(1)
    inbox.discard(lambda item: item == 1)
    loop.call_later(1, inbox.put, 2)
    assert await reader == 2


async def test_a_cancelled_reader_loses_nothing() -> None:
    inbox: Inbox[int] = Inbox()
    reader = asyncio.create_task(inbox.get())
    await asyncio.sleep(0)
    inbox.put(1)
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    assert await inbox.get(0) == 1


async def test_there_is_one_reader() -> None:
    inbox: Inbox[int] = Inbox()
    reader = asyncio.create_task(inbox.get())
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError):
        await inbox.get()
    inbox.put(1)
    assert await reader == 1


async def test_a_flood_drops_the_oldest_and_counts() -> None:
    inbox: Inbox[int] = Inbox()
    for number in range(1003):
        inbox.put(number)
    assert inbox.dropped == 3
    assert len(inbox) == 1000
    assert await inbox.get() == 3


async def test_discard_keeps_the_rest_in_order() -> None:
    inbox: Inbox[int] = Inbox()
    for number in range(6):
        inbox.put(number)
    inbox.discard(lambda item: item % 2 == 0)
    assert inbox.take_all() == [1, 3, 5]
    assert len(inbox) == 0
