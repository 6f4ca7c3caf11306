"""Which legs ring for whom, so that somebody else can take a call: what Pickup() looks through."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from offhook.pbx.channel import Channel
    from offhook.pbx.pbx import Pbx

__all__ = ["RingingLegs", "ringing_of"]


class RingingLegs:
    """The legs that Dial() has called and that have not been answered; a service of the Pbx."""

    def __init__(self) -> None:
        # By weak references: a leg that has ended needs nobody to take it off the list.
        self._callers: weakref.WeakKeyDictionary[Channel, Channel] = weakref.WeakKeyDictionary()

    def add(self, leg: Channel, caller: Channel) -> None:
        """`caller` dials `leg`."""
        self._callers[leg] = caller

    def __iter__(self) -> Iterator[tuple[Channel, Channel]]:
        """(leg, who dials it) of those that ring now, the oldest first."""
        for leg, caller in list(self._callers.items()):
            if not leg.ended and not caller.ended and leg.state in (leg.state.DIALING, leg.state.RINGING):
                yield leg, caller


def ringing_of(pbx: Pbx) -> RingingLegs:
    """The ringing legs of a node."""
    found = pbx.service(RingingLegs)
    if found is None:
        found = RingingLegs()
        pbx.add_service(found)
    return found
