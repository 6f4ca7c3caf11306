"""Pbx: one node's switch: the place where its parts find each other.

It holds registries (channels, bridges, channel technologies), the bus, the clock and the services
that other floors put in: the media service, the dialplan, the store.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from offhook.media.indications import Indications
from offhook.pbx import events
from offhook.pbx.bus import Bus
from offhook.pbx.call_features import CallFeatures
from offhook.pbx.causes import Cause
from offhook.pbx.errors import CannotDialError
from offhook.pbx.security import SecurityLog

if TYPE_CHECKING:
    from offhook.media.service import MediaService
    from offhook.media.sounds import Sounds
    from offhook.pbx.bridge import Bridge
    from offhook.pbx.channel import Channel

__all__ = ["CannotDialError", "ChannelTechnology", "Dialplan", "Pbx"]

log = logging.getLogger(__name__)

T = TypeVar("T")


_REPORTS = (events.RtcpReceived, events.RtcpSent)


class ChannelTechnology(Protocol):
    """What a channel technology (PJSIP, Local ...) offers the switch."""

    name: str

    def request(self, destination: str, *, caller: Channel | None) -> list[Channel]:
        """Outgoing channels for what follows `Technology/` in a dial string; usually one, several when
        an address of record has several contacts.  None of them is placed yet.  Raises CannotDialError."""
        ...

    def device_state(self, device: str) -> str:
        """The state of a device, with the words of DEVICE_STATE()."""
        ...


class Dialplan(Protocol):
    """What the core needs of the dialplan floor."""

    async def run(self, channel: Channel) -> None:
        """Execute the dialplan from the channel's location to its end, `h` and hangup handlers included."""
        ...

    def exists(self, context: str, exten: str, priority: int = 1, caller: str = "") -> bool:
        """Whether there is such an extension."""
        ...

    def assign(self, channel: Channel, name: str, value: str) -> None:
        """Set what Set() names on a channel, a variable or `FUNCTION(args)`; a mistake is logged."""
        ...

    def can_match(self, context: str, digits: str, caller: str = "") -> bool:
        """Whether digits are the beginning of an extension."""
        ...

    def match_more(self, context: str, digits: str, caller: str = "") -> bool:
        """Whether more digits could make another extension."""
        ...


