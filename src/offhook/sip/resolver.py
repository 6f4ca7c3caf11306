"""Where to send a request: RFC 3263 (NAPTR, SRV, A and AAAA), with a cache that keeps to the TTLs."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from offhook._core import Uri

__all__ = ["Lookup", "ResolveError", "Target"]


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
