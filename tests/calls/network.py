"""A network without sockets: discrete events on a virtual clock, and links that lose, repeat and reorder.

`SimulatedNetwork` has nodes; each `Node` is an `offhook.sip.network.Network` with UDP flows and, when
asked for, connections.  Time is a `Clock` (here, for synchronous tests) or a `VirtualLoop` (for tasks):
both have time(), call_at() and call_soon().

Everything that happens by chance comes from the seed, by link: the same seed and the same traffic
give the same fates.  All packets are kept with their fate; `ladder()` draws them, `meaning()` is
what two runs of one seed have in common (tags and branches are random and left out).
"""

from __future__ import annotations

import contextlib
import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from random import Random
from typing import Protocol

from offhook.sip.network import ConnectDone, Flow, Receiver, Timer, format_host_port

__all__ = ["Clock", "ClockTimer", "Link", "Node", "Note", "Packet", "SimulatedNetwork", "Time", "first_line"]

WALL = 1_800_000_000.0  # what wall() says when the clock says 0
_RETRANSMISSION = 0.2  # seconds that a lost segment of a connection costs


class Time(Protocol):
    """What the network needs of a clock: a `Clock`, or an asyncio loop."""

    def time(self) -> float: ...

    def call_at(self, when: float, callback: Callable[[], object], /) -> Timer: ...

    def call_soon(self, callback: Callable[[], object], /) -> object: ...


class ClockTimer:
    """A pending call of a `Clock`."""

    __slots__ = ("callback", "when")

    def __init__(self, when: float, callback: Callable[[], object]) -> None:
        self.when = when
        self.callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        self.callback = None

    def __repr__(self) -> str:
        return f"<timer at {self.when:.3f}: {getattr(self.callback, '__qualname__', self.callback)}>"


class Clock:
    """Virtual time: the next event is always now.  Events of one moment run in the order they were made."""

    def __init__(self, start: float = 1000.0) -> None:
        self._now = start
        self._heap: list[tuple[float, int, ClockTimer]] = []
        self._made = 0
        self.ran = 0  # callbacks

    def time(self) -> float:
        return self._now

    def call_at(self, when: float, callback: Callable[[], object], /) -> ClockTimer:
        timer = ClockTimer(when, callback)
        self._made += 1
        heapq.heappush(self._heap, (max(when, self._now), self._made, timer))
        return timer

    def call_soon(self, callback: Callable[[], object], /) -> ClockTimer:
        return self.call_at(self._now, callback)

    def call_later(self, seconds: float, callback: Callable[[], object], /) -> ClockTimer:
        return self.call_at(self._now + seconds, callback)

    def pending(self) -> list[ClockTimer]:
        """What is still to come, in order."""
        return [
            timer for _, _, timer in sorted(self._heap, key=lambda e: e[:2]) if timer.callback is not None
        ]

    def run(self, seconds: float) -> None:
        """Let this much time go by."""
        end = self._now + seconds
        while self._heap and self._heap[0][0] <= end:
            self._step()
        self._now = end

    def run_until_idle(self, limit: float) -> bool:
        """Until nothing is to come any more; False when there still is after `limit` seconds."""
        end = self._now + limit
        while self._heap:
            if self._heap[0][0] > end:
                if self.pending():
                    return False
                self._heap.clear()
                break
            self._step()
        return True

    def run_until(self, condition: Callable[[], bool], limit: float = 3600.0) -> None:
        """Until `condition` holds; AssertionError when it never does."""
        end = self._now + limit
        while not condition():
            if not self._heap or self._heap[0][0] > end:
                raise AssertionError("it never came to that")
            self._step()

    def _step(self) -> None:
        when, _, timer = heapq.heappop(self._heap)
        callback = timer.callback
        if callback is not None:
            timer.callback = None
            self._now = when
            self.ran += 1
            callback()


@dataclass(frozen=True, slots=True)
class Link:
    """What happens to packets on the way from one node to another.  Seconds, and shares of one."""

    delay: float = 0.010
    jitter: float = 0.0  # up to this much longer
    loss: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0  # this share takes `late` longer, so that others overtake it
    late: float = 0.100


@dataclass(slots=True)
class Packet:
    """One message that was sent, and what became of it."""

    time: float
    source: str  # names of nodes; "?" when nobody has the address
    to: str
    data: bytes
    arrivals: tuple[float, ...]  # none: lost; two: repeated

    @property
    def fate(self) -> str:
        return ("lost", "", "twice")[min(len(self.arrivals), 2)]


