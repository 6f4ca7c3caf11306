"""ICE of one SIP leg: our candidates and credentials in SDP, the far end's for the port (RFC 8445, 8839)."""

from __future__ import annotations

import ipaddress
import secrets
from typing import TYPE_CHECKING

from offhook.media.interfaces import local_addresses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offhook.config.files.rtp import RtpConf
    from offhook.config.pjsip import Endpoint
    from offhook.drivers.sip.leg_binding import LegBinding
    from offhook.drivers.sip.leg_security import Theirs
    from offhook.media.port import MediaPort

__all__ = ["LegIce"]

_TYPE_PREFERENCE = {"host": 126, "srflx": 100, "relay": 0}  # RFC 8445 section 5.1.2.2
_SHORTEST_UFRAG, _SHORTEST_PASSWORD = 4, 22  # RFC 8839 section 5.4


class LegIce:
    """ICE of one leg; does nothing where the endpoint has no ice_support."""

    __slots__ = (
        "_binding",
        "_controlling",
        "_endpoint",
        "_local",
        "_place",
        "_remote",
        "_rtp",
        "_told",
        "_unchecked",
        "enabled",
        "lite",
        "trickle",
    )

    def __init__(self, endpoint: Endpoint, rtp: RtpConf, binding: LegBinding) -> None:
        self._endpoint = endpoint
        self._binding = binding
        self._rtp = rtp
        self.enabled = endpoint.ice_support and rtp.icesupport
        self.lite = rtp.ice_lite
        self._unchecked = False  # both sides are lite
        self._local: tuple[str, str] | None = None  # user name fragment and password
        self._remote: tuple[str, str] | None = None
        self._controlling = True
        self.trickle = rtp.ice_trickle and self.enabled and not self.lite
        self._place: tuple[str, bool] = ("", False)  # address and RTCP of our last description
        self._told: set[str] = set()  # the candidates that the far end has of us

    @property
    def credentials(self) -> tuple[str, str] | None:
        """Our user name fragment and password."""
        return self._local

    @property
    def agreed(self) -> bool:
        """Whether a description of ours has ICE."""
        return self._local is not None

    # ------------------------------------------------------------ descriptions

    def offer(self, port: MediaPort, address: str) -> list[tuple[str, str | None]]:
        """The lines of an offer; from now on checks are answered."""
        if not self.enabled:
            return []
        if self._remote is None:
            self._controlling = True  # RFC 8445 section 6.1.1: who offers first
        return self._lines(port, address, rtcp=not self._endpoint.webrtc)

    def answer(self, port: MediaPort, address: str, line: Theirs) -> list[tuple[str, str | None]]:
        """The lines of an answer."""
        if not self.enabled:
            return []
        theirs = _credentials(line)
        if theirs is None:
            return []
        if self._remote is not None and self._remote != theirs:
            self._local = None  # a restart, which takes new credentials of ours as well
        if self._remote is None:
            self._controlling = line.attribute("ice-lite") is not None
        muxed = self._endpoint.rtcp_mux and line.line.rtcp_mux
        return self._lines(port, address, rtcp=not muxed)

    def _lines(self, port: MediaPort, address: str, *, rtcp: bool) -> list[tuple[str, str | None]]:
        if self._local is None:
            self._local = secrets.token_urlsafe(6).replace("-", "+").replace("_", "/"), secrets.token_hex(16)
        ufrag, password = self._local
        found = self._candidates(port, 1, address)
        control = self._candidates(port, 2, address) if rtcp and port.rtcp_port else []
        if not self._unchecked:
            port.begin_ice(ufrag, password, found, control, lite=self.lite)
        self._place = address, rtcp
        values = _values(port, found, control)
        self._told = set(values)
        lines: list[tuple[str, str | None]] = [("ice-ufrag", ufrag), ("ice-pwd", password)]
        if self.trickle:
            lines.append(("ice-options", "trickle"))
        lines += [("candidate", value) for value in values]
        if self.trickle and not self.waits(port):
            lines.append(("end-of-candidates", None))
        return lines

    def waits(self, port: MediaPort) -> bool:
        """Whether servers have yet to tell of the port."""
        return port.gathering and not port.reflexive and not port.relayed

    def more(self, port: MediaPort) -> list[str]:
        """The candidates that servers have told of since our description: from now on they are checked."""
        if not self.trickle or self._local is None or self._remote is None or self._unchecked:
            return []
        address, rtcp = self._place
        found = self._candidates(port, 1, address)
        control = self._candidates(port, 2, address) if rtcp and port.rtcp_port else []
        values = [value for value in _values(port, found, control) if value not in self._told]
        if values:
            self._told.update(values)
            port.begin_ice(*self._local, found, control)
        return values

    def add(self, port: MediaPort, theirs: tuple[str, str], values: Sequence[str]) -> bool:
        """More candidates of the far end; whether they are of the session that there is."""
        if not self.trickle or self._remote != theirs:
            return False
        rtp, rtcp = _by_component(values)
        port.set_ice(*theirs, self._controlling, rtp, rtcp)
        return True

    def _candidates(
        self, media: MediaPort, component: int, address: str
    ) -> list[tuple[str, str, int, str, int]]:
        """Host candidates; the external address of a transport as one that a NAT makes of the first; and what
        servers have told of the port.
        """
        port = media.rtp_port if component == 1 else media.rtcp_port
        family = ipaddress.ip_address(address).version
        own = ipaddress.ip_address(address).is_loopback
        hosts = [] if own else [h for h in local_addresses() if ipaddress.ip_address(h).version == family]
        bound = self._binding.rtp(address)
        if not ipaddress.ip_address(bound).is_unspecified:
            hosts = [bound]
        if address in hosts:
            hosts.remove(address)
            hosts.insert(0, address)
        elif own or not hosts:
            hosts = [address]
        hosts = [host for host in hosts if self._rtp.is_candidate(host)] or hosts[:1]
        shown = [(host, self._shown(host)) for host in hosts]
        found = [("host", each, port, host, port) for host, names in shown for each in names]
        if address not in [each[1] for each in found]:
            found.append(("srflx", address, port, hosts[0], port))
        if self.lite:  # it has host candidates alone (RFC 8445 section 5.2)
            return found
        base = media.base if media.base in hosts else hosts[0]
        reflexive = media.reflexive.get(component)
        if reflexive is not None and reflexive not in [each[1:3] for each in found]:
            found.append(("srflx", *reflexive, base, port))
        if component in media.relayed:
            found.append(("relay", *media.relayed[component], base, port))
        return found

    def _shown(self, host: str) -> list[str]:
        """The addresses that stand for one of ours ([ice_host_candidates])."""
        shown: list[str] = []
        for candidate in self._rtp.host_candidates:
            if candidate.local == host:
                shown += [candidate.shown, host] if candidate.both else [candidate.shown]
        return shown or [host]

    # ------------------------------------------------------------ what was agreed

    def apply(self, port: MediaPort, line: Theirs) -> None:
        """Tell the port whom to check."""
        if not self.enabled or self._local is None:
            return
        theirs = _credentials(line)
        if theirs is None:
            port.end_ice()
            self._local = self._remote = None
            return
        self._remote = theirs
        rtp, rtcp = _by_component(line.line.attribute_values("candidate"))
        theirs_lite = line.attribute("ice-lite") is not None
        # Where both are lite nobody checks: the addresses in the m-lines are the pair (RFC 8445 section 8.2).
        self._unchecked = self.lite and theirs_lite
        if self._unchecked:
            port.end_ice()
            return
        controlling = not self.lite and (self._controlling or theirs_lite)
        port.set_ice(*theirs, controlling, rtp, rtcp)


