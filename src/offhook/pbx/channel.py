"""Channel: one leg of a call.

A channel technology (SIP, Local) subclasses `Channel` and fills in the operations of `ChannelTechnology`,
which are synchronous and act at once.  What happens at the far end is reported
through `ringing()`, `progressing()`, `answered()`, `far_end_hung_up()` and `deliver()`, which put
events into the channel's inbox for the task that controls it.

Who controls a channel: the asyncio task that runs its dialplan, or, for an outgoing leg, the task
that placed the call (Dial, Originate), which routes the leg's events into an inbox of its own.

How a channel ends: `request_hangup()` may be called by anybody.  With a dialplan task it cancels the
task; its `finally` blocks release what the applications opened, `h` runs, and then `hangup()` ends
the leg.  Without a task `hangup()` follows at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from offhook.levels import logger_of
from offhook.pbx import events
from offhook.pbx.causes import Cause
from offhook.pbx.channel_audio import ChannelAudio
from offhook.pbx.channel_control import Activity, ChannelControl, Location
from offhook.pbx.channel_state import STATE_WORDS, ChannelState
from offhook.pbx.channel_technology import ChannelTechnology, NotSupportedByChannelError
from offhook.pbx.channel_variables import ChannelVariables
from offhook.pbx.direct_media import DirectMedia
from offhook.pbx.further_media import FurtherMedia
from offhook.pbx.inbox import Inbox
from offhook.pbx.party import NOBODY, NOT_REDIRECTED, PartyId
from offhook.pbx.pickup_groups import NO_GROUPS, PickupGroups
from offhook.pbx.text import PLAIN

if TYPE_CHECKING:
    from offhook.media.activity import Playback
    from offhook.media.jitter import JitterBuffer
    from offhook.media.port import MediaPort
    from offhook.pbx.bridge import Bridge
    from offhook.pbx.party import Redirecting
    from offhook.pbx.pbx import Pbx
    from offhook.pbx.text import TextDetails

__all__ = [
    "MAX_FORWARDS",
    "STATE_WORDS",
    "Activity",
    "Channel",
    "ChannelState",
    "Location",
    "NotSupportedByChannelError",
]

log = logging.getLogger(__name__)
dtmf = logger_of("dtmf")
_FLASH = "!"  # the media engine's name of RFC 4733 event 16

T = TypeVar("T")


MAX_FORWARDS = 20
"""A call that is passed on from leg to leg (Local channels, diversions) ends somewhere: Asterisk's number."""


class AskedTransfer(Protocol):
    """A transfer that the far end has asked for and that a program carries out."""

    def tell(self, status: int) -> None:
        """Say how it goes, as a SIP status: below 200 it goes on, from 200 on it is over."""
        ...


