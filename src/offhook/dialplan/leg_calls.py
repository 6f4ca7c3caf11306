"""What the dialplan knows of legs that run none: called parties, until their end.

A subroutine on a called leg (Dial's b, U), AMI and ARI may leave something on it that counts later: hangup
handlers, an absolute time-out, local state of functions.  It is kept in one `Call` for each such leg.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.dialplan.call import Call

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.dialplan.runner import Runner
    from offhook.pbx.channel import Channel

__all__ = ["LegCalls"]


class LegCalls:
    """The calls of legs without a dialplan of their own."""

    def __init__(self, runner: Runner, handle_end: Callable[[Call], None]) -> None:
        """`handle_end` is told of a leg that ended with hangup handlers."""
        self._runner = runner
        self._handle_end = handle_end
        self._calls: dict[Channel, Call] = {}

    def of(self, channel: Channel) -> Call:
        """The call of a leg; kept until the leg ends or runs dialplan."""
        call = self._calls.get(channel)
        if call is None:
            call = Call(channel, self._runner, self._runner.dialplan)
            if not channel.ended:
                self._calls[channel] = call
                channel.when_ended(lambda: self._ended(channel))
        return call

    def take(self, channel: Channel) -> Call:
        """The call for a leg that begins to run dialplan now, with what was left on it before."""
        call = self._calls.pop(channel, None)
        if call is None:
            return Call(channel, self._runner, self._runner.dialplan)
        call.dialplan = self._runner.dialplan
        return call

    def _ended(self, channel: Channel) -> None:
        call = self._calls.pop(channel, None)
        if call is None:
            return
        call.set_absolute_timeout(0)
        if call.hangup_handlers:
            self._handle_end(call)