@dataclass(slots=True)
class Note:
    """What a test wanted to see in the ladder."""

    time: float
    source: str
    text: str


class SimulatedNetwork:
    """Nodes and the links between them."""

    def __init__(self, clock: Time, seed: int = 0, link: Link | None = None) -> None:
        self.clock = clock
        self.seed = seed
        self.link = link or Link()  # where no other was set
        self.nodes: dict[str, Node] = {}
        self.trace: list[Packet | Note] = []
        # Looks at each packet before chance does: False loses it, True delivers it, None leaves it to chance.
        self.decide: Callable[[Packet], bool | None] | None = None
        # See each message as a node sends it (True) or gets it (False).
        self.taps: list[Callable[[str, bool, bytes], None]] = []
        self.started = clock.time()
        self.in_flight = 0
        self._links: dict[tuple[str, str], Link] = {}
        self._chances: dict[tuple[str, str], Random] = {}
        self._places: dict[tuple[str, int], tuple[Node, int]] = {}  # of UDP flows

    def node(self, name: str, host: str, *, port: int = 5060, streams: bool = False) -> Node:
        """A new node with one UDP flow; `streams`: it takes connections at the same port."""
        node = Node(self, name, host, port, streams)
        self.nodes[name] = node
        node.add_datagram_flow(host, port)
        return node

    def set_link(self, source: str, to: str, link: Link, *, both: bool = True) -> None:
        """How packets fare between two nodes from now on."""
        self._links[source, to] = link
        if both:
            self._links[to, source] = link

    def calm(self) -> None:
        """No chance from now on: nothing is lost, repeated or late."""
        self._links = {
            ends: replace(link, loss=0.0, duplicate=0.0, reorder=0.0) for ends, link in self._links.items()
        }
        self.link = replace(self.link, loss=0.0, duplicate=0.0, reorder=0.0)

    def note(self, source: str, text: str) -> None:
        """Write something beside the packets."""
        self.trace.append(Note(self.clock.time(), source, text))

    # ------------------------------------------------------------ carrying

    def carry(self, source: Node, address: tuple[str, int], to: tuple[str, int], data: bytes) -> None:
        """A datagram from one address to another."""
        place = self._places.get(to)
        now = self.clock.time()
        packet = Packet(now, source.name, place[0].name if place is not None else "?", data, ())
        self.trace.append(packet)
        if place is None:
            return
        node, flow = place
        packet.arrivals = self._arrivals(packet)
        for when in packet.arrivals:
            self.in_flight += 1
            self.clock.call_at(when, lambda: self._arrive(node, flow, address, data))

    def carry_segment(self, source: Node, to: Node, not_before: float, data: bytes) -> float:
        """A message on a connection: when it arrives.  Loss is a delay, order is kept."""
        link, chance = self._between(source.name, to.name)
        now = self.clock.time()
        delay = link.delay + link.jitter * chance.random()
        while link.loss and chance.random() < link.loss:
            delay += _RETRANSMISSION
        when = max(now + delay, not_before)
        self.trace.append(Packet(now, source.name, to.name, data, (when,)))
        return when

    def delay(self, source: Node, to: Node) -> float:
        """How long something takes that always arrives."""
        link, chance = self._between(source.name, to.name)
        return link.delay + link.jitter * chance.random()

    def _between(self, source: str, to: str) -> tuple[Link, Random]:
        ends = source, to
        chance = self._chances.get(ends)
        if chance is None:
            chance = self._chances[ends] = Random(f"{self.seed} {source} {to}")
        return self._links.get(ends, self.link), chance

    def _arrivals(self, packet: Packet) -> tuple[float, ...]:
        link, chance = self._between(packet.source, packet.to)
        # The same number of draws for each packet: one more loss does not change the fate of the others.
        jitter, lost, twice, late, second = (chance.random() for _ in range(5))
        decision = self.decide(packet) if self.decide is not None else None
        if decision is False or (decision is None and lost < link.loss):
            return ()
        when = packet.time + link.delay + link.jitter * jitter
        if decision is None and late < link.reorder:
            when += link.late
        if decision is None and twice < link.duplicate:
            return when, when + link.late * second
        return (when,)

    def _arrive(self, node: Node, flow: int, source: tuple[str, int], data: bytes) -> None:
        self.in_flight -= 1
        node.arrive(flow, *source, data)

    # ------------------------------------------------------------ looking back

    def packets(self, source: str | None = None, *, starting: str = "") -> list[Packet]:
        """Packets sent, by one node, with first lines that start so."""
        return [
            one
            for one in self.trace
            if isinstance(one, Packet)
            and (source is None or one.source == source)
            and one.data.startswith(starting.encode())
        ]

    def meaning(self) -> list[tuple[float, str, str, str, str]]:
        """The trace without what is random in every run: (time, from, to, what, fate)."""
        start = self.started
        return [
            (round(one.time - start, 6), one.source, one.to, first_line(one.data), one.fate)
            if isinstance(one, Packet)
            else (round(one.time - start, 6), one.source, "", one.text, "")
            for one in self.trace
        ]

    def ladder(self) -> str:
        """The trace as a drawing, with the seed."""
        names = list(self.nodes)
        width = 34
        column = {name: 12 + width * number for number, name in enumerate(names)}
        rail = [" "] * (12 + width * (len(names) - 1) + 1)
        for at in column.values():
            rail[at] = "|"
        lines = [f"seed {self.seed}", " " * 8 + "".join(f"{name:^{8}}".ljust(width) for name in names)]
        for one in self.trace:
            line = rail.copy()
            line[0:10] = f"{one.time - self.started:10.3f}"
            if isinstance(one, Note):
                text = f"* {one.text}"
                at = column.get(one.source, 12) + 2
            elif one.to == "?":
                text = f"{first_line(one.data)} -> nobody"
                at = column[one.source] + 2
            else:
                left, right = sorted((column[one.source], column[one.to]))
                line[left + 1 : right] = "-" * (right - left - 1)
                rightwards = column[one.source] == left
                line[right - 1 if rightwards else left + 1] = ">" if rightwards else "<"
                if not one.arrivals:
                    line[right - 2 if rightwards else left + 2] = "X"
                elif len(one.arrivals) > 1:
                    line[right - 2 if rightwards else left + 2] = "2"
                text = f" {first_line(one.data)} "[: right - left - 6]
                at = left + 1 + (right - left - len(text)) // 2
            line[at : at + len(text)] = text
            lines.append("".join(line).rstrip())
        return "\n".join(lines)

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """Prints seed and ladder when what is inside fails."""
        try:
            yield
        except BaseException:
            print(self.ladder())
            raise


