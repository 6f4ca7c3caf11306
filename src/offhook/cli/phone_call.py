"""One call of the terminal phone: an INVITE session, its audio, and what the user does with it.

`PhoneCall` listens to its session and its media port, says each step to `report`, and has two futures:
`answered`, and `ended` (which comes when the recording's file is complete).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from offhook._core import LocalMedia, MediaError, NegotiationError, OfferAnswer
from offhook.drivers.sip.info_digits import digit_of_info
from offhook.media.activity import PlaybackEnd, RecordingEnd
from offhook.media.port import PortListener
from offhook.media.sdp import audio_codecs, set_up_port
from offhook.sip.invite_server import InviteServer
from offhook.sip.invite_state import State
from offhook.sip.network import format_host_port
from offhook.sip.reason import EndedBy, Reason

if TYPE_CHECKING:
    from offhook._core import AgreedMedia, Message, NameAddr, Sdp, Tone
    from offhook.media.activity import Recording, RecordingResult
    from offhook.media.port import MediaPort
    from offhook.media.service import MediaService
    from offhook.sip.identity import PartyIdentity
    from offhook.sip.incoming import IncomingRequest
    from offhook.sip.invite import InviteSession
    from offhook.sip.reason import EndReason

__all__ = ["CallAudio", "CallEnd", "PhoneCall", "Report"]

_SILENCE: tuple[Tone, ...] = ((0.0, 0.0, False, 0, False),)
_DIGIT_TYPES = ("application/dtmf-relay", "application/dtmf")
# Q.850 causes that a phone gives.
_NORMAL_CLEARING = Reason.q850(16, "Normal Clearing")
_NO_BEARER = Reason.q850(65, "Bearer capability not implemented")

Stats = dict[str, "int | float | str"]


class Report(Protocol):
    """Who is told of each step: a word for programs, a line for people, and the facts in it."""

    def __call__(self, event: str, text: str, /, **facts: object) -> None:
        """One step has been done."""
        ...


@dataclass(frozen=True, slots=True)
class CallEnd:
    """How a call ended."""

    reason: EndReason | None
    """None: the far end did not answer our BYE or CANCEL in the time that we waited."""
    failure: str = ""
    """What went wrong on this side, e.g. no codec in common; "" for nothing."""
    talked: float = 0.0
    """Seconds from the answer to the end."""
    stats: Stats = field(default_factory=dict[str, "int | float | str"])
    """The port's last figures (`_core.Port.stats()`); empty when there was no audio."""
    recording: RecordingResult | None = None


class CallAudio:
    """Offer and answer of one call, and the port that they describe."""

    def __init__(self, service: MediaService, codecs: tuple[str, ...], address: str, bind: str) -> None:
        """`address` goes into the descriptions; `bind` is what the port is opened at."""
        self.exchange = OfferAnswer()
        self.port: MediaPort | None = None
        self.codec = ""
        self.held = False
        self._service = service
        self._codecs = audio_codecs(codecs, events=True)
        self._address = address
        self._bind = bind

    @property
    def agreed(self) -> AgreedMedia | None:
        """The audio line as it was agreed."""
        for line in self.exchange.agreed:
            if line.kind == "audio" and not line.rejected:
                return line
        return None

    def offer(self) -> Sdp:
        """Our offer.  Raises MediaError, OSError when there is no port; NegotiationError while one waits."""
        return self.exchange.offer([self._local()], self._address)

    def answer(self, offer: Sdp) -> Sdp:
        """Our answer.  Raises NegotiationError when no codec fits; the errors of offer()."""
        self.exchange.remote_offer(offer)
        try:
            answer = self.exchange.answer([self._local()], self._address)
        except (NegotiationError, MediaError, OSError):
            self.exchange.rollback()
            raise
        self._apply()
        return answer

    def accept(self, answer: Sdp) -> bool:
        """The answer to our offer; False when it only repeats the one before.  Raises NegotiationError."""
        known = self.exchange.remote
        if self.exchange.state == "stable" and known is not None and known.to_bytes() == answer.to_bytes():
            return False
        self.exchange.remote_answer(answer)
        self._apply()
        return True

    def _local(self) -> LocalMedia:
        if self.port is None:
            self.port = self._service.open_port(self._bind)
        return LocalMedia("audio", self.port.rtp_port, self._codecs)

    def _apply(self) -> None:
        line = self.agreed
        if self.port is None or line is None:
            return
        self.codec = set_up_port(self.port, line) or self.codec
        if line.send_event is None:
            self.port.set_dtmf(inband=True)  # then digits come as tones
        self.held = line.remote_held


