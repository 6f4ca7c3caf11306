"""How `pjsip show` and `pjsip list` print SIP objects: Asterisk's columns, which scripts cut lines by."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from offhook.api.console.channel_commands import duration
from offhook.config.known import known_options
from offhook.config.schema import shown
from offhook.pbx.channel_state import STATE_WORDS
from offhook.sip.contacts import Status

if TYPE_CHECKING:
    from offhook.api.node import Node
    from offhook.config.pjsip import Identify, Transport
    from offhook.pbx.channel import Channel
    from offhook.sip.contacts import Binding
    from offhook.sip.registration import Registration

__all__ = ["HEADS", "Tables", "found", "parameters"]

_WIDTH = 90
_RULE = "=" * _WIDTH
_DEVICE_WORDS = {
    "UNKNOWN": "Unknown",
    "NOT_INUSE": "Not in use",
    "INUSE": "In use",
    "BUSY": "Busy",
    "INVALID": "Invalid",
    "UNAVAILABLE": "Unavailable",
    "RINGING": "Ringing",
    "RINGINUSE": "Ring+Inuse",
    "ONHOLD": "On Hold",
}
_CONTACT_WORDS = {Status.UNKNOWN: "Unknown", Status.REACHABLE: "Avail", Status.UNREACHABLE: "Unavail"}


def _column(name: str, width: int) -> str:
    """`<Name.....>`: a column's title, as wide as the column."""
    return f"<{name:.<{width - 2}}>"


def _title(label: str, *columns: str) -> str:
    return f"{label}:  {'  '.join(columns)}"


def _contact_title(label: str) -> str:
    width = _WIDTH - len(label) - 3 - 32
    return f"{label}:  {_column('Aor/ContactUri', width)} <Hash....> <Status> <RTT(ms)..>"


_TRANSPORT_TITLE = (_column("TransportId", 21), "<Type>", "<cos>", "<tos>")

HEADS: dict[str, tuple[str, ...]] = {
    "endpoint": (_title(" Endpoint", _column("Endpoint/CID", 51), _column("State", 12), "<Channels.>"),),
    "auth": (_title("  I/OAuth", _column("AuthId/UserName", 78)),),
    "aor": (_title("      Aor", _column("Aor", 51), "<MaxContact>"), _contact_title("    Contact")),
    "contact": (_contact_title("  Contact"),),
    "transport": (_title("Transport", *_TRANSPORT_TITLE, _column("BindAddress", 33)),),
    "identify": (
        _title(" Identify", _column("Identify/Endpoint", 78)),
        f"        Match:  {_column('criteria', 27)}",
    ),
    "channel": (
        _title("  Channel", _column("ChannelId", 51), _column("State", 12), "<Time.....>"),
        f"    Exten: {_column('DialedExten', 24)}  CLCID: {_column('ConnectedLineCID', 25)}",
    ),
    "registration": (
        f" {_column('Registration/ServerURI', 54)}  {_column('Auth', 24)}  {_column('Status', 16)}",
    ),
}
"""The titles of each kind of object, of the `list` form the first line alone."""

_ENDPOINT_HEADS = (
    *HEADS["endpoint"],
    _title("    I/OAuth", _column("AuthId/UserName", 76)),
    _title("        Aor", _column("Aor", 49), "<MaxContact>"),
    _contact_title("      Contact"),
    _title("  Transport", *_TRANSPORT_TITLE, _column("BindAddress", 31)),
    _title("   Identify", _column("Identify/Endpoint", 76)),
    f"        Match:  {_column('criteria', 27)}",
    _title("    Channel", _column("ChannelId", 49), _column("State", 12), "<Time.....>"),
    f"        Exten: {_column('DialedExten', 24)}  CLCID: {_column('ConnectedLineCID', 25)}",
)


def found(heads: Iterable[str], rows: Sequence[str]) -> str:
    """Titles, rows (each of one or several lines) and how many there are."""
    if not rows:
        return "No objects found.\n\n"
    return "\n" + "\n".join((*heads, _RULE, "", *rows, "", f"Objects found: {len(rows)}", "", ""))


def parameters(kind: str, thing: Any) -> str:
    """Every option of an object in alphabetical order: what it is here, else Asterisk's default."""
    said: list[tuple[str, str]] = []
    for option, known in known_options("pjsip.conf", kind).items():
        value = shown(thing, option)
        said.append((option, known.default if value is None else value))
    said = sorted((name, value) for name, value in said if name != "type")
    width = max((len(name) for name, _ in said), default=0)
    lines = [f" {'ParameterName':<{width}} : ParameterValue", f" {'=' * (width + 25)}"]
    lines += [f" {name:<{width}} : {value}" for name, value in said]
    return "\n".join(["", *lines, "", ""])


