"""The state of devices: what each does now, who says so, and an announcement when it changes.

A device is written as it is dialled, `Technology/resource`: a channel technology answers for it.  Other
services answer for names of their own (`Custom:lamp`, `Queue:sales`, `park:701@parkedcalls`): they are
providers, by what stands before the colon.  Nothing is polled: a provider is asked when somebody wants to
know, and when a `DeviceReported` event says that something may have changed; the switch reports a device
whose channels come, go or change, a technology one whose contacts do.

Only devices that somebody watches are followed, or all of them while somebody listens to
`DeviceStateChanged`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import TYPE_CHECKING

from offhook.pbx.events import (
    ChannelCreated,
    ChannelHungUp,
    ChannelStateChanged,
    DeviceReported,
    DeviceStateChanged,
)

if TYPE_CHECKING:
    from offhook.pbx.channel import Channel
    from offhook.pbx.pbx import Pbx

__all__ = ["DeviceState", "DeviceStates", "aggregate"]


class DeviceState(IntEnum):
    """Asterisk's device states, with its numbers; the names are those of DEVICE_STATE()."""

    UNKNOWN = 0
    NOT_INUSE = 1
    INUSE = 2
    BUSY = 3
    INVALID = 4
    UNAVAILABLE = 5
    RINGING = 6
    RINGINUSE = 7
    ONHOLD = 8

    @classmethod
    def named(cls, name: str) -> DeviceState:
        """The state of this name, UNKNOWN for what is none."""
        return cls.__members__.get(name.strip().upper(), cls.UNKNOWN)


# Of several devices the one that is furthest to the right counts.
_RANK = {
    state: rank
    for rank, state in enumerate(
        (
            DeviceState.INVALID,
            DeviceState.UNKNOWN,
            DeviceState.UNAVAILABLE,
            DeviceState.NOT_INUSE,
            DeviceState.ONHOLD,
            DeviceState.RINGING,
            DeviceState.INUSE,
            DeviceState.BUSY,
            DeviceState.RINGINUSE,
        )
    )
}
_IN_USE = frozenset((DeviceState.INUSE, DeviceState.ONHOLD, DeviceState.BUSY))

Provider = Callable[[str], "DeviceState | str"]
"""Answers for the devices of its prefix, given what stands behind the colon."""


def aggregate(states: Iterable[DeviceState]) -> DeviceState:
    """The state of several devices as one: one that rings and one in use are RINGINUSE."""
    found = DeviceState.INVALID
    some = rings = in_use = False
    for state in states:
        some = True
        rings = rings or state in (DeviceState.RINGING, DeviceState.RINGINUSE)
        in_use = in_use or state in _IN_USE
        if _RANK[state] > _RANK[found]:
            found = state
    if not some:
        return DeviceState.UNKNOWN
    return DeviceState.RINGINUSE if rings and in_use else found


class DeviceStates:
    """The device states of one node; a service of its `Pbx`."""

    def __init__(self, pbx: Pbx) -> None:
        self._pbx = pbx
        self._providers: dict[str, Provider] = {}
        self._known: dict[str, DeviceState] = {}
        self._watchers: dict[str, list[Callable[[str, DeviceState], None]]] = {}
        self.custom: dict[str, DeviceState] = {}
        """The states that were set for `Custom:` devices, by what stands behind the colon."""
        self.keep_custom: Callable[[str, str], None] | None = None
        """Called with (name, state) of a Custom device that was set: the store that keeps it, if any."""
        self.add_provider("Custom", lambda name: self.custom.get(name, DeviceState.UNKNOWN))
        bus = pbx.bus
        self._stops = (
            bus.listen(ChannelCreated, self._on_channel),
            bus.listen(ChannelStateChanged, self._on_channel),
            bus.listen(ChannelHungUp, self._on_channel),
            bus.listen(DeviceReported, lambda event: self.reported(event.device)),
        )

    def close(self) -> None:
        """Listen to nothing any more."""
        for stop in self._stops:
            stop()

    # ---- who answers

    def add_provider(self, prefix: str, provider: Provider) -> Callable[[], None]:
        """Let `provider` answer for devices `prefix:...` (in whatever case); returns what ends it.

        A provider says that something changed by emitting `DeviceReported`.  ValueError when the prefix has
        one already.
        """
        key = prefix.lower()
        if key in self._providers:
            raise ValueError(f"there are two providers of {prefix}: device states")
        self._providers[key] = provider

        def remove() -> None:
            self._providers.pop(key, None)

        return remove

    def set_custom(self, name: str, state: DeviceState) -> None:
        """Set the state of `Custom:name` and announce it."""
        self.custom[name] = state
        if self.keep_custom is not None:
            self.keep_custom(name, state.name)
        self.reported(f"Custom:{name}")

    # ---- what the state is

    def state(self, device: str) -> DeviceState:
        """The state of a device now; INVALID for one that nobody answers for."""
        device = self._pbx.canonical(device.strip())
        slash, colon = device.find("/"), device.find(":")
        if colon > 0 and (slash < 0 or colon < slash):
            provider = self._providers.get(device[:colon].lower())
            if provider is None:
                return DeviceState.INVALID
            found = provider(device[colon + 1 :])
            return found if isinstance(found, DeviceState) else DeviceState.named(found)
        technology = self._pbx.technologies.get(device[:slash].upper()) if slash > 0 else None
        if technology is None or slash + 1 == len(device):
            return DeviceState.INVALID
        return DeviceState.named(technology.device_state(device[slash + 1 :]))

    @property
    def followed(self) -> tuple[str, ...]:
        """The devices whose state is known because somebody wants it."""
        return tuple(self._known)

    # ---- when it changes

    def watch(self, device: str, changed: Callable[[str, DeviceState], None]) -> Callable[[], None]:
        """Call `changed(device, state)` when the state is another one; returns what ends it."""
        device = self._pbx.canonical(device)
        watchers = self._watchers.setdefault(device, [])
        watchers.append(changed)
        if device not in self._known:
            self._known[device] = self.state(device)

        def stop() -> None:
            if changed in watchers:
                watchers.remove(changed)
            if not watchers and self._watchers.get(device) is watchers:
                del self._watchers[device]
                self._known.pop(device, None)

        return stop

    def review(self) -> None:
        """Look at every watched device anew: the configuration has changed."""
        for device in tuple(self._watchers):
            self.reported(device)

    def reported(self, device: str, *, kept: bool = True, told: bool = True) -> None:
        """Something happened to a device: see whether its state changed, and tell.

        It is announced only if it changed or is not `kept`, and if it is to be `told`.
        """
        watchers = self._watchers.get(device)
        wanted = self._pbx.bus.wanted(DeviceStateChanged) and told
        if watchers is None and not wanted:
            return
        state = self.state(device)
        known = self._known.get(device)
        if known is state or (known is None and not kept and state is DeviceState.NOT_INUSE):
            if wanted and not kept:
                self._pbx.bus.emit(DeviceStateChanged, device, state.name, repeated=True)
            return
        if state is DeviceState.NOT_INUSE and watchers is None:
            self._known.pop(device, None)  # dialled numbers of Local channels must not pile up
        else:
            self._known[device] = state
        if wanted:
            self._pbx.bus.emit(DeviceStateChanged, device, state.name)
        for changed in tuple(watchers or ()):
            changed(device, state)

    def _on_channel(self, event: ChannelCreated | ChannelStateChanged | ChannelHungUp) -> None:
        channel: Channel = event.channel
        kept = channel.keeps_device_state
        self.reported(channel.device, kept=kept, told=kept or not isinstance(event, ChannelCreated))
