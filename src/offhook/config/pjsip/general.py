"""`type=global` and `type=system`: what holds for all of SIP."""

from __future__ import annotations

from dataclasses import dataclass, field

from offhook.config.errors import Where
from offhook.config.pjsip.aor import ALGORITHMS
from offhook.config.schema import ObjectType, option
from offhook.config.values import boolean, integer, text, words_of

__all__ = ["GLOBAL", "SYSTEM", "Global", "System"]

_IDENTIFIERS = ("ip", "username", "anonymous", "header", "auth_username", "request_uri")


@dataclass(frozen=True, slots=True)
class Global:
    """Settings of the whole user agent."""

    name: str = "global"
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    user_agent: str = option("Offhook", text)
    """User-Agent and Server header."""
    default_realm: str = option("asterisk", text)
    default_from_user: str = option("asterisk", text)
    default_outbound_endpoint: str = option("default_outbound_endpoint", text)
    """Through which endpoint a message to a bare URI goes."""
    endpoint_identifier_order: tuple[str, ...] = option(
        ("ip", "username", "anonymous"), words_of(_IDENTIFIERS, aliases={"user": "username"})
    )
    max_forwards: int = option(70, integer(1, 255))
    keep_alive_interval: int = option(90, integer())
    """Seconds between CRLF keep-alives on connections; 0 none."""
    default_auth_algorithms_uas: tuple[str, ...] = option(("md5",), words_of(ALGORITHMS))
    default_auth_algorithms_uac: tuple[str, ...] = option(("md5",), words_of(ALGORITHMS))
    regcontext: str = option("", text)
    """A context in which who has registered is an extension, by the endpoint's name."""
    max_initial_qualify_time: int = option(0, integer())
    """Seconds within which every contact is asked for the first time; 0: its qualify_frequency."""
    ignore_uri_user_options: bool = option(False, boolean)
    use_callerid_contact: bool = option(False, boolean)
    """The Contact of an INVITE names the caller, where contact_user names nobody."""
    unidentified_request_count: int = option(5, integer(1))
    """Requests of an address that no endpoint is identified by before the security log tells."""
    unidentified_request_period: int = option(5, integer(1))
    """Seconds within which they count together."""
    unidentified_request_prune_interval: int = option(30, integer(1))
    """Seconds after which an address is forgotten."""
    debug: str = option("no", text)
    """yes, no or a host: whose messages are logged."""


GLOBAL = ObjectType(
    "pjsip.conf",
    "global",
    Global,
    needless={"contact_expiration_check_interval": "each contact expires at its own time"},
)

_THREADS = "SIP runs in one event loop, there are no threads to count"


@dataclass(frozen=True, slots=True)
class System:
    """Settings of the protocol machine."""

    name: str = "system"
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    timer_t1: int = option(500, integer(100, 60_000))
    """Milliseconds: the round-trip time estimate (RFC 3261 section 17.1.1.1)."""
    timer_b: int = option(32_000, integer(6_400, 3_840_000))
    """Milliseconds: how long an INVITE waits for its first answer."""
    compact_headers: bool = option(False, boolean)


SYSTEM = ObjectType(
    "pjsip.conf",
    "system",
    System,
    needless={
        f"{pool}_{what}": _THREADS
        for pool in ("taskpool", "threadpool")
        for what in ("auto_increment", "idle_timeout", "initial_size", "max_size")
    }
    | {"taskpool_minimum_size": _THREADS},
)
