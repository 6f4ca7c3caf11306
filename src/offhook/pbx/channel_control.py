"""How the control of a channel is changed from outside: redirected, taken away, lent, given other work.

The rules are those of `offhook.pbx.channel`: a task that runs the leg's dialplan, or whoever placed the call.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar, cast

from offhook.pbx import events
from offhook.pbx.inbox import Inbox

if TYPE_CHECKING:
    from offhook.pbx.bridge import Bridge
    from offhook.pbx.channel import Channel
    from offhook.pbx.pbx import Pbx

__all__ = ["Activity", "ChannelControl", "Location"]

T = TypeVar("T")

Location = tuple[str, str, int]  # context, extension, priority
Activity = Callable[["Channel"], Coroutine[Any, Any, None]]  # what a channel does besides dialplan


class ChannelControl:
    """Part of Channel."""

    __slots__ = ()

    name: str
    pbx: Pbx
    ended: bool
    hangup_requested: bool
    context: str
    exten: str
    priority: int
    bridge: Bridge | None
    inbox: Inbox[events.LegEvent]
    task: asyncio.Task[Any] | None
    redirect_to: Location | Activity | None
    _task_started: bool

    @abstractmethod
    def hangup(self, cause: int = 0) -> None:
        """End the leg now."""

    @abstractmethod
    def start_dialplan(self, context: str, exten: str, priority: int = 1) -> None:
        """Run the dialplan on this channel in a task of its own."""

    def redirect(self, context: str, exten: str, priority: int = 1) -> None:
        """Go on in the dialplan there, leaving what the channel does now (AMI Redirect, transfers)."""
        if self.ended or self.hangup_requested:
            return
        if self.task is not None:
            self.redirect_to = (context, exten, priority)
            if self._task_started:
                self.task.cancel()
            else:
                self.context, self.exten, self.priority = context, exten, priority
                self.redirect_to = None
            return
        self.detach()
        self.start_dialplan(context, exten, priority)

    def detach(self) -> None:
        """Take a leg without a task from the one that controls it, and out of its bridge."""
        if self.bridge is not None:
            self.bridge.leave(cast("Channel", self))
        owner, self.inbox = self.inbox, Inbox()
        owner.put(events.Detached(cast("Channel", self)))

    def do_instead(self, activity: Activity) -> None:
        """Leave what the channel does now and do this; then the leg ends, or goes on where it was sent.

        In the task that runs the leg's dialplan, else in one of its own (then without `h`).
        """
        if self.ended or self.hangup_requested:
            return
        if self.task is None:
            self.detach()
            self.redirect_to = activity
            self.start_dialplan(self.context, self.exten, self.priority)
            return
        self.redirect_to = activity
        if self._task_started:
            self.task.cancel()

    async def lend(self, work: Coroutine[Any, Any, T]) -> T | None:
        """Let `work` control this leg, which has no dialplan, until it is done; its result.

        It runs in a task of its own, with an inbox of its own: hanging up or redirecting the leg cancels it.
        None comes back then, and the leg's owner finds HungUp or Detached in the inbox as ever.
        """
        if self.task is not None:
            raise RuntimeError(f"{self.name} runs dialplan")
        owner, self.inbox = self.inbox, Inbox()
        self.task = task = self.pbx.loop.create_task(work, name=self.name)
        self._task_started = True
        try:
            return await task
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                raise
            if self.redirect_to is None:
                self.hangup_requested = True
            return None
        finally:
            self.task = None
            self._task_started = False
            self.inbox = owner
            place, self.redirect_to = self.redirect_to, None
            if self.hangup_requested:
                self.hangup()
            elif callable(place):
                self.do_instead(place)
            elif place is not None:
                self.redirect(*place)
