"""Diverted calls: Diversion (RFC 5806) and History-Info (RFC 7044) between the switch and SIP.

What a message says becomes the channel's `Redirecting`; from that come the headers of INVITEs that go out,
and of the 181 (Call Is Being Forwarded) that a caller gets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook._core import Uri
from offhook.drivers.sip.identity import party_of
from offhook.pbx.party import PartyId, Redirecting
from offhook.sip.identity import (
    PartyIdentity,
    Redirection,
    diversion_header,
    diversions,
    history,
    history_headers,
)

if TYPE_CHECKING:
    from offhook._core import Message
    from offhook.config.pjsip import Endpoint

__all__ = ["diversion_headers", "redirecting_of"]


def redirecting_of(message: Message, to: str = "") -> Redirecting | None:
    """What a message says of diversions, None for nothing; `to` is the number that the call goes to now."""
    found = diversions(message) or history(message)
    if not found:
        return None
    last, first = found[0], found[-1]
    return Redirecting(
        by=party_of(last.party),
        to=PartyId(to),
        orig=party_of(first.party),
        reason=last.reason,
        orig_reason=first.reason,
        count=sum(one.counter for one in found),
    )


def diversion_headers(
    endpoint: Endpoint, redirecting: Redirecting, domain: str, target: Uri | None
) -> list[tuple[str, str]]:
    """Diversion and History-Info as send_diversion and send_history_info ask for; `domain` is our name there.

    `target` is where the call goes now, when the receiver does not know.
    """
    if not redirecting or not (endpoint.send_diversion or endpoint.send_history_info):
        return []
    chain: list[Redirection] = []  # the latest first
    for party, reason in (
        (redirecting.by, redirecting.reason),
        (redirecting.orig, redirecting.orig_reason or redirecting.reason),
    ):
        if party.number and all(party.number != one.party.uri.user for one in chain):
            chain.append(_redirection(party, reason, endpoint.from_domain or domain))
    if not chain:
        return []
    headers: list[tuple[str, str]] = []
    if endpoint.send_diversion:
        headers.append(diversion_header(chain))
    if endpoint.send_history_info:
        headers += history_headers(chain, target)
    return headers


def _redirection(party: PartyId, reason: str, domain: str) -> Redirection:
    identity = PartyIdentity(
        Uri("sip", domain, user=party.number), party.name, private=not party.presentation.allowed
    )
    return Redirection(identity, reason or "unknown")
