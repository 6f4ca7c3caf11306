"""One media leg of a call, as the floors above see it: a port of the engine with typed events and results.

All methods but the four `async` ones are commands that return at once; the engine carries them out in
order.  They raise MediaError("closed") after close().  What the remote does is told to the port's `listener`,
synchronously.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from offhook.media.activity import (
    Activity,
    DigitsEnd,
    DigitsSending,
    Playback,
    PlaybackResult,
    Recording,
    RecordingResult,
)
from offhook.media.formats import codec_of, linear_of
from offhook.media.reports import read_report
from offhook.media.streams import AudioIn, AudioOut
from offhook.media.tapping import PortTaps
from offhook.media.taps import Direction, Effects, Watch

if TYPE_CHECKING:
    from offhook._core import DtlsIdentity, DtlsTrust, Port, Tone
    from offhook.media.jitter import JitterBuffer
    from offhook.media.reports import RtcpReport

__all__ = ["MediaPort", "PortListener"]

# module-length: one method for each thing that a port can be told
_LINEAR: Final = 96  # the payload type of linear audio in pipes


class PortListener(Protocol):
    """Who wants to know what happens on a port.  Subclass it and override what matters; nothing may block."""

    __slots__ = ()

    def on_dtmf_begin(self, port: MediaPort, digit: str, inband: bool) -> None:
        """A digit is being pressed."""

    def on_dtmf_end(self, port: MediaPort, digit: str, duration_ms: int) -> None:
        """A digit was pressed: the moment at which most applications count it."""

    def on_source(self, port: MediaPort, address: str, differs: bool) -> None:
        """The remote's "host:port" is known now; `differs` from what its SDP said."""

    def on_timeout(self, port: MediaPort, seconds: int, held: bool) -> None:
        """No RTP for so long (MediaPort.set_timeouts())."""

    def on_rtcp(self, port: MediaPort, report: RtcpReport, sent: bool) -> None:
        """A report came, or was sent (MediaService.report_rtcp())."""

    def on_bye(self, port: MediaPort) -> None:
        """The remote ended its stream by RTCP BYE."""

    def on_ice(self, port: MediaPort, address: str, why: str) -> None:
        """ICE has chosen to send to `address`; "" and `why` when nothing works."""

    def on_candidates(self, port: MediaPort) -> None:
        """A server has told of the port (`reflexive`, `relayed`)."""

    def on_dtls(self, port: MediaPort, suite: str, why: str) -> None:
        """The DTLS handshake is over: the crypto suite, or "" and `why` it failed."""

    def on_talking(self, port: MediaPort, on: bool) -> None:
        """In a room that reports it (MediaRoom.join()): the remote has begun to talk, or has stopped."""


