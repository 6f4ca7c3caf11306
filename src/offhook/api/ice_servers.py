"""The servers of rtp.conf that candidates of ICE come from, as the media floor takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook import __version__
from offhook.drivers.sip.leg_binding import LegBinding
from offhook.drivers.sip.leg_stream import port_options
from offhook.media.gathering import IceServers, Place

if TYPE_CHECKING:
    from offhook.config.files.rtp import RtpConf
    from offhook.config.snapshot import ConfigSnapshot
    from offhook.media.service import MediaService

__all__ = ["use_ice_servers"]


def use_ice_servers(media: MediaService, snapshot: ConfigSnapshot) -> None:
    """Ask the servers of rtp.conf from now on, and keep ports ready for the endpoints with ice_support."""
    rtp = snapshot.rtp
    endpoints = [one for one in snapshot.pjsip.endpoints.values() if one.ice_support and rtp.icesupport]
    media.gatherer.configure(_servers(rtp) if endpoints else IceServers())
    if not media.gatherer.active:
        return
    for endpoint in endpoints:
        binding = LegBinding(endpoint)
        shown = endpoint.media_address or "0.0.0.0"
        transport = snapshot.pjsip.transports.get(endpoint.transport)
        if transport is not None and transport.bind.host not in ("", "0.0.0.0", "::"):
            binding.transport = shown = transport.bind.host
        media.gatherer.expect(port_options(endpoint, rtp, "audio", binding.rtp(shown)))


def _servers(rtp: RtpConf) -> IceServers:
    return IceServers(
        stun=Place(*rtp.stunaddr) if rtp.stunaddr[0] else None,
        turn=Place(*rtp.turnaddr) if rtp.turnaddr[0] else None,
        username=rtp.turnusername,
        password=rtp.turnpassword,
        software=f"Offhook {__version__}" if rtp.stun_software_attribute else "",
        asks=lambda host: not host or rtp.asks_from(host),
        rules=(rtp.stun_access, *rtp.stun_lists),
    )
