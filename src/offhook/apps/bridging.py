"""BridgeAdd and BridgeWait: into the bridge of a channel, and waiting in one for somebody to come."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from offhook.dialplan.declare import Options, application, flag, option
from offhook.media.room import Taking
from offhook.pbx import events
from offhook.pbx.bridge import Bridge, BridgeError
from offhook.pbx.channel import ChannelState
from offhook.pbx.mixing import Mixing

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.dialplan.call import Call
    from offhook.pbx.channel import Channel
    from offhook.pbx.pbx import Pbx

__all__ = ["bridge_add", "bridge_wait"]


async def _stay(
    channel: Channel,
    bridge: Bridge,
    seconds: float | None,
    on_notice: Callable[[events.Notice], None] | None = None,
) -> None:
    """In a bridge, until it is left, has ended, or so much time has gone by."""
    pbx = channel.pbx

    def left(event: events.BridgeLeft) -> None:
        if event.channel is channel:
            channel.deliver(events.Notice(channel, "left bridge", bridge))

    end = None if seconds is None else pbx.loop.time() + seconds
    stop = pbx.bus.listen(events.BridgeLeft, left)
    try:
        while channel.bridge is bridge:
            event = await channel.inbox.get(None if end is None else end - pbx.loop.time())
            if event is None:
                return
            if isinstance(event, events.Kicked):
                return
            if on_notice is not None and isinstance(event, events.Notice):
                on_notice(event)
    finally:
        stop()
        bridge.leave(channel)


@application("BridgeAdd")
async def bridge_add(call: Call, channel: str) -> None:
    """Join the bridge that another channel is in, and stay until it ends or the caller hangs up.

    With more than two channels in it the bridge is mixed.

    Args:
        channel: its name or the beginning of it.

    Sets:
        BRIDGERESULT: SUCCESS, FAILURE, LOOP for the caller's own channel, NONEXISTENT.
    """
    me, pbx = call.channel, call.channel.pbx
    target = pbx.channel(channel)
    if target is None:
        target = next((one for name, one in pbx.channels.items() if name.startswith(channel)), None)
    if target is None:
        call.set_variable("BRIDGERESULT", "NONEXISTENT")
        return
    if target is me:
        call.set_variable("BRIDGERESULT", "LOOP")
        return
    if me.state is not ChannelState.UP:
        me.answer()
    bridge = target.bridge
    try:
        if bridge is None:
            raise BridgeError(f"{target.name} is in no bridge")
        bridge.join(me)
    except BridgeError as error:
        call.complain(f"BridgeAdd: {error}")
        call.set_variable("BRIDGERESULT", "FAILURE")
        return
    call.set_variable("BRIDGERESULT", "SUCCESS")
    await _stay(me, bridge, None)


@dataclass(frozen=True, slots=True)
class WaitOptions(Options):
    """Option letters of BridgeWait()."""

    music: str | None = option("m", "Play this class of music on hold.", required=True)
    entertainment: str | None = option(
        "e", "What is heard: m music on hold, r ringing, s silence, h hold, n nothing.", required=True
    )
    seconds: float | None = option("S", "Wait so many seconds at most.", required=True)
    no_answer: bool = flag("n", "Do not answer.")


_NO_OPTIONS = WaitOptions()

# Those who wait, by node and name.
_holding: weakref.WeakKeyDictionary[Pbx, dict[str, Bridge]] = weakref.WeakKeyDictionary()


@application("BridgeWait")
async def bridge_wait(
    call: Call,
    name: str = "default",
    role: Literal["participant", "announcer"] = "participant",
    options: WaitOptions = _NO_OPTIONS,
) -> None:
    """Wait in a bridge until somebody takes the channel out of it.

    Participants hear music and not each other; while an announcer is there they hear the announcer.

    Args:
        name: of the bridge that is waited in.
        role: participant, or announcer.
        options: see the letters.
    """
    channel = call.channel
    if channel.state is not ChannelState.UP:
        if options.no_answer:
            channel.progress()
        else:
            channel.answer()
    bridges = _holding.setdefault(channel.pbx, {})
    bridge = bridges.get(name)
    if bridge is None or bridge.destroyed:
        bridge = bridges[name] = Bridge(
            channel.pbx, kind="base", creator="BridgeWait", name=name, mixing=Mixing()
        )
    try:
        if role == "announcer":
            await _announce(channel, bridge, options)
        else:
            await _wait(channel, bridge, options)
    except BridgeError as error:
        call.complain(f"BridgeWait: {error}")
    finally:
        bridge.leave(channel)
        if bridge.destroyed and bridges.get(name) is bridge:
            del bridges[name]


def _announcers(bridge: Bridge) -> bool:
    """Whether anybody in it is heard."""
    return any(not bridge.mix.taking(channel).muted for channel in bridge.channels)


async def _announce(channel: Channel, bridge: Bridge, options: WaitOptions) -> None:
    bridge.mix.set_taking(channel, Taking(deaf=True))
    try:
        bridge.join(channel)
        _tell(bridge)
        await _stay(channel, bridge, options.seconds)
    finally:
        bridge.leave(channel)
        _tell(bridge)


def _tell(bridge: Bridge) -> None:
    """An announcer has come or gone."""
    for channel in bridge.channels:
        channel.deliver(events.Notice(channel, "announcer", _announcers(bridge)))


async def _wait(channel: Channel, bridge: Bridge, options: WaitOptions) -> None:
    bridge.mix.set_taking(channel, Taking(muted=True))
    bridge.join(channel)
    stop: Callable[[], None] | None = None

    def entertain(announced: bool) -> None:
        nonlocal stop
        ended, stop = stop, None
        if ended is not None:
            ended()
        if not announced and not channel.ended:
            stop = _entertain(channel, options)

    entertain(_announcers(bridge))
    try:
        await _stay(channel, bridge, options.seconds, lambda notice: entertain(bool(notice.data)))
    finally:
        entertain(True)


def _entertain(channel: Channel, options: WaitOptions) -> Callable[[], None] | None:
    """What one who waits hears; what stops it."""
    match (options.entertainment or "m")[:1]:
        case "m" | "h":
            return channel.pbx.start_music(channel, options.music or "")
        case "r":
            channel.start_ring_tone()
            return channel.stop_ringing
        case _:
            return None
