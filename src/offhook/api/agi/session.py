"""One AGI session: reads commands, carries them out on the call, answers; goes on when the caller is gone.

The session runs in the channel's dialplan task.  A hang-up cancels that task, which ends the command that is
being carried out; the script is told and may go on with commands that need no caller, as in Asterisk.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING

from offhook.api.agi.commands import AgiSyntaxError, find_command
from offhook.api.agi.events import AgiExecBegan, AgiExecEnded
from offhook.api.agi.protocol import DEAD, UNKNOWN, Reply, environment, split_words, usage_reply
from offhook.api.agi.transport import TransportFailedError
from offhook.dialplan.call import Call
from offhook.dialplan.errors import DialplanError, Hangup
from offhook.levels import verbose
from offhook.pbx.listening import PlaybackError

if TYPE_CHECKING:
    from offhook.api.agi.transport import AgiTransport
    from offhook.pbx.channel import Channel

__all__ = ["AgiDebug", "Outcome", "Session"]

log = logging.getLogger(__name__)


class Outcome(Enum):
    """How a session ended: AGISTATUS."""

    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    NOTFOUND = "NOTFOUND"
    HANGUP = "HANGUP"


def _wanted(call: Call, name: str, default: bool) -> bool:
    """A channel variable as a switch, as AGISIGHUP and AGIEXITONHANGUP are."""
    value = call.variables.get(name, "").strip().lower()
    if value in ("yes", "true", "y", "t", "1", "on"):
        return True
    return default and value not in ("no", "false", "n", "f", "0", "off")


class AgiDebug:
    """A service of the switch while `agi set debug on` is in force: the log shows every command and reply."""


class Session:
    """A script in conversation with a call."""

    def __init__(self, call: Call, transport: AgiTransport, *, enhanced: bool = False) -> None:
        self.call = call
        self.transport = transport
        self.enhanced = enhanced
        self.dead = call.is_hanging_up
        self.ended = False  # ASYNCAGI BREAK
        self._untold = False  # the other end is still to be told of the hang-up
        self.interrupted: Reply | None = None  # what the command has to say that a hang-up ends
        self._commands = 0

    @property
    def channel(self) -> Channel:
        """The call's channel."""
        return self.call.channel

    def environment(self, request: str, arguments: Sequence[str] = ()) -> list[str]:
        """The lines that come first."""
        lines = environment(self.call, request, arguments, enhanced=self.enhanced)
        return [*self.transport.preamble, *lines]

    async def run(self, request: str, arguments: Sequence[str] = ()) -> Outcome:
        """Talk until the script is done.

        Raises:
            asyncio.CancelledError: the channel was redirected, its time is up, or the node stops.
        """
        try:
            await self.transport.write("\n".join((*self.environment(request, arguments), "")))
            while not self.ended:
                line = await self.read()
                if line is None:
                    break
                if line.strip():
                    await self.transport.write(await self.answer(line))
                    await self.tell_hangup()
        except TransportFailedError as error:
            if not self.dead:
                log.warning("%s: AGI: %s", self.channel.name, error)
                return Outcome.FAILURE
        finally:
            await self.transport.close()
        if self.dead and not self.call.is_hanging_up:
            return Outcome.HANGUP
        return Outcome.SUCCESS

    async def read(self) -> str | None:
        """The next command line; None when the session is over."""
        while True:
            try:
                return await self.transport.read()
            except asyncio.CancelledError:
                over = self._over_when_cancelled()
                await self.tell_hangup()
                if over:
                    return None

    async def answer(self, line: str, command_id: str = "") -> str:
        """Carry out one command line and give the reply to it; never raises for what is in the line."""
        debug = self.channel.pbx.service(AgiDebug)
        if debug is None:
            return await self._answer(line, command_id)
        log.log(verbose(0), "%s: AGI Rx << %s", self.channel.name, line)
        reply = await self._answer(line, command_id)
        log.log(verbose(0), "%s: AGI Tx >> %s", self.channel.name, reply)
        return reply

    async def _answer(self, line: str, command_id: str) -> str:
        found = find_command(split_words(line))
        if found is None:
            return UNKNOWN
        command, words = found
        if self.dead and not command.dead:
            return DEAD
        try:
            arguments = command.bind(words)
        except AgiSyntaxError as error:
            return usage_reply(str(error))
        self._commands += 1
        command_id = command_id or f"{self.channel.uniqueid}-{self._commands}"
        emit = self.channel.pbx.bus.emit
        emit(AgiExecBegan, self.channel, line, command_id)
        try:
            waits = command.body(self, *arguments)
            reply = await waits if inspect.isawaitable(waits) else waits
        except asyncio.CancelledError:
            self.ended = self._over_when_cancelled() or self.ended
            reply, self.interrupted = self.interrupted or Reply(-1), None
        except AgiSyntaxError as error:
            reply = usage_reply(str(error))
        except Hangup:
            reply = Reply(-1)
        except (DialplanError, PlaybackError) as error:
            self.call.complain(f"AGI: {command.name}: {error}")
            reply = Reply(-1)
        except Exception:
            log.exception("%s: AGI: %r failed", self.channel.name, line)
            reply = Reply(-1)
        emit(AgiExecEnded, self.channel, line, command_id, str(reply))
        return str(reply)

    async def tell_hangup(self) -> None:
        """Tell the other end that the caller is gone, if that is new: after the reply that it waits for."""
        untold, self._untold = self._untold, False
        if untold:
            await self.transport.caller_hung_up()

    def _over_when_cancelled(self) -> bool:
        """The channel's task was cancelled: whether the session ends with it.

        Raises:
            asyncio.CancelledError: it was not for a hang-up, so the runner shall see it.
        """
        channel = self.channel
        if not channel.hangup_requested or self.dead:
            raise asyncio.CancelledError
        task = asyncio.current_task()
        while task is not None and task.cancelling():
            task.uncancel()
        self.dead = True
        self._untold = _wanted(self.call, "AGISIGHUP", default=True)
        return _wanted(self.call, "AGIEXITONHANGUP", default=False)
