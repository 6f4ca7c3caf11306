"""A line that loses messages: it stands between the program and SIPp and forwards most of what comes."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Callable

__all__ = ["LossyLine"]


class LossyLine:
    """Forwards datagrams between two ports of this host; `lost` of 1 of those that `may_lose` are dropped."""

    def __init__(
        self, one: int, other: int, *, lost: float, seed: int, may_lose: Callable[[bytes], bool]
    ) -> None:
        self._ends = {one: ("127.0.0.1", other), other: ("127.0.0.1", one)}
        self._lost = lost
        self._random = random.Random(seed)
        self._may_lose = may_lose
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.1)
        self.port: int = self._socket.getsockname()[1]
        self.dropped = 0
        self.forwarded = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lossy line", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._end.is_set():
            try:
                data, (_, port) = self._socket.recvfrom(65536)
            except OSError:
                continue
            to = self._ends.get(port)
            if to is None:
                continue
            if self._may_lose(data) and self._random.random() < self._lost:
                self.dropped += 1
                continue
            self.forwarded += 1
            self._socket.sendto(data, to)

    def close(self) -> None:
        """End it."""
        self._end.set()
        self._thread.join()
        self._socket.close()
