"""StasisControl: a channel in the hands of an ARI application, from Stasis() until it goes on or hangs up."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from offhook.api.ari.schema import sends
from offhook.api.ari.subscriptions import Audience
from offhook.pbx import events
from offhook.pbx.bridge import BridgeError
from offhook.pbx.causes import Cause
from offhook.pbx.channel import NotSupportedByChannelError
from offhook.pbx.channel_state import ChannelState

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.api.ari.service import Ari
    from offhook.api.ari.subscriptions import StasisApp
    from offhook.dialplan.call import Call
    from offhook.pbx.bridge import Bridge
    from offhook.pbx.channel import Channel

__all__ = ["StasisControl"]

log = logging.getLogger(__name__)

sends("StasisStart", "StasisEnd", "ApplicationMoveFailed")


class StasisControl:
    """One channel in an application.  Its task waits here; operations act on the channel directly."""

    def __init__(self, ari: Ari, call: Call, app: StasisApp, arguments: Sequence[str]) -> None:
        self.ari = ari
        self.call = call
        self.app = app
        self.arguments = list(arguments)
        self.moving_to: tuple[StasisApp, list[str]] | None = None
        self.continues = False
        self.dial_timer: asyncio.TimerHandle | None = None
        self.dial_caller: Channel | None = None
        self.dialing = False
        self.absorbs_digits = False
        self.muted_in = self.muted_out = False
        self.stop_music: Callable[[], None] | None = None
        self.stop_held_music: list[Callable[[], None]] = []
        self._hear_ringing: list[Channel] = []

    @property
    def channel(self) -> Channel:
        """The channel."""
        return self.call.channel

    # ------------------------------------------------------------ the channel's task

    async def run(self) -> None:
        """Stay until the application lets the channel go; raises CancelledError when it hangs up."""
        self._enter()
        await self._stay()

    async def _stay(self) -> None:
        channel = self.channel
        try:
            while True:
                event = await channel.inbox.get()
                if event is None:
                    continue
                self._take(event)
                if self.continues:
                    return
                if self.moving_to is not None:
                    self._move()
        finally:
            self._leave()

    def _enter(self, replaced: Channel | None = None) -> None:
        channel = self.channel
        self.ari.controls[channel.uniqueid] = self
        channel.hands_over = self._hand_over
        self.app.channels.add(channel.uniqueid)
        more = {"replace_channel": self.ari.show(replaced)} if replaced is not None else {}
        self._say("StasisStart", args=self.arguments, **more)

    def _leave(self) -> None:
        channel, ari = self.channel, self.ari
        if ari.controls.get(channel.uniqueid) is not self:
            return
        channel.hands_over = None
        if self.dial_timer is not None:
            self.dial_timer.cancel()
        self._dial_ended("CANCEL")
        self._stop_ringing()
        self.release_music()
        ari.playbacks.stop_all(channel)
        if channel.bridge is not None and channel.bridge.uniqueid in ari.bridges:
            channel.bridge.leave(channel)
        ari.controls.pop(channel.uniqueid, None)
        self._say("StasisEnd")
        if not channel.hangup_requested:  # else ChannelDestroyed is still to come
            self.app.channels.remove(channel.uniqueid)

    def _move(self) -> None:
        if self.moving_to is None:
            return
        (to, arguments), self.moving_to = self.moving_to, None
        if not to.active:
            self._say("ApplicationMoveFailed", destination=to.name, args=arguments)
            return
        self._say("StasisEnd")
        self.app.channels.remove(self.channel.uniqueid)
        self.app, self.arguments = to, arguments
        self._enter()

    def _take(self, event: events.LegEvent) -> None:
        channel = self.channel
        match event:
            case events.Ringing():
                self._dial_state("RINGING")
                self._others_hear_ringing()
            case events.Progressing(early_media=early_media):
                self._dial_state("PROGRESS")
                if early_media:
                    self._stop_ringing()
            case events.Answered():
                self._dial_ended("ANSWER")
                self._stop_ringing()
            case events.Kicked():
                if channel.bridge is not None:
                    channel.bridge.leave(channel)
            case events.Held(on=on):
                self._others_hear_music(on)
            case events.NewConnectedLine(party=party):
                bridge = channel.bridge
                other = bridge.other(channel) if bridge is not None and len(bridge.channels) == 2 else None
                if other is not None:
                    other.set_connected(party)
            case events.Digit(digit=digit, duration_ms=duration, in_media=in_media):
                if not in_media:
                    self._pass_on(lambda other: other.send_digit(digit, duration))
            case events.Flash(in_media=in_media):
                if not in_media:
                    self._pass_on(lambda other: other.send_flash())
            case _:
                pass

    def _say(self, name: str, **more: object) -> None:
        ari = self.ari
        message = {
            "type": name,
            **ari.stamp(),
            **more,
            "channel": ari.show(self.channel),
        }
        self.app.send(message)

    def _pass_on(self, send: Callable[[Channel], None]) -> None:
        """Send what the channel has pressed to all others in its bridge, those that can take it."""
        bridge = self.channel.bridge
        if bridge is None or self.absorbs_digits:
            return
        for other in bridge.channels:
            if other is not self.channel:
                with contextlib.suppress(NotSupportedByChannelError):
                    send(other)

    def _others_hear_ringing(self) -> None:
        """Somebody is called who is in the bridge already."""
        self._stop_ringing()
        bridge = self.channel.bridge
        if bridge is None or self.channel.state is ChannelState.UP:
            return
        for other in bridge.channels:
            if other is not self.channel and other.state is ChannelState.UP:
                other.start_ring_tone()
                self._hear_ringing.append(other)

    def _stop_ringing(self) -> None:
        for other in self._hear_ringing:
            other.stop_ringing()
        self._hear_ringing = []

    def _others_hear_music(self, on: bool) -> None:
        for stop in self.stop_held_music:
            stop()
        self.stop_held_music = []
        bridge = self.channel.bridge
        if not on or bridge is None:
            return
        for other in bridge.channels:
            if other is not self.channel:
                stop = self.channel.pbx.start_music(other, self.channel.music_suggested)
                if stop is not None:
                    self.stop_held_music.append(stop)

    # ------------------------------------------------------------ somebody else in its place

    def _hand_over(self, to: Channel) -> None:
        """Let another channel take this one's place in the application and in its bridge; this one ends."""
        channel, bridge = self.channel, self.channel.bridge
        control = StasisControl(self.ari, self.ari.node.runner.call_on(to), self.app, ())
        control.absorbs_digits = self.absorbs_digits
        to.do_instead(control._go_on)
        if not to.hangup_requested:
            to.when_ended(control._leave)  # it may end before it gets there
            control._enter(channel)
            if bridge is not None and bridge.uniqueid in self.ari.bridges:
                bridge.leave(channel)
                control._join(bridge)
        channel.request_hangup(Cause.NORMAL_CLEARING)

    def _join(self, bridge: Bridge) -> None:
        self.app.bridges.add(bridge.uniqueid)
        try:
            bridge.join(self.channel)
        except BridgeError as error:
            self.app.bridges.remove(bridge.uniqueid)
            log.warning("%s: ARI: %s", self.channel.name, error)

    async def _go_on(self, _: Channel) -> None:
        """What the channel does in its new place."""
        await self._stay()
        self.call.set_variable("STASISSTATUS", "SUCCESS")

    # ------------------------------------------------------------ what operations ask for

    def nudge(self) -> None:
        """Have the channel's task look at what was asked."""
        self.channel.deliver(events.Notice(self.channel, "stasis"))

    def resume(self, context: str | None, exten: str | None, priority: int | str) -> None:
        """Let the channel go on in the dialplan; None stays as it is."""
        if context is not None or exten is not None or priority:
            channel = self.channel
            self.call.goto(context or channel.context, exten or channel.exten, priority or 1)
        self.continues = True
        self.nudge()

    def move(self, to: StasisApp, arguments: Sequence[str]) -> None:
        """Hand the channel over to another application."""
        self.moving_to = (to, list(arguments))
        self.nudge()

    def start_music(self, music_class: str) -> None:
        """Music on hold, in place of what plays."""
        self.release_music()
        self.stop_music = self.channel.pbx.start_music(self.channel, music_class)

    def release_music(self) -> None:
        """End the music that start_music() began."""
        stop, self.stop_music = self.stop_music, None
        if stop is not None:
            stop()
        self._others_hear_music(False)

    def dial(self, destination: str, caller: Channel | None, timeout: float) -> None:
        """Place the call of a channel that was created for it; it ends after `timeout` seconds (0: never)."""
        channel = self.channel
        self.dialing, self.dial_caller = True, caller
        if timeout > 0:
            self.dial_timer = channel.pbx.loop.call_later(timeout, self._nobody_answered)
        channel.place(destination, caller=caller)

    def _nobody_answered(self) -> None:
        self.dial_timer = None
        if self.dialing:
            self._dial_ended("NOANSWER")
            self.channel.request_hangup(Cause.NO_ANSWER)

    def _dial_state(self, state: str) -> None:
        if self.dialing:
            self.channel.pbx.bus.emit(events.DialStateChanged, self.dial_caller, self.channel, state)

    def _dial_ended(self, status: str) -> None:
        if not self.dialing:
            return
        self.dialing = False
        if self.dial_timer is not None:
            self.dial_timer.cancel()
            self.dial_timer = None
        if status == "CANCEL":
            status = _STATUS.get(int(self.channel.hangup_cause), "CANCEL")
        self.channel.pbx.bus.emit(events.DialEnded, self.dial_caller, self.channel, status)

    @property
    def audience(self) -> Audience:
        """Whom events about the channel concern."""
        return Audience(channels=(self.channel.uniqueid,))


_STATUS = {
    int(Cause.USER_BUSY): "BUSY",
    int(Cause.NO_ANSWER): "NOANSWER",
    int(Cause.NORMAL_CIRCUIT_CONGESTION): "CONGESTION",
    int(Cause.NO_ROUTE_DESTINATION): "CHANUNAVAIL",
    int(Cause.SUBSCRIBER_ABSENT): "CHANUNAVAIL",
}
