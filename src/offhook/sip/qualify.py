"""Qualify: OPTIONS to contacts, to know whether they are there and how far away (Asterisk's qualify_*).

Requests are spread over time: a contact that was just added is asked soon, those that were loaded at
start over a whole period, and every period varies a little, so that they do not run in step.
"""

import heapq
import math
import random
from collections.abc import Callable, Iterator

from offhook._core import Message, NameAddr, SipParseError, Uri, new_call_id, new_tag
from offhook.sip.contacts import AorConfig, Binding, ContactEvent, Contacts, Status
from offhook.sip.network import Hop, Timer, format_host_port
from offhook.sip.outgoing import Authorizer, OutgoingRequest

__all__ = ["Qualifier"]

_SOON = 0.5  # seconds within which a new contact is asked
_VARIATION = 0.05  # of the period, either way
_AT_ONCE = 100  # requests in one turn of the loop
_PAUSE = 0.02  # and before the next turn, when there are more


class Qualifier:
    """Asks the contacts whose AOR has a qualify_frequency.  Announces changes through `Contacts`."""

    def __init__(
        self,
        contacts: Contacts,
        config_of: Callable[[str], AorConfig | None],
        *,
        auth_of: Callable[[str], Authorizer | None] | None = None,
        from_user: str = "offhook",
        max_initial_time: float = 0.0,
        transport_of: Callable[[str], str] = lambda aor: "",
        random_source: random.Random | None = None,
    ) -> None:
        """`config_of` gives an AOR's options; `auth_of` what answers challenges.

        `transport_of` names the transport of an AOR's endpoint, "" for any.
        `max_initial_time`: seconds within which start() has asked everybody, 0: within their periods.
        """
        self.contacts = contacts
        self.sent = 0
        self._config_of = config_of
        self._auth_of = auth_of
        self.transport_of = transport_of
        self.from_user = from_user
        self.max_initial_time = max_initial_time
        self._random = random_source or random.Random()
        self._network = contacts.network
        self._heap: list[tuple[float, int, Binding]] = []
        self._count = 0
        self._due: dict[Binding, float] = {}  # what the heap's entry of a binding must say to count
        self._asking: dict[Binding, _Asking] = {}
        self._timer: Timer | None = None
        self._timer_at = math.inf
        self._closed = False
        contacts.listen(self._on_contact)

    def start(self) -> None:
        """Ask all contacts that there are, spread over one period of each."""
        for binding in self.contacts.all():
            config = self._config_of(binding.aor)
            if config is not None and config.qualify_frequency and binding not in self._due:
                spread = min(config.qualify_frequency, self.max_initial_time or math.inf)
                self._schedule(binding, self._random.random() * spread)

    def ask_now(self, aor: str) -> None:
        """Ask an AOR's contacts at once, whatever their period (pjsip qualify)."""
        for binding in list(self.contacts.of(aor)):
            if binding not in self._asking:
                self._ask(binding, self._config_of(aor) or AorConfig())

    @property
    def due(self) -> Iterator[tuple[Binding, float]]:
        """Who is asked again, and when (network clock)."""
        yield from self._due.items()

    def close(self) -> None:
        """Ask no more."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for asking in list(self._asking.values()):
            asking.drop()
        self._asking.clear()
        self._due.clear()
        self._heap.clear()

    # ------------------------------------------------------------ when

    def _on_contact(self, event: ContactEvent, binding: Binding) -> None:
        if event is ContactEvent.ADDED:
            config = self._config_of(binding.aor)
            if config is not None and config.qualify_frequency and not self._closed:
                self._schedule(binding, self._random.random() * _SOON)
        elif event in (ContactEvent.REMOVED, ContactEvent.EXPIRED):
            self._due.pop(binding, None)
            asking = self._asking.pop(binding, None)
            if asking is not None:
                asking.drop()

    def _schedule(self, binding: Binding, delay: float) -> None:
        at = self._queue(binding, delay)
        if self._timer is None or at < self._timer_at:
            self._arm(at)

    def _queue(self, binding: Binding, delay: float) -> float:
        at = self._network.now() + delay
        self._due[binding] = at
        self._count += 1
        heapq.heappush(self._heap, (at, self._count, binding))
        return at

    def _arm(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = at
        self._timer = self._network.call_at(at, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        now = self._network.now()
        heap = self._heap
        asked = 0
        while heap and heap[0][0] <= now and asked < _AT_ONCE:
            at, _, binding = heapq.heappop(heap)
            if self._due.get(binding) != at:
                continue  # gone, or scheduled anew
            config = self._config_of(binding.aor)
            if config is None or not config.qualify_frequency:
                del self._due[binding]
                continue
            vary = 1 + self._random.uniform(-_VARIATION, _VARIATION)
            self._queue(binding, config.qualify_frequency * vary)
            if binding not in self._asking:
                asked += 1
                self._ask(binding, config)
        if heap:
            self._arm(max(heap[0][0], now + _PAUSE))

    # ------------------------------------------------------------ what

    def _ask(self, binding: Binding, config: AorConfig) -> None:
        self.sent += 1
        auth = self._auth_of(binding.aor) if self._auth_of is not None else None
        asking = _Asking(self, binding, config)
        self._asking[binding] = asking
        try:
            asking.send(auth, self.from_user)
        except (SipParseError, ValueError):  # a permanent contact that is no URI
            self.answered(binding, False, math.nan)

    def answered(self, binding: Binding, reachable: bool, round_trip: float) -> None:
        """An answer, or none, is there."""
        self._asking.pop(binding, None)
        status = Status.REACHABLE if reachable else Status.UNREACHABLE
        changed = binding.status is not status
        binding.status = status
        if reachable:
            binding.round_trip = round_trip
        if changed:
            event = ContactEvent.REACHABLE if reachable else ContactEvent.UNREACHABLE
        elif reachable:
            event = ContactEvent.ROUND_TRIP
        else:
            return
        self.contacts.announce(event, binding)


class _Asking:
    """One OPTIONS on its way."""

    __slots__ = (
        "_binding",
        "_config",
        "_from_user",
        "_outgoing",
        "_qualifier",
        "_sent_at",
        "_timer",
    )

    def __init__(self, qualifier: Qualifier, binding: Binding, config: AorConfig) -> None:
        self._qualifier = qualifier
        self._binding = binding
        self._config = config
        self._from_user = ""
        self._outgoing: OutgoingRequest | None = None
        self._timer: Timer | None = None
        self._sent_at = 0.0

    def send(self, auth: Authorizer | None, from_user: str) -> None:
        """Send it.  Raises SipParseError for a contact or proxy that is no URI."""
        contacts = self._qualifier.contacts
        ua = contacts.ua
        route = contacts.route(self._binding)
        self._from_user = from_user
        path = list(route.path)
        if self._config.outbound_proxy and route.hop is None:
            proxy = self._config.outbound_proxy
            path.insert(0, proxy if proxy.lstrip().startswith("<") else f"<{proxy}>")
        target = NameAddr.parse(path[0]).uri if path else Uri.parse(route.uri)
        message = ua.new_request("OPTIONS", route.uri)
        for value in path:
            message.add("Route", value)
        message.set("From", f"<sip:{from_user}@{target.host}>;tag={new_tag()}")
        message.set("To", f"<{route.uri}>")
        message.set("Call-ID", new_call_id(""))
        message.set("CSeq", "1 OPTIONS")
        message.set("Accept", "application/sdp")
        self._sent_at = ua.network.now()
        if self._config.qualify_timeout > 0:
            self._timer = ua.network.call_at(self._sent_at + self._config.qualify_timeout, self._timed_out)
        self._outgoing = ua.request(
            message,
            self._on_response,
            target=target,
            hop=route.hop,
            auth=auth,
            transport=self._qualifier.transport_of(self._binding.aor) or route.transport or None,
            at_hop=self._at_hop,
        )

    def _at_hop(self, message: Message, hop: Hop) -> None:
        host, port = self._qualifier.contacts.ua.contact_address(hop)
        where = format_host_port(host, port)
        message.set("Contact", f"<sip:{self._from_user}@{where}>")
        self._sent_at = self._qualifier.contacts.network.now()

    def _on_response(self, outgoing: OutgoingRequest, response: Message) -> None:
        if response.status < 200:
            return
        network = self._qualifier.contacts.network
        self._stop_timer()
        reachable = outgoing.failure is None
        if self._config.qualify_2xx_only:
            reachable = reachable and response.status < 300
        elif self._config.authenticate_qualify:
            reachable = reachable and response.status not in (401, 407)
        round_trip = network.now() - self._sent_at
        self._qualifier.answered(self._binding, reachable, round_trip)

    def _timed_out(self) -> None:
        self._stop_timer()
        if self._outgoing is not None:
            self._outgoing.release()
        self._qualifier.answered(self._binding, False, math.nan)

    def drop(self) -> None:
        """The contact is gone: the answer no longer matters."""
        self._stop_timer()
        if self._outgoing is not None:
            self._outgoing.release()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
