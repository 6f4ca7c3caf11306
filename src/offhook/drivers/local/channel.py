"""`Local/exten@context`: two channels back to back (Asterisk: chan_local).

The half named `;1` is the outgoing leg that was asked for; `;2` runs the dialplan.  What is done to
one half appears at the far end of the other: ringing, answer, audio (a pipe in the media engine),
digits, connected line, hangup.
"""

from __future__ import annotations

from collections.abc import Callable

from offhook._core import MediaError
from offhook.pbx import events
from offhook.pbx.causes import Cause
from offhook.pbx.channel import Channel, ChannelState
from offhook.pbx.pbx import CannotDialError, Pbx

__all__ = ["LocalChannel", "LocalTechnology"]


_HANGUP_BEHIND_ANSWER = 0.02  # seconds


class LocalChannel(Channel):
    """One half of a Local channel."""

    technology = "Local"
    leads_on = True
    keeps_device_state = False  # each half tells of it (Asterisk does not cache it either)
    __slots__ = ("is_dialplan_half", "optimizes", "other", "when_free")

    def __init__(self, pbx: Pbx, name: str, *, outgoing: bool, linkedid: str | None) -> None:
        super().__init__(pbx, name, outgoing=outgoing, linkedid=linkedid)
        self.is_dialplan_half = not outgoing
        self.other: LocalChannel | None = None
        self.optimizes = False
        self.when_free: Callable[[LocalChannel], None] | None = None  # told when it might leave the call
        self.digits_in_media = False  # the pipe carries audio only

    @property
    def far_half(self) -> Channel | None:
        """Part of Channel."""
        return None if self.is_dialplan_half else self.other

    @property
    def audio_codec(self) -> str:
        """Part of Channel: samples go through the pipe."""
        return "slin"

    @property
    def watches_audio(self) -> bool:
        """Part of Channel: while its audio is needed it stays in the call."""
        return self.optimizes

    def audio_changed(self) -> None:
        """Part of Channel."""
        if self.when_free is not None:
            self.when_free(self)

    def _forget(self) -> None:
        self.when_free = None

    def _place(self) -> None:
        other = self.other
        if other is None or other.ended:
            self.far_end_hung_up(Cause.NORMAL_CLEARING)
            return
        # What the outgoing half shows its far end is the caller for the dialplan there.
        other.set_caller(self.connected)
        if self.caller != other.connected:
            # Not by set_connected(): that would come back here as news of our far end.
            other.connected = self.caller
            self.pbx.bus.emit(events.ConnectedLineChanged, other)
        other.dialed = other.exten
        other.take_over(self)
        # What is the one's account is the peer's account on the other side.
        other.set_account_code(self.peer_account)
        other.peer_account = self.account_code
        self.pbx.bus.emit(events.LocalBridged, self, other, other.context, other.exten, self.optimizes)
        other.start_dialplan(other.context, other.exten)

    def _ring(self) -> None:
        if self.other is not None:
            self.other.ringing()

    def _progress(self) -> None:
        if self.other is not None:
            self.other.progressing(early_media=True)

    def _answer(self) -> None:
        other = self.other
        if other is not None:
            # What was set here while it rang counts on the other side, crossed over as in any bridge.
            if self.peer_account:
                other.set_account_code(self.peer_account)
            other.peer_account = self.account_code or other.peer_account
            other.answered()

    def _send_digit(self, digit: str, duration_ms: int) -> None:
        """A key that is sent to this half was pressed at the far end of the other one."""
        other = self.other
        if other is not None and not other.ended:
            self.pbx.bus.emit(events.ChannelDigitBegan, other, digit)
            self.pbx.loop.call_later(duration_ms / 1000, other.arrives, digit, duration_ms)

    def arrives(self, digit: str, duration_ms: int) -> None:
        """The other half was sent a digit, which ends now."""
        if not self.ended:
            self.digit_received(digit, duration_ms)

    def _send_flash(self) -> None:
        """What is flashed on this half was flashed by the far end of the other one."""
        other = self.other
        if other is not None and not other.ended:
            other.flash_received()

    def _release(self, cause: int) -> None:
        other, self.other = self.other, None
        if other is not None:
            other.other = None
            if len(other.inbox) and other.task is None and not other.ended:
                # Its owner has not seen the answer yet, and is to act on that first, as where each
                # half has a queue of frames and a thread of its own.
                # What has called somebody on has been a call, however short: its answer counts.
                other.is_ending = self.get_variable("DIALSTATUS") is None
                self.pbx.loop.call_later(_HANGUP_BEHIND_ANSWER, other.far_end_hung_up, cause)
            else:
                other.far_end_hung_up(cause)

    def _connected_line_changed(self) -> None:
        if self.other is not None:
            self.other.set_caller(self.connected)  # that is who is at its far end now
            self.other.deliver(events.NewConnectedLine(self.other, self.connected))

    def _redirecting_changed(self) -> None:
        if self.other is not None:
            self.other.redirecting = self.redirecting
            self.other.deliver(events.NewRedirecting(self.other, self.redirecting))

    def _hold(self, on: bool) -> None:
        if self.other is not None:
            self.other.far_end_held(on)


