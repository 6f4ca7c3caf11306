"""Fixtures of tests that run a whole switch in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest_asyncio

from calls.virtual_loop import VirtualLoop
from unit.pbx.fake import Office

__all__ = ["office", "virtual_loop_factories"]


def virtual_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """For pytest_asyncio_loop_factories: nobody waits."""
    return {"virtual": VirtualLoop}


@pytest_asyncio.fixture
async def office() -> AsyncIterator[Callable[..., Office]]:
    """Makes switches, and looks after the test whether they are as empty as they were."""
    made: list[Office] = []

    def make(dialplan: str = "[default]\n") -> Office:
        made.append(Office(dialplan))
        return made[-1]

    yield make
    for one in made:
        await one.completion.close()
        for channel in list(one.pbx.channels.values()):
            channel.request_hangup()
        await one.settle(1)
        assert one.left_over() == []
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    assert loop.errors == []
