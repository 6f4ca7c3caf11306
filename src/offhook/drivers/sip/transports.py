"""type=transport as the SIP library's transports."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from offhook.config.errors import Problem, Severity
from offhook.config.pjsip import Protocol, Transport
from offhook.config.pjsip.transport import TlsMethod
from offhook.sip.transport import AsyncioNetwork, StreamLimits, TlsConfig, TransportConfig, TransportError

if TYPE_CHECKING:
    from offhook.config.values import Network
    from offhook.sip.addresses import IpNetwork
    from offhook.sip.network import Flow

__all__ = ["Transports", "stream_limits", "transport_config"]


def stream_limits(keep_alive_interval: int) -> StreamLimits:
    """Limits of connections, with [global] keep_alive_interval in seconds."""
    return StreamLimits(keep_alive_interval=float(keep_alive_interval))


class Transports:
    """The transports that are open, as they were opened."""

    def __init__(self, network: AsyncioNetwork) -> None:
        self._network = network
        self._open: dict[str, TransportConfig] = {}

    @property
    def connections(self) -> list[Flow]:
        """The connections that are open."""
        return self._network.connections

    def start(self, transports: Iterable[Transport], keep_alive: int) -> None:
        """Bind all transports.  Raises TransportError for the first that cannot be."""
        self._network.limits = stream_limits(keep_alive)
        for transport in transports:
            self._listen(transport)

    def reload(
        self, before: Mapping[str, Transport], after: Mapping[str, Transport], keep_alive: int
    ) -> list[Problem]:
        """Open new transports; change and close those with allow_reload.  Gives what was not done, and why.

        Calls go on: their next requests leave by what is open then.  TLS transports read their
        certificates again.
        """
        network = self._network
        network.limits = stream_limits(keep_alive)
        notes: list[Problem] = []
        for name in [name for name in self._open if name not in after]:
            gone = before.get(name)
            if gone is not None and gone.allow_reload:
                network.close_transport(name)
                del self._open[name]
            elif gone is not None:
                notes.append(_note(gone, "stays open until the next start (allow_reload)"))
        for name, transport in after.items():
            running, wanted = self._open.get(name), transport_config(transport, transport.port)
            try:
                if running is None:
                    self._listen(transport)
                elif running != wanted and transport.allow_reload:
                    self._reopen(transport, running)
                elif running != wanted:
                    notes.append(_note(transport, "takes effect at the next start (allow_reload)"))
                elif transport.protocol is Protocol.TLS:
                    network.reload_certificates(name)
            except TransportError as error:
                notes.append(_note(transport, f"stays as it was: {error}"))
        return notes

    def _listen(self, transport: Transport) -> None:
        config = transport_config(transport, transport.port)
        self._network.listen(config)
        self._open[transport.name] = config

    def _reopen(self, transport: Transport, running: TransportConfig) -> None:
        self._network.close_transport(transport.name)
        try:
            self._listen(transport)
        except TransportError:
            self._network.listen(running)
            raise


def _note(transport: Transport, what: str) -> Problem:
    where = transport.where
    return Problem(Severity.WARNING, where.file, where.line, f"transport {transport.name} {what}")


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
        external_address=transport.external_signaling_address.host,
        external_port=transport.external_signaling_port or transport.external_signaling_address.port,
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
        allow_wildcard_certs=transport.allow_wildcard_certs,
        method="" if transport.method is TlsMethod.DEFAULT else transport.method.value,
        cipher=":".join(transport.cipher),
    )
