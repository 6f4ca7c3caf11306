"""What CHANNEL() and CHANNEL(pjsip,...) tell of a SIP leg."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.media.quality import ITEMS, summary

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.drivers.sip.channel import SipChannel
    from offhook.media.port import MediaPort

__all__ = ["channel_item"]


def _secure(channel: SipChannel) -> str:
    flow = channel.calls.driver.ua.flow(channel.hop.flow) if channel.hop is not None else None
    return "1" if flow is not None and flow.secure else "0"


def _remote_address(channel: SipChannel) -> str:
    hop = channel.hop
    if hop is None:
        return ""
    return f"[{hop.host}]:{hop.port}" if ":" in hop.host else f"{hop.host}:{hop.port}"


def _local_address(channel: SipChannel) -> str:
    hop = channel.hop
    if hop is None:
        return ""
    host, port = channel.calls.driver.ua.contact_address(hop)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _dialog(channel: SipChannel, name: str) -> str:
    session = channel.session
    dialog = session.dialog if session is not None else None
    return str(getattr(dialog, name)) if dialog is not None else ""


def _call_id(channel: SipChannel) -> str:
    return channel.session.call_id if channel.session is not None else ""


def _request_uri(channel: SipChannel) -> str:
    return channel.request.uri if channel.request is not None else ""


def _remote_host(channel: SipChannel) -> str:
    return channel.hop.host if channel.hop is not None else ""


def _header_of_invite(name: str) -> Callable[[SipChannel], str]:
    def read(channel: SipChannel) -> str:
        lines = channel.request.get_all(name) if channel.request is not None else []
        return lines[0] if lines else ""

    return read


def _uri_of_from(channel: SipChannel) -> str:
    return str(channel.request.from_.uri) if channel.request is not None else ""


# chan_sip's items, which dialplans from its time ask for.
_OF_CHAN_SIP: dict[str, Callable[[SipChannel], str]] = {
    "peerip": _remote_host,
    "recvip": _remote_host,
    "from": _uri_of_from,
    "uri": lambda channel: _dialog(channel, "remote_target"),
    "useragent": _header_of_invite("User-Agent"),
    "peername": lambda channel: channel.endpoint.name,
    "t38passthrough": lambda channel: "1" if channel.leg_media.fax.allowed else "0",
}

_ITEMS: dict[str, Callable[[SipChannel], str]] = {
    "t38state": lambda channel: channel.leg_media.fax.state.value,
    "call-id": _call_id,
    "secure": _secure,
    "target_uri": lambda channel: _dialog(channel, "remote_target"),
    "local_tag": lambda channel: channel.session.local_tag if channel.session is not None else "",
    "remote_tag": lambda channel: _dialog(channel, "remote_tag"),
    "request_uri": _request_uri,
    "remote_addr": _remote_address,
    "local_addr": _local_address,
}


def _port_of(channel: SipChannel, rest: str) -> MediaPort | None:
    """The port that the last argument names: of audio, or of video."""
    kind = rest.partition(",")[2].strip().lower()
    if kind in ("", "audio"):
        return channel.audio_port
    return next((port for each, port in channel.further_media() if each == kind), None)


def channel_item(channel: SipChannel, item: str) -> str | None:
    """One item, "" where the leg has no value for it yet, None for an unknown one."""
    kind, comma, rest = item.partition(",")
    which = rest.partition(",")[0].strip().lower()
    match kind.strip().lower():
        case "endpoint":
            return channel.endpoint.name
        case "pjsip" if comma:
            found = _ITEMS.get(which)
            return found(channel) if found is not None else None
        case "rtp" if comma:
            media = _port_of(channel, rest)
            if which == "dest":
                return str(media.stats().get("source", "")) if media is not None else ""
            if which == "src":
                return f"{media.address}:{media.rtp_port}" if media is not None else ""
            return None
        case "rtcp" if comma:
            found = ITEMS.get(which)
            if found is None and not which.startswith("all"):
                return None
            port = _port_of(channel, rest)
            if port is None:
                return ""
            stats = {**port.stats(), "tx_ssrc": port.core.ssrc}
            return found(stats) if found is not None else summary(stats, which)
        case of_chan_sip if not comma and of_chan_sip in _OF_CHAN_SIP:
            return _OF_CHAN_SIP[of_chan_sip](channel)
        case _:
            return None
