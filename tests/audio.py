"""Audio as tests see it: made, read from files, and measured (frequency, level, gaps, delay).

Sound is checked as sound: a tone that went through a call is measured at the other end.  Pure Python besides
the engine's own Goertzel meter; fast enough for recordings of some tens of seconds.  Levels are dBm0 of G.711
(a full-scale sine is +3.17), times are milliseconds, samples are 16-bit in an array("h").
"""

from __future__ import annotations

import cmath
import math
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from offhook._core import find_dtmf, g711_decode, tone_level

RATE = 8000
PEAK_0DBM0 = 22656.6
"""Peak of a sine of 0 dBm0: mu-law's largest value, 8159 of 14 bits, is 3.17 dBm0."""

SILENT_DBM0 = -55.0
"""What is quieter counts as silence: A-law's idle noise is at -66."""


class Gap(NamedTuple):
    """A hole in what should be there."""

    start_ms: float
    length_ms: float


@dataclass(frozen=True, slots=True)
class ToneReport:
    """What became of a tone that was sent."""

    found: bool
    start_ms: float
    length_ms: float
    frequency: float
    level_dbm0: float
    noise_dbm0: float
    """Everything besides the tone, while it sounds."""
    gaps: list[Gap]
    jumps: list[float]
    """Moments at which the phase jumps: samples were lost, added or repeated."""

    def __str__(self) -> str:
        if not self.found:
            return "no tone"
        gaps = ", ".join(f"{gap.length_ms:.0f} ms at {gap.start_ms:.0f}" for gap in self.gaps) or "none"
        return (
            f"{self.frequency:.1f} Hz at {self.level_dbm0:.1f} dBm0 (rest {self.noise_dbm0:.1f}) for "
            f"{self.length_ms:.0f} ms from {self.start_ms:.0f}; gaps: {gaps}; phase jumps: {len(self.jumps)}"
        )


# ---------------------------------------------------------------- making


def amplitude(level_dbm0: float) -> float:
    """Peak of a sine of this level."""
    return PEAK_0DBM0 * 10 ** (level_dbm0 / 20)


def sine(frequency: float, ms: float, level_dbm0: float = -13.0, rate: int = RATE) -> array[int]:
    """A tone."""
    peak = amplitude(level_dbm0)
    step = 2 * math.pi * frequency / rate
    return array("h", (round(peak * math.sin(step * n)) for n in range(round(ms * rate / 1000))))


def silence(ms: float, rate: int = RATE) -> array[int]:
    """Nothing."""
    return array("h", bytes(2 * round(ms * rate / 1000)))


def chirp(ms: float = 400, low: float = 400, high: float = 3200, level_dbm0: float = -10.0) -> array[int]:
    """A sweep: what delay_ms() finds to the sample, even through a codec."""
    count = round(ms * RATE / 1000)
    peak = amplitude(level_dbm0)
    out = array("h")
    for n in range(count):
        t = n / RATE
        phase = 2 * math.pi * (low * t + (high - low) * t * t / (2 * ms / 1000))
        edge = min(1.0, n / 80, (count - n) / 80)
        out.append(round(peak * edge * math.sin(phase)))
    return out


def join(*parts: Iterable[int]) -> array[int]:
    """One after the other."""
    out = array("h")
    for part in parts:
        out.extend(part)
    return out


# ---------------------------------------------------------------- files


def write_wav(path: str | Path, samples: array[int], rate: int = RATE) -> None:
    """A 16-bit mono WAVE file."""
    data = samples.tobytes()

    def number(value: int, width: int = 4) -> bytes:
        return value.to_bytes(width, "little")

    fmt = number(1, 2) + number(1, 2) + number(rate) + number(2 * rate) + number(2, 2) + number(16, 2)
    head = b"RIFF" + number(36 + len(data)) + b"WAVEfmt " + number(16) + fmt + b"data" + number(len(data))
    Path(path).write_bytes(head + data)


def read(path: str | Path) -> tuple[array[int], int]:
    """(samples, rate) of .wav (16-bit, mu-law, A-law; the first channel), .ulaw, .alaw or .sln.

    ValueError for anything else.  A WAVE size of 0 or beyond the file means what is there.
    """
    path = Path(path)
    data = path.read_bytes()
    match path.suffix:
        case ".ulaw" | ".ul" | ".pcm" | ".mu":
            return _samples(g711_decode(data, "ulaw")), RATE
        case ".alaw" | ".al":
            return _samples(g711_decode(data, "alaw")), RATE
        case ".sln" | ".raw":
            return _samples(data), RATE
        case ".wav":
            return _wave(data, path)
        case other:
            raise ValueError(f"{path}: {other} is not read here")


def _samples(data: bytes) -> array[int]:
    return array("h", data[: len(data) & ~1])