class Tables:
    """Rows of the objects of one node."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._sip = node.sip
        self._config = node.sip.config

    # ------------------------------------------------------------ endpoints

    def endpoint_heads(self) -> tuple[str, ...]:
        """The titles of `pjsip show endpoints`: those of all that an endpoint consists of."""
        return _ENDPOINT_HEADS

    def endpoint(self, name: str) -> str:
        """An endpoint in one line: its state, and how many channels it has."""
        endpoint = self._sip.directory.endpoints[name]
        caller = endpoint.callerid.number if endpoint.callerid is not None else ""
        channels = len(self.channels_of(name))
        most = endpoint.device_state_busy_at
        state = _DEVICE_WORDS.get(self._sip.device_state(name), "Unknown")
        full = f"{name}/{caller}" if caller else name
        return f" Endpoint:  {full:<51.51}  {state:<12.12}  {channels} of {most or 'inf'}"

    def endpoint_with_parts(self, name: str) -> str:
        """An endpoint with its auths, AORs, contacts, transport, identifies and channels."""
        endpoint, config = self._sip.directory.endpoints[name], self._config
        lines = [self.endpoint(name)]
        for label, names in (("InAuth", endpoint.auth), ("OutAuth", endpoint.outbound_auth)):
            for auth in names:
                user = config.auths[auth].username if auth in config.auths else ""
                lines.append(f"{label:>11}:  {auth}/{user}")
        for aor in endpoint.aors:
            if aor in config.aors:
                lines.append(f"        Aor:  {aor:<49.49}  {config.aors[aor].max_contacts}")
                lines += [self._contact("      Contact", one) for one in self._sip.contacts.of(aor)]
        if endpoint.transport in config.transports:
            lines.append(self._transport("  Transport", config.transports[endpoint.transport]))
        for identify in config.identifies.values():
            if identify.endpoint == name:
                lines += self._identify("   Identify", identify)
        for channel in self.channels_of(name):
            lines += self._channel("    Channel", 49, "        Exten", channel)
        return "\n".join(lines) + "\n"

    def channels_of(self, name: str) -> list[Channel]:
        """The channels of an endpoint."""
        return list(self._node.pbx.by_device.get(f"PJSIP/{name}", ()))

    # ------------------------------------------------------------ auths, AORs, contacts

    def auth(self, name: str) -> str:
        """An auth section and its user."""
        return f"     Auth:  {name}/{self._config.auths[name].username}"

    def aor(self, name: str) -> str:
        """An AOR in one line."""
        return f"      Aor:  {name:<51.51}  {self._config.aors[name].max_contacts}"

    def aor_with_contacts(self, name: str) -> str:
        """An AOR and its contacts."""
        contacts = [self._contact("    Contact", one) for one in self._sip.contacts.of(name)]
        return "\n".join((self.aor(name), *contacts)) + "\n"

    def contact(self, binding: Binding) -> str:
        """A contact with its status and round-trip time."""
        return self._contact("  Contact", binding)

    def _contact(self, label: str, binding: Binding) -> str:
        aor = self._config.aors.get(binding.aor)
        status = _CONTACT_WORDS[binding.status]
        if binding.status is Status.UNKNOWN and (aor is None or not aor.qualify_frequency):
            status = "NonQual"
        trip = "nan" if math.isnan(binding.round_trip) else f"{binding.round_trip * 1000:.3f}"
        digest = hashlib.md5(binding.uri.encode(), usedforsecurity=False).hexdigest()[:10]
        width = _WIDTH - len(label) - 3 - 32
        name = f"{binding.aor}/{binding.uri}"
        return f"{label}:  {name:<{width}.{width}} {digest} {status:<8} {trip:>11}"

    # ------------------------------------------------------------ transports, identifies

    def transport(self, name: str) -> str:
        """A transport with its address."""
        return self._transport("Transport", self._config.transports[name])

    def _transport(self, label: str, one: Transport) -> str:
        host = f"[{one.bind.host}]" if ":" in one.bind.host else one.bind.host or "0.0.0.0"
        port = one.bind.port or (5061 if one.protocol.value == "tls" else 5060)
        return f"{label}:  {one.name:<21.21}  {one.protocol.value:>6}  {0:>5}  {one.tos:>5}  {host}:{port}"

    def identify(self, name: str) -> str:
        """What tells an endpoint by what its requests are like."""
        return "\n".join(self._identify(" Identify", self._config.identifies[name])) + "\n"

    def _identify(self, label: str, one: Identify) -> list[str]:
        criteria = (*one.match, *one.match_header, *one.match_request_uri)
        return [f"{label}:  {one.name}/{one.endpoint}", *(f"        Match:  {text}" for text in criteria)]

    # ------------------------------------------------------------ channels

    def channel(self, channel: Channel) -> str:
        """A channel, and with whom it speaks."""
        return "\n".join(self._channel("  Channel", 51, "    Exten", channel)) + "\n"

    def _channel(self, label: str, width: int, label_of_exten: str, channel: Channel) -> list[str]:
        name = f"{channel.name}/{channel.application}" if channel.application else channel.name
        party = channel.connected
        identity = f'"{party.name}" <{party.number}>' if party.number or party.name else ""
        since = duration(time.time() - channel.created_at)
        return [
            f"{label}:  {name:<{width}.{width}}  {STATE_WORDS[channel.state]:<12.12}  {since:>11}",
            f"{label_of_exten}: {channel.exten:<24.24}  CLCID: {identity}",
        ]

    # ------------------------------------------------------------ registrations

    def registration(self, name: str, one: Registration) -> str:
        """A registration of ours with another server."""
        auths = self._config.registrations[name].outbound_auth if name in self._config.registrations else ()
        now = self._sip.network.now()
        left = f"  (exp. {int(one.expires_at - now)}s)" if one.expires_at > now else ""
        full = f"{name}/{one.config.server_uri}"
        return f" {full:<54}  {','.join(auths):<24}  {one.state.value.title():<16}{left}"
