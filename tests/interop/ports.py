"""Ports of this machine for programs whose configuration must name them.

A test process takes a block of 1000 below the kernel's own range (so that nobody's port 0 lands in it) and
holds it by a guard socket, which the kernel takes back however the process ends: test processes that run
beside each other never meet.  Within the block ports go round, and each is tried before it is given out.
"""

from __future__ import annotations

import contextlib
import random
import socket

__all__ = ["Ports"]

HOST = "127.0.0.1"
_GUARD_HOST = "127.0.0.99"  # where no tested program listens
_FIRST, _LAST = 21_000, 32_000
_SIZE = 1000
_SINGLE = 200  # the first ports of a block are given out one by one, the others as ranges


class Ports:
    """Gives out ports until close()."""

    def __init__(self) -> None:
        self._guards: list[socket.socket] = []
        self._block = 0
        self._next = 1
        self._next_range = _SINGLE
        self._take_block()

    def _take_block(self) -> None:
        blocks = list(range(_FIRST, _LAST, _SIZE))
        random.shuffle(blocks)
        for block in blocks:
            guard = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            try:
                guard.bind((_GUARD_HOST, block))
                guard.listen(1)
            except OSError:
                guard.close()
                continue
            self._guards.append(guard)
            if all(_free(port) for port in range(block + 1, block + _SIZE, 37)):
                self._block, self._next, self._next_range = block, 1, _SINGLE
                return
        raise RuntimeError(f"all {len(blocks)} blocks of ports are in use")

    def take(self, count: int = 1) -> int:
        """The first of `count` neighbouring ports that are free for UDP and TCP."""
        for attempt in range(2 * _SINGLE):
            if self._next + count > _SINGLE:
                self._next = 1
            if attempt == _SINGLE // 4:  # somebody else has settled here
                self._take_block()
            first = self._block + self._next
            self._next += count
            if all(_free(first + offset) for offset in range(count)):
                return first
        raise RuntimeError(f"no {count} free ports from {self._block}")

    def range(self, count: int = 100) -> tuple[int, int]:
        """(first, last) of `count` ports for RTP, the first even, nearly all of them free."""
        count += count & 1
        for _ in range(8):
            if self._next_range + count > _SIZE:
                self._next_range = _SINGLE
            first = self._block + self._next_range
            self._next_range += count
            taken = sum(not _free(port) for port in range(first, first + count, 2))
            if taken <= count // 20:
                return first, first + count - 1
            self._take_block()
        raise RuntimeError(f"no {count} free ports from {self._block}")

    def close(self) -> None:
        """Give all blocks back."""
        for guard in self._guards:
            guard.close()


def _free(port: int) -> bool:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with contextlib.closing(socket.socket(socket.AF_INET, kind)) as probe:
            if kind == socket.SOCK_STREAM:
                # a connection of an earlier test may still be in TIME_WAIT: servers bind beside it
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                return False
    return True
