"""Memory of the media part of calls: ports in pairs, joined, nothing else of a call.

    python3 bench/media_memory.py [CALLS [CASE ...]]

Prints KiB of resident memory for each call (two ports), after a second of audio has passed through each leg.
A case is the codecs of the two legs (`ulaw-ulaw` is relayed, all others are transcoded).  Each is measured in
a process of its own.  What the kernel keeps for the sockets is not in it.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time

from offhook._core import MediaEngine
from offhook.media.formats import CODECS

CASES = ("ulaw-ulaw", "ulaw-alaw", "ulaw-g722", "alaw-gsm", "ulaw-opus")
PACKETS = 50
_AT_ONCE = 20  # calls that talk at the same time, so that no socket overflows


def rss_kib() -> int:
    """Resident memory of this process."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def payloads(name: str) -> list[bytes]:
    """20 ms of something, in a codec; of Opus a packet that a real encoder made, of silence."""
    if name == "opus":
        return [bytes.fromhex("f8fffe")]
    size = {"gsm": 33}.get(name, 160)
    first = b"\xd0" if name == "gsm" else b"\x55"
    return [first + bytes((7 * n + at) % 256 for at in range(size - 1)) for n in range(8)]


def measure(calls: int, names: tuple[str, str]) -> float:
    """KiB for each call."""
    engine = MediaEngine(workers=1, rtp_start=10000, rtp_end=65000)
    phone = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    phone.bind(("127.0.0.1", 0))
    said = [payloads(name) for name in names]
    before = rss_kib()
    ports = []
    for _ in range(calls):
        pair = engine.open_port("127.0.0.1"), engine.open_port("127.0.0.1")
        for port, name in zip(pair, names, strict=True):
            facts = CODECS[name]
            port.set_codecs((96, facts.sdp, facts.clock, 20), [(96, facts.sdp, facts.clock)])
            port.set_remote("127.0.0.1", phone.getsockname()[1])
        pair[0].bridge(pair[1])
        ports.append(pair)
        time.sleep(0.0005)
    time.sleep(0.2)
    for start in range(0, calls, _AT_ONCE):
        for n in range(PACKETS):
            for pair in ports[start : start + _AT_ONCE]:
                for port, name, sounds in zip(pair, names, said, strict=True):
                    stamp = n * CODECS[name].clock // 50
                    header = bytes([0x80, 96]) + n.to_bytes(2) + stamp.to_bytes(4) + bytes([0, 0, 0, 9])
                    phone.sendto(header + sounds[n % len(sounds)], ("127.0.0.1", port.rtp_port))
            time.sleep(0.02)
    time.sleep(0.5)
    # before the counts are read: their dictionaries are no part of a call
    result = (rss_kib() - before) / calls
    heard = told = 0.0
    for port in (port for pair in ports for port in pair):
        counts = port.stats()
        heard += counts["rx_packets"] / (2 * calls * PACKETS)
        told += counts["tx_packets"] / (2 * calls * PACKETS)
    engine.close()
    if min(heard, told) < 0.9:
        raise SystemExit(f"{'-'.join(names)}: only {heard:.0%} were heard and {told:.0%} sent")
    return result


def main() -> None:
    """Measure each case, as a table in Markdown."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    cases = sys.argv[2:] or CASES
    if len(cases) == 1:
        one, _, other = cases[0].partition("-")
        print(f"| {cases[0]} | {measure(calls, (one, other)):.1f} |", flush=True)
        return
    print(f"| legs ({calls} calls) | KiB a call |\n|---|---|", flush=True)
    for case in cases:
        subprocess.run([sys.executable, __file__, str(calls), case], check=True)


if __name__ == "__main__":
    main()
