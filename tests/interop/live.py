"""Live calls with audio, in a process of their own: what comes out is compared with what went in.

`LiveCalls` starts this file as a program; that sets calls up through the tested program (which bridges them),
sends a tone both ways in each of them every 20 ms and keeps account of every packet that arrives:
lost, wrong (not the frame that was sent), and how late.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import subprocess
import sys
import time
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))  # audio.py, when started as a program
sys.path.append(str(Path(__file__).parents[2] / "bench" / "harness"))

from sipua import HOST, Pair

from audio import sine
from offhook._core import g711_encode

__all__ = ["Account", "LiveCalls"]

FRAME_MS = 20
_SAMPLES = 8 * FRAME_MS
_SECONDS = struct.Struct("qq")
_TIMESTAMPS = 35  # SO_TIMESTAMPNS of Linux


@dataclass(frozen=True, slots=True)
class Account:
    """What became of the packets of all streams together, while the calls were watched."""

    calls: int
    """That were up until they were hung up."""
    streams: int
    sent: int
    received: int
    lost: int
    wrong: int
    """Packets whose audio is not what was sent, or that came out of order."""
    median_ms: float
    p99_ms: float
    worst_ms: float
    """Delay from sending to arrival in the kernel."""


class LiveCalls:
    """Calls to `prefix` + five digits, answered on `callee_port`."""

    def __init__(
        self,
        server_port: int,
        *,
        count: int,
        prefix: str,
        caller_port: int,
        callee_port: int,
        media_port: int,
    ) -> None:
        command = [server_port, count, prefix, caller_port, callee_port, media_port]
        self._process = subprocess.Popen(
            [sys.executable, __file__, *map(str, command)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        if self._answer() != count:
            raise AssertionError("not all live calls came up")

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError(f"the live calls ended with {self._process.wait()}")
        return json.loads(line)

    def _say(self, word: str) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()
        return self._answer()

    def account(self) -> Account:
        """What has happened since the last time this was asked."""
        return Account(**self._say("account"))

    def hang_up(self) -> int:
        """End all calls; how many ended as they should."""
        ended = self._say("end")
        self._process.wait(20)
        return ended

    def close(self) -> None:
        """End the process in whatever state."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()


class _Stream:
    """One direction of one call: what side `own` sends, and what it hears of the other's."""

    def __init__(
        self, own: socket.socket, to: tuple[str, int], frames: list[bytes], expected: list[bytes]
    ) -> None:
        self.socket = own
        self.to = to
        self.frames = frames
        self.expected = expected
        self.sent_at: dict[int, float] = {}  # number: when; the other direction reads it
        self.peer: _Stream = self
        self.offset: int | None = None  # sequence number on arrival minus the number of the frame
        self.next = 0
        self.clear()

    def clear(self) -> None:
        """Begin a new account."""
        self.received = self.lost = self.wrong = 0
        self.delays: list[float] = []

    def send(self, number: int) -> None:
        header = struct.pack("!BBHII", 0x80, 0, number & 0xFFFF, number * _SAMPLES & 0xFFFFFFFF, 7)
        self.sent_at[number] = time.time()
        self.sent_at.pop(number - 500, None)
        self.socket.sendto(header + self.frames[number % len(self.frames)], self.to)

    def receive(self) -> None:
        while True:
            try:
                data, extra, _, _ = self.socket.recvmsg(2048, 64)
            except BlockingIOError:
                return
            seconds, nanoseconds = _SECONDS.unpack(extra[0][2][: _SECONDS.size])
            self.take(data, seconds + nanoseconds / 1e9)

    def take(self, data: bytes, at: float) -> None:
        sequence = struct.unpack("!H", data[2:4])[0]
        payload = data[12:]
        if self.offset is None:
            # the youngest frame of the other side's with this audio: frames repeat each 100 ms
            number = next((n for n in reversed(self.peer.sent_at) if self._is(n, payload)), None)
            if number is None:
                self.wrong += 1
                return
            self.offset = (sequence - number) & 0xFFFF
            self.next = number
        # the number next to the expected one with these 16 bits
        behind = (sequence - self.offset - self.next) & 0xFFFF
        number = self.next + (behind if behind < 0x8000 else behind - 0x10000)
        if number < self.next or not self._is(number, payload):
            self.wrong += 1
            return
        self.lost += number - self.next
        self.next = number + 1
        self.received += 1
        sent_at = self.peer.sent_at.get(number)
        self.delays.append(1000 * (at - sent_at) if sent_at is not None else 10_000.0)

    def _is(self, number: int, payload: bytes) -> bool:
        return payload == self.expected[number % len(self.expected)]


