"""Async AGI, `AGI(agi:async)`: the commands come from AMI's action AGI, the replies go as events."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from offhook.api.agi.events import AsyncAgiBegan, AsyncAgiEnded, AsyncAgiExecuted
from offhook.api.agi.session import Outcome, Session
from offhook.api.agi.transport import AgiTransport

if TYPE_CHECKING:
    from offhook.dialplan.call import Call
    from offhook.dialplan.runner import Runner
    from offhook.pbx.channel import Channel

__all__ = ["AsyncAgi", "async_agi_of", "run_async_agi"]

_SERVICE = "async agi"
_MOST_WAITING = 1000


class AsyncAgi(AgiTransport):
    """Commands of one channel that wait to be carried out."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[str, str]] = deque()
        self._news = asyncio.Event()
        self._over = False
        self.command_id = ""

    def submit(self, command: str, command_id: str) -> bool:
        """Have a command carried out after those that wait; False when there are too many or it is over."""
        if self._over or len(self._waiting) >= _MOST_WAITING:
            return False
        self._waiting.append((command, command_id))
        self._news.set()
        return True

    async def read(self) -> str | None:
        """See AgiTransport."""
        while not self._waiting:
            if self._over:
                return None
            self._news.clear()
            await self._news.wait()
        line, self.command_id = self._waiting.popleft()
        return line

    async def write(self, text: str) -> None:
        """Replies go as events; there is nobody else to write to."""

    async def caller_hung_up(self) -> None:
        """Without a caller Async AGI ends."""
        self._over = True
        self._waiting.clear()
        self._news.set()

    async def close(self) -> None:
        """See AgiTransport."""
        self._over = True


def async_agi_of(runner: Runner, channel: Channel) -> AsyncAgi | None:
    """The Async AGI of a channel that is in one."""
    found = runner.call_on(channel).services.get(_SERVICE)
    return found if isinstance(found, AsyncAgi) else None


async def run_async_agi(call: Call) -> Outcome:
    """Carry out commands until ASYNCAGI BREAK, the hang-up or a redirection."""
    bus, channel = call.channel.pbx.bus, call.channel
    transport = AsyncAgi()
    session = Session(call, transport)
    call.services[_SERVICE] = transport
    bus.emit(AsyncAgiBegan, channel, tuple(session.environment("async")))
    try:
        while not session.ended:
            line = await session.read()
            if line is None:
                break
            command_id = transport.command_id
            reply = await session.answer(line, command_id)
            bus.emit(AsyncAgiExecuted, channel, command_id, reply)
            await session.tell_hangup()
    finally:
        await transport.close()
        del call.services[_SERVICE]
        bus.emit(AsyncAgiEnded, channel)
    return Outcome.HANGUP if session.dead else Outcome.SUCCESS
