"""Attended transfers by DTMF: the transferor asks the target first, on a second call, and then hangs up.

The words are those of `offhook.pbx.transfer`.  The transferor has one leg, so it is in the bridge of the
first call or in one with the target; the one whom it is not with hears music.  When the conversation's task
is cancelled (it is that of the caller, who hangs up), the two others go on in a task of theirs.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

from offhook.pbx import events
from offhook.pbx.aside import aside, waiting_music
from offhook.pbx.blonde_transfer import Abandoned, Target, go_on_alone, wait_for_target
from offhook.pbx.bridge import Bridge
from offhook.pbx.causes import Cause
from offhook.pbx.channel import NotSupportedByChannelError
from offhook.pbx.conversation import Outcome
from offhook.pbx.dtmf_transfer import ask_number
from offhook.pbx.errors import CannotDialError
from offhook.pbx.inbox import Inbox
from offhook.pbx.listening import PlaybackError, start_playing
from offhook.pbx.originate import attempt_status
from offhook.pbx.succession import connect
from offhook.pbx.transfer import transfer_context

if TYPE_CHECKING:
    from offhook.pbx.channel import Channel
    from offhook.pbx.conversation import Act, Conversation

__all__ = ["ABORT", "attended_by_digits", "attended_to"]

log = logging.getLogger(__name__)

ABORT = "abort transfer"
"""What an events.Notice to the transferor says that is to go back to the first call (AMI CancelAtxfer)."""


async def attended_by_digits(conversation: Conversation, leg: Channel) -> Outcome | None:
    """Ask `leg` for a number, let it talk to who is there, and connect that one with the other party."""
    other = conversation.other(leg)
    context = transfer_context(leg)
    with aside(conversation, leg):
        exten = await ask_number(leg, context, leg.pbx.features.settings(leg))
    if leg.ended or other.ended:
        return None  # the inbox says so
    if not exten:
        conversation.resume()
        return None
    return await _Transfer(conversation, leg, Target(context, exten)).run()


def attended_to(exten: str, context: str = "") -> Act:
    """The same to a number that is known (AMI Atxfer, AttendedTransfer())."""

    async def act(conversation: Conversation, leg: Channel) -> Outcome | None:
        target = Target(context or transfer_context(leg), exten)
        return await _Transfer(conversation, leg, target).run()

    return act


class _Over(Exception):  # noqa: N818 - not an error
    """The transfer is over; `outcome` is what the conversation ends with, None when it goes on."""

    def __init__(self, outcome: Outcome | None = None) -> None:
        super().__init__()
        self.outcome = outcome


class _Transfer:
    """One transfer, from the call to the target on."""

    def __init__(self, conversation: Conversation, transferor: Channel, target: Target) -> None:
        self.conversation = conversation
        self.transferor = transferor
        self.transferee: Channel | None = conversation.other(transferor)  # None: has hung up
        self.target = target
        self.settings = transferor.pbx.features.settings(transferor)
        self.inbox = conversation.caller.inbox
        self.first = conversation.bridge
        self.second: Bridge | None = None
        self.answered = False
        self.is_three_way = False
        self.waiting = contextlib.ExitStack()  # the music of the one who waits
        self.pressed = ""

    async def run(self) -> Outcome | None:
        """Call the target, and do what the transferor wants then."""
        transferor, conversation = self.transferor, self.conversation
        try:
            leg = self.target.call(transferor, self.inbox)
        except CannotDialError as error:
            log.info("%s: a transfer is not done: %s", transferor.name, error)
            self._back_to_first()
            return None
        self.first.lasting = True  # also while nobody is in it
        self.first.leave(transferor)
        self.second = Bridge(transferor.pbx)
        self.second.inbox = self.inbox
        self.second.join(transferor)
        conversation.relay_digits(transferor, False)
        self._let_wait(self.transferee)
        try:
            while True:
                await self._handle(leg)
        except _Over as over:
            return over.outcome
        except asyncio.CancelledError:
            self._caller_leaves(leg)
            raise
        finally:
            self.waiting.close()
            self.first.let_end()
            if not leg.ended and leg.inbox is self.inbox and leg is not conversation.peer:
                leg.inbox = Inbox()
                leg.hangup(Cause.NORMAL_CLEARING)
                if not self.answered:
                    self._tell_end(leg, "CANCEL")

    async def _handle(self, leg: Channel) -> None:
        event = await self.inbox.get(self.settings.featuredigittimeout / 1000 if self.pressed else None)
        if event is None:
            self._pass_on(self.transferor, self._partner(leg), self._taken())
        elif event.channel is leg:
            await self._of_target(event, leg)
        elif event.channel is self.transferor:
            await self._of_transferor(event, leg)
        elif event.channel is self.transferee:
            self._of_transferee(event, leg)

    # ------------------------------------------------------------ what the three do

    async def _of_target(self, event: events.LegEvent, leg: Channel) -> None:
        transferor = self.transferor
        match event:
            case events.Ringing():
                transferor.start_ring_tone()
            case events.Progressing():
                transferor.stop_ringing()
                if transferor.media is not None and leg.media is not None:
                    transferor.media.bridge(leg.media)
            case events.Answered():
                transferor.stop_ringing()
                self.answered = True
                self._tell_end(leg, "ANSWER")
                if self.second is not None:
                    self.second.join(leg)
                transferor.set_connected(leg.caller)
                if self.transferee is None:
                    self._talk_on(self.transferor, leg)
                    raise _Over
            case events.NewConnectedLine(party=party):
                transferor.set_connected(party)
            case events.Digit(digit=digit):
                self._pass_on(leg, None if self._is_with_transferee else transferor, digit)
            case events.HungUp() | events.Detached():
                if not self.answered:
                    transferor.stop_ringing()
                    self._tell_end(leg, attempt_status(leg.hangup_cause))
                if self.transferee is None:
                    raise _Over(Outcome.PEER_GONE)
                self._back_to_first()
                raise _Over
            case _:
                pass

    async def _of_transferor(self, event: events.LegEvent, leg: Channel) -> None:
        match event:
            case events.HungUp():
                await self._finish(leg)
            case events.Detached():
                raise _Over(Outcome.PEER_TAKEN)
            case events.Kicked():
                raise _Over(Outcome.FEATURE)
            case events.Notice(what=what) if what == ABORT:
                self._abort(leg)
            case events.Digit(digit=digit):
                await self._pressed_by_transferor(self._taken() + digit, leg)
            case _:
                pass

    async def _pressed_by_transferor(self, code: str, leg: Channel) -> None:
        said = self.settings
        if code == said.atxferabort:
            self._abort(leg)
        elif code == said.atxfercomplete:
            await self._finish(leg)
        elif code == said.atxferthreeway and self.answered and not self.is_three_way:
            self._three_way(leg)
        elif code == said.atxferswap and self.answered and not self.is_three_way:
            self._swap(leg)
        elif any(
            known.startswith(code)
            for known in (said.atxferabort, said.atxfercomplete, said.atxferthreeway, said.atxferswap)
        ):
            self.pressed = code
        else:
            self._pass_on(self.transferor, self._partner(leg), code)

    def _of_transferee(self, event: events.LegEvent, leg: Channel) -> None:
        """Its hang-up is an event when the transferor is the caller; else the task is cancelled."""
        match event:
            case events.HungUp() | events.Detached():
                self.transferee = None
                self.waiting.close()
                if self.answered:
                    self._talk_on(self.transferor, leg)
                    raise _Over
            case events.Digit(digit=digit) if self._is_with_transferee:
                self._pass_on(event.channel, self.transferor, digit)
            case _:
                pass

    # ------------------------------------------------------------ what the transferor wants

    async def _finish(self, leg: Channel) -> None:
        """Connect the two others; the transferor has hung up, or does now."""
        transferor, transferee = self.transferor, self.transferee
        if transferee is None:
            raise _Over(Outcome.FEATURE)
        self._announce(leg)
        if transferor is self.conversation.caller:
            self._leave(transferor)
            self._connect(transferee, leg)
            raise _Over(Outcome.FEATURE)
        if not transferor.ended:
            transferor.inbox = Inbox()
            self._leave(transferor)
            transferor.request_hangup(Cause.NORMAL_CLEARING)
        self.waiting.close()
        if not self.answered:
            found = await wait_for_target(transferee, self._abandoned(leg))
            if found is None:
                raise _Over(Outcome.PEER_GONE)
            leg = found
        self._talk_on(transferee, leg)
        self._sound(leg, self.settings.xfersound)
        raise _Over

    def _abort(self, leg: Channel) -> None:
        if not self.answered:
            self.transferor.stop_ringing()
            self._tell_end(leg, "CANCEL")
        leg.inbox = Inbox()
        leg.hangup(Cause.NORMAL_CLEARING)
        if self.transferee is None:
            raise _Over(Outcome.PEER_GONE)
        self._back_to_first()
        raise _Over

    def _three_way(self, leg: Channel) -> None:
        self.is_three_way = True
        self.waiting.close()
        self._announce(leg, stays=True)
        for each in (self.transferor, leg):
            if each.bridge is not self.first:
                self._leave(each)
                self.first.join(each)

    def _swap(self, leg: Channel) -> None:
        self.waiting.close()
        to_first = not self._is_with_transferee
        self._leave(self.transferor)
        if to_first:
            self.first.join(self.transferor)
            self._let_wait(leg)
        elif self.second is not None:
            self.second.join(self.transferor)
            self._let_wait(self.transferee)

    # ------------------------------------------------------------ who talks to whom then

    def _caller_leaves(self, leg: Channel) -> None:
        """The task is cancelled: its channel hangs up, or goes elsewhere, or the node stops."""
        caller = self.conversation.caller
        if not caller.hangup_requested or leg.ended:
            return
        self.waiting.close()
        self._leave(caller)
        if self.transferor is not caller:
            self._connect(self.transferor, leg)
        elif self.transferee is not None:
            self._announce(leg)
            self._connect(self.transferee, leg)

    def _connect(self, party: Channel, leg: Channel) -> None:
        """Let two who have no task talk in one of their own."""
        self.waiting.close()
        if self.answered:
            connect(party, leg)
            self._sound(leg, self.settings.xfersound)
        else:
            go_on_alone(party, self._abandoned(leg))

    def _talk_on(self, caller: Channel, leg: Channel) -> None:
        """The conversation goes on between its caller and the target."""
        self.waiting.close()
        if self.second is not None and not self.is_three_way:
            caller.pbx.bus.emit(events.BridgesMerged, self.first, self.second)
        for each in (caller, leg):
            if each.bridge is not self.first:
                self._leave(each)
                self.first.join(each)
        self.conversation.replace_peer(leg)
        caller.set_connected(leg.caller)
        leg.set_connected(caller.caller)

    def _back_to_first(self) -> None:
        if self.transferor.bridge is not self.first:
            self._leave(self.transferor)
        self.waiting.close()
        self.conversation.resume(self.transferor)
        if self.transferee is not None:
            self.transferor.set_connected(self.transferee.caller)
        self._sound(self.transferor, self.settings.xferfailsound)

    # ------------------------------------------------------------ parts

    @property
    def _is_with_transferee(self) -> bool:
        return self.transferor.bridge is self.first

    def _partner(self, leg: Channel) -> Channel | None:
        if self._is_with_transferee:
            return self.transferee
        return leg if self.answered else None

    def _taken(self) -> str:
        """What was pressed so far, once."""
        pressed, self.pressed = self.pressed, ""
        return pressed

    def _let_wait(self, channel: Channel | None) -> None:
        if channel is not None:
            self.waiting.enter_context(waiting_music(channel, self.transferor))

    def _abandoned(self, leg: Channel) -> Abandoned:
        return Abandoned(self.transferor, leg, self.target, self.settings)

    @staticmethod
    def _leave(channel: Channel) -> None:
        if channel.bridge is not None:
            channel.bridge.leave(channel)

    def _announce(self, leg: Channel, *, stays: bool = False) -> None:
        transferor, transferee = self.transferor, self.transferee
        if not stays and not self.is_three_way:
            for channel in (transferee, leg, transferor):
                if channel is not None:
                    channel.set_variable("ATTENDEDTRANSFER", transferor.name)
        bridges = (self.first, self.second)
        transferor.pbx.bus.emit(
            events.AttendedTransferred, transferor, transferor, transferee, leg, bridges, stays
        )

    def _tell_end(self, leg: Channel, status: str) -> None:
        leg.pbx.bus.emit(events.DialEnded, self.transferor, leg, status)

    @staticmethod
    def _pass_on(leg: Channel, to: Channel | None, digits: str) -> None:
        if to is not None:
            for digit in digits:
                with contextlib.suppress(NotSupportedByChannelError):
                    to.send_digit(digit)

    @staticmethod
    def _sound(leg: Channel, name: str) -> None:
        """Let a leg hear a short sound, without waiting for it."""
        found = leg.pbx.sounds.find(name, leg.language, leg.audio_codec) if name and not leg.ended else None
        if found is not None:
            with contextlib.suppress(PlaybackError):
                start_playing(leg, [found.path])