class Channel(ChannelTechnology, ChannelVariables, ChannelControl, ChannelAudio, DirectMedia, FurtherMedia):
    """One leg of a call; see the module's text for its life."""

    technology: ClassVar[str]
    is_listed: ClassVar[bool] = True
    leads_on: ClassVar[bool] = False
    """Whether more dialplan is at its far end, which will tell who is there."""
    text_details: ClassVar[bool] = False
    """Whether a text message carries more than its text."""
    keeps_device_state: ClassVar[bool] = True
    """False: nobody remembers the state of its device, so that it is told even when it is the same."""
    __slots__ = (
        "__weakref__",
        "_audio_awaited",
        "_inherited",
        "_on_ended",
        "_ring_tone",
        "_task_started",
        "account_code",
        "allowed_features",
        "ama_flags",
        "ami_lines",
        "ani2",
        "announced",
        "answered_at",
        "application",
        "application_data",
        "ari_text",
        "asked_transfer",
        "audio_known",
        "bridge",
        "call_id",
        "caller",
        "caller_is_guess",
        "cdr_prop",
        "codecs",
        "connected",
        "context",
        "created_at",
        "dialed",
        "digits_in_media",
        "ended",
        "exten",
        "groups",
        "hands_over",
        "hangup_cause",
        "hangup_requested",
        "held",
        "hold_music",
        "in_subroutine",
        "inband_digits",
        "inbox",
        "intercepts_hold",
        "is_ending",
        "jitter_buffer",
        "language",
        "linkedid",
        "max_forwards",
        "media",
        "music_class",
        "music_suggested",
        "muted",
        "name",
        "on_hold",
        "outgoing",
        "passed_headers",
        "pbx",
        "peer_account",
        "placed",
        "priority",
        "redirect_to",
        "redirecting",
        "state",
        "task",
        "tech_cause",
        "tech_cause_code",
        "tenant_id",
        "tone_zone",
        "uniqueid",
        "user_field",
        "variables",
    )

    def __init__(self, pbx: Pbx, name: str, *, outgoing: bool, linkedid: str | None = None) -> None:
        self.pbx = pbx
        self.name = name
        self.outgoing = outgoing
        self.uniqueid = pbx.new_uniqueid()
        self.linkedid = linkedid or self.uniqueid
        self.call_id = pbx.call_id_of(self.linkedid)  # C-00000001 in the log: the call, of all its legs
        self.state = ChannelState.DOWN
        self.created_at = pbx.wall_clock()  # seconds since the epoch
        self.answered_at: float | None = None
        self.caller: PartyId = NOBODY
        self.ani2 = 0  # originating line information of the caller (ANI II digits): 27 a payphone ...
        self.caller_is_guess = False  # only the number that was dialled, of a leg that leads on
        self.connected: PartyId = NOBODY
        self.dialed = ""  # the number that was dialled to get here (DNID)
        self.redirecting = NOT_REDIRECTED
        self.passed_headers: tuple[tuple[str, str], ...] = ()  # of SIP, for the calls that it places
        self.max_forwards = MAX_FORWARDS  # how many more legs a call may be passed on to
        self.account_code = ""
        self.tenant_id = ""  # whose call it is where several share a node
        self.peer_account = ""
        self.is_ending = False  # the far end is gone; what came before is being dealt with
        self.ama_flags = 3  # documentation
        self.user_field = ""
        self.ami_lines: Any = None  # how the manager interface has shown it last
        self.ari_text: Any = None  # how ARI has
        self.language = pbx.default_language
        self.tone_zone = ""
        self.music_class = ""  # what this leg hears while it waits
        self.music_suggested = ""  # what those hear whom this leg puts on hold
        self.context = "default"
        self.exten = "s"
        self.priority = 1
        self.in_subroutine = 0  # how deep: what it executes there is not what was dialled
        self.application = ""
        self.application_data = ""
        self.variables: dict[str, str] = {}
        self._inherited: dict[str, int] | None = None  # name -> generations left (1, or 2 for endless)
        self.cdr_prop: Any = None
        self.codecs: tuple[str, ...] = ()  # what to offer in place of the technology's own choice
        self.media: MediaPort | None = None
        self.audio_known = False
        self._audio_awaited: asyncio.Future[None] | None = None
        self.jitter_buffer: JitterBuffer | None = None
        self.muted: tuple[bool, bool] = (False, False)  # what comes in, what goes out (MuteAudio)
        self.digits_in_media = True  # False: they go by signalling, so the engine cannot relay any to it
        self.inband_digits = False  # tones in the audio count as digits
        self.bridge: Bridge | None = None
        self.groups: PickupGroups = NO_GROUPS
        self.allowed_features: frozenset[str] = frozenset()  # what it may do by DTMF in a call
        self.held = False  # the far end holds us
        self.intercepts_hold = False  # that the far end wants to is only announced (HOLD_INTERCEPT)
        self.on_hold = False  # whom it talks to holds it
        self.hold_music: Callable[[], None] | None = None
        self._ring_tone: Playback | None = None
        self.inbox: Inbox[events.LegEvent] = Inbox()
        self.task: asyncio.Task[Any] | None = None
        self._task_started = False
        self.redirect_to: Location | Activity | None = None
        self.hangup_requested = False
        self.hangup_cause: int = 0
        self.tech_cause = ""  # why it ended, in the technology's words: "SIP 486 Busy Here"
        self.tech_cause_code = 0  # the Q.850 cause that those words stand for
        self.ended = False
        self._on_ended: list[Callable[[], None]] | None = None
        self.announced = not self.is_listed
        self.asked_transfer: AskedTransfer | None = None
        self.hands_over: Callable[[Channel], None] | None = None
        """Puts another channel in this one's place, and ends it: of who keeps the channel (ARI).

        Such a channel's partners are kept as well: transfers do not take them away.
        """
        self.placed = False  # outgoing: the far end is being called
        if self.is_listed:
            pbx.add_channel(self)

    def __repr__(self) -> str:
        return f"<{self.name} {self.state.name}>"

    # -------------------------------------------------------------- what the switch does with a leg

    def announce(self, state: ChannelState | None = None) -> None:
        """Say that the channel exists, now that it is known whose it is, in this state.  Idempotent.

        Its technology does so; else it happens when the channel is first used.
        """
        if not self.announced:
            self.announced = True
            if state is not None:
                self.state = state
            self.pbx.bus.emit(events.ChannelCreated, self)

    def place(self, destination: str, *, caller: Channel | None = None, told: bool = True) -> None:
        """Start an outgoing call.  `destination` and `caller` are only for the announcement.

        None is made unless `told`: a transfer is nobody's attempt to dial.
        """
        self.announce()
        self.placed = True
        if told:
            self.pbx.bus.emit(events.DialBegan, caller, self, destination)
        self._place()

    def ring(self) -> None:
        """Indicate ringing to the caller: 180, or the ringing tone to one who has been answered."""
        if self.hangup_requested:
            return
        self.pbx.bus.emit(events.ChannelIndicated, self, "RINGING")
        if self.state is ChannelState.UP:
            self.start_ring_tone()
        else:
            self._ring()

    def start_ring_tone(self, tone: str = "ring") -> None:
        """Play a tone of the zone until stop_ringing(), the answer, or something else that is played.

        Raises LookupError or ValueError for what is no tone.
        """
        playing = self._ring_tone
        if self.media is None or (playing is not None and playing.running):
            return
        self._ring_tone = self.media.start_tones(self.pbx.indications.resolve(tone, self.tone_zone or None))

    def stop_ringing(self) -> None:
        """Stop a ringing tone that ring() started."""
        playing, self._ring_tone = self._ring_tone, None
        if playing is not None:
            playing.stop()

    def progress(self) -> None:
        """Open early media to the caller (183).  No effect once answered."""
        self.pbx.bus.emit(events.ChannelIndicated, self, "PROGRESS")
        if self.state is not ChannelState.UP and not self.hangup_requested:
            self._progress()

    def answer(self) -> None:
        """Answer an incoming call.  No effect when it is up already."""
        if self.state is ChannelState.UP or self.hangup_requested:
            return
        self._answer()
        if not self.hangup_requested:  # there may have been no common codec
            self._went_up()

    def send_digit(self, digit: str, duration_ms: int = 100) -> None:
        """Send one DTMF digit of `duration_ms`."""
        if not self.ended:
            if dtmf.isEnabledFor(logging.INFO):
                dtmf.info("%s: '%s' sent, %d ms", self.name, digit, duration_ms)
            self._send_digit(digit, duration_ms)
            bus = self.pbx.bus
            bus.emit(events.ChannelDigitBegan, self, digit, sent=True)
            bus.emit(events.ChannelDigit, self, digit, duration_ms, sent=True)

    def send_flash(self) -> None:
        """Flash the far end's hook.  Raises NotSupportedByChannelError."""
        if not self.ended:
            dtmf.info("%s: hook flash sent", self.name)
            self._send_flash()

    def set_caller(self, party: PartyId) -> None:
        """Set who is at this leg's far end."""
        if party != self.caller:
            self.caller = party
            if self.announced and self.is_listed:
                self.pbx.bus.emit(events.CallerIdChanged, self)

    def set_account_code(self, code: str) -> None:
        """Set whom the call is charged to."""
        old = self.account_code
        if code != old:
            self.account_code = code
            if self.announced and self.is_listed:
                self.pbx.bus.emit(events.AccountCodeChanged, self, old)

    def set_connected(self, party: PartyId, *, again: bool = False) -> None:
        """Set whom this leg is connected with, and show it to the far end, `again` even if it is the same."""
        if again or party != self.connected:
            self.connected = party
            if self.announced and self.is_listed:
                self.pbx.bus.emit(events.ConnectedLineChanged, self)
            if not self.ended:
                self._connected_line_changed()

    def set_redirecting(self, redirecting: Redirecting, *, tell: bool = True) -> None:
        """Set how the call is diverted, and `tell` the far end."""
        self.redirecting = redirecting
        if tell and not self.ended:
            self._redirecting_changed()

    def hold(self, on: bool) -> None:
        """Put the far end on hold, or take it back."""
        if not self.ended:
            self._hold(on)

    def send_text(self, text: str, details: TextDetails = PLAIN) -> None:
        """Send text to the far end.  Raises NotSupportedByChannelError."""
        if not self.ended:
            self._send_text(text, details)

    # -------------------------------------------------------------- what a technology reports

    def ringing(self) -> None:
        """The far end of an outgoing leg is being alerted."""
        if self.state is not ChannelState.UP and not self.ended:
            self.set_state(ChannelState.RINGING)
            self.deliver(events.Ringing(self))

    def progressing(self, *, early_media: bool) -> None:
        """The far end of an outgoing leg reports progress."""
        self.deliver(events.Progressing(self, early_media))

    def answered(self) -> None:
        """The far end of an outgoing leg answered."""
        if not self.ended and self.state is not ChannelState.UP:
            self._went_up()
            self.deliver(events.Answered(self))

    def receive_digit(self, digit: str, duration_ms: int) -> None:
        """Act as if the far end had pressed a key (AMI PlayDTMF with Receive)."""
        self.pbx.bus.emit(events.ChannelDigitBegan, self, digit)
        self.digit_received(digit, duration_ms)

    def far_end_held(self, on: bool) -> None:
        """The far end puts us on hold, or takes us back."""
        if self.intercepts_hold and not self.held:
            self.pbx.bus.emit(events.ChannelHeld, self, on, self.music_suggested if on else "")
            return
        if on != self.held:
            self.held = on
            if self.bridge is not None:
                self.bridge.reconsider()
            self.deliver(events.Held(self, on))
            self.pbx.bus.emit(events.ChannelHeld, self, on, self.music_suggested if on else "")
            self.pbx.bus.emit(events.DeviceReported, self.device)

    def put_on_hold(self, on: bool) -> None:
        """The far end is held by the one whom it talks to, or taken back: its device is on hold then."""
        if on != self.on_hold:
            self.on_hold = on
            self.pbx.bus.emit(events.DeviceReported, self.device)

    def far_end_hung_up(self, cause: int) -> None:
        """The far end has ended the leg (or it failed)."""
        self.request_hangup(cause, by_far_end=True)

    def deliver(self, event: events.LegEvent) -> None:
        """Give an event to the task that controls this leg."""
        self.inbox.put(event)

    # -------------------------------------------------------------- audio

    def attach_media(self, port: MediaPort) -> None:
        """Make `port` the leg's audio; its events come to this channel, which closes it at the end."""
        self.media = port
        port.listener = self
        if self.jitter_buffer is not None:
            port.set_jitter_buffer(self.jitter_buffer)
        if any(self.muted):
            port.mute(receive=self.muted[0], send=self.muted[1])
        if self.bridge is not None:
            self.bridge.join_media()

    def relay_digits(self, on: bool) -> None:
        """Whether DTMF goes on to the bridged leg by itself, or ends here as events."""
        if self.media is not None and not self.ended:
            self.media.set_dtmf(relay=on, inband=self.inband_digits)

    def on_dtmf_begin(self, port: MediaPort, digit: str, inband: bool) -> None:
        """Part of PortListener."""
        if digit != _FLASH:
            self.pbx.bus.emit(events.ChannelDigitBegan, self, digit)

    def on_dtmf_end(self, port: MediaPort, digit: str, duration_ms: int) -> None:
        """Part of PortListener."""
        if digit == _FLASH:
            self.flash_received(in_media=True)
        else:
            self.digit_received(digit, duration_ms, in_media=True)

    def on_timeout(self, port: MediaPort, seconds: int, held: bool) -> None:
        """Part of PortListener: no audio for as long as the technology allows."""
        log.info("%s: no RTP for %d s%s: hanging up", self.name, seconds, " on hold" if held else "")
        self.request_hangup(Cause.REQUESTED_CHAN_UNAVAIL)

    def on_bye(self, port: MediaPort) -> None:
        """Part of PortListener; the end of a stream is not the end of a call."""

    def on_ice(self, port: MediaPort, address: str, why: str) -> None:
        """Part of PortListener."""
        if why:
            log.warning("%s: ICE: %s", self.name, why)
        else:
            log.debug("%s: ICE: audio goes to %s", self.name, address)
            self.audio_came(port)

    def on_candidates(self, port: MediaPort) -> None:
        """Part of PortListener; for technologies that can tell the far end."""

    def on_dtls(self, port: MediaPort, suite: str, why: str) -> None:
        """Part of PortListener."""
        if why:
            log.warning("%s: no keys for its audio: %s", self.name, why)
        else:
            log.debug("%s: audio is encrypted (%s)", self.name, suite)

    def on_talking(self, port: MediaPort, on: bool) -> None:
        """Part of PortListener: in a conference that asked for it."""
        self.deliver(events.Talking(self, on))

    def digit_received(self, digit: str, duration_ms: int, *, in_media: bool = False) -> None:
        """The far end pressed a key, seen in the media or in signalling."""
        if dtmf.isEnabledFor(logging.INFO):
            dtmf.info("%s: '%s' received, %d ms", self.name, digit, duration_ms)
        self.pbx.bus.emit(events.ChannelDigit, self, digit, duration_ms)
        self.deliver(events.Digit(self, digit, duration_ms, in_media))

    def flash_received(self, *, in_media: bool = False) -> None:
        """The far end flashed its hook, seen in the media or in signalling."""
        dtmf.info("%s: hook flash received", self.name)
        self.pbx.bus.emit(events.ChannelFlash, self)
        self.deliver(events.Flash(self, in_media))

    # -------------------------------------------------------------- the end

    def request_hangup(self, cause: int = Cause.NORMAL_CLEARING, *, by_far_end: bool = False) -> None:
        """Ask for the leg's end, from anywhere; the controlling task unwinds first.  Idempotent."""
        if self.hangup_requested or self.ended:
            return
        self.hangup_requested = True
        self.hangup_cause = cause  # not what an earlier Dial() of this channel left there
        self.pbx.bus.emit(events.ChannelHangupRequested, self, by_far_end)
        task = self.task
        if task is None:
            self.hangup(cause)
        elif self._task_started:
            task.cancel()
        # else: the task sees hangup_requested when it first runs

    def hangup(self, cause: int = 0) -> None:
        """End the leg now.  For the one who controls it; idempotent."""
        if self.ended:
            return
        self.announce()
        if not self.hangup_requested:
            self.hangup_cause = cause or self.hangup_cause or Cause.NORMAL_CLEARING
            self.hangup_requested = True
            self.pbx.bus.emit(events.ChannelHangupRequested, self)
        self.ended = True
        if self.bridge is not None:
            self.bridge.leave(self)
        stop_music, self.hold_music = self.hold_music, None
        if stop_music is not None:
            stop_music()
        try:
            self._release(self.hangup_cause)
        except Exception:
            log.exception("%s: the channel did not release cleanly", self.name)
        self._ring_tone = None
        media, self.media = self.media, None
        if media is not None:
            media.close()
        self.pbx.remove_channel(self)
        self.pbx.bus.emit(events.ChannelHungUp, self)
        # The owner of a leg is told; a dialplan task knows, as it is the one that ends the leg.
        inbox, self.inbox = self.inbox, Inbox()
        if not self._task_started:
            inbox.put(events.HungUp(self))
        callbacks, self._on_ended = self._on_ended, None
        for callback in callbacks or ():
            callback()
        self._forget()

    def when_ended(self, callback: Callable[[], None]) -> None:
        """Call `callback` when the leg is gone (at once when it is)."""
        if self.ended:
            callback()
        elif self._on_ended is None:
            self._on_ended = [callback]
        else:
            self._on_ended.append(callback)

    # -------------------------------------------------------------- dialplan

    def start_dialplan(self, context: str, exten: str, priority: int = 1) -> None:
        """Run the dialplan on this channel in a task of its own."""
        if self.task is not None:
            raise RuntimeError(f"{self.name} already runs dialplan")
        self.context, self.exten, self.priority = context, exten, priority
        self.announce()
        self._task_started = False
        self.task = self.pbx.loop.create_task(self._run_dialplan(), name=self.name)

    async def _run_dialplan(self) -> None:
        self._task_started = True
        try:
            await self.pbx.dialplan.run(self)
        except asyncio.CancelledError:
            if not self.hangup_requested:  # the node stops: end the leg, and let the cancellation go on
                raise
        except Exception:
            log.exception("%s: the dialplan failed", self.name)
            self.hangup_cause = self.hangup_cause or Cause.NORMAL_TEMPORARY_FAILURE
        finally:
            self.task = None
            self.hangup()

    # -------------------------------------------------------------- inside

    def _went_up(self) -> None:
        self.stop_ringing()
        self.answered_at = self.pbx.wall_clock()
        self.set_state(ChannelState.UP)
        self.pbx.bus.emit(events.ChannelAnswered, self)

    def set_state(self, state: ChannelState) -> None:
        """Change the state and announce it; for technologies."""
        if state is not self.state:
            self.announce()
            self.state = state
            self.pbx.bus.emit(events.ChannelStateChanged, self)
