"""Instructions that a codec takes for 20 ms, counted by valgrind, and the time it takes here.

    python3 bench/codecs.py [NAME ...]

Runs the example `bench_codecs` of the media crate (release build), once with frames and once
without, and takes the difference.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
BINARY = ROOT / "target" / "release" / "examples" / "bench_codecs"
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


def instructions(name: str, rate: int, what: str) -> int:
    """Instructions of the whole process."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    command += [str(BINARY), name, str(rate), what, str(FRAMES)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if found is None:
        raise SystemExit(done.stderr)
    return int(found[1])


def nanoseconds(name: str, rate: int, what: str) -> float:
    """The best of five runs."""
    command = [str(BINARY), name, str(rate), what, "2000"]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(5)]
    return min(float(text.split()[0]) for text in runs)


def main() -> None:
    """Print a table in Markdown."""
    subprocess.run(
        [
            "cargo",
            "build",
            "--quiet",
            "--release",
            "--locked",
            "-p",
            "offhook-media",
            "--example",
            "bench_codecs",
        ],
        cwd=ROOT,
        check=True,
    )
    wanted = set(sys.argv[1:])
    print("| codec | rate | encode: instructions | us | decode: instructions | us |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, rate in CASES:
        if wanted and name not in wanted:
            continue
        base = instructions(name, rate, "open")
        cells: list[str] = []
        for what in ("encode", "decode"):
            count = (instructions(name, rate, what) - base) / FRAMES
            cells += [f"{count:,.0f}", f"{nanoseconds(name, rate, what) / 1000:.1f}"]
        print(f"| {name} | {rate or 'its own'} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
