"""Channels of plain RTP: what goes to an address and comes from there, for programs that handle audio.

`UnicastRTP/host:port/options`, where the host is an address (a name would have to be looked up, and nobody
may wait here) and `c(codec)` of the options names the codec, ulaw if not given.  The leg is answered at once;
what our own address is, the variables UNICASTRTP_LOCAL_ADDRESS and UNICASTRTP_LOCAL_PORT say.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from offhook._core import MediaError
from offhook.media.formats import CODECS
from offhook.pbx.causes import Cause
from offhook.pbx.channel import Channel
from offhook.pbx.pbx import CannotDialError
from offhook.sip.addresses import SourceAddresses

if TYPE_CHECKING:
    from offhook.media.formats import CodecFacts
    from offhook.media.port import MediaPort
    from offhook.pbx.pbx import Pbx

__all__ = ["UnicastChannel", "UnicastTechnology", "split_host"]

_TELEPHONE_EVENT = 101  # payload type
_OPTION = re.compile(r"([a-z])\(([^)]*)\)")


def split_host(text: str) -> tuple[str, int]:
    """`host:port` or `[address]:port`.  Raises ValueError."""
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(f"{text!r} is not host:port")
    return host, int(port)


class UnicastChannel(Channel):
    """One stream to an address and back."""

    technology = "UnicastRTP"
    __slots__ = ("_codec",)

    def __init__(
        self, pbx: Pbx, name: str, port: MediaPort, codec: CodecFacts, *, linkedid: str | None
    ) -> None:
        super().__init__(pbx, name, outgoing=True, linkedid=linkedid)
        self._codec = codec
        self.attach_media(port)
        self.set_variable("UNICASTRTP_LOCAL_ADDRESS", port.address)
        self.set_variable("UNICASTRTP_LOCAL_PORT", str(port.rtp_port))

    @property
    def audio_codec(self) -> str:
        """Part of Channel."""
        return self._codec.name

    def _place(self) -> None:
        self.answered()

    def _answer(self) -> None:
        pass

    def _release(self, cause: int) -> None:
        pass


class UnicastTechnology:
    """Makes UnicastRTP channels."""

    name = "UnicastRTP"

    def __init__(self, pbx: Pbx) -> None:
        self._pbx = pbx
        self._sequence = 0
        self._sources = SourceAddresses()

    def request(self, destination: str, *, caller: Channel | None) -> list[Channel]:
        """Part of ChannelTechnology.  Raises CannotDialError."""
        where, _, options = destination.partition("/")
        try:
            host, number = split_host(where)
            address = ipaddress.ip_address(host)
        except ValueError as error:
            raise CannotDialError(f"UnicastRTP/{destination}: {error}", Cause.INVALID_NUMBER_FORMAT) from None
        name = dict(_OPTION.findall(options)).get("c") or "ulaw"
        codec = CODECS.get(name.lower())
        if codec is None or not codec.decodes or codec.payload_type < 0:
            raise CannotDialError(
                f"UnicastRTP/{destination}: there is no audio codec {name!r}", Cause.BEARERCAPABILITY_NOTIMPL
            )
        source = self._sources.towards(str(address))
        if not source:
            raise CannotDialError(f"UnicastRTP/{destination}: no way to there", Cause.NO_ROUTE_DESTINATION)
        try:
            port = self._pbx.media.open_port(source)
        except (MediaError, OSError) as error:
            raise CannotDialError(
                f"UnicastRTP/{destination}: no audio: {error}", Cause.NORMAL_CIRCUIT_CONGESTION, "CONGESTION"
            ) from error
        kind = codec.payload_type
        port.set_codecs(
            (kind, codec.sdp, codec.clock, codec.ptime),
            [(kind, codec.sdp, codec.clock)],
            telephone_event_send=_TELEPHONE_EVENT,
            telephone_event_receive=[_TELEPHONE_EVENT],
        )
        port.set_remote(str(address), number)
        self._sequence += 1
        name = f"UnicastRTP/{where}-{self._sequence:08x}"
        linkedid = caller.linkedid if caller is not None else None
        return [UnicastChannel(self._pbx, name, port, codec, linkedid=linkedid)]

    def device_state(self, device: str) -> str:
        """Part of ChannelTechnology: nobody can know."""
        return "UNKNOWN"
