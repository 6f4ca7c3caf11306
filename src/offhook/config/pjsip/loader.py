"""From the sections of pjsip.conf to typed objects, and whether they fit together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from offhook.config.errors import Problems, Where, nearest
from offhook.config.known import known_objects
from offhook.config.pjsip.access import ACL, IDENTIFY, Acl, Identify
from offhook.config.pjsip.aor import AOR, AUTH, Aor, Auth, AuthType
from offhook.config.pjsip.endpoint import ENDPOINT, Endpoint, implied
from offhook.config.pjsip.general import GLOBAL, SYSTEM, Global, System
from offhook.config.pjsip.registration import REGISTRATION, Registration
from offhook.config.pjsip.transport import TRANSPORT, Protocol, Transport
from offhook.config.reader import ConfigFile, Section
from offhook.config.schema import ObjectType

__all__ = ["SUPPORTED", "TYPES", "UNSUPPORTED_TYPES", "PjsipConfig", "read_pjsip"]

TYPES: Mapping[str, ObjectType[Any]] = MappingProxyType(
    {
        kind.name: kind
        for kind in (TRANSPORT, ENDPOINT, AOR, AUTH, IDENTIFY, REGISTRATION, ACL, GLOBAL, SYSTEM)
    }
)
"""The object types that work."""

UNSUPPORTED_TYPES: tuple[str, ...] = tuple(name for name in known_objects("pjsip.conf") if name not in TYPES)
"""The object types that Asterisk has and that do not work yet."""

SUPPORTED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {name: kind.supported for name, kind in TYPES.items()}
)
"""Of each object type the options that have an effect: exactly the fields of its dataclass."""


def _nothing() -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class PjsipConfig:
    """What pjsip.conf says; objects by their name.  Nobody changes the dicts once it is read."""

    general: Global = Global()
    system: System = System()
    transports: Mapping[str, Transport] = field(default_factory=_nothing)
    endpoints: Mapping[str, Endpoint] = field(default_factory=_nothing)
    aors: Mapping[str, Aor] = field(default_factory=_nothing)
    auths: Mapping[str, Auth] = field(default_factory=_nothing)
    identifies: Mapping[str, Identify] = field(default_factory=_nothing)
    registrations: Mapping[str, Registration] = field(default_factory=_nothing)
    acls: Mapping[str, Acl] = field(default_factory=_nothing)

    def contexts(self) -> dict[str, Where]:
        """The contexts that endpoints send calls to, each with the first endpoint that does."""
        found: dict[str, Where] = {}
        for endpoint in self.endpoints.values():
            found.setdefault(endpoint.context, endpoint.where)
        return found


def read_pjsip(
    config: ConfigFile, problems: Problems, *, named_acls: Collection[str] | None = ()
) -> PjsipConfig:
    """The objects of pjsip.conf; a section with a mistake is reported and left out.

    `named_acls`: the lists that `acl=` may name; None: any.
    """
    loader = _Loader(config, problems)
    result = loader.objects()
    _References(loader, result, named_acls).check()
    return result


class _Loader:
    def __init__(self, config: ConfigFile, problems: Problems) -> None:
        self.config = config
        self.problems = problems
        self.found: dict[str, dict[str, Any]] = {name: {} for name in TYPES}
        self.broken: set[tuple[str, str]] = set()
        """Type and name of sections that are there, but wrong: a reference to one is no second mistake."""

    def objects(self) -> PjsipConfig:
        readings = {name: kind.reading(self.problems) for name, kind in TYPES.items()}
        twice: set[tuple[str, str]] = set()
        for section in self.config.sections:
            kind = section.get("type").lower()
            reading = readings.get(kind)
            if reading is None:
                self.other(section, kind)
                continue
            same = self.found[kind]
            if section.name in same and kind not in ("global", "system"):
                first = same[section.name].where
                what = f"{kind} [{section.name}] is already defined at {first}: neither counts"
                self.problems.error(section.file, section.line, what)
                twice.add((kind, section.name))
                continue
            read = reading.read(section)
            if read is None:
                self.broken.add((kind, section.name))
            elif kind in ("global", "system") and same:
                first = next(iter(same.values())).where
                self.problems.error(section.file, section.line, f"type={kind} is already defined at {first}")
            else:
                same[section.name] = read
        found = self.found
        for kind, name in twice:
            del found[kind][name]
        self.broken |= twice
        return PjsipConfig(
            general=next(iter(found["global"].values()), Global()),
            system=next(iter(found["system"].values()), System()),
            transports=found["transport"],
            endpoints={name: implied(endpoint) for name, endpoint in found["endpoint"].items()},
            aors=found["aor"],
            auths=found["auth"],
            identifies=found["identify"],
            registrations=found["registration"],
            acls=found["acl"],
        )

    def other(self, section: Section, kind: str) -> None:
        item = section.item("type")
        if item is None:
            what = f"section [{section.name}] has no type and is ignored"
            self.problems.warning(section.file, section.line, what)
        elif kind in UNSUPPORTED_TYPES:
            self.problems.unsupported(section.file, section.line, f"[{section.name}] with type={kind}")
        else:
            what = f"unknown type '{item.value}' of section [{section.name}]"
            known = (*TYPES, *UNSUPPORTED_TYPES)
            self.problems.error(item.file, item.line, what, nearest(kind, known))


class _References:
    """Whether what is named elsewhere is there, and whether values fit together."""

    def __init__(self, loader: _Loader, config: PjsipConfig, named_acls: Collection[str] | None) -> None:
        self.loader = loader
        self.config = config
        self.problems = loader.problems
        self.named_acls = named_acls
        self.reported: set[tuple[Where, str]] = set()

    def check(self) -> None:
        config = self.config
        for endpoint in config.endpoints.values():
            self.endpoint(endpoint)
        for aor in config.aors.values():
            if aor.minimum_expiration > aor.maximum_expiration:
                what = f"minimum_expiration of aor [{aor.name}] is greater than maximum_expiration"
                self.error("aor", aor.name, "minimum_expiration", what)
            for contact in aor.contacts:
                self.uri("aor", aor.name, "contact", contact)
        for auth in config.auths.values():
            self.auth(auth)
        for identify in config.identifies.values():
            self.identify(identify)
        for registration in config.registrations.values():
            self.registration(registration)
        for acl in config.acls.values():
            self.access("acl", acl.name, acl.acl, acl.contact_acl)
        self.transports(config.transports.values())

    def endpoint(self, endpoint: Endpoint) -> None:
        config, name = self.config, endpoint.name
        for aor in endpoint.aors:
            if aor not in config.aors:
                self.missing("endpoint", name, "aors", "aor", aor)
        for auth in endpoint.auth:
            if auth not in config.auths:
                self.missing("endpoint", name, "auth", "auth", auth)
        for auth in endpoint.outbound_auth:
            if auth not in config.auths:
                self.missing("endpoint", name, "outbound_auth", "auth", auth)
        if endpoint.transport and endpoint.transport not in config.transports:
            self.missing("endpoint", name, "transport", "transport", endpoint.transport)
        if endpoint.acl or endpoint.contact_acl:
            self.access("endpoint", name, endpoint.acl, endpoint.contact_acl)
        if endpoint.timers_sess_expires < endpoint.timers_min_se:
            what = f"timers_sess_expires of endpoint [{name}] is less than timers_min_se"
            self.error("endpoint", name, "timers_sess_expires", what)
        if not endpoint.codecs:
            what = f"endpoint [{name}] allows no codec, it cannot make calls"
            self.warning("endpoint", name, "allow", what)

    def auth(self, auth: Auth) -> None:
        # No password is no mistake: Offhook makes one then.
        name, kind = auth.name, auth.auth_type
        if not auth.username:
            self.warning("auth", name, "username", f"auth [{name}] has no username")
        if kind is AuthType.MD5 and auth.md5_cred is None:
            self.error("auth", name, "auth_type", f"auth [{name}] with auth_type=md5 has no md5_cred")
        for option, given, counts in (
            ("password", auth.password, kind is not AuthType.MD5),
            ("md5_cred", auth.md5_cred, kind is not AuthType.USERPASS),
            ("password_digest", auth.password_digest, kind is AuthType.DIGEST),
        ):
            if given and not counts:
                what = f"{option} of auth [{name}] does not count with auth_type={kind.value}"
                self.warning("auth", name, option, what)

    def identify(self, identify: Identify) -> None:
        name = identify.name
        if not identify.endpoint:
            self.error("identify", name, "endpoint", f"identify [{name}] names no endpoint")
        elif identify.endpoint not in self.config.endpoints:
            self.missing("identify", name, "endpoint", "endpoint", identify.endpoint)
        if not (identify.match or identify.match_header or identify.match_request_uri):
            self.error("identify", name, "match", f"identify [{name}] has no match")

    def registration(self, registration: Registration) -> None:
        config, name = self.config, registration.name
        for option in ("server_uri", "client_uri"):
            uri = getattr(registration, option)
            if uri:
                self.uri("registration", name, option, uri)
            else:
                self.error("registration", name, option, f"registration [{name}] has no {option}")
        for auth in registration.outbound_auth:
            if auth not in config.auths:
                self.missing("registration", name, "outbound_auth", "auth", auth)
        if registration.transport and registration.transport not in config.transports:
            self.missing("registration", name, "transport", "transport", registration.transport)
        if registration.endpoint and registration.endpoint not in config.endpoints:
            self.missing("registration", name, "endpoint", "endpoint", registration.endpoint)
        if registration.line and not registration.endpoint:
            what = f"line=yes of registration [{name}] needs an endpoint"
            self.error("registration", name, "line", what)

    def transports(self, transports: Iterable[Transport]) -> None:
        taken: dict[tuple[str, str, int], str] = {}
        for transport in transports:
            name = transport.name
            if not transport.bind.host:
                self.error("transport", name, "bind", f"transport [{name}] has no bind address")
                continue
            stream = "udp" if transport.protocol is Protocol.UDP else "tcp"
            key = (stream, transport.bind.host, transport.port)
            if key in taken:
                what = f"transport [{name}] binds the same address as [{taken[key]}]"
                self.error("transport", name, "bind", what)
            taken[key] = name
            if transport.protocol is Protocol.TLS and not transport.cert_file:
                what = f"transport [{name}] speaks TLS and has no cert_file"
                self.error("transport", name, "cert_file", what)

    def access(self, kind: str, name: str, source: tuple[str, ...], contact: tuple[str, ...]) -> None:
        for option, names in (("acl", source), ("contact_acl", contact)):
            for acl in names:
                if self.named_acls is not None and acl not in self.named_acls:
                    what = f"{option} of {kind} [{name}]: there is no list [{acl}] in acl.conf"
                    self.error(kind, name, option, what, self.problems.nearest(acl, self.named_acls))

    def uri(self, kind: str, name: str, option: str, uri: str) -> None:
        scheme = uri.lstrip("<").lower()
        if not scheme.startswith(("sip:", "sips:")):
            what = f"{option} of {kind} [{name}]: '{uri}' is not a SIP URI"
            self.error(kind, name, option, what, f"sip:{uri}" if ":" not in scheme[:5] else "")

    def missing(self, kind: str, name: str, option: str, target: str, wanted: str) -> None:
        if (target, wanted) in self.loader.broken:
            return
        known: Mapping[str, object] = self.loader.found[target]
        what = f"{option} of {kind} [{name}]: there is no {target} [{wanted}]"
        self.error(kind, name, option, what, self.problems.nearest(wanted, known))

    def error(self, kind: str, name: str, option: str, what: str, suggestion: str = "") -> None:
        where = self.place(kind, name, option)
        if self.is_first(where, option):
            self.problems.error(where.file, where.line, what, suggestion)

    def warning(self, kind: str, name: str, option: str, what: str) -> None:
        where = self.place(kind, name, option)
        if self.is_first(where, option):
            self.problems.warning(where.file, where.line, what)

    def is_first(self, where: Where, option: str) -> bool:
        """Whether nothing was said of this line yet: what a template says wrong is one mistake."""
        key = (where, option)
        if key in self.reported:
            return False
        self.reported.add(key)
        return True

    def place(self, kind: str, name: str, option: str) -> Where:
        """The line of an option, or of the section's header where the option is not given."""
        for section in self.loader.config.named(name):
            if section.get("type").lower() == kind:
                item = section.item(option)
                return section.where if item is None else item.where
        return Where(self.loader.config.path, 0)
