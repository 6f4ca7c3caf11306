"""Takes Local channels out of calls that no longer need them (Asterisk: optimization of Local channels).

When both halves talk, each to one other channel, these two may as well talk to each other.  The conversation
around the half `;1` goes on, between its caller and the one whom the dialplan behind `;2` has called; both
halves hang up.  A half stays while it is recorded or heard by somebody, whose call has a time limit, that was
dialled with `/n`, or that is in a conference or in the hands of a program.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from offhook.drivers.local.channel import LocalChannel
from offhook.pbx import events
from offhook.pbx.causes import Cause
from offhook.pbx.succession import connect, partner_of

if TYPE_CHECKING:
    from offhook.pbx.channel import Channel
    from offhook.pbx.conversation import Conversation
    from offhook.pbx.pbx import Pbx

__all__ = ["LocalOptimizer"]


_BEHIND_ANSWER = 0.1
"""Seconds: a call that ends as soon as it is answered is not turned over first (Asterisk waits for audio)."""


class LocalOptimizer:
    """Watches who comes together with Local channels; a service of its `Pbx`."""

    def __init__(self, pbx: Pbx) -> None:
        self._pbx = pbx
        self._numbers = count(1)
        self._looked_at: set[LocalChannel] = set()
        self._stop = pbx.bus.listen(events.BridgeEntered, self._entered)

    def close(self) -> None:
        """Take nobody out any more."""
        self._stop()

    def allow(self, half: LocalChannel) -> None:
        """Let a Local channel go that was dialled with `/n` (AMI LocalOptimizeAway)."""
        half.optimizes = True
        if half.other is not None:
            half.other.optimizes = True
        self._consider(half)

    def _entered(self, event: events.BridgeEntered) -> None:
        for channel in event.bridge.channels:
            if isinstance(channel, LocalChannel) and channel.optimizes:
                channel.when_free = self._consider_soon
                self._consider_soon(channel)

    def _consider_soon(self, half: LocalChannel) -> None:
        if half not in self._looked_at:
            self._looked_at.add(half)
            self._pbx.loop.call_later(_BEHIND_ANSWER, self._look, half)

    def _look(self, half: LocalChannel) -> None:
        self._looked_at.discard(half)
        self._consider(half)

    def _consider(self, half: LocalChannel) -> None:
        """Ask the dialplan's side first whether its conversation can do without it, then the other side."""
        other = half.other
        one, two = (other, half) if half.is_dialplan_half else (half, other)
        if one is None or two is None or not _may_go(one, two) or two.bridge is None:
            return

        def inner(conversation: Conversation, leg: Channel) -> None:
            if conversation.limit is None and _may_go(one, two) and one.bridge is not None:
                one.bridge.ask(one, outer)

        def outer(conversation: Conversation, leg: Channel) -> None:
            if _may_go(one, two):
                self._take_out(conversation, one, two)

        two.bridge.ask(two, inner)

    def _take_out(self, conversation: Conversation, one: LocalChannel, two: LocalChannel) -> None:
        stays, comes = partner_of(one), partner_of(two)
        bridge = one.bridge
        if stays is None or comes is None or bridge is None:
            return
        goes_on = conversation.peer is one and comes.task is None
        if not goes_on and (conversation.limit is not None or stays.task or comes.task):
            return
        bus, number = self._pbx.bus, next(self._numbers)
        bus.emit(events.LocalOptimizationBegan, one, two, comes, bridge, number)
        if goes_on:
            bridge.leave(one)
            comes.detach()
            assert bridge.inbox is not None
            comes.inbox = bridge.inbox
            conversation.replace_peer(comes)
        else:
            connect(stays, comes)
        bus.emit(events.LocalOptimizationEnded, one, two, number)
        one.hangup(Cause.NORMAL_CLEARING)


def _may_go(one: LocalChannel, two: LocalChannel) -> bool:
    if one.other is not two or not one.optimizes:
        return False
    for half in (one, two):
        partner = partner_of(half)
        if half.ended or half.hangup_requested or half.needs_audio or partner is None:
            return False
        if partner.hangup_requested or partner.bridge is None or partner.bridge.is_mixed:
            return False
    return partner_of(one) is not two
