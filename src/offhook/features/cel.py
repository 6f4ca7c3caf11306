"""Channel event logging (CEL): what happened to each channel, event by event, for those who bill by it.

The engine listens only to what cel.conf wants.  Each event is a `CelRecord`: the channel as it was then, and
what is special to the event as JSON.  Names, fields and keys are those of Asterisk's CEL specification.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from offhook.features.cdr import AMA_FLAGS
from offhook.pbx import events

if TYPE_CHECKING:
    from offhook.config.files.cel import CelGeneral
    from offhook.pbx.bridge import Bridge
    from offhook.pbx.bus import Bus
    from offhook.pbx.channel import Channel

__all__ = ["CelBackend", "CelEngine", "CelRecord"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CelRecord:
    """One event of a channel."""

    event: str
    """Asterisk's name: CHAN_START ..., USER_DEFINED for one of the dialplan's own."""
    user_event: str
    """The name of a user-defined one, else ""."""
    time: float
    """Seconds since 1970."""
    time_text: str
    """As cel.conf's dateformat has it."""
    caller_name: str
    caller_number: str
    ani: str
    rdnis: str
    dnid: str
    exten: str
    context: str
    channel: str
    application: str
    data: str
    ama_flags: str
    account_code: str
    peer_account: str
    uniqueid: str
    linkedid: str
    user_field: str
    peer: str
    """The other channels of the bridge, separated by commas."""
    extra: str
    """JSON; "" for none."""


class CelBackend(Protocol):
    """Where events go.  `write` must not wait."""

    name: str

    def write(self, record: CelRecord) -> None:
        """Take one event."""
        ...


