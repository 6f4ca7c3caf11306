"""Instructions that the engine takes for a packet of a bridged call, counted by valgrind, and the time here.

    python3 bench/ports.py [CASE ...]

Runs the example `bench_port` of the media crate (release build), with packets and with twice as many, and
takes the difference.  System calls are not part of it.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
BINARY = ROOT / "target" / "release" / "examples" / "bench_port"
PACKETS = 400
CASES = ("relay", "record", "both", "talk", "volume", "denoise")


def instructions(case: str, packets: int) -> int:
    """Instructions of the whole process."""
    command = [
        "valgrind",
        "--tool=callgrind",
        "--callgrind-out-file=/dev/null",
        str(BINARY),
        case,
        str(packets),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if found is None:
        raise SystemExit(done.stderr)
    return int(found[1])


def nanoseconds(case: str) -> float:
    """The best of five runs."""
    command = [str(BINARY), case, "20000"]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(5)]
    return min(float(text.split()[0]) for text in runs)


def main() -> None:
    """Print a table in Markdown."""
    build = [
        "cargo",
        "build",
        "--quiet",
        "--release",
        "--locked",
        "-p",
        "offhook-media",
        "--example",
        "bench_port",
    ]
    subprocess.run(build, cwd=ROOT, check=True)
    print("| on one of two bridged ports | instructions a packet | ns |\n|---|---|---|")
    for case in sys.argv[1:] or CASES:
        each = (instructions(case, 2 * PACKETS) - instructions(case, PACKETS)) / (2 * PACKETS)
        print(f"| {case} | {each:.0f} | {nanoseconds(case):.0f} |", flush=True)


if __name__ == "__main__":
    main()
