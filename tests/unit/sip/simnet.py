"""A network in memory with a virtual clock: nodes by address, loss on demand, streams that can break."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

from offhook.sip.network import ConnectDone, Flow, Receiver

WALL = 1_800_000_000.0


class SimTimer:
    def __init__(self, when: float, callback: Callable[[], None]) -> None:
        self.when = when
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class World:
    """The clock and the wires between nodes."""

    def __init__(self, delay: float = 0.001) -> None:
        self.time = 1000.0
        self.delay = delay
        self.nodes: dict[str, SimNode] = {}
        self.sent: list[tuple[str, str, bytes]] = []  # (from, to, data) of everything
        self.lose: Callable[[str, str, bytes], bool] = lambda source, to, data: False
        self._heap: list[tuple[float, int, SimTimer]] = []
        self._count = itertools.count()

    def call_at(self, when: float, callback: Callable[[], None]) -> SimTimer:
        timer = SimTimer(when, callback)
        heapq.heappush(self._heap, (max(when, self.time), next(self._count), timer))
        return timer

    def run(self, seconds: float) -> None:
        end = self.time + seconds
        while self._heap and self._heap[0][0] <= end:
            when, _, timer = heapq.heappop(self._heap)
            if timer.callback is not None:
                self.time = max(self.time, when)
                timer.callback()
        self.time = end

    def pending(self) -> int:
        return sum(timer.callback is not None for _, _, timer in self._heap)

    def node(self, host: str, **options: object) -> SimNode:
        node = SimNode(self, host, **options)  # type: ignore[arg-type]
        self.nodes[host] = node
        return node

    def texts(self, source: str | None = None) -> list[str]:
        """First lines of what was sent."""
        return [d.split(b"\r\n", 1)[0].decode() for s, _, d in self.sent if source in (None, s)]


class SimNode:
    """A `Network` with one UDP flow and any number of TCP connections, all on one address."""

    def __init__(
        self, world: World, host: str, *, port: int = 5060, udp: bool = True, streams: bool = True
    ) -> None:
        self.world = world
        self.host = host
        self.port = port
        self.streams = streams
        self.receiver: Receiver | None = None
        self.unreachable: set[str] = set()
        self._ids = itertools.count(1)
        self.flows: dict[int, Flow] = {}
        self.peers: dict[int, tuple[SimNode, int]] = {}
        self.opened = 0
        if udp:
            self._new_flow("UDP")

    def _new_flow(self, transport: str, remote: tuple[str, int] = ("", 0), outgoing: bool = False) -> Flow:
        flow = Flow(
            next(self._ids),
            transport,
            transport != "UDP",
            transport == "TLS",
            self.host,
            self.port,
            f"{self.host}:{self.port}",
            remote_host=remote[0],
            remote_port=remote[1],
            outgoing=outgoing,
        )
        self.flows[flow.id] = flow
        if self.receiver is not None:
            self.receiver.flow_opened(flow)
        return flow

    def now(self) -> float:
        return self.world.time

    def wall(self) -> float:
        return WALL + self.world.time

    def call_at(self, when: float, callback: Callable[[], None]) -> SimTimer:
        return self.world.call_at(when, callback)

    def call_soon(self, callback: Callable[[], None]) -> None:
        self.world.call_at(self.world.time, callback)

    def attach(self, receiver: Receiver) -> None:
        self.receiver = receiver
        for flow in self.flows.values():
            receiver.flow_opened(flow)

    def send(self, flow: int, host: str, port: int, data: bytes) -> bool:
        if flow not in self.flows or host in self.unreachable:
            return False
        self.world.sent.append((self.host, host, data))
        if self.flows[flow].reliable:
            peer, number = self.peers[flow]
            self.world.call_at(self.world.time + self.world.delay, lambda: peer.arrive(number, self, data))
        elif not self.world.lose(self.host, host, data):
            peer = self.world.nodes.get(host)
            if peer is not None:
                self.world.call_at(self.world.time + self.world.delay, lambda: peer.arrive(1, self, data))
        return True

    def arrive(self, flow: int, source: SimNode, data: bytes) -> None:
        if self.receiver is not None and flow in self.flows:
            self.receiver.received(flow, source.host, source.port, data)
            self.receiver.read_done()

    def datagram_flow(self, host: str, name: str | None = None) -> Flow | None:
        return next((f for f in self.flows.values() if f.transport == "UDP"), None)

    def stream_flow(self, transport: str, host: str, port: int, name: str | None = None) -> Flow | None:
        for flow in self.flows.values():
            if flow.transport == transport and flow.remote_host == host and flow.remote_port == port:
                return flow
        return None

    def open_stream(
        self,
        transport: str,
        host: str,
        port: int,
        done: ConnectDone,
        *,
        server_name: str = "",
        name: str | None = None,
    ) -> None:
        def connect() -> None:
            peer = self.world.nodes.get(host)
            if peer is None or not peer.streams:
                done(None, "refused")
                return
            self.opened += 1
            mine = self._new_flow(transport, (host, port), outgoing=True)
            theirs = peer._new_flow(transport, (self.host, 40000 + self.opened))
            self.peers[mine.id] = (peer, theirs.id)
            peer.peers[theirs.id] = (self, mine.id)
            done(mine, "")

        self.world.call_at(self.world.time + self.world.delay, connect)

    def close_flow(self, flow: int) -> None:
        gone = self.flows.pop(flow, None)
        if gone is None:
            return
        peer, number = self.peers.pop(flow)
        if self.receiver is not None:
            self.receiver.flow_closed(gone, "closed")
        peer.close_flow(number)

    def public_address(self, flow: Flow, remote: str) -> tuple[str, int]:
        return self.host, self.port
