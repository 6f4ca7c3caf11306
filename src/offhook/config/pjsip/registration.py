"""`type=registration`: a registration of ours with somebody else's registrar (RFC 3261 section 10.2)."""

from __future__ import annotations

from dataclasses import dataclass, field

from offhook.config.errors import Where
from offhook.config.schema import ObjectType, option
from offhook.config.values import boolean, integer, text, words

__all__ = ["REGISTRATION", "Registration"]


@dataclass(frozen=True, slots=True)
class Registration:
    """An outbound registration; times in seconds."""

    name: str
    where: Where = field(compare=False, repr=False)
    server_uri: str = option("", text)
    client_uri: str = option("", text)
    contact_user: str = option("s", text)
    contact_header_params: str = option("", text)
    outbound_auth: tuple[str, ...] = option((), words)
    outbound_proxy: str = option("", text)
    transport: str = option("", text)
    expiration: int = option(3600, integer(1))
    retry_interval: int = option(60, integer())
    """After a temporary failure."""
    forbidden_retry_interval: int = option(0, integer())
    """After 403; 0 never again."""
    fatal_retry_interval: int = option(0, integer())
    """After another permanent failure; 0 never again."""
    max_retries: int = option(10, integer())
    max_random_initial_delay: int = option(10, integer())
    auth_rejection_permanent: bool = option(True, boolean)
    line: bool = option(False, boolean)
    """Mark the Contact, so that calls that come back with the mark belong to `endpoint`."""
    endpoint: str = option("", text)
    support_path: bool = option(False, boolean)
    user_agent: str = option("", text)
    """Empty: what [global] says."""


REGISTRATION = ObjectType("pjsip.conf", "registration", Registration)