def first_line(data: bytes) -> str:
    """What a message is, in one short line that is the same in every run."""
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ", 2)
    cseq = next(
        (line.partition(":")[2].split() for line in lines[1:] if line.startswith("CSeq:")), ["?", "?"]
    )
    what = f"{words[1]} {cseq[1]} {cseq[0]}" if words[0] == "SIP/2.0" else f"{words[0]} {cseq[0]}"
    marks = ""
    for line in lines[1:]:
        name, _, value = line.partition(":")
        if name == "RSeq":
            marks += " rel"
        elif name == "Session-Expires":
            marks += f" se={value.strip().replace('refresher=', '')}"
    if body:
        marks += " sdp"
    return what + marks


@dataclass(slots=True, eq=False)
class _Connection:
    """One end of a connection."""

    flow: Flow
    peer: Node
    peer_flow: int = 0
    last_arrival: float = 0.0
    closed: bool = False


@dataclass(slots=True, eq=False)
class Node:
    """One machine: an `offhook.sip.network.Network`."""

    network: SimulatedNetwork
    name: str
    host: str
    port: int
    streams: bool
    receiver: Receiver | None = None
    plugged: bool = True  # False: nothing goes out or in, and nobody is told
    unreachable: set[str] = field(default_factory=set[str])  # hosts that send() fails for at once
    _next_flow: int = 1
    _next_port: int = 40000
    _flows: dict[int, Flow] = field(default_factory=dict[int, Flow])
    _opening: dict[tuple[str, str, int], list[ConnectDone]] = field(
        default_factory=dict[tuple[str, str, int], list[ConnectDone]]
    )
    _connections: dict[int, _Connection] = field(default_factory=dict[int, _Connection])

    def add_datagram_flow(self, host: str, port: int, name: str = "") -> Flow:
        """Bind one more UDP socket."""
        flow = self._new_flow("UDP", host, port, name=name)
        self.network._places[host, port] = self, flow.id
        return flow

    def _new_flow(
        self, transport: str, host: str, port: int, *, name: str = "", remote: tuple[str, int] = ("", 0)
    ) -> Flow:
        flow = Flow(
            self._next_flow,
            transport,
            reliable=transport != "UDP",
            secure=transport in ("TLS", "WSS"),
            local_host=host,
            local_port=port,
            sent_by=format_host_port(host, port),
            name=name,
            remote_host=remote[0],
            remote_port=remote[1],
        )
        self._next_flow += 1
        self._flows[flow.id] = flow
        if self.receiver is not None:
            self.receiver.flow_opened(flow)
        return flow

    def arrive(self, flow: int, host: str, port: int, data: bytes) -> None:
        """A message has come this far."""
        if self.receiver is not None and self.plugged and flow in self._flows:
            for tap in self.network.taps:
                tap(self.name, False, data)
            self.receiver.received(flow, host, port, data)
            self.receiver.read_done()

    # ------------------------------------------------------------ Network

    def now(self) -> float:
        return self.network.clock.time()

    def wall(self) -> float:
        return WALL + self.network.clock.time()

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        return self.network.clock.call_at(when, callback)

    def call_soon(self, callback: Callable[[], None]) -> None:
        self.network.clock.call_soon(callback)

    def attach(self, receiver: Receiver) -> None:
        self.receiver = receiver
        for flow in self._flows.values():
            receiver.flow_opened(flow)

    def send(self, flow: int, host: str, port: int, data: bytes) -> bool:
        way = self._flows.get(flow)
        if way is None or host in self.unreachable:
            return False
        if not self.plugged:
            return True
        for tap in self.network.taps:
            tap(self.name, True, data)
        if way.transport == "UDP":
            self.network.carry(self, (way.local_host, way.local_port), (host, port), data)
            return True
        connection = self._connections[flow]
        peer, number = connection.peer, connection.peer_flow
        when = self.network.carry_segment(self, peer, connection.last_arrival, data)
        connection.last_arrival = when
        self.network.clock.call_at(when, lambda: peer.arrive(number, way.local_host, way.local_port, data))
        return True

    def datagram_flow(self, host: str, name: str | None = None) -> Flow | None:
        ipv6 = ":" in host
        for flow in self._flows.values():
            if (
                flow.transport == "UDP"
                and (":" in flow.local_host) == ipv6
                and (name is None or flow.name == name)
            ):
                return flow
        return None

    def stream_flow(self, transport: str, host: str, port: int, name: str | None = None) -> Flow | None:
        for flow in self._flows.values():
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
        place = transport, host, port
        waiting = self._opening.setdefault(place, [])
        waiting.append(done)
        if len(waiting) > 1:
            return
        peer = next((n for n in self.network.nodes.values() if n.host == host and n.port == port), None)
        delay = self.network.delay(self, peer) if peer is not None else self.network.link.delay

        def connect() -> None:
            flow, why = None, ""
            if peer is None or not peer.streams:
                why = "refused"
            elif not (peer.plugged and self.plugged):
                why = "timeout"
            else:
                flow = self._connect(peer, transport)
            for one in self._opening.pop(place):
                one(flow, why)

        self.network.clock.call_at(self.now() + 2 * delay, connect)

    def _connect(self, peer: Node, transport: str) -> Flow:
        self._next_port += 1
        mine = self._new_flow(transport, self.host, self._next_port, remote=(peer.host, peer.port))
        mine.outgoing = True
        here = self._connections[mine.id] = _Connection(mine, peer)
        theirs = peer._new_flow(transport, peer.host, peer.port, remote=(self.host, self._next_port))
        peer._connections[theirs.id] = _Connection(theirs, self, mine.id)
        here.peer_flow = theirs.id
        return mine

    def close_flow(self, flow: int) -> None:
        connection = self._connections.get(flow)
        if connection is None or connection.closed:
            return
        connection.closed = True
        when = max(connection.last_arrival, self.now() + self.network.delay(self, connection.peer))
        peer, number = connection.peer, connection.peer_flow
        self.network.clock.call_at(when, lambda: peer._drop(number, "closed by the peer"))
        self.network.clock.call_soon(lambda: self._drop(flow, "closed"))

    def _drop(self, flow: int, why: str) -> None:
        gone = self._flows.pop(flow, None)
        self._connections.pop(flow, None)
        if gone is not None and self.receiver is not None:
            self.receiver.flow_closed(gone, why)

    def public_address(self, flow: Flow, remote: str) -> tuple[str, int]:
        return (self.host, self.port) if flow.reliable else (flow.local_host, flow.local_port)
