"""Prompts as short tones, each with a pitch of its own: what a caller heard can then be read off.

The tones go into the state folder, where the program looks for sounds before it looks elsewhere.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from pathlib import Path

import audio
from offhook._core import tone_level

__all__ = ["MUSIC", "NAMES", "install", "names_heard"]

_WORDS = (
    "demo-congrats",
    "demo-echotest",
    "demo-echodone",
    "tt-monkeys",
    "transfer",
    "pbx-invalid",
    "vm-goodbye",
    "vm-enter-num-to-call",
    "you-entered",
    "vm-nobodyavail",
    "vm-isunavail",
)
NAMES = (*_WORDS, *(f"digits/{digit}" for digit in range(10)))
MUSIC = "music"

_SPACING = 97.0  # Hz: the pitches are no multiples of one another
_FIRST = 500.0
_LEVEL = -14.0
PITCHES = {name: _FIRST + _SPACING * index for index, name in enumerate((*NAMES, MUSIC))}


def install(state: Path, lengths_ms: dict[str, float] | None = None, default_ms: float = 300) -> None:
    """Write all prompts and a piece of music below a state folder."""
    data = state / "lib"
    for name in NAMES:
        path = data / "sounds" / "en" / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        length = (lengths_ms or {}).get(name, default_ms)
        # the silence tells a prompt that is repeated from one that goes on
        tone = audio.sine(PITCHES[name], length, _LEVEL)
        audio.write_wav(path, audio.join(tone, audio.silence(150)))
    (data / "moh").mkdir(parents=True, exist_ok=True)
    # a whole number of periods, so that its repetition has no seam
    audio.write_wav(data / "moh" / "tune.wav", audio.sine(PITCHES[MUSIC], 1000, _LEVEL))


def names_heard(samples: array[int], others: Iterable[tuple[str, float]] = ()) -> list[str]:
    """Which tones were heard, in order; each counts once for as long as it sounds.

    `others` are further tones by name and frequency.
    """
    pitches = {**PITCHES, **dict(others)}
    block = audio.RATE // 20
    found: list[str] = []
    candidate, run = "", 0
    for start in range(0, len(samples) - block + 1, block):
        part = samples[start : start + block]
        name = ""
        if audio.level_dbm0(part) > -35:
            data = part.tobytes()
            levels = {each: tone_level(data, pitch, audio.RATE) for each, pitch in pitches.items()}
            best = max(levels, key=levels.__getitem__)
            # the whole block must be this tone: at a seam, or for speech, it is none
            if levels[best] > audio.level_dbm0(part) - 1.5:
                name = best
        if name == candidate:
            run += 1
            if run == 2 and name:
                found.append(name)
        else:
            candidate, run = name, 1
    return found
