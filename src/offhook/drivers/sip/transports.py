"""type=transport as the SIP library's transports."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import TYPE_CHECKING

from offhook.config.pjsip import Protocol, Transport
from offhook.config.pjsip.transport import TlsMethod
from offhook.sip.transport import AsyncioNetwork, StreamLimits, TlsConfig, TransportConfig

if TYPE_CHECKING:
    from offhook.config.values import Network
    from offhook.sip.addresses import IpNetwork

__all__ = ["open_transports", "stream_limits", "transport_config"]


def stream_limits(keep_alive_interval: int) -> StreamLimits:
    """Limits of connections, with [global] keep_alive_interval in seconds."""
    return StreamLimits(keep_alive_interval=float(keep_alive_interval))


def open_transports(network: AsyncioNetwork, transports: Iterable[Transport], keep_alive: int) -> None:
    """Bind all transports.  Raises TransportError for the first that cannot be."""
    network.limits = stream_limits(keep_alive)
    for transport in transports:
        network.listen(transport_config(transport, transport.port))


def transport_config(transport: Transport, port: int) -> TransportConfig:
    """One transport; `port` is what to bind."""
    keepalive = None
    if transport.tcp_keepalive_enable:
        keepalive = (
            transport.tcp_keepalive_idle_time,
            transport.tcp_keepalive_interval_time,
            transport.tcp_keepalive_probe_count,
        )
    return TransportConfig(
        name=transport.name,
        protocol=transport.protocol.value,
        host=transport.bind.host or "0.0.0.0",
        port=port,
        external_address=transport.external_signaling_address,
        external_port=transport.external_signaling_port,
        local_nets=tuple(_ip_network(network) for network in transport.local_net),
        tos=transport.tos,
        tcp_keepalive=keepalive,
        tls=_tls(transport) if transport.protocol is Protocol.TLS else None,
    )


def _ip_network(network: Network) -> IpNetwork:
    if network.version == 4:
        return ipaddress.IPv4Network((network.base, network.mask.bit_count()))
    return ipaddress.IPv6Network((network.base, network.mask.bit_count()))


def _tls(transport: Transport) -> TlsConfig:
    return TlsConfig(
        cert_file=transport.cert_file,
        priv_key_file=transport.priv_key_file,
        password=transport.password,
        ca_list_file=transport.ca_list_file,
        ca_list_path=transport.ca_list_path,
        verify_client=transport.verify_client,
        require_client_cert=transport.require_client_cert,
        verify_server=transport.verify_server,
        method="" if transport.method is TlsMethod.DEFAULT else transport.method.value,
        cipher=":".join(transport.cipher),
    )
