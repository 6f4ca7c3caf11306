"""Which address of ours the ports of a SIP leg are bound to.

A transport that is bound to one address has its calls' media there too, as in Asterisk: on a host with
several addresses packets then leave from the one that the description names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook.config.pjsip import Endpoint

__all__ = ["LegBinding"]


class LegBinding:
    """The binding of one leg's ports."""

    __slots__ = ("_endpoint", "transport")

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self.transport = ""
        """The IP address that the leg's transport is bound to; "" when it is all of them."""

    def rtp(self, shown: str) -> str:
        """Where a port of RTP is bound whose description has the address `shown`."""
        return self._of(shown, self._endpoint.bind_rtp_to_media_address)

    def udptl(self, shown: str) -> str:
        """Where a port of UDPTL is bound whose description has the address `shown`."""
        return self._of(shown, self._endpoint.t38_bind_udptl_to_media_address)

    def _of(self, shown: str, to_media_address: bool) -> str:
        if to_media_address and self._endpoint.media_address:
            return self._endpoint.media_address
        ipv6 = ":" in shown
        if self.transport and (":" in self.transport) is ipv6:
            return self.transport
        return "::" if ipv6 else "0.0.0.0"