def _values(
    port: MediaPort,
    found: Sequence[tuple[str, str, int, str, int]],
    control: Sequence[tuple[str, str, int, str, int]],
) -> list[str]:
    """Candidates as a=candidate has them."""
    values: list[str] = []
    for component, candidates in ((1, found), (2, control)):
        for index, (kind, host, number, base, base_port) in enumerate(candidates):
            priority = _TYPE_PREFERENCE[kind] << 24 | (65535 - index) << 8 | (256 - component)
            value = f"{kind[0].upper()}{index} {component} UDP {priority} {host} {number} typ {kind}"
            if kind == "relay" and component in port.reflexive:
                base, base_port = port.reflexive[component]
            if kind != "host":
                value += f" raddr {base} rport {base_port}"
            values.append(value)
    return values


def _by_component(values: Sequence[str]) -> tuple[list[str], list[str]]:
    """Those of RTP, and those of RTCP."""
    rtp = [value for value in values if _component(value) == 1]
    return rtp, [value for value in values if _component(value) == 2]


def _component(value: str) -> int:
    words = value.split(maxsplit=2)
    return int(words[1]) if len(words) > 2 and words[1] in ("1", "2") else 0


def _credentials(line: Theirs) -> tuple[str, str] | None:
    ufrag, password = line.attribute("ice-ufrag"), line.attribute("ice-pwd")
    if ufrag is None or password is None:
        return None
    if not (_SHORTEST_UFRAG <= len(ufrag) <= 256 and _SHORTEST_PASSWORD <= len(password) <= 256):
        return None
    return ufrag, password
