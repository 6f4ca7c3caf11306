"""Access lists of pjsip.conf and acl.conf: permit, deny and the names of lists defined in acl.conf."""

from __future__ import annotations

from dataclasses import dataclass, field

from offhook.config.errors import Where
from offhook.config.schema import ObjectType, folded, option, repeated
from offhook.config.values import Rule, boolean, rules, text, words

__all__ = [
    "ACL",
    "IDENTIFY",
    "NAMED_ACL",
    "Acl",
    "Identify",
    "NamedAcl",
    "candidate_rules",
    "contact_rules",
    "source_rules",
    "stun_rules",
]

_permit = rules(permit=True)
_deny = rules(permit=False)


def _add_permit(current: tuple[Rule, ...], value: str) -> tuple[Rule, ...]:
    return (*current, *_permit(value))


def _add_deny(current: tuple[Rule, ...], value: str) -> tuple[Rule, ...]:
    return (*current, *_deny(value))


def source_rules() -> tuple[Rule, ...]:
    """A field for `permit` and `deny`: who may send; the last rule that covers an address counts."""
    return folded((), {"permit": _add_permit, "deny": _add_deny})


def candidate_rules() -> tuple[Rule, ...]:
    """A field for rtp.conf's `ice_permit` and `ice_deny`: which addresses of ours are candidates."""
    return folded((), {"ice_permit": _add_permit, "ice_deny": _add_deny})


def stun_rules() -> tuple[Rule, ...]:
    """A field for rtp.conf's `stun_permit` and `stun_deny`: which addresses of ours ask STUN servers."""
    return folded((), {"stun_permit": _add_permit, "stun_deny": _add_deny})


def contact_rules() -> tuple[Rule, ...]:
    """A field for `contact_permit` and `contact_deny`: which addresses a Contact may name."""
    return folded((), {"contact_permit": _add_permit, "contact_deny": _add_deny})


@dataclass(frozen=True, slots=True)
class NamedAcl:
    """A list of acl.conf."""

    name: str
    where: Where = field(compare=False, repr=False)
    rules: tuple[Rule, ...] = source_rules()


NAMED_ACL = ObjectType("acl.conf", "named_acl", NamedAcl)


@dataclass(frozen=True, slots=True)
class Acl:
    """`type=acl`: who may send SIP requests at all."""

    name: str
    where: Where = field(compare=False, repr=False)
    acl: tuple[str, ...] = repeated(words)
    rules: tuple[Rule, ...] = source_rules()
    contact_acl: tuple[str, ...] = repeated(words)
    contact_rules: tuple[Rule, ...] = contact_rules()


ACL = ObjectType("pjsip.conf", "acl", Acl)


@dataclass(frozen=True, slots=True)
class Identify:
    """`type=identify`: requests that match belong to an endpoint."""

    name: str
    where: Where = field(compare=False, repr=False)
    endpoint: str = option("", text)
    match: tuple[str, ...] = repeated(words)
    """Addresses, networks or host names; `address:port[/mask]` matches that source port only."""
    match_header: tuple[str, ...] = repeated(lambda value: (value,))
    """`Header: value`; a value in slashes is a regular expression."""
    match_request_uri: tuple[str, ...] = repeated(lambda value: (value,))
    srv_lookups: bool = option(True, boolean)


IDENTIFY = ObjectType("pjsip.conf", "identify", Identify)