def _wave(data: bytes, path: Path) -> tuple[array[int], int]:
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise ValueError(f"{path}: not a WAVE file")
    codec = channels = rate = 0
    at = 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        body = data[at + 8 : at + 8 + size]
        if name == b"fmt ":
            codec = int.from_bytes(body[:2], "little")
            channels = int.from_bytes(body[2:4], "little")
            rate = int.from_bytes(body[4:8], "little")
            if codec == 0xFFFE:
                codec = int.from_bytes(body[24:26], "little")
        if name == b"data":
            if not size:
                body = data[at + 8 :]
            law = {6: "alaw", 7: "ulaw"}.get(codec)
            if codec != 1 and law is None:
                raise ValueError(f"{path}: codec {codec} is not read here")
            samples = _samples(g711_decode(body, law) if law else body)
            return samples[:: max(1, channels)], rate
        at += 8 + size + (size & 1)
    raise ValueError(f"{path}: no data chunk")


# ---------------------------------------------------------------- levels and frequencies


def level_dbm0(samples: Sequence[int]) -> float:
    """Level of everything, as that of a sine with the same power."""
    if not samples:
        return -math.inf
    power = sum(sample * sample for sample in samples) / len(samples)
    return 10 * math.log10(2 * power / PEAK_0DBM0**2) if power else -math.inf


def level_dbfs(samples: Sequence[int]) -> float:
    """The same against a full-scale sine of 16 bits."""
    return level_dbm0(samples) + 20 * math.log10(PEAK_0DBM0 / 32768)


def tone_dbm0(samples: array[int], frequency: float, rate: int = RATE) -> float:
    """Level of one frequency."""
    return tone_level(samples.tobytes(), frequency, rate)


