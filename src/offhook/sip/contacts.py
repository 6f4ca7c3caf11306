"""Where addresses of record can be reached: bindings in memory, their expiry, their status.

`offhook.sip.registrar` changes bindings on behalf of REGISTER requests, `offhook.sip.qualify` their
status; whoever wants to know listens.  Sized for tens of thousands of phones: slots, one timer in all.
"""

import enum
import heapq
import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from offhook._core import Uri
from offhook.sip.network import Hop, Network, Timer
from offhook.sip.ua import UserAgent

__all__ = [
    "TRANSPORT_MARK",
    "AorConfig",
    "Binding",
    "BindingStore",
    "ContactEvent",
    "ContactListener",
    "Contacts",
    "Route",
    "Status",
    "StoredBinding",
    "unmarked",
]

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_EXPIRY_GRAIN = 1.0  # bindings may outlive their time by this (seconds): one wake-up serves many


@dataclass(frozen=True, slots=True)
class AorConfig:
    """The options of an address of record, named as in pjsip.conf; times in seconds.

    Equal ones should be shared: ten thousand phones mostly have the same.
    """

    max_contacts: int = 0
    remove_existing: bool = False
    remove_unavailable: bool = False
    default_expiration: int = 3600
    minimum_expiration: int = 60
    maximum_expiration: int = 7200
    support_path: bool = False
    outbound_proxy: str = ""
    contacts: tuple[str, ...] = ()  # permanent ones
    qualify_frequency: int = 0
    qualify_timeout: float = 3.0
    qualify_2xx_only: bool = False
    authenticate_qualify: bool = False
    raise_brief: bool = False  # take less than minimum_expiration as that much, as Asterisk does, not 423
    service_route: tuple[str, ...] = ()  # RFC 3608


class Status(enum.IntEnum):
    """Whether a contact answers OPTIONS."""

    UNKNOWN = 0  # not asked, or not yet answered
    REACHABLE = 1
    UNREACHABLE = 2


class ContactEvent(enum.Enum):
    """What can happen to a contact."""

    ADDED = "added"
    REFRESHED = "refreshed"
    REMOVED = "removed"
    EXPIRED = "expired"
    REACHABLE = "reachable"
    UNREACHABLE = "unreachable"
    ROUND_TRIP = "round trip"  # still reachable, measured again


class Binding:
    """One contact of one AOR.  Times are of the network's monotonic clock; permanent ones never expire."""

    __slots__ = (
        "aor",
        "call_id",
        "cseq",
        "expires_at",
        "flow",
        "heap_at",
        "host",
        "instance",
        "path",
        "port",
        "round_trip",
        "status",
        "transport",
        "uri",
        "user_agent",
        "via_source",
    )

    def __init__(self, aor: str, uri: str, expires_at: float = math.inf) -> None:
        self.aor = aor
        self.uri = uri  # as registered
        self.expires_at = expires_at
        self.call_id = ""
        self.cseq = 0
        self.path: tuple[str, ...] = ()
        self.user_agent = ""
        self.flow = 0  # where the REGISTER came through; 0 after a restart
        self.host = ""  # and from
        self.port = 0
        self.transport = ""
        self.instance = ""  # +sip.instance
        self.via_source = False  # reached where it came from, not where its URI says (rewrite_contact)
        self.status = Status.UNKNOWN
        self.round_trip = math.nan  # of the last answered OPTIONS, seconds
        self.heap_at = 0.0  # when the expiry heap looks at it

    @property
    def permanent(self) -> bool:
        """Whether it comes from the configuration."""
        return self.expires_at == math.inf

    def __repr__(self) -> str:
        return f"<Binding {self.aor} {self.uri}>"


class StoredBinding(NamedTuple):
    """A binding as it is kept; `expires_at` in seconds since 1970."""

    aor: str
    uri: str
    expires_at: float
    path: str
    call_id: str
    cseq: int
    user_agent: str
    source_host: str
    source_port: int
    transport: str
    instance: str
    extra: str  # "source" for via_source


class BindingStore(Protocol):
    """Keeps bindings across restarts."""

    def save(
        self,
        puts: Sequence[StoredBinding],
        deletes: Sequence[tuple[str, str]],
        done: Callable[[Exception | None], None] | None,
    ) -> None:
        """Delete (aor, uri)s, then put; `done(None)` when that is durable, `done(error)` when it is not."""
        ...

    def load(self) -> Iterable[StoredBinding]:
        """What is kept.  At start only: may wait for the disk."""
        ...


class Route(NamedTuple):
    """How to reach a binding: request URI, the hop if it is known, Route headers from Path.

    `transport`: the configured transport that its REGISTER came by, when that has symmetric_transport.
    """

    uri: str
    hop: Hop | None
    path: tuple[str, ...]
    transport: str = ""


TRANSPORT_MARK = "x-ast-txp"
"""The parameter of a contact's URI that names the transport to use (Asterisk: symmetric_transport)."""