def _frames(frequency: float) -> list[bytes]:
    """100 ms of a tone in 20 ms of mu-law each, whose end fits to its beginning."""
    samples: array[int] = sine(frequency, 100)
    whole = g711_encode(samples.tobytes(), "ulaw")
    return [whole[at : at + _SAMPLES] for at in range(0, len(whole), _SAMPLES)]


class _Calls:
    def __init__(self, server_port: int, count: int, prefix: str, ports: tuple[int, int, int]) -> None:
        caller, callee, media = ports
        self.pair = Pair(
            (HOST, server_port), caller, callee, media_base=media, caller_socks=count, callee_socks=count
        )
        self.up = self.pair.run_up(count, prefix, settle=0.3)
        self.streams: list[_Stream] = []
        self.number = 0
        self.sent = 0
        tones = _frames(440), _frames(630)
        for call in self.pair.calls.values():
            if call["state"] != "up":
                continue
            sides = []
            for index, side in enumerate("ab"):
                own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                own.setsockopt(socket.SOL_SOCKET, _TIMESTAMPS, 1)
                own.bind((HOST, self.pair.local_media(side, call["i"])[1]))
                own.setblocking(False)
                host, port, _ = call[side]
                sides.append(_Stream(own, (host, port), tones[index], tones[1 - index]))
            sides[0].peer, sides[1].peer = sides[1], sides[0]
            self.streams += sides

    def run(self) -> None:
        """Send and receive until told to end."""
        print(self.up, flush=True)
        poll = select.poll()
        poll.register(sys.stdin, select.POLLIN)
        due = time.monotonic()
        while True:
            for stream in self.streams:
                stream.send(self.number)
            self.number += 1
            self.sent += len(self.streams)
            for stream in self.streams:
                stream.receive()
            self.pair.poll(0)
            due += FRAME_MS / 1000
            if poll.poll(max(0.0, 1000 * (due - time.monotonic()))):
                word = sys.stdin.readline().strip()
                if word != "account":
                    break
                print(json.dumps(self.account()), flush=True)
        time.sleep(0.1)
        self.pair.run_down()
        print(sum(call["state"] == "ended" for call in self.pair.calls.values()), flush=True)
        self.pair.close()

    def account(self) -> dict[str, float]:
        streams = self.streams
        delays = sorted(delay for stream in streams for delay in stream.delays)
        found = {
            "calls": sum(call["state"] == "up" for call in self.pair.calls.values()),
            "streams": len(streams),
            "sent": self.sent,
            "received": sum(stream.received for stream in streams),
            "lost": sum(stream.lost for stream in streams),
            "wrong": sum(stream.wrong for stream in streams),
            "median_ms": delays[len(delays) // 2] if delays else 0.0,
            "p99_ms": delays[len(delays) * 99 // 100] if delays else 0.0,
            "worst_ms": delays[-1] if delays else 0.0,
        }
        self.sent = 0
        for stream in streams:
            stream.clear()
        return found


if __name__ == "__main__":
    _server, _count, _prefix, *_ports = sys.argv[1:]
    _Calls(int(_server), int(_count), _prefix, (int(_ports[0]), int(_ports[1]), int(_ports[2]))).run()
