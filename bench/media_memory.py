"""Memory of the media part of relayed calls: ports in pairs, joined, nothing else of a call.

    python3 bench/media_memory.py [CALLS]

Prints KiB of resident memory for each call (two ports), after audio has passed through each.  What the
kernel keeps for the sockets is not in it.
"""

import socket
import sys
import time

from offhook._core import MediaEngine


def rss_kib() -> int:
    """Resident memory of this process."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def main() -> None:
    """Open, join, send, measure."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    engine = MediaEngine(workers=1, rtp_start=20000, rtp_end=min(65000, 20000 + 4 * calls + 100))
    phone = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    phone.bind(("127.0.0.1", 0))
    packet = bytes([0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9]) + bytes(160)
    before = rss_kib()
    ports = []
    for _ in range(calls):
        one, two = engine.open_port("127.0.0.1"), engine.open_port("127.0.0.1")
        for port in (one, two):
            port.set_remote("127.0.0.1", phone.getsockname()[1])
        one.bridge(two)
        ports.append((one, two))
        time.sleep(0.0005)
    time.sleep(0.2)
    for pair in ports:
        for port in pair:
            phone.sendto(packet, ("127.0.0.1", port.rtp_port))
    time.sleep(0.5)
    print(f"{calls} calls: {(rss_kib() - before) / calls:.2f} KiB a call")
    engine.close()


if __name__ == "__main__":
    main()
