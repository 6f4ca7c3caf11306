"""Which legs ring for whom: somebody else may take the call (Pickup), or the caller's place (a transfer)."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from offhook.pbx import events
from offhook.pbx.causes import Cause
from offhook.pbx.inbox import Inbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from offhook.pbx.channel import Channel
    from offhook.pbx.pbx import Pbx

__all__ = ["RingingLegs", "ringing_of"]


_UNCLAIMED = 5.0  # seconds that a leg rings for somebody who is about to dial it


class RingingLegs:
    """The legs that Dial() has called and that have not been answered; a service of the Pbx."""

    def __init__(self) -> None:
        # By weak references: a leg that has ended needs nobody to take it off the list.
        self._callers: weakref.WeakKeyDictionary[Channel, tuple[Channel, str]] = weakref.WeakKeyDictionary()
        self._left: dict[Channel, list[tuple[Channel, str]]] = {}  # for whom -> legs and what was dialled

    def add(self, leg: Channel, caller: Channel, destination: str = "") -> None:
        """`caller` dials `leg`, by the dial string `destination`."""
        self._callers[leg] = caller, destination

    def __iter__(self) -> Iterator[tuple[Channel, Channel]]:
        """(leg, who dials it) of those that ring now, the oldest first."""
        for leg, (caller, _) in list(self._callers.items()):
            if not leg.ended and not caller.ended and leg.state in (leg.state.DIALING, leg.state.RINGING):
                yield leg, caller

    def leave(self, caller: Channel, to: Channel) -> None:
        """`to` goes on with what `caller` does, who dials: its legs ring on, until `to` dials the same.

        What is not dialled again after a few seconds is called off.
        """
        legs = [(leg, self._callers[leg][1]) for leg, by in self if by is caller]
        if not legs:
            return
        for leg, _ in legs:
            leg.inbox = Inbox()
            caller.pbx.bus.emit(events.DialEnded, caller, leg, "CANCEL")
        self._left[to] = legs

        def call_off() -> None:
            for leg, _ in self._left.pop(to, ()):
                leg.hangup(Cause.NORMAL_CLEARING)

        timer = caller.pbx.loop.call_later(_UNCLAIMED, call_off)

        def ended() -> None:
            timer.cancel()
            call_off()

        to.when_ended(ended)

    def take(self, caller: Channel, destination: str) -> list[Channel]:
        """The legs that were left to `caller` and that this dial string would call."""
        left = self._left.get(caller)
        if not left:
            return []
        taken = [leg for leg, dialled in left if dialled == destination]
        self._left[caller] = [each for each in left if each[1] != destination]
        return taken


def ringing_of(pbx: Pbx) -> RingingLegs:
    """The ringing legs of a node."""
    found = pbx.service(RingingLegs)
    if found is None:
        found = RingingLegs()
        pbx.add_service(found)
    return found
