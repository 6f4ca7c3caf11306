"""Where to send a request: RFC 3263 (NAPTR, SRV, A and AAAA), with a cache that keeps to the TTLs.

A literal address, and a name that is in the cache, are answered at once without a task.  The DNS
itself is a `Dns` (dnspython by default), so that tests and clusters can put their own there.
"""

import asyncio
import ipaddress
import logging
import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TextIO, cast

from offhook._core import Uri

if TYPE_CHECKING:
    from dns.asyncresolver import Resolver as DnspythonResolver

__all__ = [
    "Dns",
    "DnsAnswer",
    "Dnspython",
    "Lookup",
    "Naptr",
    "ResolveError",
    "Resolver",
    "Srv",
    "Target",
    "default_port",
]

log = logging.getLogger(__name__)

_CACHE_SIZE = 4096
_NEGATIVE_TTL = 30.0  # a name that was not found is not asked for again within this time (seconds)
_FAILED_TTL = 5.0  # nor is one for which no server answered
_MIN_TTL, _MAX_TTL = 1.0, 3600.0
_MAX_TARGETS = 16  # more addresses than a caller has patience for

# RFC 3263 4.1, RFC 7118: NAPTR services and what they mean; SRV labels by transport.
_SERVICES = {
    "SIP+D2U": "UDP",
    "SIP+D2T": "TCP",
    "SIPS+D2T": "TLS",
    "SIP+D2W": "WS",
    "SIPS+D2W": "WSS",
}
_SRV_PREFIX = {"UDP": "_sip._udp.", "TCP": "_sip._tcp.", "TLS": "_sips._tcp."}
# Whose SRV records come first where nobody says what is preferred: connections carry what is large, too.
_SRV_ORDER = ("TCP", "UDP", "TLS")
_SECURE = frozenset({"TLS", "WSS"})


class Target(NamedTuple):
    """One address to try."""

    transport: str  # "UDP", "TCP", "TLS", "WS", "WSS"
    host: str  # a literal address, IPv6 without brackets
    port: int
    domain: str = ""  # what the certificate must be for (RFC 5922)
    explicit: bool = False  # the URI named the transport: it is not ours to change


class ResolveError(Exception):
    """A target that cannot be found or reached by name."""


class Lookup(Protocol):
    """What the user agent needs of a resolver."""

    def lookup(self, uri: Uri, done: "Callable[[list[Target] | ResolveError], None]") -> list[Target] | None:
        """The addresses to try, best first, when known at once; else None, and `done` is called later."""
        ...


class Srv(NamedTuple):
    """One SRV record."""

    priority: int
    weight: int
    port: int
    host: str


class Naptr(NamedTuple):
    """One NAPTR record, as far as SIP needs it."""

    order: int
    preference: int
    flags: str
    service: str
    replacement: str


class DnsAnswer(NamedTuple):
    """Records and how long they hold (seconds).  No records: the name or the type does not exist."""

    records: list[Any]
    ttl: float


_NOTHING = DnsAnswer([], 0.0)


class _NotCachedError(Exception):
    """The DNS would have to be asked."""


class Dns(Protocol):
    """The DNS.  Each raises ResolveError when no server answers; an empty answer is no error."""

    async def naptr(self, name: str) -> DnsAnswer:
        """Naptr records."""
        ...

    async def srv(self, name: str) -> DnsAnswer:
        """Srv records."""
        ...

    async def addresses(self, name: str, ipv6: bool) -> DnsAnswer:
        """A or AAAA records as strings."""
        ...


def default_port(transport: str) -> int:
    """5060, or 5061 for TLS (RFC 3261 19.1.2); 80 and 443 for WebSocket (RFC 7118)."""
    return {"TLS": 5061, "WS": 80, "WSS": 443}.get(transport, 5060)


