"""Dialplan that runs each so many seconds beside a call, and whose sounds its channel hears (PERIODIC_HOOK).

The dialplan runs on a Local channel of its own; what it plays is laid over what the hooked channel hears.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from typing import TYPE_CHECKING

from offhook.pbx.originate import OriginateError, originate
from offhook.pbx.pbx import CannotDialError

if TYPE_CHECKING:
    from offhook.pbx.channel import Channel
    from offhook.pbx.pbx import Pbx

__all__ = ["PeriodicHook", "PeriodicHooks", "periodic_hooks_of"]

log = logging.getLogger(__name__)


class PeriodicHook:
    """One hook of a channel."""

    def __init__(self, channel: Channel, number: int, context: str, exten: str, interval_s: float) -> None:
        self.id = str(number)
        self.channel = channel
        self._where = f"Local/{exten}@{context}/n"
        self._interval = interval_s
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._leg: Channel | None = None

    @property
    def on(self) -> bool:
        """Whether it runs."""
        return self._timer is not None

    def switch(self, on: bool) -> None:
        """Have it run each interval from now on, or no more; what runs now goes on."""
        if on and self._timer is None and not self.channel.ended:
            self._timer = self.channel.pbx.loop.call_later(self._interval, self._due)
        elif not on and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def end(self) -> None:
        """The channel has ended."""
        self.switch(False)
        if self._task is not None:
            self._task.cancel()
        if self._leg is not None:
            self._leg.request_hangup()

    def _due(self) -> None:
        loop = self.channel.pbx.loop
        self._timer = loop.call_later(self._interval, self._due)
        if self._task is None and self._leg is None:  # else the last run goes on
            self._task = loop.create_task(self._run(), name=f"hook {self.id} of {self.channel.name}")
            self._task.add_done_callback(self._begun)

    async def _run(self) -> None:
        variables = {"HOOK_CHANNEL": self.channel.name, "HOOK_ID": self.id}
        try:
            await originate(
                self.channel.pbx,
                self._where,
                start=self._hear,
                timeout=self._interval,
                variables=variables,
                early_media=True,
            )
        except (OriginateError, CannotDialError) as error:
            log.warning("%s: the hook %s: %s", self.channel.name, self._where, error)

    def _begun(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if not task.cancelled() and task.exception() is not None:
            log.error("%s: the hook %s failed", self.channel.name, self._where, exc_info=task.exception())

    def _hear(self, leg: Channel) -> None:
        media = self.channel.media
        if media is None or leg.media is None or self.channel.ended:
            leg.request_hangup()
            return
        self._leg = leg
        stop = media.whisper_from(leg.media)

        def ended() -> None:
            self._leg = None
            stop()

        leg.when_ended(ended)


class PeriodicHooks:
    """All hooks of a node; a service of the Pbx."""

    def __init__(self) -> None:
        self._hooks: dict[str, PeriodicHook] = {}
        self._numbers = itertools.count(1)

    def add(self, channel: Channel, context: str, exten: str, interval_s: float) -> PeriodicHook:
        """A new hook, which runs."""
        hook = PeriodicHook(channel, next(self._numbers), context, exten, interval_s)
        self._hooks[hook.id] = hook

        def ended() -> None:
            self._hooks.pop(hook.id, None)
            hook.end()

        channel.when_ended(ended)
        hook.switch(True)
        return hook

    def find(self, hook_id: str) -> PeriodicHook | None:
        """A hook by its id."""
        return self._hooks.get(hook_id)


def periodic_hooks_of(pbx: Pbx) -> PeriodicHooks:
    """A node's hooks."""
    found = pbx.service(PeriodicHooks)
    if found is None:
        found = PeriodicHooks()
        pbx.add_service(found)
    return found
