"""Whom a Dial() has called, and who of them can be watched: the observer of its race.

A Local channel is no phone: what its dialplan calls belongs to the one who called it, however deep.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from offhook.config.files.ccss import MonitorPolicy
from offhook.features.call_completion.machine import Monitor, Service
from offhook.pbx.causes import Cause

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from offhook.config.files.ccss import CompletionSettings
    from offhook.features.call_completion.service import CallCompletion
    from offhook.pbx.channel import Channel

__all__ = ["Called", "DialWatch", "interfaces_of", "monitors_of"]

_WATCHED = (MonitorPolicy.GENERIC, MonitorPolicy.ALWAYS)  # no technology here has monitors of its own


@dataclass(slots=True, eq=False)
class Called:
    """A destination of a Dial()."""

    dialled: str
    device: str
    settings: CompletionSettings
    service: Service | None = None
    inside: list[Called] = field(default_factory=list["Called"])
    """Of a Local channel: whom its dialplan has called."""

    def monitor(self) -> Monitor | None:
        """How he is watched; None when he is not to be, or did neither refuse nor ring."""
        service, settings = self.service, self.settings
        if service is None or settings.cc_monitor_policy not in _WATCHED:
            return None
        busy = service is Service.CCBS
        seconds = settings.ccbs_available_timer if busy else settings.ccnr_available_timer
        return Monitor(self.dialled, self.device, service, seconds, settings.cc_max_monitors)


def monitors_of(called: Sequence[Called]) -> list[Monitor]:
    """The called parties that can be watched, each device once."""
    found: dict[str, Monitor] = {}
    for one in called:
        if one.inside:
            for monitor in monitors_of(one.inside):
                found.setdefault(monitor.device, monitor)
        elif (monitor := one.monitor()) is not None:
            found.setdefault(monitor.device, monitor)
    return list(found.values())


def interfaces_of(called: Sequence[Called]) -> str:
    """CC_INTERFACES: the destinations behind which somebody can be watched, in the order of the Dial()."""
    return "&".join(dict.fromkeys(one.dialled for one in called if monitors_of([one])))


class DialWatch:
    """Sees what becomes of the legs of one Dial()."""

    def __init__(
        self,
        service: CallCompletion,
        caller: Channel,
        called: list[Called],
        done: Callable[[list[Called], bool], None] | None,
    ) -> None:
        """What is called is added to `called`; `done` is told of it, and whether somebody answered."""
        self._service = service
        self._caller = caller
        self._called = called
        self._done = done
        self._legs: dict[Channel, Called] = {}

    def requested(self, destination: str, legs: Sequence[Channel], cause: int) -> None:
        """A destination was asked for; without legs it was refused for this cause."""
        settings = self._service.settings_of_leg(self._caller, legs[0] if legs else None)
        device = legs[0].device if legs else self._service.device_of(destination)
        one = Called(destination, device, settings)
        if not legs and cause == Cause.USER_BUSY:
            one.service = Service.CCBS
        self._called.append(one)
        for leg in legs:
            self._service.leg_made(self._caller, leg, one)
            if not leg.leads_on:
                self._legs[leg] = one

    def prepared(self) -> None:
        """Subroutines have run on the legs: they may have other settings now."""
        for leg, one in self._legs.items():
            one.settings = self._service.settings_of_leg(self._caller, leg)

    def rings(self, leg: Channel) -> None:
        """A phone rings."""
        one = self._legs.get(leg)
        if one is not None and one.service is None:
            one.service = Service.CCNR

    def failed(self, leg: Channel) -> None:
        """A phone has refused, or cannot be reached."""
        one = self._legs.pop(leg, None)
        if one is None:
            return
        if leg.hangup_cause == Cause.USER_BUSY:
            one.service = Service.CCBS
        elif leg.hangup_cause in (Cause.NO_ANSWER, Cause.NO_USER_RESPONSE):
            one.service = one.service or Service.CCNR

    def forwarded(self, leg: Channel) -> None:
        """A phone sends its calls elsewhere: it can be watched, where they go cannot."""
        one = self._legs.pop(leg, None)
        if one is not None and one.service is None:
            one.service = Service.CCNR

    def finish(self, status: str) -> None:
        """The race is over, with this DIALSTATUS."""
        if status in ("ANSWER", "NOANSWER"):
            for leg in tuple(self._legs):
                self.rings(leg)  # whether it said so or not
        self._legs.clear()
        done, self._done = self._done, None
        if done is not None:
            done(self._called, status == "ANSWER")
