"""Party ids between the switch and SIP headers, by the rules of an endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook._core import Uri
from offhook.pbx.party import PartyId, Presentation
from offhook.sip.identity import PartyIdentity, asserted_headers, remote_party_header

if TYPE_CHECKING:
    from offhook.config.pjsip import Endpoint

__all__ = ["configured_party", "identity_headers", "party_of", "shown_party"]


def party_of(identity: PartyIdentity) -> PartyId:
    """A SIP identity as a party id."""
    if identity.anonymous:
        return PartyId(presentation=Presentation.PROHIB)
    screened = identity.screened
    if identity.private:
        presentation = Presentation.PROHIB_PASSED_SCREEN if screened else Presentation.PROHIB
    else:
        presentation = Presentation.ALLOWED_PASSED_SCREEN if screened else Presentation.ALLOWED_NOT_SCREENED
    return PartyId(identity.number, identity.name, presentation)


def configured_party(endpoint: Endpoint) -> PartyId | None:
    """The caller id that pjsip.conf gives an endpoint, None when it gives none."""
    if endpoint.callerid is None:
        return None
    return PartyId(
        endpoint.callerid.number,
        endpoint.callerid.name,
        Presentation(endpoint.callerid_privacy.value),
        endpoint.callerid_tag,
    )


def shown_party(party: PartyId, *, trusted: bool) -> PartyId:
    """What another party may see of `party`: nothing when its presentation is prohibited."""
    if party.presentation.allowed or trusted:
        return party
    return PartyId(presentation=party.presentation)


def identity_headers(
    endpoint: Endpoint, party: PartyId, domain: str, *, calling: bool
) -> list[tuple[str, str]]:
    """P-Asserted-Identity and Remote-Party-ID towards an endpoint, as send_pai and send_rpid ask for.

    `domain` is our name towards it, where from_domain gives none.  A party that withholds its number is
    named only to endpoints that are trusted (trust_id_outbound).
    """
    if not (endpoint.send_pai or endpoint.send_rpid) or not party.number:
        return []
    private = not party.presentation.allowed
    if private and not endpoint.trust_id_outbound:
        return []
    identity = PartyIdentity(
        Uri("sip", endpoint.from_domain or domain, user=party.number), party.name, private, True
    )
    headers: list[tuple[str, str]] = []
    if endpoint.send_pai:
        headers += asserted_headers(identity)
    if endpoint.send_rpid:
        headers.append(remote_party_header(identity, calling=calling))
    return headers