class CelEngine:
    """Makes events from those of the bus and gives them to the backends."""

    def __init__(self, bus: Bus, clock: Callable[[], float], settings: CelGeneral) -> None:
        self.backends: list[CelBackend] = []
        self.settings = settings
        self.written = 0
        self._bus = bus
        self._clock = clock
        self._stops: list[Callable[[], None]] = []
        self._wanted: frozenset[str] = frozenset()
        self._running: dict[Channel, tuple[str, str]] = {}  # tracked applications
        self._linkedids: dict[Channel, str] = {}
        self._users: dict[str, int] = {}  # channels of each linkedid
        self._by_far_end: set[Channel] = set()  # hung up at their far end
        self.use(settings)

    def use(self, settings: CelGeneral) -> None:
        """Record by these settings from now on."""
        self.close()
        self.settings = settings
        self._wanted = wanted = frozenset(settings.events if settings.enable else ())

        kinds: list[tuple[type[Any], Callable[..., None], tuple[str, ...]]] = [
            (events.ChannelCreated, self._created, ("CHAN_START", "LINKEDID_END")),
            (events.ChannelAnswered, self._answered, ("ANSWER",)),
            (events.NewExtension, self._new_extension, ("APP_START", "APP_END")),
            (
                events.ChannelHungUp,
                self._hung_up,
                ("HANGUP", "CHAN_END", "LINKEDID_END", "APP_START", "APP_END"),
            ),
            (events.ChannelHangupRequested, self._hangup_requested, ("HANGUP",)),
            (events.BridgeEntered, self._entered, ("BRIDGE_ENTER", "LINKEDID_END")),
            (events.BridgeLeft, self._left, ("BRIDGE_EXIT",)),
            (events.BlindTransferred, self._blind, ("BLINDTRANSFER",)),
            (events.AttendedTransferred, self._attended, ("ATTENDEDTRANSFER",)),
            (events.DialEnded, self._dial_ended, ("FORWARD",)),
            (events.CallPickedUp, self._picked_up, ("PICKUP",)),
        ]
        for kind, func, names in kinds:
            if not wanted.isdisjoint(names):
                self._stops.append(self._bus.listen(kind, func))

    def close(self) -> None:
        """Stop listening."""
        for stop in self._stops:
            stop()
        self._stops = []
        self._running.clear()
        self._linkedids.clear()
        self._users.clear()
        self._by_far_end.clear()

    def user_event(self, channel: Channel, name: str, extra: str) -> None:
        """An event of the dialplan's own (CELGenUserEvent)."""
        self._write("USER_DEFINED", channel, user_event=name, extra={"extra": extra} if extra else {})

    # ---------------------------------------------------------------- bus events

    def _created(self, event: events.ChannelCreated) -> None:
        channel = event.channel
        self._write("CHAN_START", channel)
        self._linkedids[channel] = channel.linkedid
        self._users[channel.linkedid] = self._users.get(channel.linkedid, 0) + 1

    def _answered(self, event: events.ChannelAnswered) -> None:
        self._write("ANSWER", event.channel)

    def _new_extension(self, event: events.NewExtension) -> None:
        channel = event.channel
        self._application_ended(channel)
        if self._tracks(event.application):
            self._running[channel] = (event.application, event.data)
            self._write("APP_START", channel, application=(event.application, event.data))

    def _tracks(self, application: str) -> bool:
        apps = self.settings.apps
        return application.lower() in apps or "all" in apps

    def _application_ended(self, channel: Channel) -> None:
        running = self._running.pop(channel, None)
        if running is not None:
            self._write("APP_END", channel, application=running)

    def _hangup_requested(self, event: events.ChannelHangupRequested) -> None:
        if event.by_far_end:
            self._by_far_end.add(event.channel)

    def _hung_up(self, event: events.ChannelHungUp) -> None:
        channel = event.channel
        self._application_ended(channel)
        status = channel.get_variable("DIALSTATUS") or ""
        extra: dict[str, object] = {
            "hangupcause": channel.hangup_cause,
            "hangupsource": channel.name if channel in self._by_far_end else "",
            "dialstatus": status,
        }
        self._by_far_end.discard(channel)
        self._write("HANGUP", channel, extra=extra)
        self._write("CHAN_END", channel)
        linkedid = self._linkedids.pop(channel, None)
        if linkedid is not None:
            self._retire(linkedid, channel)

    def _entered(self, event: events.BridgeEntered) -> None:
        # Whoever is in a bridge has the linkedid of its oldest member.
        for channel in event.bridge.channels:
            before = self._linkedids.get(channel)
            if before is not None and before != channel.linkedid:
                self._linkedids[channel] = channel.linkedid
                self._users[channel.linkedid] = self._users.get(channel.linkedid, 0) + 1
                self._retire(before, channel)
        self._write("BRIDGE_ENTER", event.channel, extra=_bridge(event.bridge), bridge=event.bridge)

    def _left(self, event: events.BridgeLeft) -> None:
        self._write("BRIDGE_EXIT", event.channel, extra=_bridge(event.bridge), bridge=event.bridge)

    def _retire(self, linkedid: str, channel: Channel) -> None:
        left = self._users.pop(linkedid, 1) - 1
        if left > 0:
            self._users[linkedid] = left
        else:
            self._write("LINKEDID_END", channel, linkedid=linkedid)

    def _blind(self, event: events.BlindTransferred) -> None:
        extra: dict[str, object] = {
            "extension": event.exten,
            "context": event.context,
            "bridge_id": event.bridge.uniqueid if event.bridge is not None else "",
        }
        if event.transferee is not None:
            extra["transferee_channel_name"] = event.transferee.name
            extra["transferee_channel_uniqueid"] = event.transferee.uniqueid
        self._write("BLINDTRANSFER", event.transferor, extra=extra)

    def _attended(self, event: events.AttendedTransferred) -> None:
        first, second = event.first, event.second
        one, two = event.bridges if any(event.bridges) else (first.bridge, second.bridge)
        if one is None:
            first, second, one, two = second, first, two, one
        extra: dict[str, object] = {
            "bridge1_id": one.uniqueid if one is not None else "",
            "channel2_name": second.name,
            "channel2_uniqueid": second.uniqueid,
        }
        if two is not None:
            extra["bridge2_id"] = two.uniqueid
        else:
            extra["app"] = second.application
        for key, channel in (("transferee", event.transferee), ("transfer_target", event.target)):
            if channel is not None:
                extra[f"{key}_channel_name"] = channel.name
                extra[f"{key}_channel_uniqueid"] = channel.uniqueid
        self._write("ATTENDEDTRANSFER", first, extra=extra)

    def _dial_ended(self, event: events.DialEnded) -> None:
        if event.forward:
            self._write("FORWARD", event.caller or event.peer, extra={"forward": event.forward})

    def _picked_up(self, event: events.CallPickedUp) -> None:
        by = event.by
        extra: dict[str, object] = {"pickup_channel": by.name, "pickup_channel_uniqueid": by.uniqueid}
        self._write("PICKUP", event.target, extra=extra)

    # ---------------------------------------------------------------- records

    def _write(
        self,
        event: str,
        channel: Channel,
        *,
        user_event: str = "",
        extra: dict[str, object] | None = None,
        bridge: Bridge | None = None,
        application: tuple[str, str] | None = None,
        linkedid: str = "",
    ) -> None:
        if event not in self._wanted or not self.backends:
            return
        now = self._clock()
        caller = channel.caller
        name, data = application or (channel.application, channel.application_data)
        others = (one.name for one in bridge.channels if one is not channel) if bridge is not None else ()
        record = CelRecord(
            event,
            user_event,
            now,
            self._time_text(now),
            caller.name,
            caller.number,
            caller.number,
            channel.redirecting.by.number,
            channel.dialed,
            channel.exten,
            channel.context,
            channel.name,
            name,
            data,
            AMA_FLAGS.get(channel.ama_flags, "DOCUMENTATION"),
            channel.account_code,
            channel.peer_account,
            channel.uniqueid,
            linkedid or channel.linkedid,
            channel.user_field,
            ",".join(others),
            json.dumps(extra, ensure_ascii=False, separators=(",", ":")) if extra else "",
        )
        self.written += 1
        for backend in self.backends:
            try:
                backend.write(record)
            except Exception:
                log.exception("%s: a CEL backend refused the event %s", channel.name, event)

    def _time_text(self, when: float) -> str:
        form = self.settings.dateformat
        return time.strftime(form, time.localtime(when)) if form else f"{when:.6f}"


def _bridge(bridge: Bridge) -> dict[str, object]:
    return {"bridge_id": bridge.uniqueid, "bridge_technology": bridge.technology}