class PhoneCall(PortListener):
    """One call, either way.  `Phone` makes it."""

    session: InviteSession
    """Set by `Phone` before anything happens."""

    def __init__(
        self, audio: CallAudio, report: Report, loop: asyncio.AbstractEventLoop, *, record: str = ""
    ) -> None:
        """`record`: the file to write what is heard to, from the first audio on; "" for none."""
        self.audio = audio
        self.answered: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[CallEnd] = loop.create_future()
        self._report = report
        self._loop = loop
        self._record = record
        self._recording: Recording | None = None
        self._sending = False  # something is being sent, if only silence
        self._closed = False  # the audio is over
        self._answered_at = 0.0
        self._talked = 0.0
        self._said = ""  # of the audio
        self._failure = ""
        self._reason: EndReason | None = None
        self._over = False  # the session is, or nobody waits for its end any more
        self._stats: Stats = {}

    # ------------------------------------------------------------ for the user

    def answer(self) -> None:
        """Answer a call that came in."""
        session = self.session
        if not isinstance(session, InviteServer) or session.state > State.EARLY:
            return
        try:
            offer = session.offer
            sdp = self.audio.answer(offer) if offer is not None else self.audio.offer()
        except (NegotiationError, MediaError, OSError) as error:
            self._fail(f"no audio for this call: {error}")
            session.reject(488)
            return
        session.accept(sdp)
        self._now_answered()
        if offer is not None:
            self._audio_agreed()

    def hangup(self) -> None:
        """CANCEL, BYE or a refusal, whichever fits; `ended` follows when it was answered."""
        if not self.ended.done():
            self._close_audio()
            self.session.hangup(_NORMAL_CLEARING, status=486)

    def abandon(self) -> None:
        """Do not wait for the far end any more: `ended` follows as soon as the recording is complete."""
        self._close_audio()
        self._over = True
        self._settle()

    async def play(self, path: str) -> bool:
        """Send a sound file; False when it could not be played to its end."""
        port = self.audio.port
        if port is None or self._closed:
            return False
        self._report("play", f"playing {path}", file=path)
        self._sending = True
        try:
            result = await port.play(path)
        except MediaError as error:
            self._fail(f"{path} cannot be played: {error}")
            return False
        if result.end is PlaybackEnd.FAILED:
            self._fail(f"{path} cannot be played: {result.error}")
        elif result.complete:
            self._report("played", f"played {path} ({result.played_ms / 1000:.1f} s)", ms=result.played_ms)
        self._sending = False
        self._keep_sending()
        return result.complete

    def play_tone(self, frequencies: tuple[float, float], level_dbm0: float) -> None:
        """Send a steady tone of one or two frequencies (the second may be 0) until the end."""
        port = self.audio.port
        if port is None or self._closed:
            return
        first, second = frequencies
        shown = f"{first:g} Hz" + (f" + {second:g} Hz" if second else "")
        self._report("tone", f"sending {shown} at {level_dbm0:g} dBm0", hz=[hz for hz in frequencies if hz])
        self._sending = True
        port.start_tones([(first, second, False, 0, False)], level_dbm0=level_dbm0)

    async def send_digits(self, digits: str) -> None:
        """Send DTMF; "w" waits half a second, "W" one, "," two."""
        port = self.audio.port
        if port is None or self._closed:
            return
        line = self.audio.agreed
        how = "telephone-events" if line is not None and line.send_event is not None else "tones"
        self._report("dtmf-sending", f"sending DTMF {digits} as {how}", digits=digits, method=how)
        try:
            await port.send_dtmf(digits.replace(",", "WW").replace("W", "ww").upper().replace("W", "w"))
        except MediaError as error:
            self._fail(f"DTMF {digits} cannot be sent: {error}")
            return
        if not self._closed:
            self._report("dtmf-sent", f"DTMF {digits} sent", digits=digits)

    # ------------------------------------------------------------ audio

    def _audio_agreed(self, *, early: bool = False) -> None:
        """A description came into force: say what it is, begin to send and to record."""
        port, line = self.audio.port, self.audio.agreed
        if port is None or line is None or self._closed:
            return
        port.listener = self
        remote = format_host_port(line.remote_address or "?", line.remote_port)
        events = line.send_event
        parts = [
            f"audio{' before the answer' if early else ''}: {self.audio.codec}, {line.ptime or 20} ms",
            f"from port {port.rtp_port} to {remote}",
            f"DTMF as telephone-event {events.payload_type}" if events is not None else "DTMF as tones",
        ]
        if line.direction != "sendrecv":
            parts.append(line.direction)
        text = ", ".join(parts)
        if text != self._said:  # re-INVITEs of session timers change nothing
            self._said = text
            self._report(
                "media",
                text,
                codec=self.audio.codec,
                ptime=line.ptime or 20,
                local_port=port.rtp_port,
                remote=remote,
                telephone_event=events.payload_type if events is not None else None,
                direction=line.direction,
                early=early,
            )
        self._keep_sending()
        if self._record and self._recording is None:
            suffix = self._record.rpartition(".")[2].lower()
            form = {"ul": "ulaw", "al": "alaw", "raw": "sln"}.get(suffix, suffix)
            self._recording = port.start_recording(self._record, form, on_end=self._recorded)

    def _keep_sending(self) -> None:
        """Silence when nothing else is sent: it keeps NATs open and tells the far end where we are."""
        port = self.audio.port
        if port is not None and not self._sending and not self._closed:
            self._sending = True
            port.start_tones(_SILENCE)

    def _close_audio(self) -> None:
        port = self.audio.port
        if self._closed:
            return
        self._closed = True
        if self._answered_at:
            self._talked = self._loop.time() - self._answered_at
        if port is not None:
            if self.audio.agreed is not None:
                self._stats = port.stats()
            port.close()

    def _recorded(self, result: RecordingResult) -> None:
        if result.end is RecordingEnd.FAILED:
            self._fail(f"{self._record} cannot be written: {result.error}")
        else:
            text = f"recorded {result.recorded_ms / 1000:.1f} s to {self._record}"
            self._report("recorded", text, file=self._record, ms=result.recorded_ms)
        self._settle()

    def on_dtmf_end(self, port: MediaPort, digit: str, duration_ms: int) -> None:
        """Part of PortListener."""
        self._report("dtmf", f"received DTMF {digit} ({duration_ms} ms)", digit=digit, ms=duration_ms)

    def on_source(self, port: MediaPort, address: str, differs: bool) -> None:
        """Part of PortListener."""
        note = ", not what its description says" if differs else ""
        self._report("rtp", f"receiving RTP from {address}{note}", source=address, differs=differs)

    # ------------------------------------------------------------ the end

    def _now_answered(self) -> None:
        self._answered_at = self._loop.time()
        if not self.answered.done():
            self.answered.set_result(None)

    def _fail(self, what: str) -> None:
        self._failure = self._failure or what
        self._report("error", what)

    def _settle(self) -> None:
        recording = self._recording
        if self._over and not self.ended.done() and (recording is None or not recording.running):
            self.ended.set_result(
                CallEnd(
                    self._reason,
                    self._failure,
                    self._talked,
                    self._stats,
                    recording.result if recording is not None else None,
                )
            )

    # ------------------------------------------------------------ SessionListener

    def on_progress(self, session: InviteSession, response: Message, sdp: Sdp | None) -> None:
        """Part of SessionListener: early media."""
        if sdp is not None:
            self._take_answer(sdp, early=True)

    def on_answered(self, session: InviteSession, response: Message, sdp: Sdp | None) -> None:
        """Part of SessionListener."""
        if sdp is not None and not self._take_answer(sdp):
            session.hangup(_NO_BEARER)
            return
        self._now_answered()

    def _take_answer(self, sdp: Sdp, *, early: bool = False) -> bool:
        try:
            if self.audio.accept(sdp):
                self._audio_agreed(early=early)
        except NegotiationError as error:
            if not early:
                self._fail(f"no audio for this call: the answer does not fit: {error}")
            return False
        return True

    def on_answer(self, session: InviteSession, sdp: Sdp) -> None:
        """Part of SessionListener: the ACK had the answer."""
        if not self._take_answer(sdp):
            session.hangup(_NO_BEARER)

    def on_offer(self, session: InviteSession, sdp: Sdp | None, message: Message) -> None:
        """Part of SessionListener: hold, resume, another codec or address."""
        held = self.audio.held
        try:
            answer = self.audio.answer(sdp) if sdp is not None else self.audio.offer()
        except (NegotiationError, MediaError, OSError) as error:
            self._report("error", f"the far end's offer is refused: {error}")
            session.reject_offer(getattr(error, "status", 488))
            return
        session.answer_offer(answer)
        if self.audio.held != held:
            what = "the far end put us on hold" if self.audio.held else "the far end took us off hold"
            self._report("hold" if self.audio.held else "unhold", what)
        if sdp is not None:
            self._audio_agreed()

    def on_offer_withdrawn(self, session: InviteSession) -> None:
        """Part of SessionListener: not called, offers are answered at once."""

    def on_reinvite_result(self, session: InviteSession, status: int, sdp: Sdp | None) -> None:
        """Part of SessionListener: the session timer's re-INVITE was answered."""
        if not 200 <= status < 300:
            self.audio.exchange.rollback()
        elif sdp is not None:
            self._take_answer(sdp)

    def on_refresh(self, session: InviteSession) -> Sdp | None:
        """Part of SessionListener."""
        return self.audio.offer() if self.audio.exchange.state == "stable" and not self._closed else None

    def on_info(self, session: InviteSession, request: IncomingRequest) -> None:
        """Part of SessionListener: digits by INFO."""
        message = request.message
        if message.content_type in _DIGIT_TYPES:
            pressed = digit_of_info(message)
            request.respond(200 if pressed is not None else 400)
            if pressed is not None:
                digit, ms = pressed
                self._report("dtmf", f"received DTMF {digit} by INFO ({ms} ms)", digit=digit, ms=ms)
        elif not message.body:
            request.respond(200)
        else:
            request.respond(415, headers=[("Accept", ", ".join(_DIGIT_TYPES))])

    def on_request(self, session: InviteSession, request: IncomingRequest) -> bool:
        """Part of SessionListener: nothing else is understood inside a call."""
        return False

    def on_redirect(self, session: InviteSession, response: Message, contacts: list[NameAddr]) -> bool:
        """Part of SessionListener: go there."""
        targets = [str(contact.uri) for contact in contacts]
        self._report("redirect", f"redirected to {', '.join(targets)}", targets=targets)
        return True

    def on_identity_changed(self, session: InviteSession, identity: PartyIdentity) -> None:
        """Part of SessionListener."""
        who = f'"{identity.name}" <{identity.uri}>' if identity.name else str(identity.uri)
        self._report("connected", f"connected with {who}", name=identity.name, uri=str(identity.uri))

    def on_ended(self, session: InviteSession, reason: EndReason) -> None:
        """Part of SessionListener."""
        self._close_audio()
        self._reason = reason
        self._over = True
        if reason.answered and reason.by is EndedBy.REMOTE:
            cause = f" (cause {reason.q850})" if reason.q850 is not None else ""
            text = f": {reason.text}" if reason.text else ""
            self._report("hangup", f"the far end hung up{text}{cause}", by="remote", q850=reason.q850)
        self._settle()