def frequency_of(samples: array[int], rate: int = RATE) -> float:
    """The strongest frequency, to a tenth of a hertz for half a second of a steady tone."""
    size = 1 << min(13, max(8, len(samples).bit_length() - 1))
    part = samples[:size]
    # Hann's window: the neighbours of the peak then tell where between them it is
    spectrum = fft(
        [value * (0.5 - 0.5 * math.cos(2 * math.pi * n / len(part))) for n, value in enumerate(part)]
        + [0.0] * (size - len(part))
    )
    powers = [abs(value) for value in spectrum[: size // 2]]
    best = max(range(1, size // 2 - 1), key=powers.__getitem__)
    around = [math.log(max(powers[best + offset], 1e-9)) for offset in (-1, 0, 1)]
    below, peak, above = around
    bend = below - 2 * peak + above
    shift = 0.5 * (below - above) / bend if bend else 0.0
    return (best + shift) * rate / size


def dtmf(samples: array[int]) -> list[tuple[str, int, int]]:
    """Digits heard: (digit, start ms, duration ms)."""
    return find_dtmf(samples.tobytes())


def digits(samples: array[int]) -> str:
    """Digits heard."""
    return "".join(digit for digit, _, _ in dtmf(samples))


# ---------------------------------------------------------------- time


def envelope(samples: array[int], step_ms: float = 1.0, rate: int = RATE) -> list[float]:
    """Level of each step in dBm0; its window is at least 4 ms, so that low tones do not ripple."""
    step = max(1, round(step_ms * rate / 1000))
    width = max(step, round(0.004 * rate))
    sums = [0]
    for sample in samples:
        sums.append(sums[-1] + sample * sample)
    levels: list[float] = []
    for start in range(0, len(samples), step):
        end = min(len(samples), start + width)
        power = (sums[end] - sums[start]) / (end - start)
        levels.append(10 * math.log10(2 * power / PEAK_0DBM0**2) if power else -math.inf)
    return levels


def active(samples: array[int], threshold_dbm0: float = SILENT_DBM0) -> tuple[float, float] | None:
    """(start, end) in ms of what is not silence, None when all is."""
    levels = envelope(samples)
    loud = [index for index, level in enumerate(levels) if level > threshold_dbm0]
    # the window looks 4 ms ahead
    return (min(loud[0] + 3.0, loud[-1]), loud[-1] + 1.0) if loud else None


def gaps(samples: array[int], threshold_dbm0: float = SILENT_DBM0, least_ms: float = 3.0) -> list[Gap]:
    """Silences between the first and the last sound."""
    levels = envelope(samples)
    found: list[Gap] = []
    start = None
    heard = False
    for index, level in enumerate(levels):
        if level > threshold_dbm0:
            if heard and start is not None:
                # the window of 4 ms hides 3 ms of each hole
                length = index - start + 3.0
                if length >= least_ms:
                    found.append(Gap(float(start), length))
            heard, start = True, None
        elif heard and start is None:
            start = index
    return found


def phase_jumps(
    samples: array[int], frequency: float, tolerance: float = 0.35, rate: int = RATE
) -> list[float]:
    """Moments in ms at which a steady tone's phase jumps by more than `tolerance` radians.

    One sample lost from a tone of 1000 Hz is 0.785 rad.  Blocks of 10 ms; silent ones are passed over.
    """
    block = rate // 100
    step = cmath.exp(-2j * math.pi * frequency / rate)
    jumps: list[float] = []
    last = None
    factor = 1 + 0j
    for start in range(0, len(samples) - block + 1, block):
        total = 0j
        for sample in samples[start : start + block]:
            total += sample * factor
            factor *= step
        factor /= abs(factor)
        if abs(total) < block / 2 * amplitude(SILENT_DBM0):
            last = None
            continue
        if last is not None and abs(cmath.phase(total / last)) > tolerance:
            jumps.append(start * 1000 / rate)
        last = total
    return jumps


def measure_tone(samples: array[int], frequency: float, rate: int = RATE) -> ToneReport:
    """Everything about a tone sent in one piece: is it there, whole, at the right pitch and level?"""
    span = active(samples)
    if span is None:
        return ToneReport(False, 0, 0, 0, -math.inf, -math.inf, [], [])
    start, end = span
    middle = samples[round((start + 20) * rate / 1000) : round((end - 20) * rate / 1000)]
    if len(middle) < rate // 20:
        return ToneReport(False, start, end - start, 0, level_dbm0(samples), -math.inf, [], [])
    # a tone of some hundredths off its nominal frequency would fade in a long block: measure in short ones
    chunk = rate // 5
    chunks = [middle[at : at + chunk] for at in range(0, max(1, len(middle) - chunk + 1), chunk)]
    levels = sorted(tone_dbm0(part, frequency, rate) for part in chunks)
    level = levels[len(levels) // 2]
    total = sorted(level_dbm0(part) for part in chunks)[len(chunks) // 2]
    rest = 10 ** (total / 10) - 10 ** (level / 10)
    heard = frequency_of(middle, rate)
    return ToneReport(
        found=abs(heard - frequency) < 0.02 * frequency,
        start_ms=start,
        length_ms=end - start,
        frequency=heard,
        level_dbm0=level,
        noise_dbm0=10 * math.log10(rest) if rest > 1e-12 else -120.0,
        gaps=gaps(samples),
        jumps=phase_jumps(middle, frequency, rate=rate),
    )


# ---------------------------------------------------------------- delay


def fft(values: Sequence[complex]) -> list[complex]:
    """Discrete Fourier transform; the length is a power of two."""
    count = len(values)
    if count & (count - 1) or not count:
        raise ValueError("the length is no power of two")
    if count == 1:
        return list(values)
    even, odd = fft(values[0::2]), fft(values[1::2])
    turn = cmath.exp(-2j * math.pi / count)
    # exact factors each 64, products between: fast, and still good to 12 digits
    twisted: list[complex] = []
    factor = 1 + 0j
    for index, value in enumerate(odd):
        if index & 63 == 0:
            factor = cmath.exp(-2j * math.pi * index / count)
        twisted.append(factor * value)
        factor *= turn
    low = [a + b for a, b in zip(even, twisted, strict=True)]
    high = [a - b for a, b in zip(even, twisted, strict=True)]
    return low + high


def delay_ms(sent: Sequence[int], received: Sequence[int]) -> tuple[float, float]:
    """(ms from the beginning of `received` to where `sent` begins in it, how alike they are from 0 to 1).

    Found by cross-correlation: exact to the sample for a chirp(), also through a codec.
    """
    if not sent or len(received) < len(sent):
        return 0.0, 0.0
    size = 1 << (len(sent) + len(received) - 1).bit_length()
    pattern = fft([complex(value) for value in sent] + [0j] * (size - len(sent)))
    heard = fft([complex(value) for value in received] + [0j] * (size - len(received)))
    product = [(a.conjugate() * b).conjugate() for a, b in zip(pattern, heard, strict=True)]
    # the inverse transform is the forward one of the conjugate
    correlation = [value.real / size for value in fft(product)]
    last = len(received) - len(sent) + 1
    best = max(range(last), key=correlation.__getitem__)
    here = received[best : best + len(sent)]
    energy = math.sqrt(sum(v * v for v in sent) * sum(v * v for v in here))
    return best * 1000 / RATE, correlation[best] / energy if energy else 0.0


def one_way_delay_ms(sent: str | Path, received: str | Path, pattern: Sequence[int]) -> float:
    """Delay between two recordings that began together, one of what was sent and one of what came.

    ValueError when the pattern is not in both.
    """
    places: list[float] = []
    for path in (sent, received):
        place, likeness = delay_ms(pattern, read(path)[0])
        if likeness < 0.5:
            raise ValueError(f"{path}: the pattern is not in it (likeness {likeness:.2f})")
        places.append(place)
    return places[1] - places[0]
