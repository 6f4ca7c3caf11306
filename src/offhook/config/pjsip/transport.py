"""`type=transport`: an address that we listen on."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from offhook.config.errors import Where
from offhook.config.schema import ObjectType, option, repeated
from offhook.config.values import (
    Address,
    Network,
    absolute_path,
    address,
    boolean,
    choice,
    integer,
    network,
    text,
    tos,
    words,
)

__all__ = ["TRANSPORT", "Protocol", "TlsMethod", "Transport"]


class Protocol(StrEnum):
    """What carries SIP."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"


class TlsMethod(StrEnum):
    """The least TLS version that is accepted; versions before 1.2 are off."""

    DEFAULT = "default"
    TLSV1_2 = "tlsv1_2"
    TLSV1_3 = "tlsv1_3"


_METHODS = choice(
    TlsMethod,
    aliases={"unspecified": TlsMethod.DEFAULT, "": TlsMethod.DEFAULT},
    later=("tlsv1", "tlsv1_1", "sslv2", "sslv3", "sslv23"),
)


def _networks(value: str) -> tuple[Network, ...]:
    return tuple(network(word) for word in words(value))


def _ciphers(value: str) -> tuple[str, ...]:
    return words(value.replace(":", ","))


def _outside(value: str) -> Address:
    return address(value) if value else Address("", 0)


def _media_host(value: str) -> str:
    return _outside(value).host


@dataclass(frozen=True, slots=True)
class Transport:
    """A transport; every field but `name` and `where` is an option, named as in pjsip.conf."""

    name: str
    where: Where = field(compare=False, repr=False)
    protocol: Protocol = option(Protocol.UDP, choice(Protocol, later=("ws", "wss", "flow")), essential=True)
    bind: Address = option(Address("", 0), address)
    """Host "" where the option is missing, port 0 is the protocol's own: 5060, or 5061 with TLS."""

    # What peers beyond a NAT must see
    external_media_address: str = option("", _media_host)
    external_signaling_address: Address = option(Address("", 0), _outside)
    """A port here counts where there is no external_signaling_port."""
    external_signaling_port: int = option(0, integer(0, 65535))
    local_net: tuple[Network, ...] = repeated(_networks)
    """Networks on this side of the NAT."""

    symmetric_transport: bool = option(False, boolean)
    """Who has registered by it is reached by it."""
    allow_reload: bool = option(False, boolean)
    """A reload may close it, and open it again with other settings."""

    # TLS
    cert_file: str = option("", absolute_path)
    priv_key_file: str = option("", absolute_path)
    ca_list_file: str = option("", absolute_path)
    ca_list_path: str = option("", absolute_path)
    password: str = option("", text, secret=True)
    """Of the private key."""
    cipher: tuple[str, ...] = option((), _ciphers)
    method: TlsMethod = option(TlsMethod.DEFAULT, _METHODS)
    verify_client: bool = option(False, boolean)
    verify_server: bool = option(False, boolean)
    allow_wildcard_certs: bool = option(False, boolean)
    """Whether a certificate for *.example.com is one for sip.example.com (RFC 5922 says no)."""
    require_client_cert: bool = option(False, boolean)

    # Sockets
    tos: int = option(0, tos)
    tcp_keepalive_enable: bool = option(False, boolean)
    tcp_keepalive_idle_time: int = option(30, integer(1, 32767))
    """Seconds."""
    tcp_keepalive_interval_time: int = option(10, integer(1, 32767))
    tcp_keepalive_probe_count: int = option(5, integer(1, 127))

    @property
    def port(self) -> int:
        """The port to bind: the one given, or the protocol's own (RFC 3261 section 19.1.2)."""
        return self.bind.port or (5061 if self.protocol is Protocol.TLS else 5060)


TRANSPORT = ObjectType(
    "pjsip.conf",
    "transport",
    Transport,
    needless={"async_operations": "one event loop reads all that a socket has"},
)