class Pbx:
    """The registries and services of one node."""

    def __init__(
        self,
        *,
        loop: asyncio.AbstractEventLoop,
        dialplan: Dialplan,
        media: MediaService | None = None,
        wall_clock: Callable[[], float] = time.time,
        system_name: str = "",
    ) -> None:
        self.loop = loop
        self.bus = Bus()
        self.dialplan = dialplan
        self.wall_clock = wall_clock
        self.system_name = system_name
        self.features = CallFeatures()  # by DTMF
        self.default_language = "en"  # of channels whose technology does not say
        self.channels: dict[str, Channel] = {}
        self.by_uniqueid: dict[str, Channel] = {}
        self.by_device: dict[str, list[Channel]] = {}
        self.bridges: set[Bridge] = set()
        self.suspended_bridging: set[str] = set()  # ways to join two that are not to be used: native_rtp ...
        self.technologies: dict[str, ChannelTechnology] = {}
        self._other_names: dict[str, tuple[str, Callable[[str], str]]] = {}
        self.recordings = Path("recordings")  # where recordings without a path of their own go
        self.max_calls = 0  # how many calls may come in at once (asterisk.conf maxcalls); 0: no limit
        self.calls = 0  # channels that came in, or were made for somebody who does
        self.started_at = wall_clock()
        self.calls_processed = 0
        self._media = media
        self._sounds: Sounds | None = None
        self._indications: Indications | None = None
        self._sequence = 0
        self._call_sequence = 0
        self.is_exhausted: Callable[[], bool] | None = None  # the machine has no room for another call
        self.refuses_calls = False  # a stop that waits for the calls there are (core stop gracefully)
        self._assigned: list[str] = []
        self.security = SecurityLog(self.bus, wall_clock)
        self._music: Callable[[Channel, str], Callable[[], None]] | None = None
        self._pair: Callable[[str, Channel], tuple[Channel, Channel]] | None = None
        self._commit: Callable[[Callable[[], None]], None] | None = None
        self._services: dict[type[Any], Any] = {}
        if media is not None:
            for wanted in _REPORTS:
                self.bus.watch(wanted, self._choose_reports)

    def _choose_reports(self) -> None:
        """The engine tells of RTCP only while somebody listens: it is much, with a thousand legs."""
        self.media.report_rtcp(any(self.bus.wanted(kind) for kind in _REPORTS))

    # ---- services

    @property
    def media(self) -> MediaService:
        """The media service.  RuntimeError on a node that has none."""
        if self._media is None:
            raise RuntimeError("this node has no media engine")
        return self._media

    @property
    def sounds(self) -> Sounds:
        """The sound folders.  RuntimeError on a node that has none."""
        if self._sounds is None:
            raise RuntimeError("this node has no sounds")
        return self._sounds

    @property
    def indications(self) -> Indications:
        """The tones of countries."""
        if self._indications is None:
            self._indications = Indications.builtin()
        return self._indications

    def provide_sounds(self, sounds: Sounds, indications: Indications | None = None) -> None:
        """Set where prompts and tones come from."""
        self._sounds = sounds
        self._indications = indications

    def provide_music(self, start: Callable[[Channel, str], Callable[[], None]]) -> None:
        """Set how music on hold is played: `start(channel, class)` returns what stops it."""
        self._music = start

    def start_music(self, channel: Channel, music_class: str = "") -> Callable[[], None] | None:
        """Play music on hold to a channel; returns what stops it, None when the node has no music."""
        return self._music(channel, music_class) if self._music else None

    def provide_pairs(self, make: Callable[[str, Channel], tuple[Channel, Channel]]) -> None:
        """Set how two channels back to back are made: `make("exten@context", for whom)`."""
        self._pair = make

    def pair(self, name: str, of: Channel) -> tuple[Channel, Channel]:
        """Two channels back to back, named after `exten@context`, in the call of `of`.

        The first is the outgoing leg; what it is `place`d for is done by the second, which runs dialplan.
        Nothing is done with them yet.  Raises CannotDialError when there is no audio for them.
        """
        if self._pair is None:
            raise CannotDialError("this node has no Local channels", Cause.CHAN_NOT_IMPLEMENTED)
        return self._pair(name, of)

    def provide_commit(self, after_commit: Callable[[Callable[[], None]], None]) -> None:
        """Set how to wait for the store: `after_commit(callback)`."""
        self._commit = after_commit

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call back when all records submitted so far (CDR and the like) are durable; at once if none waits.

        What acknowledges the end of a call to the outside waits for this, so a call whose end was
        acknowledged has its records after a crash.
        """
        if self._commit is None:
            callback()
        else:
            self._commit(callback)

    def add_service(self, service: object) -> None:
        """Make a service of a higher floor known, so that applications and functions find it by its class."""
        self._services[type(service)] = service

    def remove_service(self, kind: type[Any]) -> None:
        """Take a service away again."""
        self._services.pop(kind, None)

    def service(self, kind: type[T]) -> T | None:
        """The service of exactly this class, None when the node has none."""
        return self._services.get(kind)

    # ---- channels

    def new_uniqueid(self) -> str:
        """A channel's unique id in Asterisk's form, `[system-]epoch.sequence`, or the next assigned one."""
        if self._assigned:
            return self._assigned.pop(0)
        sequence = self._sequence
        self._sequence = sequence + 1
        prefix = f"{self.system_name}-" if self.system_name else ""
        return f"{prefix}{int(self.wall_clock())}.{sequence}"

    def call_id_of(self, linkedid: str) -> int:
        """The number by which the log names a call: that of the channel it began with, or the next one."""
        first = self.by_uniqueid.get(linkedid)
        if first is not None:
            return first.call_id
        self._call_sequence += 1
        return self._call_sequence

    def add_channel(self, channel: Channel) -> None:
        """Enter a new channel into the registry."""
        self.channels[channel.name] = channel
        self.by_uniqueid[channel.uniqueid] = channel
        self.by_device.setdefault(channel.device, []).append(channel)
        if not channel.outgoing:
            self.calls += 1
            self.calls_processed += 1

    def remove_channel(self, channel: Channel) -> None:
        """Take an ended channel out of the registry."""
        if self.channels.pop(channel.name, None) is not None and not channel.outgoing:
            self.calls -= 1
        self.by_uniqueid.pop(channel.uniqueid, None)
        legs = self.by_device.get(channel.device)
        if legs is not None and channel in legs:
            legs.remove(channel)
            if not legs:
                del self.by_device[channel.device]

    @property
    def is_full(self) -> bool:
        """Whether no further call may come in."""
        if self.refuses_calls or 0 < self.max_calls <= self.calls:
            return True
        return self.is_exhausted is not None and self.is_exhausted()

    def channel(self, name_or_id: str) -> Channel | None:
        """A channel by its name or unique id."""
        return self.channels.get(name_or_id) or self.by_uniqueid.get(name_or_id)

    # ---- calls

    def add_technology(self, technology: ChannelTechnology) -> None:
        """Make `technology.name/...` diallable."""
        self.technologies[technology.name.upper()] = technology

    def add_other_name(self, name: str, technology: str, translate: Callable[[str], str]) -> None:
        """Let `name/...` mean another technology, whose words `translate` makes of what follows the slash."""
        self._other_names[name.upper()] = (technology, translate)

    def canonical(self, dial_string: str) -> str:
        """A dial string or device by the technology that answers for it: SIP/6001 is PJSIP/6001."""
        name, slash, rest = dial_string.partition("/")
        other = self._other_names.get(name.upper()) if slash else None
        if other is None or name.upper() in self.technologies:
            return dial_string
        return f"{other[0]}/{other[1](rest)}"

    def names_of(self, device: str) -> tuple[str, ...]:
        """The names that a device can be asked for by: its own first, then SIP/6001 for PJSIP/6001."""
        technology, _, rest = device.partition("/")
        others = (
            f"{name}/{rest}"
            for name, (other, translate) in self._other_names.items()
            if other == technology and translate(rest) == rest
        )
        return (device, *others)

    def request(self, dial_string: str, *, caller: Channel | None) -> list[Channel]:
        """Outgoing channels for `Technology/resource`, not placed yet.  Raises CannotDialError."""
        name, slash, destination = self.canonical(dial_string).partition("/")
        technology = self.technologies.get(name.upper())
        if not slash or not destination:
            raise CannotDialError(
                f"{dial_string!r} is no dial string: Technology/resource is needed",
                Cause.INVALID_NUMBER_FORMAT,
            )
        if technology is None:
            known = ", ".join(sorted(self.technologies)) or "none"
            raise CannotDialError(
                f"there is no channel technology {name!r} (there are: {known})", Cause.CHAN_NOT_IMPLEMENTED
            )
        if self.refuses_calls:
            raise CannotDialError("no calls are placed: the node is about to stop", Cause.SWITCH_CONGESTION)
        legs = technology.request(destination, caller=caller)
        for leg in legs:
            leg.announce()
        return legs

    @contextlib.contextmanager
    def assigned_ids(self, ids: Iterable[str]) -> Generator[None, None, None]:
        """Give the channels that are made meanwhile these unique ids, in order; empty ones are made up."""
        self._assigned = [found for found in ids if found]
        try:
            yield
        finally:
            self._assigned = []

    async def stop(self, *, cause: int = Cause.NORMAL_CLEARING, timeout: float = 5.0) -> None:
        """Hang up every channel and wait until their tasks have ended, at most `timeout` seconds."""
        tasks = [channel.task for channel in self.channels.values() if channel.task is not None]
        for channel in list(self.channels.values()):
            channel.request_hangup(cause)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=timeout)
            for task in late:
                log.warning("%s did not end within %.0f s of the stop", task.get_name(), timeout)
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=1.0)
