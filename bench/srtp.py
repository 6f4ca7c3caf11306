"""What SRTP costs a packet of 160 octets beside libsrtp2: instructions (valgrind), and the time here.

    python3 bench/srtp.py

Builds the example `bench_srtp` of the media crate (release) and `harness/srtp_peer.c`, for which
libsrtp2-dev has to be installed.  Both protect and then unprotect the same packets; what a run costs beside
the packets goes out with the difference of two counts of them.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
OURS = ROOT / "target" / "release" / "examples" / "bench_srtp"
SUITES = ("AES_CM_128_HMAC_SHA1_80", "AEAD_AES_128_GCM", "AEAD_AES_256_GCM")
FEW, MANY = 1000, 3000
BAR = 1.3


def instructions(program: Path, suite: str) -> float:
    """To protect and unprotect one packet."""
    counts: list[int] = []
    for packets in (FEW, MANY):
        command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
        command += [str(program), suite, str(packets), "1"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found = re.search(r"Collected : (\d+)", done.stderr)
        if found is None:
            raise SystemExit(done.stderr)
        counts.append(int(found[1]))
    return (counts[1] - counts[0]) / (MANY - FEW)


def nanoseconds(program: Path, suite: str) -> tuple[float, float]:
    """To protect and to unprotect one packet: the best of ten passes."""
    done = subprocess.run([str(program), suite, "20000", "10"], capture_output=True, text=True, check=True)
    protect, unprotect = done.stdout.split()
    return float(protect), float(unprotect)


def main() -> None:
    """Print a table in Markdown."""
    cargo = ("cargo", "build", "--quiet", "--release", "--locked", "-p", "offhook-media")
    subprocess.run([*cargo, "--example", "bench_srtp"], cwd=ROOT, check=True)
    with tempfile.TemporaryDirectory() as folder:
        peer = Path(folder) / "srtp_peer"
        source = Path(__file__).parent / "harness" / "srtp_peer.c"
        subprocess.run(["cc", "-O2", "-o", str(peer), str(source), "-lsrtp2"], check=True)
        print("| suite | instructions | libsrtp2 | ratio | ns (protect + unprotect) | libsrtp2 |")
        print("| --- | --- | --- | --- | --- | --- |")
        for suite in SUITES:
            ours, theirs = instructions(OURS, suite), instructions(peer, suite)
            times = [" + ".join(f"{ns:.0f}" for ns in nanoseconds(one, suite)) for one in (OURS, peer)]
            ratio = ours / theirs
            note = "" if ratio <= BAR else f" (above {BAR})"
            print(f"| {suite} | {ours:,.0f} | {theirs:,.0f} | {ratio:.2f}{note} | {' | '.join(times)} |")


if __name__ == "__main__":
    main()