class Resolver:
    """RFC 3263 with a cache.

    `supported`: the transports that requests can be sent over, in the order that this node prefers.
    `now`: the network's clock.  `spawn` starts a coroutine (asyncio's create_task by default).
    """

    def __init__(
        self,
        now: Callable[[], float],
        *,
        dns: Dns | None = None,
        supported: tuple[str, ...] = ("UDP", "TCP", "TLS"),
        ipv4: bool = True,
        ipv6: bool = True,
        choose: Callable[[int], int] = random.randrange,
    ) -> None:
        self.supported = supported
        # The transports that there are, each with whether it is one for IPv6; None: all may be used.
        self.available: frozenset[tuple[str, bool]] | None = None
        self._now = now
        self._dns = dns
        self._families = [family for family, on in ((False, ipv4), (True, ipv6)) if on]
        self._choose = choose
        self._literals: dict[tuple[str, int | None, str | None, str], list[Target]] = {}
        self._cache: dict[tuple[str, str], tuple[float, DnsAnswer]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._cache_only = False

    def lookup(self, uri: Uri, done: Callable[[list[Target] | ResolveError], None]) -> list[Target] | None:
        """Part of Lookup."""
        key = (uri.host, uri.port, uri.param("transport"), uri.scheme)
        known = self._literals.get(key)
        if known is not None:
            return list(known)
        if _is_literal(uri.host):
            targets = self._literal(uri)
            if isinstance(targets, ResolveError):
                asyncio.get_running_loop().call_soon(done, targets)
                return None
            if len(self._literals) >= _CACHE_SIZE:
                self._literals.clear()
            self._literals[key] = targets
            return list(targets)
        # A coroutine whose answers are all in the cache never suspends: its first step is its last.
        self._cache_only = True
        try:
            self.resolve(uri).send(None)
        except StopIteration as stop:
            return stop.value
        except _NotCachedError:
            pass
        except ResolveError as error:
            asyncio.get_running_loop().call_soon(done, error)
            return None
        finally:
            self._cache_only = False
        task = asyncio.get_running_loop().create_task(self._look_up(uri, done))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return None

    async def _look_up(self, uri: Uri, done: Callable[[list[Target] | ResolveError], None]) -> None:
        result: list[Target] | ResolveError
        try:
            result = await self.resolve(uri)
        except ResolveError as error:
            result = error
        done(result)

    def use(self, dns: Dns) -> None:
        """Ask this DNS from now on; what others have answered is forgotten."""
        self._dns = dns
        self._cache.clear()

    def close(self) -> None:
        """Give up what is being looked up."""
        for task in self._tasks:
            task.cancel()

    # ------------------------------------------------------------ RFC 3263 section 4

    async def resolve(self, uri: Uri) -> list[Target]:
        """The addresses to try, best first; never empty.  Raises ResolveError."""
        if uri.scheme == "tel":
            raise ResolveError(f"{uri} names a number, not a place")
        host = uri.host
        if _is_literal(host):
            targets = self._literal(uri)
            if isinstance(targets, ResolveError):
                raise targets
            return targets
        asked = self._asked_transport(uri)
        found: list[Target] = []
        if uri.port is not None:
            transport = asked or self._default_transport(uri)
            await self._add_host(found, transport, host, uri.port, host, asked is not None)
        else:
            await self._by_service(found, uri, host, asked)
        if not found:
            raise ResolveError(f"{host} has no address")
        return found[:_MAX_TARGETS]

    def _literal(self, uri: Uri) -> list[Target] | ResolveError:
        try:
            asked = self._asked_transport(uri)
            transport = asked or self._default_transport(uri)
        except ResolveError as error:
            return error
        port = uri.port or default_port(transport)
        return [Target(transport, uri.host, port, uri.host, asked is not None)]

    def _asked_transport(self, uri: Uri) -> str | None:
        """The transport that the URI names.  sips: over TCP is TLS (RFC 3261 26.2.2)."""
        name = uri.param("transport")
        if not name:
            return None
        transport = name.upper()
        if uri.scheme == "sips":
            transport = {"TCP": "TLS", "WS": "WSS"}.get(transport, transport)
            if transport not in _SECURE:
                raise ResolveError(f"{uri}: sips cannot go over {name}")
        if transport not in self.supported:
            raise ResolveError(f"{uri}: transport {name} is not available")
        return transport

    def _default_transport(self, uri: Uri) -> str:
        transport = "TLS" if uri.scheme == "sips" else "UDP"
        usable = [t for t in self._open() if uri.scheme != "sips" or t in _SECURE]
        if transport in usable:
            return transport
        if not usable:
            raise ResolveError(f"{uri}: no transport for scheme {uri.scheme}")
        return usable[0]

    def _open(self) -> tuple[str, ...]:
        """The transports to choose from where a URI names none."""
        available = self.available
        if not available:
            return self.supported
        return tuple(t for t in self.supported if (t, False) in available or (t, True) in available)

    async def _by_service(self, found: list[Target], uri: Uri, host: str, asked: str | None) -> None:
        explicit = asked is not None
        if asked is None:
            await self._by_naptr(found, uri, host, None)
            if found:
                return
            usable = self._open()
            candidates = [t for t in _SRV_ORDER if t in usable and (uri.scheme != "sips" or t in _SECURE)]
        else:
            candidates = [asked] if asked in _SRV_PREFIX else []
        for transport in candidates:
            await self._add_srv(found, transport, _SRV_PREFIX[transport] + host, host, explicit)
        if not found and asked is not None:
            # RFC 3263 asks for no NAPTR then; domains whose SRV have names of their own are reached so.
            await self._by_naptr(found, uri, host, asked)
        if not found:
            transport = asked or self._default_transport(uri)
            await self._add_host(found, transport, host, default_port(transport), host, explicit)

    async def _by_naptr(self, found: list[Target], uri: Uri, host: str, asked: str | None) -> None:
        for transport, name in await self._naptr_services(uri, host):
            if asked in (None, transport):
                await self._add_srv(found, transport, name, host, asked is not None)
            if len(found) >= _MAX_TARGETS:
                return

    async def _naptr_services(self, uri: Uri, host: str) -> list[tuple[str, str]]:
        answer = await self._ask("NAPTR", host)
        usable: list[tuple[int, int, str, str]] = []
        supported = self._open()
        for record in answer.records:
            transport = _SERVICES.get(record.service.upper())
            if (
                transport in supported
                and record.flags.lower() == "s"
                and (uri.scheme != "sips" or transport in _SECURE)
            ):
                usable.append((record.order, record.preference, transport, record.replacement))
        usable.sort()
        return [(transport, name) for _, _, transport, name in usable]

    async def _add_srv(
        self, found: list[Target], transport: str, name: str, domain: str, explicit: bool
    ) -> None:
        answer = await self._ask("SRV", name)
        for record in self._by_weight(answer.records):
            if record.host in ("", "."):
                continue  # "." says that the service is decidedly not there (RFC 2782)
            await self._add_host(found, transport, record.host, record.port, domain, explicit)
            if len(found) >= _MAX_TARGETS:
                return

    async def _add_host(
        self, found: list[Target], transport: str, host: str, port: int, domain: str, explicit: bool
    ) -> None:
        available = self.available
        families = self._families
        if available:
            families = [ipv6 for ipv6 in families if (transport, ipv6) in available] or families
        for ipv6 in families:
            answer = await self._ask("AAAA" if ipv6 else "A", host)
            for address in answer.records:
                found.append(Target(transport, address, port, domain, explicit))  # noqa: PERF401

    def _by_weight(self, records: list[Srv]) -> list[Srv]:
        """The order of RFC 2782: by priority, then drawn by weight."""
        ordered: list[Srv] = []
        for priority in sorted({record.priority for record in records}):
            # Weight 0 first, so that it is drawn only when the running sum makes it so.
            rest = sorted((r for r in records if r.priority == priority), key=lambda r: r.weight)
            while rest:
                drawn = self._choose(sum(r.weight for r in rest) + 1)
                running = 0
                for record in rest:
                    running += record.weight
                    if running >= drawn:
                        ordered.append(record)
                        rest.remove(record)
                        break
        return ordered

    async def _ask(self, kind: str, name: str) -> DnsAnswer:
        key = (kind, name.lower().rstrip("."))
        now = self._now()
        cached = self._cache.get(key)
        if cached is not None and cached[0] > now:
            return cached[1]
        if self._cache_only:
            raise _NotCachedError
        if self._dns is None:
            self._dns = Dnspython()
        try:
            if kind == "NAPTR":
                answer = await self._dns.naptr(key[1])
            elif kind == "SRV":
                answer = await self._dns.srv(key[1])
            else:
                answer = await self._dns.addresses(key[1], kind == "AAAA")
        except ResolveError as error:
            if cached is not None:
                log.warning("%s: using the expired answer", error)
                return cached[1]  # an old address is better than no call
            # Many a DNS forwarder fails at NAPTR and SRV, and knows the address all the same.
            log.info("%s", error)
            answer = _NOTHING
            ttl = _FAILED_TTL
        else:
            ttl = min(max(answer.ttl, _MIN_TTL), _MAX_TTL) if answer.records else _NEGATIVE_TTL
        if len(self._cache) >= _CACHE_SIZE:
            self._cache = {k: v for k, v in self._cache.items() if v[0] > now}
            if len(self._cache) >= _CACHE_SIZE:
                self._cache.clear()
        self._cache[key] = (self._now() + ttl, answer)
        return answer


class Dnspython:
    """The DNS by dnspython, and /etc/hosts before it as getaddrinfo does.  Imported when first used.

    `servers` (address, port) are asked first, then those of `resolv_file`; "" stands for no file.
    """

    def __init__(
        self,
        *,
        timeout: float = 2.0,
        lifetime: float = 5.0,
        hosts_file: str = "/etc/hosts",
        resolv_file: str = "/etc/resolv.conf",
        servers: Sequence[tuple[str, int]] = (),
    ) -> None:
        self._timeout = timeout
        self._lifetime = lifetime
        self._hosts_file = hosts_file
        self._resolv_file = resolv_file
        self._servers = tuple(servers)
        self._resolver: DnspythonResolver | None = None

    async def naptr(self, name: str) -> DnsAnswer:
        """Part of Dns."""
        records, ttl = await self._query(name, "NAPTR")
        return DnsAnswer(
            [
                Naptr(
                    r.order,
                    r.preference,
                    r.flags.decode("ascii", "replace"),
                    r.service.decode("ascii", "replace"),
                    str(r.replacement).rstrip("."),
                )
                for r in records
            ],
            ttl,
        )

    async def srv(self, name: str) -> DnsAnswer:
        """Part of Dns."""
        records, ttl = await self._query(name, "SRV")
        return DnsAnswer([Srv(r.priority, r.weight, r.port, str(r.target).rstrip(".")) for r in records], ttl)

    async def addresses(self, name: str, ipv6: bool) -> DnsAnswer:
        """Part of Dns."""
        local = self._from_hosts(name, ipv6)
        if local:
            return DnsAnswer(local, _NEGATIVE_TTL)
        records, ttl = await self._query(name, "AAAA" if ipv6 else "A")
        return DnsAnswer([str(r.address) for r in records], ttl)

    async def _query(self, name: str, kind: str) -> tuple[list[Any], float]:
        import dns.exception
        import dns.resolver

        if self._resolver is None:
            self._resolver = self._new_resolver()
        try:
            answer = await self._resolver.resolve(name, kind, raise_on_no_answer=False, search=False)
        except dns.resolver.NXDOMAIN:
            return [], _NEGATIVE_TTL
        except (dns.exception.DNSException, OSError) as error:
            raise ResolveError(f"{name} {kind}: {error}") from error
        rrset = answer.rrset
        return (list(rrset), float(rrset.ttl)) if rrset is not None else ([], _NEGATIVE_TTL)

    def _new_resolver(self) -> "DnspythonResolver":
        import dns.asyncresolver
        import dns.exception
        import dns.nameserver

        resolver = dns.asyncresolver.Resolver(configure=False)
        read: Callable[[TextIO], None] = cast(Any, resolver).read_resolv_conf
        others: list[str | dns.nameserver.Nameserver] = []
        if self._resolv_file:
            try:
                with open(self._resolv_file, encoding="utf-8", errors="replace") as lines:
                    read(lines)
                others += resolver.nameservers
            except (dns.exception.DNSException, OSError) as error:  # not there, or without a server
                if not self._servers:
                    raise ResolveError(f"no DNS server is configured: {error}") from error
        elif not self._servers:
            raise ResolveError("no DNS server is configured: resolver_unbound.conf names none")
        resolver.nameservers = [
            *(dns.nameserver.Do53Nameserver(host, port) for host, port in self._servers),
            *others,
        ]
        resolver.timeout = self._timeout
        resolver.lifetime = self._lifetime
        return resolver

    def _from_hosts(self, name: str, ipv6: bool) -> list[str]:
        if not self._hosts_file:
            return []
        try:
            with open(self._hosts_file, encoding="utf-8", errors="replace") as lines:
                found: list[str] = []
                for line in lines:
                    fields = line.split("#", 1)[0].split()
                    if name in (field.lower() for field in fields[1:]) and (":" in fields[0]) == ipv6:
                        found.append(fields[0])
                return found
        except OSError:
            return []


def _is_literal(host: str) -> bool:
    # Names start with letters most of the time: only what can be an address is tried as one.
    if not host or not (host[0].isdigit() or ":" in host):
        return False
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
