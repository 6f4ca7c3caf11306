"""T.38 of one SIP leg: its m=image line, and the port that carries UDPTL."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

from offhook._core import LocalMedia
from offhook.media.t38 import T38Parameters, attributes, largest_datagram, largest_packet, read_image

if TYPE_CHECKING:
    from offhook._core import AgreedMedia, Sdp
    from offhook.config.pjsip import Endpoint
    from offhook.drivers.sip.leg_binding import LegBinding
    from offhook.media.port import MediaPort
    from offhook.media.service import MediaService

__all__ = ["FaxState", "LegFax", "is_fax_offer"]


class FaxState(StrEnum):
    """How far a leg is; the words of CHANNEL(pjsip,t38state)."""

    DISABLED = "DISABLED"
    LOCAL_REINVITE = "LOCAL_REINVITE"
    """We have offered it."""
    REMOTE_REINVITE = "REMOTE_REINVITE"
    """The peer has."""
    ENABLED = "ENABLED"
    REJECTED = "REJECTED"


def is_fax_offer(offer: Sdp) -> bool:
    """Whether an offer is an image and nothing else."""
    used = {line.kind for line in offer.media if line.port}
    return used == {"image"}


class LegFax:
    """The fax of one leg."""

    __slots__ = ("_binding", "_endpoint", "_service", "mine", "port", "state", "theirs")

    def __init__(self, service: MediaService, endpoint: Endpoint, binding: LegBinding) -> None:
        self._service = service
        self._binding = binding
        self._endpoint = endpoint
        self.port: MediaPort | None = None
        self.state = FaxState.DISABLED
        self.mine = T38Parameters()
        self.theirs = T38Parameters()

    @property
    def allowed(self) -> bool:
        """Whether the endpoint may send faxes as images."""
        return self._endpoint.t38_udptl

    @property
    def on(self) -> bool:
        """Whether one is being sent."""
        return self.state is FaxState.ENABLED

    def offered(self, offer: Sdp) -> None:
        """The peer offers an image."""
        line = next(line for line in offer.media if line.kind == "image" and line.port)
        self.theirs = read_image(line)
        self.state = FaxState.REMOTE_REINVITE

    def refused(self) -> None:
        """Nothing came of an offer of either side."""
        self.state = FaxState.REJECTED
        self._drop()

    def show(self, other: LegFax) -> None:
        """What we say on this leg is what the other leg's peer can do, in datagrams that hold its packets."""
        limits = other.far_datagram
        packet = largest_packet(limits, other.theirs.error_correction)
        correction = other.theirs.error_correction
        self.mine = replace(
            other.theirs,
            error_correction=correction,
            max_datagram=largest_datagram(packet, correction),
        )
        if self.state is FaxState.REMOTE_REINVITE:
            self.mine = self.mine.common(self.theirs)

    @property
    def far_datagram(self) -> int:
        """The largest datagram of the peer; `t38_udptl_maxdatagram` stands for what it says itself."""
        return self._endpoint.t38_udptl_maxdatagram or self.theirs.max_datagram

    def local(self, address: str) -> LocalMedia:
        """Our m=image line; opens the port."""
        if self.port is None:
            endpoint = self._endpoint
            self.port = self._service.open_port(
                self._binding.udptl(address), carries="udptl", rtcp=False, symmetric=endpoint.t38_udptl_nat
            )
        if self.state is not FaxState.REMOTE_REINVITE:
            self.state = FaxState.LOCAL_REINVITE
        return LocalMedia(
            "image",
            self.port.rtp_port,
            formats=("t38",),
            protos=("udptl",),
            attributes=attributes(self.mine),
        )

    def apply(self, line: AgreedMedia) -> None:
        """What was agreed."""
        self.theirs = read_image(line.remote)
        self.state = FaxState.ENABLED
        port = self.port
        if port is None or line.remote_address is None:
            return
        try:
            port.set_remote(line.remote_address, line.remote_port)
        except ValueError:  # a host name: where it is, is learned from what it sends
            port.set_remote("::1" if ":" in port.address else "127.0.0.1", 0)

    def close(self) -> None:
        """No fax (any more)."""
        if self.state in (FaxState.ENABLED, FaxState.LOCAL_REINVITE, FaxState.REMOTE_REINVITE):
            self.state = FaxState.DISABLED
        self._drop()

    def _drop(self) -> None:
        if self.port is not None:
            self.port.close()
            self.port = None
