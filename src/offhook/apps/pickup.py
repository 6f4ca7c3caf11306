"""Pickup and PickupChan: take a call that rings elsewhere; how is in offhook.pbx.pickup."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from offhook.dialplan.declare import Options, application, flag, separated
from offhook.pbx.pickup import in_group_of, pick_up

if TYPE_CHECKING:
    from offhook.dialplan.call import Call
    from offhook.pbx.channel import Channel

__all__: list[str] = []

_MARK = "PICKUPMARK"


@application("Pickup")
async def pickup(call: Call, targets: Annotated[list[str], separated("&")] | None = None) -> None:
    """Take a call that rings at another extension; the next priority follows when there is none.

    Args:
        targets: extension[@context], several joined by &: the first that rings is taken.  With @PICKUPMARK
            it is a call whose channel has the variable PICKUPMARK with this value.  Without any it is a call
            in one of this channel's pickup groups.
    """
    if not targets:
        await pick_up(call.channel, in_group_of(call.channel))
        call.complain("Pickup: nothing rings in the channel's pickup groups")
        return
    for target in targets:
        exten, _, context = target.partition("@")
        context = context or call.context

        def rings_there(leg: Channel, caller: Channel, exten: str = exten, context: str = context) -> bool:
            if context == _MARK:
                return exten in (leg.variables.get(_MARK), caller.variables.get(_MARK))
            return caller.exten == exten and caller.context == context

        await pick_up(call.channel, rings_there)
    call.complain(f"Pickup: nothing rings at {'&'.join(targets)}")


@dataclass(frozen=True, slots=True)
class PickupChanOptions(Options):
    """The option letters of PickupChan()."""

    partial: bool = flag("p", "The names are beginnings of names.")


_PICKUP_CHAN = PickupChanOptions()


@application("PickupChan")
async def pickup_chan(
    call: Call, channels: Annotated[list[str], separated("&")], options: PickupChanOptions = _PICKUP_CHAN
) -> None:
    """Take a call that rings at a channel; the next priority follows when there is none.

    Args:
        channels: names of channels (PJSIP/6001-00000001) or devices (PJSIP/6001), joined by &.
        options: p.
    """
    pbx = call.channel.pbx
    for name in channels:
        wanted = pbx.canonical(name).lower()

        def is_it(leg: Channel, caller: Channel, wanted: str = wanted) -> bool:
            known = leg.name.lower()
            return known.startswith(wanted) if options.partial else wanted in (known, leg.device.lower())

        await pick_up(call.channel, is_it)
    call.complain(f"PickupChan: nothing rings at {'&'.join(channels)}")
