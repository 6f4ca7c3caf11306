"""rtp.conf: ports and timers of media."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from ipaddress import ip_address
from typing import NamedTuple

from offhook.config.errors import Problems, Where, nearest
from offhook.config.files.sections import read_sections
from offhook.config.pjsip.access import NamedAcl, candidate_rules, stun_rules
from offhook.config.reader import ConfigFile, Item, Section
from offhook.config.schema import ObjectType, option, repeated
from offhook.config.values import InvalidValueError, Rule, address, boolean, integer, permits, text, words

__all__ = ["GENERAL", "RtpConf", "StrictRtp", "read_rtp_conf"]


class StrictRtp(StrEnum):
    """Whether packets of other sources than the one learned are dropped."""

    NO = "no"
    YES = "yes"
    SEQNO = "seqno"
    """Yes, and a source is learned by consecutive sequence numbers alone."""


def _strict(value: str) -> StrictRtp:
    if value.lower() == "seqno":
        return StrictRtp.SEQNO
    try:
        return StrictRtp.YES if boolean(value) else StrictRtp.NO
    except InvalidValueError:
        raise InvalidValueError(f"'{value}' is not one of yes, no, seqno") from None


class HostCandidate(NamedTuple):
    """A line of [ice_host_candidates]: the address that is shown in place of one of ours, or beside it."""

    local: str
    shown: str
    both: bool


def _host_candidate(item: Item) -> HostCandidate:
    shown, *further = (word.strip() for word in item.value.split(","))
    try:
        local, shown = str(ip_address(item.key)), str(ip_address(shown))
    except ValueError:
        raise InvalidValueError(f"'{item.key} => {item.value}' is not: address => address") from None
    if further not in ([], ["include_local_address"]):
        raise InvalidValueError(f"'{further[0]}' is not include_local_address")
    return HostCandidate(local, shown, bool(further))


def _server(value: str) -> tuple[str, int]:
    """Host or host:port of a STUN or TURN server, by UDP; ("", 0) for none."""
    if not value:
        return "", 0
    host, port = address(value)
    return host, port or _STUN_PORT


_STUN_PORT = 3478


@dataclass(frozen=True, slots=True)
class RtpConf:
    """[general]."""

    name: str = "general"
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    rtpstart: int = option(5000, integer(1024, 65535))
    rtpend: int = option(31000, integer(1024, 65535))
    strictrtp: StrictRtp = option(StrictRtp.YES, _strict)
    probation: int = option(4, integer(1, 1000))
    """Packets in a row that make a source known."""
    icesupport: bool = option(True, boolean)
    """Whether endpoints with ice_support have it."""
    ice_lite: bool = option(False, boolean)
    """Offhook's own: answer checks and make none (RFC 8445 section 2.5), for a server at a public address."""
    ice_trickle: bool = option(False, boolean)
    """Offhook's own: candidates after the SDP, by INFO, both ways (RFC 8838, 8840)."""
    ice_rules: tuple[Rule, ...] = candidate_rules()
    """Which addresses of ours are candidates."""
    ice_acl: tuple[str, ...] = repeated(words)
    """Lists of acl.conf, each of which must let them pass as well."""
    stunaddr: tuple[str, int] = option(("", 0), _server)
    """The STUN server that tells candidates behind a NAT."""
    stun_access: tuple[Rule, ...] = stun_rules()
    """From which addresses of ours it is asked."""
    stun_acl: tuple[str, ...] = repeated(words)
    """The same for it."""
    named_acls: Mapping[str, NamedAcl] = field(default_factory=lambda: dict[str, NamedAcl]())
    """Those that are named, of acl.conf."""
    stun_software_attribute: bool = option(True, boolean)
    """Whether our messages to servers say what program we are."""
    turnaddr: tuple[str, int] = option(("", 0), _server)
    """The TURN server that gives relays, by UDP."""
    turnusername: str = option("", text)
    turnpassword: str = option("", text, secret=True)
    host_candidates: tuple[HostCandidate, ...] = ()
    """[ice_host_candidates]."""
    dtls_mtu: int = option(1200, integer(256, 65535))
    """Largest datagram of a DTLS handshake."""
    srtpreplayprotection: bool = option(True, boolean)
    """Whether an encrypted packet that came before is dropped."""

    def is_candidate(self, host: str) -> bool:
        """Whether an address of ours may be one."""
        return all(permits(rules, host) for rules in (self.ice_rules, *self._lists(self.ice_acl)))

    @property
    def stun_lists(self) -> tuple[tuple[Rule, ...], ...]:
        """What the lists say that restrict from where servers are asked."""
        return self._lists(self.stun_acl)

    def asks_from(self, host: str) -> bool:
        """Whether servers are asked from an address of ours."""
        return all(permits(rules, host) for rules in (self.stun_access, *self.stun_lists))

    def _lists(self, names: tuple[str, ...]) -> tuple[tuple[Rule, ...], ...]:
        return tuple(self.named_acls[name].rules for name in names if name in self.named_acls)


GENERAL = ObjectType("rtp.conf", "general", RtpConf)
_SECTIONS = ("general", "ice_host_candidates")


def read_rtp_conf(
    config: ConfigFile, problems: Problems, named_acls: Mapping[str, NamedAcl] | None = None
) -> RtpConf:
    """The typed content of rtp.conf; `named_acls` are the lists of acl.conf."""
    candidates: list[HostCandidate] = []

    def other(section: Section) -> None:
        if section.name == "ice_host_candidates":
            for item in section.items:
                try:
                    candidates.append(_host_candidate(item))
                except InvalidValueError as error:
                    problems.error(item.file, item.line, str(error))
        else:
            what = f"unknown section [{section.name}]"
            problems.error(section.file, section.line, what, nearest(section.name, _SECTIONS))

    found = read_sections(config, problems, {"general": GENERAL}, other=other)
    result: RtpConf = found.get("general", RtpConf())
    if result.rtpend < result.rtpstart + 1:
        problems.error(result.where.file, result.where.line, "rtpend is not greater than rtpstart")
    return replace(
        result,
        host_candidates=tuple(candidates),
        named_acls={
            **_named(config, "ice_acl", result.ice_acl, named_acls or {}, problems),
            **_named(config, "stun_acl", result.stun_acl, named_acls or {}, problems),
        },
    )


def _named(
    config: ConfigFile,
    option: str,
    names: tuple[str, ...],
    known: Mapping[str, NamedAcl],
    problems: Problems,
) -> dict[str, NamedAcl]:
    """The lists that an option names.  One that is not there is an error."""
    for name in names:
        if name not in known:
            items = [item for section in config.sections for item in section.items if item.key == option]
            item = next(item for item in items if name in words(item.value))
            what = f"{option}: there is no list [{name}] in acl.conf"
            problems.error(item.file, item.line, what, nearest(name, known))
    return {name: known[name] for name in names if name in known}