class LocalTechnology:
    """Makes Local channels."""

    name = "Local"

    def __init__(self, pbx: Pbx) -> None:
        self._pbx = pbx
        self._sequence = 0
        pbx.provide_pairs(self.pair)

    def request(self, destination: str, *, caller: Channel | None) -> list[Channel]:
        """The `;1` half for `exten[@context][/options]`; without context the caller's, else `default`.

        Raises CannotDialError when the dialplan has no such extension.
        """
        target, _, options = destination.partition("/")
        unknown = set(options) - set("njmb")
        if unknown:
            raise CannotDialError(
                f"Local/{destination}: unknown option {sorted(unknown)[0]!r} (n, j, m and b exist)",
                Cause.INVALID_NUMBER_FORMAT,
            )
        exten, _, context = target.partition("@")
        context = context or (caller.context if caller else "default")
        if not self._pbx.dialplan.exists(context, exten, 1, caller.caller.number if caller else ""):
            raise CannotDialError(
                f"Local/{destination}: no extension {exten!r} in context {context!r}", Cause.UNALLOCATED
            )
        one, two = self._make(exten, context, caller)
        one.optimizes = two.optimizes = "n" not in options
        return [one]

    def pair(self, name: str, of: Channel) -> tuple[Channel, Channel]:
        """Both halves for `exten@context`, which need not exist; see Pbx.pair()."""
        exten, _, context = name.partition("@")
        return self._make(exten, context, of)

    def _make(self, exten: str, context: str, caller: Channel | None) -> tuple[LocalChannel, LocalChannel]:
        number = self._sequence
        self._sequence += 1
        linkedid = caller.linkedid if caller else None
        base = f"Local/{exten}@{context}-{number:08x}"
        one = LocalChannel(self._pbx, f"{base};1", outgoing=True, linkedid=linkedid)
        two = LocalChannel(self._pbx, f"{base};2", outgoing=False, linkedid=one.linkedid)
        one.other, two.other = two, one
        two.context, two.exten = context, exten
        one.context, one.exten = context, exten
        two.state = ChannelState.RING
        if caller is not None:
            one.language = caller.language
        try:
            ports = self._pbx.media.open_pipe()
        except MediaError as error:
            one.hangup(Cause.NORMAL_CIRCUIT_CONGESTION)
            raise CannotDialError(
                f"Local/{exten}@{context}: no audio: {error}", Cause.NORMAL_CIRCUIT_CONGESTION, "CONGESTION"
            ) from error
        for half, port in zip((one, two), ports, strict=True):
            half.attach_media(port)
        one.announce()
        two.announce()
        return one, two

    def device_state(self, device: str) -> str:
        """NOT_INUSE when the extension exists, INVALID otherwise; INUSE while somebody is there."""
        exten, _, context = device.partition("/")[0].partition("@")
        if not self._pbx.dialplan.exists(context or "default", exten):
            return "INVALID"
        halves = self._pbx.by_device.get(f"Local/{exten}@{context or 'default'}", ())
        busy = any(isinstance(half, LocalChannel) and half.other is not None for half in halves)
        return "INUSE" if busy else "NOT_INUSE"
