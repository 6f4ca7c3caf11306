"""Applications that listen for speech and silence: WaitForSilence, WaitForNoise, AMD."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from offhook.config.files.amd import AmdConf
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
    initialsilence: int | None = None,
    greeting: int | None = None,
    aftergreetingsilence: int | None = None,
    totalanalysistime: int | None = None,
    miniumwordlength: int | None = None,
    betweenwordsilence: int | None = None,
    maximumnumberofwords: int | None = None,
    silencethreshold: int | None = None,
    maximumwordlength: int | None = None,
    audiofile: str = "",
) -> None:
    """Guess whether a person or an answering machine has answered, by how the greeting is spoken.

    A person says a word or two and waits; a machine talks on, or begins late.  All lengths are in ms; what is
    not given is as amd.conf has it.

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
    conf = call.channel.pbx.service(AmdConf) or AmdConf()
    limits = AmdLimits(
        initial_silence=conf.initial_silence if initialsilence is None else initialsilence,
        greeting=conf.greeting if greeting is None else greeting,
        after_greeting_silence=conf.after_greeting_silence
        if aftergreetingsilence is None
        else aftergreetingsilence,
        total_analysis_time=conf.total_analysis_time if totalanalysistime is None else totalanalysistime,
        min_word_length=conf.min_word_length if miniumwordlength is None else miniumwordlength,
        between_words_silence=conf.between_words_silence
        if betweenwordsilence is None
        else betweenwordsilence,
        maximum_number_of_words=conf.maximum_number_of_words
        if maximumnumberofwords is None
        else maximumnumberofwords,
        maximum_word_length=conf.maximum_word_length if maximumwordlength is None else maximumwordlength,
        silence_threshold=conf.silence_threshold if silencethreshold is None else silencethreshold,
    )
    port = _port(call, "AMD")
    call.set_variable("AMDSTATUS", "HANGUP")
    call.set_variable("AMDCAUSE", "")
    playing = None
    sound = audiofile or conf.playback_file
    if sound:
        files, missing = await find_sounds(call.channel, [sound])
        if missing:
            call.complain(f"AMD: there is no sound {sound!r}")
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
