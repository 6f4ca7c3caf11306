"""Which address of ours a peer is to see: in From and PAI, and for the audio in SDP.

Behind NAT those are a transport's external addresses, for peers outside of its local_net.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.drivers.sip.directory import pack
from offhook.drivers.sip.transports import transport_config
from offhook.sip.addresses import BeyondNat, SourceAddresses

if TYPE_CHECKING:
    from offhook.config.pjsip import Endpoint, Transport
    from offhook.drivers.sip.driver import SipDriver
    from offhook.sip.network import Hop

__all__ = ["OwnAddress"]


class OwnAddress:
    """Our addresses as peers see them."""

    def __init__(self, driver: SipDriver) -> None:
        self._driver = driver
        self._sources = SourceAddresses()
        self._nat: dict[str, tuple[Transport, BeyondNat]] = {}

    def signalling(self, endpoint: Endpoint, hop: Hop | None, remote: str) -> str:
        """The host that stands for us towards a peer.

        `remote`: its literal address where it is not known yet how it will be reached; "" for none at all.
        """
        if hop is not None:
            try:
                return self._driver.ua.contact_address(hop)[0]
            except LookupError:
                remote = remote or hop.host
        transport = self._transport(endpoint, None, remote)
        if transport is not None:
            outside = transport.external_signaling_address.host
            if outside and self._is_beyond(transport, remote):
                return outside
            bound = _bound(transport)
            if bound:
                return bound
        if remote:
            found = self._sources.towards(remote)
            if found:
                return found
        return self._sources.instead_of("0.0.0.0")

    def media(self, endpoint: Endpoint, hop: Hop | None, remote: str) -> str:
        """The address for SDP towards a peer; `remote` as in signalling()."""
        if endpoint.media_address:
            return endpoint.media_address
        transport = self._transport(endpoint, hop, remote)
        if transport is not None and transport.external_media_address:
            host = hop.host if hop is not None else remote
            if self._is_beyond(transport, host):
                return transport.external_media_address
        return self.signalling(endpoint, hop, remote)

    def bound(self, endpoint: Endpoint, hop: Hop | None, remote: str) -> str:
        """The IP address that the transport towards a peer is bound to; "" when it is all of them."""
        transport = self._transport(endpoint, hop, remote)
        host = _bound(transport) if transport is not None else ""
        return host if pack(host) is not None else ""

    def _transport(self, endpoint: Endpoint, hop: Hop | None, remote: str) -> Transport | None:
        """The transport that carries, or will carry, what goes to a peer."""
        transports = self._driver.config.transports
        if hop is not None:
            flow = self._driver.ua.flow(hop.flow)
            if flow is not None:
                return transports.get(flow.name)
        if endpoint.transport:
            return transports.get(endpoint.transport)
        for transport in transports.values():
            if (":" in transport.bind.host) == (":" in remote):
                return transport
        return None

    def _is_beyond(self, transport: Transport, host: str) -> bool:
        known = self._nat.get(transport.name)
        if known is None or known[0] is not transport:
            known = transport, BeyondNat(transport_config(transport, 0).local_nets)
            self._nat[transport.name] = known
        return known[1](host)


def _bound(transport: Transport) -> str:
    host = transport.bind.host
    return "" if host in ("0.0.0.0", "::") else host
