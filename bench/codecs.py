"""Instructions that a codec, or a conference, takes for 20 ms, counted by valgrind, and its time here.

    python3 bench/codecs.py [NAME ... | mixer]

Runs the examples `bench_codecs` and `bench_mixer` of the media crate (release build), once with frames
and once without, and takes the difference.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "target" / "release" / "examples"
FRAMES = 200
CASES = [
    ("ulaw", 0),
    ("g722", 0),
    ("g722", 8000),
    ("g726", 0),
    ("gsm", 0),
    ("slin16", 0),
    ("opus", 8000),
    ("opus", 16000),
    ("opus", 48000),
]
# rate, members, those of them who talk
ROOMS = [
    (rate, members, talkers) for rate in (8000, 48000) for members in (10, 100) for talkers in (3, members)
]


def instructions(example: str, *arguments: str) -> int:
    """Instructions of the whole process."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    command += [str(EXAMPLES / example), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if found is None:
        raise SystemExit(done.stderr)
    return int(found[1])


def nanoseconds(example: str, *arguments: str) -> float:
    """For a frame, the best of five runs."""
    command = [str(EXAMPLES / example), *arguments]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(5)]
    return min(float(text.split()[0]) for text in runs)


def codecs(wanted: set[str]) -> None:
    """Print the table of codecs."""
    print("| codec | rate | encode: instructions | us | decode: instructions | us |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, rate in CASES:
        if wanted and name not in wanted:
            continue
        case = (name, str(rate))
        base = instructions("bench_codecs", *case, "open", str(FRAMES))
        cells: list[str] = []
        for what in ("encode", "decode"):
            count = (instructions("bench_codecs", *case, what, str(FRAMES)) - base) / FRAMES
            cells += [f"{count:,.0f}", f"{nanoseconds('bench_codecs', *case, what, '2000') / 1000:.1f}"]
        print(f"| {name} | {rate or 'its own'} | {' | '.join(cells)} |", flush=True)


def rooms() -> None:
    """Print the table of conferences."""
    print("| rate | members | talk | mix: instructions | us | with codecs: instructions | us |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for numbers in ROOMS:
        case = [str(number) for number in numbers]
        base = instructions("bench_mixer", *case, "open", str(FRAMES))
        cells = case[:]
        for what in ("mix", "whole"):
            count = (instructions("bench_mixer", *case, what, str(FRAMES)) - base) / FRAMES
            cells += [f"{count:,.0f}", f"{nanoseconds('bench_mixer', *case, what, '500') / 1000:.1f}"]
        print(f"| {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Print the tables in Markdown."""
    command = ["cargo", "build", "--quiet", "--release", "--locked", "-p", "offhook-media"]
    subprocess.run([*command, "--example", "bench_codecs", "--example", "bench_mixer"], cwd=ROOT, check=True)
    wanted = set(sys.argv[1:])
    if wanted != {"mixer"}:
        codecs(wanted)
    if not wanted or "mixer" in wanted:
        rooms()


if __name__ == "__main__":
    main()
