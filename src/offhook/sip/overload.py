"""Admission control: what is processed at once, what waits, what is answered with 503, what is dropped.

Everything is decided before parsing, by a look at a message's first bytes.  The order of service:

1. responses, ACK, BYE, CANCEL and whatever belongs to a dialog: always, and first;
2. new requests from addresses that we know (they authenticated, were identified, or we call them):
   as many as keep a turn of the event loop short; those that have waited too long get 503 with a
   jittered Retry-After, so that what is accepted stays fast;
3. new requests from strangers: the same with less patience, after a token bucket for each address and
   one for all of them; beyond those they are dropped without an answer, which costs us nothing and
   tells a flood nothing.

So calls in progress and registered phones do not notice a flood, and an overload costs the calls that
come too many, not those that are there.
"""

import random
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from offhook.sip.network import Network
from offhook.sip.ua import UserAgent

__all__ = ["Admission", "OverloadConfig", "OverloadCounters"]


@dataclass(frozen=True, slots=True)
class OverloadConfig:
    """Limits; times in seconds, rates per second.

    The times follow from the target of 20 ms for setting up a call (99th percentile): what waits 12 ms and
    then shares a turn of 5 ms is still within it.  Less would refuse calls for a pause of the collector.
    """

    slice: float = 0.005  # work on the queue before others get their turn in the loop
    target_turn: float = 0.005  # a longer turn of the loop means: fewer new calls a turn
    max_wait: float = 0.012  # a new INVITE of an address we know, before 503
    max_wait_other: float = 0.200  # their REGISTER, OPTIONS, ...: nobody listens to the ringing of these
    max_wait_stranger: float = 0.006
    calm_rate: int = 50  # new requests in a second: fewer are no overload, however late the loop came to them
    calm_wait: float = (
        0.5  # what they may wait then: a machine that was busy with other things, a handful of calls
    )
    max_queue: int = 2000  # messages in each queue
    most_calls_a_turn: int = 64
    stranger_rate: float = 20.0  # for each address
    stranger_burst: float = (
        200.0  # an office behind one address, after a power cut, until one has authenticated
    )
    strangers_rate: float = 1000.0  # all strangers together
    strangers_burst: float = 1000.0
    max_strangers: int = 10_000  # addresses that are remembered
    max_known: int = 50_000
    known_for: float = 7500.0  # above the longest registration
    retry_after: tuple[int, int] = (2, 10)


class OverloadCounters:
    """What admission control counts."""

    __slots__ = ("dropped_all", "dropped_queue", "dropped_source", "first", "keep_alives", "refused", "taken")

    def __init__(self) -> None:
        self.dropped_all = 0  # the bucket of all strangers was empty
        self.dropped_queue = 0  # a queue was full
        self.dropped_source = 0  # the address's bucket was empty
        self.first = 0  # processed: responses, and what belongs to a dialog
        self.keep_alives = 0
        self.refused = 0  # 503
        self.taken = 0  # new requests

    def as_dict(self) -> dict[str, int]:
        """By name."""
        return {name: getattr(self, name) for name in self.__slots__}


class _Waiting(NamedTuple):
    since: float
    flow: int
    host: str
    port: int
    data: bytes
    patience: float  # seconds, before 503; infinite for CANCEL


_FOREVER = float("inf")
# First four bytes of what a known address is always served with.
_ALWAYS = frozenset((b"SIP/", b"ACK ", b"BYE ", b"PRAC"))
_SMALLEST_MESSAGE = 32  # less is a keep-alive or noise
_TO = re.compile(rb"\n(?:to|t)[ \t]*:", re.IGNORECASE)
_CALL_ID = re.compile(rb"\n(?:call-id|i)[ \t]*:[ \t]*([^\s]+)", re.IGNORECASE)
_TAG = re.compile(rb";[ \t]*tag[ \t]*=[ \t]*([^;,\s>]+)", re.IGNORECASE)