def unmarked(uri: Uri) -> tuple[Uri, str]:
    """A URI as it goes out, and the transport that it names; a host name says itself how it is reached."""
    name = uri.param(TRANSPORT_MARK)
    if name is None:
        return uri, ""
    is_literal = ":" in uri.host or uri.host.replace(".", "").isdigit()
    return uri.without_param(TRANSPORT_MARK), name if is_literal else ""


# (what, binding); called after the change.
ContactListener = Callable[[ContactEvent, Binding], None]

_NO_BINDINGS: tuple[Binding, ...] = ()


class Contacts:
    """All bindings of this node."""

    def __init__(self, ua: UserAgent, store: BindingStore | None = None) -> None:
        self.ua = ua
        self.store = store
        self.network: Network = ua.network
        self._by_aor: dict[str, list[Binding]] = {}
        self._by_flow: dict[int, list[Binding]] = {}  # connections only
        self._listeners: list[ContactListener] = []
        self._heap: list[tuple[float, int, Binding]] = []
        self._heap_count = 0
        self._timer: Timer | None = None
        self._timer_at = math.inf
        self._user_agents: dict[str, str] = {}
        self._date = (0, "")

    def listen(self, listener: ContactListener) -> None:
        """Call `listener` for each event from now on."""
        self._listeners.append(listener)

    # ------------------------------------------------------------ reading

    def of(self, aor: str) -> Sequence[Binding]:
        """The bindings of an AOR, permanent ones too.  Not to be changed or kept."""
        return self._by_aor.get(aor, _NO_BINDINGS)

    def all(self) -> Iterable[Binding]:
        """Every binding."""
        for bindings in self._by_aor.values():
            yield from bindings

    def __len__(self) -> int:
        return sum(map(len, self._by_aor.values()))

    def route(self, binding: Binding) -> Route:
        """How to send a request to this binding now.

        The connection it registered over is used while it lasts, whatever the URI says: a phone behind NAT
        or without a listening port cannot be reached otherwise (RFC 5626's reasoning).
        """
        uri, transport = binding.uri, ""
        if TRANSPORT_MARK in uri:
            found, transport = unmarked(Uri.parse(uri))
            uri = str(found)
        if binding.path:
            return Route(uri, None, binding.path, transport)
        flow = self.ua.flow(binding.flow) if binding.flow else None
        if flow is not None and (flow.reliable or binding.via_source):
            return Route(uri, Hop(binding.flow, binding.host, binding.port), (), transport)
        if flow is None and binding.via_source and binding.transport == "UDP":
            again = self.network.datagram_flow(binding.host, transport or None)
            if again is not None:
                hop = Hop(again.number_towards(binding.host), binding.host, binding.port)
                return Route(uri, hop, (), transport)
        return Route(uri, None, (), transport)

    # ------------------------------------------------------------ changing

    def configure(self, aor: str, config: AorConfig) -> None:
        """Make the permanent contacts of an AOR those of `config`."""
        bindings = self._by_aor.get(aor, [])
        present = {b.uri for b in bindings if b.permanent}
        for binding in [b for b in bindings if b.permanent and b.uri not in config.contacts]:
            self.remove(binding)
            self.announce(ContactEvent.REMOVED, binding)
        for uri in config.contacts:
            if uri not in present:
                binding = Binding(aor, uri)
                self.add(binding)
                self.announce(ContactEvent.ADDED, binding)

    def drop_aor(self, aor: str) -> None:
        """The AOR exists no more: forget its bindings, stored ones too."""
        bindings = list(self._by_aor.get(aor, ()))
        for binding in bindings:
            self.remove(binding)
            self.announce(ContactEvent.REMOVED, binding)
        if self.store is not None and bindings:
            self.store.save((), [(b.aor, b.uri) for b in bindings if not b.permanent], None)

    def unregister(self, binding: Binding) -> None:
        """Remove a binding by decision of this side (the console, a lost connection), stored too."""
        if self.remove(binding):
            if self.store is not None and not binding.permanent:
                self.store.save((), [(binding.aor, binding.uri)], None)
            self.announce(ContactEvent.REMOVED, binding)

    def flow_closed(self, number: int) -> None:
        """A connection is gone, and with it the contacts that only it could reach."""
        for binding in self._by_flow.pop(number, ()):
            if binding.flow == number:
                binding.flow = 0
                if binding.via_source and not binding.path:
                    self.unregister(binding)

    def load(self, known: Callable[[str], bool] = lambda aor: True) -> int:
        """Take up what the store has, but for expired ones and AORs that are not `known`.  How many."""
        store = self.store
        if store is None:
            return 0
        now = self.network.now()
        wall = self.network.wall()
        dead: list[tuple[str, str]] = []
        count = 0
        for row in store.load():
            if row.expires_at <= wall or not known(row.aor):
                dead.append((row.aor, row.uri))
                continue
            binding = Binding(row.aor, row.uri, now + row.expires_at - wall)
            binding.call_id = row.call_id
            binding.cseq = row.cseq
            binding.path = tuple(row.path.split("\n")) if row.path else ()
            binding.user_agent = self.shared(row.user_agent)
            binding.host = row.source_host
            binding.port = row.source_port
            binding.transport = row.transport
            binding.instance = row.instance
            binding.via_source = row.extra == "source"
            self.add(binding)
            count += 1
        if dead:
            store.save((), dead, None)
        return count

    def stored(self, binding: Binding) -> StoredBinding:
        """The binding as the store keeps it."""
        return StoredBinding(
            binding.aor,
            binding.uri,
            self.network.wall() + binding.expires_at - self.network.now(),
            "\n".join(binding.path),
            binding.call_id,
            binding.cseq,
            binding.user_agent,
            binding.host,
            binding.port,
            binding.transport,
            binding.instance,
            "source" if binding.via_source else "",
        )

    def date(self) -> str:
        """The Date header's value now (RFC 3261 20.17); made once a second."""
        second = int(self.network.wall())
        if second != self._date[0]:
            t = time.gmtime(second)
            self._date = (
                second,
                f"{_DAYS[t.tm_wday]}, {t.tm_mday:02} {_MONTHS[t.tm_mon - 1]} {t.tm_year} "
                f"{t.tm_hour:02}:{t.tm_min:02}:{t.tm_sec:02} GMT",
            )
        return self._date[1]

    def shared(self, user_agent: str) -> str:
        """One string for all phones with the same firmware; bounded, since strangers choose these."""
        known = self._user_agents.get(user_agent)
        if known is None:
            known = user_agent[:128]
            if len(self._user_agents) < 1000:
                self._user_agents[user_agent] = known
        return known

    # ------------------------------------------------------------ for the registrar

    def add(self, binding: Binding) -> None:
        """Put a binding into the tables; tells nobody."""
        bindings = self._by_aor.get(binding.aor)
        if bindings is None:
            self._by_aor[binding.aor] = [binding]
        elif binding.permanent:
            bindings.append(binding)
        else:  # a phone that has registered is called before an address of the configuration
            bindings.insert(sum(not one.permanent for one in bindings), binding)
        self.watch(binding)

    def remove(self, binding: Binding) -> bool:
        """Take a binding out of the tables; tells nobody.  False when it was not there."""
        bindings = self._by_aor.get(binding.aor)
        if bindings is None or binding not in bindings:
            return False
        bindings.remove(binding)
        if not bindings:
            del self._by_aor[binding.aor]
        on_flow = self._by_flow.get(binding.flow)
        if on_flow is not None and binding in on_flow:
            on_flow.remove(binding)
            if not on_flow:
                del self._by_flow[binding.flow]
        binding.heap_at = -1.0  # what the heap still has of it is void
        return True

    def watch(self, binding: Binding) -> None:
        """Its expiry or flow has changed: see to it."""
        at = binding.expires_at
        # A later expiry needs no entry of its own: the earlier one looks again when its time comes.
        if at != math.inf and (binding.heap_at <= 0 or at < binding.heap_at):
            self._push(binding, at)
        if binding.flow and binding.transport != "UDP":
            on_flow = self._by_flow.setdefault(binding.flow, [])
            if binding not in on_flow:
                on_flow.append(binding)

    def announce(self, event: ContactEvent, binding: Binding) -> None:
        """Tell those who listen."""
        for listener in self._listeners:
            listener(event, binding)

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # ------------------------------------------------------------ expiry

    def _push(self, binding: Binding, at: float) -> None:
        self._queue(binding, at)
        if self._timer is None or at < self._timer_at - _EXPIRY_GRAIN:
            if self._timer is not None:
                self._timer.cancel()
            self._arm(at)

    def _queue(self, binding: Binding, at: float) -> None:
        binding.heap_at = at
        self._heap_count += 1  # breaks ties: bindings cannot be compared
        heapq.heappush(self._heap, (at, self._heap_count, binding))

    def _arm(self, at: float) -> None:
        self._timer_at = at + _EXPIRY_GRAIN
        self._timer = self.network.call_at(self._timer_at, self._expire)

    def _expire(self) -> None:
        self._timer = None
        now = self.network.now()
        heap = self._heap
        gone: list[Binding] = []
        while heap and heap[0][0] <= now:
            at, _, binding = heapq.heappop(heap)
            if binding.heap_at != at:
                continue  # removed, or an earlier entry took over
            if binding.expires_at > now:
                self._queue(binding, binding.expires_at)
            elif self.remove(binding):
                gone.append(binding)
        if self.store is not None and gone:
            self.store.save((), [(b.aor, b.uri) for b in gone], None)
        if heap:
            self._arm(heap[0][0])
        for binding in gone:
            self.announce(ContactEvent.EXPIRED, binding)
