"""ToneScan: what the far end of a line plays, found by ear."""

from __future__ import annotations

from dataclasses import dataclass

from offhook.apps.background_detect import audible_port
from offhook.dialplan.call import Call
from offhook.dialplan.declare import Options, application, flag
from offhook.features.call_progress import Progress, ProgressWatch, Signal, patterns_of
from offhook.media.taps import Direction
from offhook.pbx import events

__all__ = ["tone_scan"]

_HEARD = "scanned"
_VOICE, _DTMF = "VOICE", "DTMF"
_TALKING_LEVEL = 256
_VOICE_S = 0.5  # talk that lasts so long without a tone in it is a voice


@dataclass(frozen=True, slots=True)
class ScanOptions(Options):
    """Option letters of ToneScan()."""

    fax: bool = flag("f", "Fax machines as well, calling (1100 Hz) or answering (2100 Hz).")
    voice: bool = flag("v", "A voice as well.")


@application("ToneScan")
async def tone_scan(
    call: Call, zone: str = "", timeout: float = 0, threshold: int = 1, options: ScanOptions = ScanOptions()
) -> None:
    """Wait until a tone of call progress is heard, and go on.

    A tone that goes on (a dial tone) is one when it has lasted longer than any burst of the country's tones;
    bursts are told apart by their length, a busy tone and congestion after two of them.

    Args:
        zone: the country whose tones are expected; the channel's, else the default one.
        timeout: seconds after which the dialplan goes on without; 0: never.
        threshold: how many bursts are needed; more of them mean fewer mistakes.
        options: see the letters.

    Sets:
        TONESCANSTATUS: RINGING, BUSY, SIT, DIALTONE, NUT (the number cannot be obtained), MODEM, FAX, VOICE,
            DTMF, TIMEOUT or HANGUP.
    """
    channel = call.channel
    if threshold < 1 or timeout < 0:
        call.complain("ToneScan: the threshold must be 1 at least and the timeout 0")
        return
    port = audible_port(call, "ToneScan")
    call.set_variable("TONESCANSTATUS", "HANGUP")
    wanted = set(Signal) - (set() if options.fax else {Signal.FAX})
    patterns = patterns_of(channel.pbx.indications, zone or channel.tone_zone or None, wanted)
    progress = Progress(patterns, sit=True, threshold=threshold)
    loop = channel.pbx.loop

    def heard(status: str) -> None:
        channel.deliver(events.Notice(channel, _HEARD, status))

    watch = ProgressWatch(port, progress, loop.time, lambda signal: heard(signal.value))
    closers = [watch.close]
    if options.voice:
        talking = False

        def talks(what: str, _: int) -> None:
            nonlocal talking
            talking = what == "talking"
            if talking:
                loop.call_later(_VOICE_S, judge)

        def judge() -> None:
            if not talking or not closers:
                return
            if watch.sounding:
                loop.call_later(_VOICE_S, judge)
            else:
                heard(_VOICE)

        closers.append(
            port.watch_talking(
                talks, direction=Direction.HEARD, threshold=_TALKING_LEVEL, silence_ms=int(_VOICE_S * 1000)
            ).close
        )
    deadline = loop.time() + timeout
    try:
        while True:
            event = await channel.inbox.get(deadline - loop.time() if timeout else None)
            match event:
                case None:
                    status = "TIMEOUT"
                case events.Notice(what=what, data=str(status)) if what == _HEARD:
                    pass
                case events.Digit():
                    status = _DTMF
                case _:
                    continue
            break
    finally:
        while closers:
            closers.pop()()
    call.set_variable("TONESCANSTATUS", status)
