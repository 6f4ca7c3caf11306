"""Channels whose audio is another program's: external media."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any, Literal

from offhook.api.ari.models import channel_json
from offhook.api.ari.operations import AriError, operation
from offhook.api.ari.resources.channels import check_ids, in_application, set_variables
from offhook.config.codecs import ALL_CODECS
from offhook.drivers.rtp.channel import split_host
from offhook.pbx.pbx import CannotDialError

if TYPE_CHECKING:
    from offhook.api.ari.models import Json
    from offhook.api.ari.service import Ari

__all__: list[str] = []


async def _address(text: str) -> str:
    """`host:port` with the host's address.  Raises AriError 400."""
    try:
        host, port = split_host(text)
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except (ValueError, OSError) as error:
        raise AriError(400, f"Invalid external_host: {error}") from None
    address = str(found[0][4][0])
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


@operation(
    "POST",
    "/channels/externalMedia",
    model="Channel",
    errors={
        400: "Invalid parameters",
        409: "Channel is not in a Stasis application, or the channel id exists already",
    },
)
async def externalMedia(
    ari: Ari,
    app: str,
    format: str,
    external_host: str = "",
    channelId: str = "",
    variables: dict[str, Any] | None = None,
    encapsulation: Literal["rtp", "audiosocket", "none"] = "rtp",
    transport: Literal["udp", "tcp", "websocket"] = "udp",
    connection_type: Literal["client", "server"] = "client",
    direction: Literal["both"] = "both",
    data: str = "",
    transport_data: str = "",
) -> Json:
    """Make a channel whose far end is a program at `external_host` (host:port), in an application.

    The program gets RTP by UDP, and sends it to where UNICASTRTP_LOCAL_ADDRESS and UNICASTRTP_LOCAL_PORT of
    the answer's `channelvars` say.
    """
    if (encapsulation, transport, connection_type) != ("rtp", "udp", "client"):
        raise AriError(
            400, f"{encapsulation} by {transport} as {connection_type} is not supported: rtp by udp as client"
        )
    if not external_host:
        raise AriError(400, "external_host must be specified")
    codec = format.split(",")[0].strip()
    if codec not in ALL_CODECS:
        raise AriError(400, f"Provided format ({codec}) was not found")
    node = ari.node
    ids = check_ids(ari, "", channelId, "")
    address = await _address(external_host)
    try:
        with node.pbx.assigned_ids(ids):
            (leg,) = node.pbx.request(f"UnicastRTP/{address}/c({codec})", caller=None)
    except CannotDialError as error:
        raise AriError(400, str(error)) from None
    set_variables(ari, leg, variables)
    node.runner.spawn(in_application(ari, leg, app), f"Stasis on {leg.name}")
    leg.place(address)
    names = ("UNICASTRTP_LOCAL_ADDRESS", "UNICASTRTP_LOCAL_PORT")
    return channel_json(leg, (*ari.channel_vars, *names))
