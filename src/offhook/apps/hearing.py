"""Applications that listen for speech and silence: WaitForSilence, WaitForNoise, AMD."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from offhook.dialplan.declare import application
from offhook.dialplan.errors import ApplicationError
from offhook.media.hearing import AmdLimits, AnsweringMachine, Verdict, loudness
from offhook.pbx.channel import ChannelState
from offhook.pbx.listening import find_sounds

if TYPE_CHECKING:
    from offhook.dialplan.call import Call
    from offhook.media.port import MediaPort

__all__ = ["amd", "wait_for_noise", "wait_for_silence"]

_THRESHOLD = 256
_FRAME_MS = 20
_LIMITS = AmdLimits()


def _port(call: Call, name: str) -> MediaPort:
    channel = call.channel
    if channel.state is not ChannelState.UP:
        channel.answer()
    if channel.media is None:
        raise ApplicationError(f"{name}: the channel has no audio")
    return channel.media


async def _wait(call: Call, *, silent: bool, required_ms: int, iterations: int, timeout: float) -> None:
    name, status = ("WaitForSilence", "SILENCE") if silent else ("WaitForNoise", "NOISE")
    if required_ms <= 0 or iterations <= 0 or timeout < 0:
        raise ApplicationError(f"{name}: the lengths and the number of times must be above 0")
    port = _port(call, name)
    call.set_variable("WAITSTATUS", "HANGUP")
    run, times = 0, 0
    try:
        async with asyncio.timeout(timeout or None), port.listen(frame_ms=_FRAME_MS) as heard:
            async for frame in heard:
                run = run + _FRAME_MS if (loudness(frame) < _THRESHOLD) is silent else 0
                if run >= required_ms:
                    run, times = 0, times + 1
                    if times == iterations:
                        call.set_variable("WAITSTATUS", status)
                        return
    except TimeoutError:
        call.set_variable("WAITSTATUS", "TIMEOUT")


@application("WaitForSilence")
async def wait_for_silence(
    call: Call, silencerequired: int = 1000, iterations: int = 1, timeout: float = 0
) -> None:
    """Wait until the caller has been silent for so long, so many times.

    Args:
        silencerequired: ms of silence.
        iterations: how many times.
        timeout: seconds after which it gives up; 0 never.

    Sets:
        WAITSTATUS: SILENCE, TIMEOUT or HANGUP.
    """
    await _wait(call, silent=True, required_ms=silencerequired, iterations=iterations, timeout=timeout)


@application("WaitForNoise")
async def wait_for_noise(
    call: Call, noiserequired: int = 1000, iterations: int = 1, timeout: float = 0
) -> None:
    """Wait until the caller has made sound for so long, so many times.

    Args:
        noiserequired: ms of sound.
        iterations: how many times.
        timeout: seconds after which it gives up; 0 never.

    Sets:
        WAITSTATUS: NOISE, TIMEOUT or HANGUP.
    """
    await _wait(call, silent=False, required_ms=noiserequired, iterations=iterations, timeout=timeout)


@application("AMD")
async def amd(
    call: Call,
    initialsilence: int = _LIMITS.initial_silence,
    greeting: int = _LIMITS.greeting,
    aftergreetingsilence: int = _LIMITS.after_greeting_silence,
    totalanalysistime: int = _LIMITS.total_analysis_time,
    miniumwordlength: int = _LIMITS.min_word_length,
    betweenwordsilence: int = _LIMITS.between_words_silence,
    maximumnumberofwords: int = _LIMITS.maximum_number_of_words,
    silencethreshold: int = _LIMITS.silence_threshold,
    maximumwordlength: int = _LIMITS.maximum_word_length,
    audiofile: str = "",
) -> None:
    """Guess whether a person or an answering machine has answered, by how the greeting is spoken.

    A person says a word or two and waits; a machine talks on, or begins late.  All lengths are in ms.

    Args:
        initialsilence: silence before the first word beyond which it is a machine.
        greeting: speech beyond which it is a machine.
        aftergreetingsilence: silence after a greeting that makes it a person.
        totalanalysistime: after so long it is undecided.
        miniumwordlength: sound shorter than this is no word.
        betweenwordsilence: silence that parts two words.
        maximumnumberofwords: more words than these are a machine's.
        silencethreshold: mean magnitude of samples (0 to 32767) below which it is silence.
        maximumwordlength: a word longer than this is a machine's.
        audiofile: a sound to play meanwhile.

    Sets:
        AMDSTATUS: HUMAN, MACHINE, NOTSURE or HANGUP.
        AMDCAUSE: TOOLONG-<ms>, INITIALSILENCE-<ms>-<limit>, HUMAN-<ms>-<limit>, LONGGREETING-<ms>-<limit>,
            MAXWORDS-<words>-<limit>, MAXWORDLENGTH-<ms>-<limit>.
    """
    limits = AmdLimits(
        initial_silence=initialsilence,
        greeting=greeting,
        after_greeting_silence=aftergreetingsilence,
        total_analysis_time=totalanalysistime,
        min_word_length=miniumwordlength,
        between_words_silence=betweenwordsilence,
        maximum_number_of_words=maximumnumberofwords,
        maximum_word_length=maximumwordlength,
        silence_threshold=silencethreshold,
    )
    port = _port(call, "AMD")
    call.set_variable("AMDSTATUS", "HANGUP")
    call.set_variable("AMDCAUSE", "")
    playing = None
    if audiofile:
        files, missing = await find_sounds(call.channel, [audiofile])
        if missing:
            call.complain(f"AMD: there is no sound {audiofile!r}")
        else:
            playing = port.start_playing(files)
    machine = AnsweringMachine(limits)
    verdict: Verdict | None = None
    try:
        async with port.listen(frame_ms=_FRAME_MS) as heard:
            async for frame in heard:
                verdict = machine.hear(loudness(frame), _FRAME_MS)
                if verdict is not None:
                    break
    finally:
        if playing is not None:
            playing.stop()
    if verdict is not None:
        call.set_variable("AMDSTATUS", verdict.status)
        call.set_variable("AMDCAUSE", verdict.cause)
