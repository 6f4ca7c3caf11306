"""TALK_DETECT and TONE_DETECT: what a channel is listened to for while it does something else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from offhook.dialplan.call import Call, parse_target
from offhook.dialplan.declare import Options, Raw, flag, function, option, write_only_function
from offhook.dialplan.errors import ApplicationError, FunctionError
from offhook.features.call_progress import Signal
from offhook.features.detection import DEFAULT_SILENCE_MS, DEFAULT_THRESHOLD, ToneDetector, detection_of
from offhook.media.taps import Direction

__all__: list[str] = []

_TONE_MS = 500


def _number(text: str, default: int, name: str) -> int:
    if not text.strip():
        return default
    try:
        number = int(text)
    except ValueError:
        number = 0
    if not 0 < number < 2**31:
        raise FunctionError(f"TALK_DETECT: {name} is a number from 1 on, not {text!r}")
    return number


@write_only_function("TALK_DETECT")
def talk_detect(call: Call, value: str, action: str) -> None:
    """Announce when the far end begins and stops to talk: TALK_DETECT(set)=silence,threshold.

    AMI has ChannelTalkingStart and ChannelTalkingStop for it, ARI ChannelTalkingStarted and
    ChannelTalkingFinished.  Silence is in ms (2500); the threshold is a mean magnitude of samples, of 32767
    (256).  Either may be left out.

    Args:
        action: set or remove.
    """
    detection = detection_of(call.channel.pbx)
    match action.strip().lower():
        case "remove":
            detection.ignore_talking(call.channel)
        case "set":
            silence, _, threshold = value.partition(",")
            detection.detect_talking(
                call.channel,
                silence_ms=_number(silence, DEFAULT_SILENCE_MS, "the silence"),
                threshold=_number(threshold, DEFAULT_THRESHOLD, "the threshold"),
            )
        case _:
            raise FunctionError(f"TALK_DETECT: there are set and remove, not {action!r}")


@dataclass(frozen=True, slots=True)
class ToneOptions(Options):
    """Option letters of TONE_DETECT()."""

    information: bool = flag("a", "Special information tones as well.")
    busy: bool = flag("b", "A busy tone as well.")
    dial: bool = flag("c", "A dial tone as well.")
    decibels: int | None = option("d", "How far it stands out, in dB; 10 at most.", required=True)
    progress_end: str | None = option("e", "Where to go when it has ended.", supported=False)
    go: str | None = option("g", "Where the call goes on: context,exten,priority.", required=True)
    go_sent: str | None = option("h", "Likewise, for a tone that is sent.", required=True)
    times: int | None = option(
        "n", "How often it must be there before the call goes on elsewhere.", required=True
    )
    ring_back: bool = flag("p", "A ringing tone as well.")
    received: bool = flag("r", "Only what is received.")
    squelch: bool = flag("s", "Take the tone out of what is received.")
    sent: bool = flag("t", "Only what is sent.")
    remove: bool = flag("x", "Detect no more.")

    def signals(self) -> list[Signal]:
        """What is asked for beside a frequency."""
        asked = {
            Signal.SIT: self.information,
            Signal.BUSY: self.busy,
            Signal.DIALTONE: self.dial,
            Signal.RINGING: self.ring_back,
        }
        return [signal for signal, on in asked.items() if on]


_NO_OPTIONS = ToneOptions()


@function("TONE_DETECT")
def tone_detect(call: Call, freq: str, duration_ms: str = "", options: Raw = "") -> str:
    """How often a tone was there, or detect one from now on: TONE_DETECT(freq,duration,options)=.

    Args:
        freq: rx or tx, to read; the frequency in Hz, to write.
        duration_ms: how long it must last, in ms (500).
        options: g(context,exten,priority) where the call goes on when it is there; h likewise for a tone
            that is sent; n(times) after so many; r, t only what is received or sent; a, b, c, p signals of
            the channel's country, with a frequency of 0 nothing else; s takes the tone out of what is
            received; x detects no more.
    """
    direction = {"rx": Direction.HEARD, "tx": Direction.SAID}.get(freq.strip().lower())
    if direction is None:
        raise FunctionError(f"TONE_DETECT: rx and tx can be read, not {freq!r}")
    tones = detection_of(call.channel.pbx).tones(call.channel)
    return str(sum(tone.count for tone in tones if tone.direction is direction))


@tone_detect.writer
def set_tone_detect(
    call: Call, value: str, freq: float, duration_ms: int = _TONE_MS, options: ToneOptions = _NO_OPTIONS
) -> None:
    """Detect a tone from now on, or no more."""
    detection = detection_of(call.channel.pbx)
    if options.remove:
        detection.remove_tones(call.channel, freq or None)
        return
    if duration_ms <= 0:
        raise FunctionError(f"TONE_DETECT: a tone lasts for more than {duration_ms} ms")
    signals = options.signals()
    if not freq and not signals:
        raise FunctionError("TONE_DETECT: a frequency of 0 needs one of the options a, b, c and p")
    directions = [Direction.HEARD, Direction.SAID]
    if options.received != options.sent:
        directions = [Direction.HEARD if options.received else Direction.SAID]
    for direction in directions:
        target = options.go if direction is Direction.HEARD else options.go_sent
        try:
            tone = ToneDetector(
                call.channel,
                frequency=freq,
                ms=duration_ms,
                direction=direction,
                on_tone=_going(call, target, options.times or 1) if target else None,
                decibels=options.decibels,
                signals=signals,
                squelch=options.squelch and direction is Direction.HEARD,
            )
        except ValueError as error:
            raise FunctionError(f"TONE_DETECT: {error}") from error
        detection.add_tone(call.channel, tone)


def _going(call: Call, text: str, times: int) -> Callable[[int], None]:
    """What takes the call elsewhere when a tone was there so often."""
    try:
        target = parse_target(text)
        context = target.context or call.context
        exten = target.exten or call.exten
        priority = call.resolve_priority(context, exten, str(target.priority))
    except ApplicationError as error:
        raise FunctionError(f"TONE_DETECT: {error}") from error
    channel = call.channel

    def go(count: int) -> None:
        if count >= times:
            channel.redirect(context, exten, priority)

    return go