class Admission:
    """The `Gate` of a user agent.  Set itself as ua.gate."""

    def __init__(
        self,
        ua: UserAgent,
        config: OverloadConfig | None = None,
        *,
        trusted: Callable[[str], bool] | None = None,
        random_source: random.Random | None = None,
    ) -> None:
        """`trusted`: whether an address is configured (identify by address), asked once an address."""
        self.config = config or OverloadConfig()
        self.counters = OverloadCounters()
        self.calls_a_turn = float(self.config.most_calls_a_turn)  # adapts: see _turn_ended
        self._ua = ua
        self._network: Network = ua.network
        self._trusted = trusted
        self._random = random_source or random.Random()
        self._first: deque[tuple[int, str, int, bytes]] = deque()
        self._known_queue: deque[_Waiting] = deque()
        self._stranger_queue: deque[_Waiting] = deque()
        self._known: dict[str, float] = {}  # address: until when
        self._buckets: dict[str, tuple[float, float]] = {}  # address: tokens, as of
        self._all = (self.config.strangers_burst, self._network.now())
        self._arrived = 0  # new requests in the second that began at _second
        self._second = 0.0
        self._scheduled = False
        self._turn_started = 0.0
        self._measuring = False
        ua.gate = self

    # ------------------------------------------------------------ who is known

    def vouch(self, host: str) -> None:
        """Part of Gate."""
        now = self._network.now()
        known = self._known
        until = known.get(host, 0.0)
        if until > now + self.config.known_for / 2:
            return
        known.pop(host, None)  # to the end: the first are those not heard of for longest
        if len(known) >= self.config.max_known:
            del known[next(iter(known))]
        known[host] = now + self.config.known_for
        self._buckets.pop(host, None)

    def is_known(self, host: str) -> bool:
        """Whether this address is not a stranger's."""
        until = self._known.get(host)
        if until is not None and until > self._network.now():
            return True
        if self._trusted is not None and self._trusted(host):
            self.vouch(host)
            return True
        return False

    def forget(self) -> None:
        """The configuration has changed: ask `trusted` again, for everybody."""
        self._known.clear()
        self._buckets.clear()

    # ------------------------------------------------------------ Gate

    def offer(self, flow: int, host: str, port: int, data: bytes) -> None:
        """Part of Gate."""
        if len(data) < _SMALLEST_MESSAGE:
            self.counters.keep_alives += 1
            return
        head = data[:4]
        if self.is_known(host):
            if head in _ALWAYS:
                self._first.append((flow, host, port, data))
                return
            queue = self._known_queue
            if head == b"CANC":
                if not queue:  # else it must not overtake its INVITE
                    self._first.append((flow, host, port, data))
                    return
                patience = _FOREVER
            elif self._in_dialog(data, look_up=False):
                self._first.append((flow, host, port, data))
                return
            else:
                patience = self.config.max_wait if head == b"INVI" else self.config.max_wait_other
        else:
            # A stranger's BYE or response is taken at its word only when it names a dialog of ours.
            if head != b"CANC" and head != b"SIP/" and self._in_dialog(data, look_up=True):
                self._first.append((flow, host, port, data))
                return
            if not self._draw(host):
                return
            queue = self._stranger_queue
            patience = _FOREVER if head == b"CANC" or head in _ALWAYS else self.config.max_wait_stranger
        if len(queue) >= self.config.max_queue:
            self.counters.dropped_queue += 1
            return
        now = self._network.now()
        if now - self._second >= 1.0:
            self._second, self._arrived = now, 0
        self._arrived += 1
        if self._arrived <= self.config.calm_rate:
            patience = max(patience, self.config.calm_wait)
        queue.append(_Waiting(now, flow, host, port, data, patience))

    def drain(self) -> None:
        """Part of Gate."""
        self._scheduled = False
        network = self._network
        ua = self._ua
        first = self._first
        until = network.now() + self.config.slice
        while first:
            self.counters.first += 1
            ua.process(*first.popleft())
            if network.now() > until:
                break
        if self._known_queue or self._stranger_queue:
            if not first:
                self._serve(until)
            self._refuse_old(self._known_queue)
            self._refuse_old(self._stranger_queue)
        if (first or self._known_queue or self._stranger_queue) and not self._scheduled:
            self._scheduled = True
            network.call_soon(self.drain)

    def _serve(self, until: float) -> None:
        """New requests, those of known addresses first, until the turn's share is used."""
        network = self._network
        process = self._ua.process
        calls = 0
        started = network.now()
        if not self._measuring:
            self._measuring = True
            self._turn_started = started
            network.call_soon(self._turn_ended)
        for queue in (self._known_queue, self._stranger_queue):
            while queue and calls < self.calls_a_turn:
                waiting = queue.popleft()
                now = network.now()
                if now - waiting.since > waiting.patience:
                    self._refuse(waiting)
                else:
                    if waiting.data.startswith(b"INVI"):
                        calls += 1
                    self.counters.taken += 1
                    process(waiting.flow, waiting.host, waiting.port, waiting.data)
                if now > until:
                    return

    def _turn_ended(self) -> None:
        """The loop has come round: adapt how many calls a turn may begin."""
        self._measuring = False
        if self._network.now() - self._turn_started > self.config.target_turn:
            self.calls_a_turn = max(1.0, self.calls_a_turn * 0.7)
        else:
            self.calls_a_turn = min(self.calls_a_turn + 1.0, self.config.most_calls_a_turn)

    def _refuse_old(self, queue: deque[_Waiting]) -> None:
        """503 for those at the head that have waited too long: at once, not when their turn comes."""
        while queue:
            waiting = queue[0]
            if self._network.now() - waiting.since <= waiting.patience:
                return
            queue.popleft()
            self._refuse(waiting)

    def _refuse(self, waiting: _Waiting) -> None:
        self.counters.refused += 1
        low, high = self.config.retry_after
        # Jittered, so that those who come again do not all come at once.
        headers = [("Retry-After", str(self._random.randint(low, high)))]
        self._ua.refuse(waiting.flow, waiting.host, waiting.port, waiting.data, 503, headers)

    # ------------------------------------------------------------ looking at bytes

    def _in_dialog(self, data: bytes, *, look_up: bool) -> bool:
        """Whether a request has a To tag; `look_up`: and names a dialog that there is."""
        start = data.find(b"\nTo:")
        if start < 0:
            match = _TO.search(data)
            if match is None:
                return False
            start = match.start()
        end = data.find(b"\n", start + 1)
        tag = _TAG.search(data, start, end if end >= 0 else len(data))
        if tag is None:
            return False
        if not look_up:
            return True
        call_id = _CALL_ID.search(data)
        if call_id is None:
            return False
        return (
            self._ua.find_dialog(call_id.group(1).decode("latin-1"), tag.group(1).decode("latin-1"))
            is not None
        )

    # ------------------------------------------------------------ token buckets

    def _draw(self, host: str) -> bool:
        """Take a token of this stranger and one of all strangers; False when there is none."""
        config = self.config
        now = self._network.now()
        buckets = self._buckets
        bucket = buckets.get(host)
        if bucket is None:
            if len(buckets) >= config.max_strangers:
                del buckets[next(iter(buckets))]
            tokens = config.stranger_burst
        else:
            tokens = min(config.stranger_burst, bucket[0] + (now - bucket[1]) * config.stranger_rate)
        if tokens < 1.0:
            buckets[host] = (tokens, now)
            self.counters.dropped_source += 1
            return False
        tokens_of_all = min(
            config.strangers_burst, self._all[0] + (now - self._all[1]) * config.strangers_rate
        )
        if tokens_of_all < 1.0:
            self._all = (tokens_of_all, now)
            self.counters.dropped_all += 1
            return False
        self._all = (tokens_of_all - 1.0, now)
        buckets[host] = (tokens - 1.0, now)
        return True