class MediaPort(PortTaps):
    """One media leg.  Made by MediaService; belongs to one channel, which closes it."""

    __slots__ = (
        "_activities",
        "_effects",
        "_on_idle",
        "_streams",
        "_watches",
        "base",
        "core",
        "gathering",
        "id",
        "listener",
        "on_use",
        "rate",
        "reflexive",
        "relayed",
    )

    core: Port
    """The engine's port, for what has no method here."""
    id: Final[int]
    listener: PortListener | None

    def __init__(self, core: Port, on_idle: Callable[[int], None]) -> None:
        self.core = core
        self.id = core.id
        self.listener = None
        self.rate = 8000
        """Samples a second of what it sends, Hz."""
        self.on_use: Callable[[], None] | None = None  # told when something begins or ends here
        self._on_idle = on_idle
        # by kind of the event that ends it and the engine's number; None when there never was one
        self._activities: dict[tuple[str, int], Activity[Any]] | None = None
        self._streams: dict[int, AudioIn | AudioOut] = {}
        self._watches: dict[int, Watch] = {}
        self.gathering = False  # servers were asked
        self.base = ""  # the address of ours that servers are asked from
        # What servers have told of this port, (address, port) by component (RTP 1, RTCP 2).
        self.reflexive: dict[int, tuple[str, int]] = {}
        self.relayed: dict[int, tuple[str, int]] = {}
        self._effects: dict[bool, Effects] | None = None  # by whether they are of what is said

    def __repr__(self) -> str:
        return f"<MediaPort {self.id} {self.core.address}:{self.core.rtp_port}>"

    # ------------------------------------------------------------ where and how

    @property
    def address(self) -> str:
        """The local address, "" for a pipe."""
        return self.core.address

    @property
    def rtp_port(self) -> int:
        """The local RTP port, for SDP; 0 for a pipe."""
        return self.core.rtp_port

    @property
    def rtcp_port(self) -> int:
        """The local RTCP port; 0 without RTCP, the RTP port with rtcp-mux."""
        return self.core.rtcp_port

    @property
    def closed(self) -> bool:
        """Whether close() was called."""
        return self.core.closed

    @property
    def in_use(self) -> bool:
        """Whether something plays, records, listens, watches or is sent here, or changes the audio."""
        return bool(self._activities or self._watches or self._effects)

    def set_remote(self, host: str, port: int, rtcp_port: int = 0) -> None:
        """Where to send (IP literal), from the remote's SDP.  Starts source learning anew."""
        self.core.set_remote(host, port, rtcp_port)

    def set_codecs(
        self,
        send: tuple[int, str, int, int],
        receive: Sequence[tuple[int, str, int]],
        *,
        send_fmtp: str = "",
        send_settings: str = "",
        send_further: Sequence[tuple[int, str, int, str]] = (),
        receive_fmtp: Sequence[tuple[int, str]] = (),
        telephone_event_send: int = -1,
        telephone_event_clock: int = 0,
        telephone_event_receive: Sequence[int] = (),
        comfort_noise_send: int = -1,
    ) -> None:
        """What was agreed: (payload type, SDP name, clock, ptime ms) to send, (type, name, clock) to get.

        `send_fmtp` has the far end's parameters of what is sent, `receive_fmtp` (type, parameters) our own;
        `send_settings` what the configuration says of the encoder ("complexity=5;fec=no"); `send_further`
        what else of video may be sent.  `telephone_event_clock` is that of the events that are sent, 0 when
        it is the audio's; `comfort_noise_send` the type by which the far end takes comfort noise.
        """
        facts = codec_of(send[1], send[2])
        self.rate = facts.rate if facts is not None and facts.rate else 8000
        self.core.set_codecs(
            send,
            receive,
            send_fmtp=send_fmtp,
            send_settings=send_settings,
            send_further=send_further,
            receive_fmtp=receive_fmtp,
            telephone_event_send=telephone_event_send,
            telephone_event_clock=telephone_event_clock,
            telephone_event_receive=telephone_event_receive,
            comfort_noise_send=comfort_noise_send,
        )

    def set_linear(self, rate: int) -> None:
        """Send and receive linear audio of this rate in Hz, or of the next higher one: for pipes."""
        codec = linear_of(rate)
        kind = (_LINEAR, codec.sdp, codec.clock)
        self.set_codecs((*kind, 20), [kind])

    def set_direction(self, *, send: bool, receive: bool) -> None:
        """The SDP direction, as seen from us."""
        self.core.set_direction(send=send, receive=receive)

    def set_srtp(
        self, send: tuple[str, bytes], receive: tuple[str, bytes], *, replay_protection: bool = True
    ) -> None:
        """Encrypt, and take only what is genuine: (crypto suite, master key and salt) each way."""
        self.core.set_srtp(send, receive, replay_protection=replay_protection)

    def clear_srtp(self) -> None:
        """No encryption from now on."""
        self.core.clear_srtp()

    def set_dtls(
        self,
        identity: DtlsIdentity,
        *,
        active: bool,
        fingerprints: Sequence[tuple[str, str]],
        trust: DtlsTrust | None = None,
        mtu: int = 1200,
        ciphers: Sequence[str] = (),
        replay_protection: bool = True,
        generation: int = 0,
    ) -> None:
        """Keys by a handshake with the peer of these fingerprints, which `active` begins (RFC 5764).

        `trust`: authorities that its certificate must come from.  Another `generation` than before asks for
        a new handshake with the same peer.
        """
        self.core.set_dtls(
            identity,
            active=active,
            fingerprints=fingerprints,
            trust=trust,
            mtu=mtu,
            ciphers=ciphers,
            replay_protection=replay_protection,
            generation=generation,
        )

    def begin_ice(
        self,
        ufrag: str,
        password: str,
        candidates: Sequence[tuple[str, str, int, str, int]],
        rtcp_candidates: Sequence[tuple[str, str, int, str, int]],
        *,
        lite: bool = False,
    ) -> None:
        """Our side of ICE (see _core.Port.begin_ice())."""
        self.core.begin_ice(ufrag, password, candidates, rtcp_candidates, lite=lite)

    def set_ice(
        self,
        ufrag: str,
        password: str,
        controlling: bool,
        candidates: Sequence[str],
        rtcp_candidates: Sequence[str],
    ) -> None:
        """The far end's side of ICE: credentials, and values of its a=candidate lines."""
        self.core.set_ice(ufrag, password, controlling, candidates, rtcp_candidates)

    def end_ice(self) -> None:
        """The far end does no ICE."""
        self.core.end_ice()

    def await_dtls(self) -> None:
        """Nothing in the clear; a handshake will bring keys, and the peer may begin with it."""
        self.core.await_dtls()

    def set_rtcp_mux(self, on: bool) -> None:
        """RTCP on the RTP port (RFC 5761), or on its own."""
        self.core.set_rtcp_mux(on)

    def await_keys(self) -> None:
        """Send and hear nothing in the clear until set_srtp()."""
        self.core.await_keys()

    def set_timeouts(self, *, rtp_s: float = 0.0, hold_s: float = 0.0) -> None:
        """Ask for on_timeout() after so long without RTP (rtp_timeout, rtp_timeout_hold); 0: never."""
        self.core.set_timeouts(rtp_s=rtp_s, hold_s=hold_s)

    def set_keepalive(self, interval_s: float) -> None:
        """Comfort noise (RFC 3389) whenever nothing was sent for so long, for NATs; 0: never."""
        self.core.set_keepalive(interval_s)

    def set_sources(self, sources: Sequence[int]) -> None:
        """The SSRCs that the far end has named for this stream, to tell it from others on one port."""
        self.core.set_sources(sources)

    def request_picture(self) -> None:
        """Ask the far end of video for a picture that stands alone."""
        self.core.request_picture()

    def set_dtmf(self, *, relay: bool = True, inband: bool = False) -> None:
        """Whether digits go on to the bridged port, and whether tones in the audio are taken for digits."""
        self.core.set_dtmf(relay=relay, inband=inband)

    def set_jitter_buffer(self, buffer: JitterBuffer | None) -> None:
        """Put what comes in order and in time before anybody hears it; None: no longer."""
        if buffer is None:
            self.core.set_jitter_buffer(adaptive=None)
        else:
            self.core.set_jitter_buffer(
                adaptive=buffer.adaptive,
                max_ms=buffer.max_ms,
                resync_ms=buffer.resync_ms,
                target_ms=buffer.target_ms,
            )

    def mute(self, *, receive: bool = False, send: bool = False) -> None:
        """Silence in place of what comes in or goes out."""
        self.core.mute(receive=receive, send=send)

    # ------------------------------------------------------------ with whom

    def bridge(self, peer: MediaPort) -> None:
        """Both hear each other; replaces earlier bridges of both and echo."""
        self.core.bridge(peer.core)

    def view(self, source: MediaPort) -> None:
        """Show this video port's far end what that of `source` shows, whoever else sees it."""
        self.core.view(source.core)

    def unbridge(self) -> None:
        """Neither hears the other any more; out of a room, too."""
        self.core.unbridge()

    def echo(self, on: bool = True) -> None:
        """Send back what comes in."""
        self.core.echo(on)

    # ------------------------------------------------------------ play, record, send

    def start_playing(
        self,
        files: str | Sequence[str],
        *,
        loop: bool = False,
        offset_ms: int = 0,
        on_end: Callable[[PlaybackResult], None] | None = None,
    ) -> Playback:
        """Play files one after the other, without gap, in place of what plays now."""
        paths = (files,) if isinstance(files, str) else files
        number = self.core.play(paths, loop=loop, offset_ms=offset_ms)
        playback = Playback(self.core, number, on_end)
        self._begin("play_end", playback)
        return playback

    async def play(
        self, files: str | Sequence[str], *, loop: bool = False, offset_ms: int = 0
    ) -> PlaybackResult:
        """Play files and wait for the end.  Cancelling stops the playback."""
        return await self.start_playing(files, loop=loop, offset_ms=offset_ms).wait()

    def start_tones(
        self,
        tones: Sequence[Tone],
        *,
        repeat: bool = True,
        level_dbm0: float = -13.0,
        on_end: Callable[[PlaybackResult], None] | None = None,
    ) -> Playback:
        """Play a tone list (offhook.media.indications) in place of what plays now."""
        number = self.core.play_tones(tones, repeat=repeat, level_dbm0=level_dbm0)
        playback = Playback(self.core, number, on_end)
        self._begin("play_end", playback)
        return playback

    async def play_tones(
        self, tones: Sequence[Tone], *, repeat: bool = True, level_dbm0: float = -13.0
    ) -> PlaybackResult:
        """Play a tone list and wait for its end; one that repeats ends when it is stopped or replaced."""
        return await self.start_tones(tones, repeat=repeat, level_dbm0=level_dbm0).wait()

    def stop_playing(self) -> None:
        """Fall silent, whatever plays."""
        self.core.stop(0)

    def start_recording(
        self,
        path: str,
        format: str,
        *,
        max_ms: int = 0,
        silence_ms: int = 0,
        silence_threshold: int = 256,
        append: bool = False,
        direction: Direction = Direction.HEARD,
        stereo: bool = False,
        fill: bool = True,
        gains: tuple[float, float] = (1.0, 1.0),
        paused: bool = False,
        on_end: Callable[[RecordingResult], None] | None = None,
    ) -> Recording:
        """Write a direction, or both mixed, to `path`, as it stands, in a format that can be recorded.

        `stereo` writes both side by side, what is heard first (signed linear only); with `fill` there is
        silence where nothing comes; `gains` are factors of what is heard and said, 0 to 64; `paused` begins
        with a pause.
        """
        number = self.core.record(
            path,
            format,
            max_ms=max_ms,
            silence_ms=silence_ms,
            silence_threshold=silence_threshold,
            append=append,
            heard=direction.heard,
            said=direction.said,
            stereo=stereo,
            fill=fill,
            heard_gain=gains[0],
            said_gain=gains[1],
            paused=paused,
        )
        recording = Recording(self.core, number, on_end)
        self._begin("record_end", recording)
        return recording

    async def record(
        self,
        path: str,
        format: str,
        *,
        max_ms: int = 0,
        silence_ms: int = 0,
        silence_threshold: int = 256,
        append: bool = False,
    ) -> RecordingResult:
        """Record and wait for the end.  Cancelling completes the file."""
        recording = self.start_recording(
            path,
            format,
            max_ms=max_ms,
            silence_ms=silence_ms,
            silence_threshold=silence_threshold,
            append=append,
        )
        return await recording.wait()

    def listen(
        self,
        *,
        rate: int = 8000,
        frame_ms: int = 20,
        limit_ms: int = 2000,
        direction: Direction = Direction.HEARD,
    ) -> AudioIn:
        """What comes in, goes out, or both mixed, for a program: `async for frame in port.listen()`.

        It is a tap: the port may be bridged, play, or do nothing.  Frames are 16-bit linear samples, little
        endian, mono, `frame_ms` long.  At most `limit_ms` wait to be fetched; what comes then is lost and
        counted.  Raises ValueError (rate 8000 to 48000), MediaError.
        """
        heard = AudioIn(self.core, rate, frame_ms, limit_ms)
        number = self.core.listen(heard.queue, heard=direction.heard, said=direction.said)
        self._streams[number] = heard
        self._begin("record_end", heard.started(number, self._streams))
        return heard

    def speak(self, *, rate: int = 8000, limit_ms: int = 2000) -> AudioOut:
        """Play what a program writes, in place of what plays now, paced by the engine.

        At most `limit_ms` wait to be played.  Raises ValueError (rate 8000 to 48000), MediaError.
        """
        spoken = AudioOut(self.core, rate, limit_ms)
        number = self.core.speak(spoken.queue)
        self._streams[number] = spoken
        self._begin("play_end", spoken.started(number, self._streams))
        return spoken

    def start_digits(
        self,
        digits: str,
        *,
        duration_ms: int = 100,
        gap_ms: int = 50,
        on_end: Callable[[DigitsEnd], None] | None = None,
    ) -> DigitsSending:
        """Send DTMF: 0-9 A-D * #, and "w" for half a second's pause."""
        number = self.core.send_dtmf(digits, duration_ms=duration_ms, gap_ms=gap_ms)
        sending = DigitsSending(self.core, number, on_end)
        self._begin("dtmf_sent", sending)
        return sending

    async def send_dtmf(self, digits: str, *, duration_ms: int = 100, gap_ms: int = 50) -> DigitsEnd:
        """Send DTMF and wait until all of it is on the wire."""
        return await self.start_digits(digits, duration_ms=duration_ms, gap_ms=gap_ms).wait()

    # ------------------------------------------------------------ figures and end

    def stats(self) -> dict[str, int | float | str]:
        """Figures of the RTP streams (see _core.Port.stats()); of a closed port the last ones."""
        return self.core.stats()

    def close(self) -> None:
        """End what plays, complete what records, free the sockets.  Idempotent.

        Who waits for a playback or for digits is told at once; recordings end when their files are complete.
        """
        if self.core.closed:
            return
        self.listener = self.on_use = None
        self._watches.clear()
        self.core.close()
        for key, activity in tuple((self._activities or {}).items()):
            if key[0] != "record_end":
                self._end(key, activity, "closed", 0)
        if not self._activities:
            self._on_idle(self.id)

    # ------------------------------------------------------------ from the engine

    def dispatch(self, kind: str, ref: int, text: str, value: int) -> None:
        """One event of the engine.  Called by MediaService only."""
        if ref:
            if kind == "audio":
                stream = self._streams.get(ref)
                if stream is not None:
                    stream.wake()
                return
            if kind in ("position", "dry"):
                self._on_the_way(kind, ref, value)
                return
            if kind == "found":
                watch = self._watches.get(ref)
                if watch is not None:
                    watch.on_found(text, value)
                return
            key = (kind, ref)
            activity = self._activities.get(key) if self._activities else None
            if activity is not None:
                self._end(key, activity, text, value)
                if not self._activities and self.core.closed:
                    self._on_idle(self.id)
            return
        if kind == "server":
            self._server_told(text, value)
            if self.listener is not None:
                self.listener.on_candidates(self)
            return
        listener = self.listener
        if listener is None:
            return
        match kind:
            case "dtmf_begin":
                listener.on_dtmf_begin(self, text, value == 1)
            case "dtmf_end":
                listener.on_dtmf_end(self, text, value)
            case "source":
                listener.on_source(self, text, value == 1)
            case "timeout":
                listener.on_timeout(self, value, text == "hold")
            case "rtcp_received" | "rtcp_sent":
                listener.on_rtcp(self, read_report(text), kind == "rtcp_sent")
            case "bye":
                listener.on_bye(self)
            case "ice":
                listener.on_ice(self, text if value else "", "" if value else text)
            case "dtls":
                failed = text.removeprefix("failed: ")
                listener.on_dtls(self, text if value else "", "" if value else failed)
            case "talking":
                listener.on_talking(self, value == 1)
            case _:
                pass

    def _server_told(self, text: str, component: int) -> None:
        what, _, rest = text.partition(" ")
        place, _, mapped = rest.partition(" ")
        match what:
            case "srflx":
                self.reflexive[component] = _place(place)
            case "relay":
                self.relayed[component] = _place(place)
                if mapped:
                    self.reflexive.setdefault(component, _place(mapped))
            case "no-relay":
                self.relayed.pop(component, None)
            case _:
                pass

    def _on_the_way(self, kind: str, ref: int, value: int) -> None:
        if kind == "position":
            playback = (self._activities or {}).get(("play_end", ref))
            if isinstance(playback, Playback):
                playback.position_ms = value
        elif isinstance(stream := self._streams.get(ref), AudioOut) and stream.on_underrun is not None:
            stream.on_underrun(value)

    def abandon(self) -> None:
        """The engine is gone: whoever still waits is told.  Called by MediaService only."""
        for key, activity in tuple((self._activities or {}).items()):
            self._end(key, activity, "hangup" if key[0] == "record_end" else "closed", 0)

    def _begin(self, kind: str, activity: Activity[Any]) -> None:
        if self._activities is None:
            self._activities = {}
        self._activities[kind, activity.id] = activity
        self._used()

    def _end(self, key: tuple[str, int], activity: Activity[Any], text: str, value: int) -> None:
        if self._activities is not None:
            self._activities.pop(key, None)
        activity.ended(text, value)
        self._used()

    def _used(self) -> None:
        if self.on_use is not None:
            self.on_use()


def _place(text: str) -> tuple[str, int]:
    """Address and port of "192.0.2.1:5000" or "[2001:db8::1]:5000"."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)
