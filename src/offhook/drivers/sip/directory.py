"""Directory: pjsip.conf's objects, indexed for the questions that a request asks.

Who sends this (identify by address, user, header, registration line), may he (access lists), and with
which password.  Built once for each configuration snapshot and never changed.
"""

from __future__ import annotations

import logging
import re
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from itertools import chain
from typing import TYPE_CHECKING

from offhook.config.pjsip import AuthType, Endpoint, PjsipConfig
from offhook.config.values import Network, Rule
from offhook.sip.auth import Credential
from offhook.sip.auth_client import ClientCredential
from offhook.sip.contacts import AorConfig
from offhook.sip.digest import Secrets as DigestSecrets

if TYPE_CHECKING:
    from offhook.config.pjsip import Aor, Auth, NamedAcl
    from offhook.sip.incoming import IncomingRequest

__all__ = ["Directory", "Secrets", "allowed", "pack"]

log = logging.getLogger(__name__)

_NOBODY = (Rule(False, Network(4, 0, 0)), Rule(False, Network(6, 0, 0)))

Secrets = Mapping[str, str]
"""Passwords that were made at the first start, by the name of the auth section."""


@dataclass(frozen=True, slots=True)
class _SourceMatch:
    network: Network
    port: int  # 0: any
    endpoint: str


@dataclass(frozen=True, slots=True)
class _HeaderMatch:
    name: str
    value: str
    pattern: re.Pattern[str] | None
    endpoint: str

    def matches(self, request: IncomingRequest) -> bool:
        for line in request.message.get_all(self.name):
            if self.pattern.search(line) if self.pattern else line == self.value:
                return True
        return False


def pack(host: str) -> bytes | None:
    """The 4 or 16 bytes of a literal address, None for a name."""
    try:
        return socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
    except OSError:
        return None


def allowed(rules: Sequence[Rule], packed: bytes) -> bool:
    """Whether an access list lets an address pass: the last rule that covers it counts, none permits."""
    verdict = True
    for rule in rules:
        if packed in rule.network:
            verdict = rule.permit
    return verdict


def _pass(lists: Sequence[Sequence[Rule]], host: str) -> bool:
    """Whether every list lets an address pass; what is no literal address passes."""
    if not lists:
        return True
    packed = pack(host)
    return packed is None or all(allowed(rules, packed) for rules in lists)


class Directory:
    """Endpoints, AORs and credentials of one configuration snapshot."""

    def __init__(self, config: PjsipConfig, acls: Mapping[str, NamedAcl], secrets: Secrets) -> None:
        self.config = config
        self.endpoints: Mapping[str, Endpoint] = config.endpoints
        self._acls = acls
        self._secrets = secrets
        self._sources: list[_SourceMatch] = []
        self._of_names: dict[tuple[str, str, bool], list[_SourceMatch]] = {}
        self._headers: list[_HeaderMatch] = []
        self._uris: list[tuple[re.Pattern[str] | None, str, str]] = []
        self.names_to_resolve: list[tuple[str, str, bool]] = []  # (host, endpoint, SRV look-up)
        self.lines: dict[str, str] = {}  # mark of a registration's Contact -> endpoint
        self._aor_configs: dict[AorConfig, AorConfig] = {}
        self._of_aors: dict[str, list[str]] | None = None  # AOR -> endpoints, made when first asked for
        self._read_identifies()
        self._by_method: dict[str, Callable[[IncomingRequest], Endpoint | None]] = {
            "ip": self._by_address,
            "username": self._by_user,
            "auth_username": self._by_auth_user,
            "header": self._by_header,
            "request_uri": self._by_request_uri,
            "anonymous": self._anonymous,
        }
        order = list(config.general.endpoint_identifier_order)
        # Methods that the order does not name come last, as in Asterisk; anonymous only when it is named.
        order += [m for m in ("header", "request_uri", "auth_username") if m not in order]
        if not self._headers:
            order.remove("header")
        if not self._uris:
            order.remove("request_uri")
        if not any("auth_username" in endpoint.identify_by for endpoint in config.endpoints.values()):
            order.remove("auth_username")
        self._order = tuple(self._by_method[method] for method in order)
        self._global_lists = [
            rules for acl in config.acls.values() for rules in self._lists(acl.acl, acl.rules)
        ]
        self._global_contact_lists = [
            rules for acl in config.acls.values() for rules in self._lists(acl.contact_acl, acl.contact_rules)
        ]

    def endpoints_of(self, aor: str) -> Sequence[str]:
        """The names of the endpoints that an AOR belongs to."""
        found = self._of_aors
        if found is None:
            self._of_aors = found = dict[str, list[str]]()
            for endpoint in self.endpoints.values():
                for name in endpoint.aors:
                    found.setdefault(name, []).append(endpoint.name)
        return found.get(aor, ())

    # ------------------------------------------------------------ who

    def identify(self, request: IncomingRequest) -> Endpoint | None:
        """The endpoint that a request comes from, None for a stranger."""
        if self.lines:
            endpoint = self._by_line(request)
            if endpoint is not None:
                return endpoint
        for method in self._order:
            endpoint = method(request)
            if endpoint is not None:
                return endpoint
        return None

    def _by_address(self, request: IncomingRequest) -> Endpoint | None:
        if not self._sources and not self._of_names:
            return None
        packed = pack(request.host)
        if packed is None:
            return None
        best: _SourceMatch | None = None
        for match in chain(self._sources, *self._of_names.values()):
            if (
                packed in match.network
                and match.port in (0, request.port)
                and (best is None or (match.network.mask, match.port) > (best.network.mask, best.port))
            ):
                best = match
        return self._if_identified_by(best.endpoint, "ip") if best else None

    def _by_user(self, request: IncomingRequest) -> Endpoint | None:
        uri = request.message.from_.uri
        user = uri.user
        if not user:
            return None
        if self.config.general.ignore_uri_user_options:
            user = user.partition(";")[0]
        endpoints = self.endpoints
        endpoint = endpoints.get(f"{user}@{uri.host}") or endpoints.get(user)
        if endpoint is not None and "username" in endpoint.identify_by:
            return endpoint
        return None

    def _by_auth_user(self, request: IncomingRequest) -> Endpoint | None:
        header = request.message.get("Authorization")
        if header is None:
            return None
        found = re.search(r'username="([^"\\]+)"', header)
        return self._if_identified_by(found.group(1), "auth_username") if found else None

    def _by_header(self, request: IncomingRequest) -> Endpoint | None:
        for match in self._headers:
            if match.matches(request):
                return self._if_identified_by(match.endpoint, "header", "ip")
        return None

    def _by_request_uri(self, request: IncomingRequest) -> Endpoint | None:
        uri = request.message.uri
        for pattern, text, name in self._uris:
            if pattern.search(uri) if pattern else text == uri:
                return self._if_identified_by(name, "request_uri", "ip")
        return None

    def _by_line(self, request: IncomingRequest) -> Endpoint | None:
        _, found, mark = request.message.uri.partition(";line=")
        if not found:
            return None
        return self.endpoints.get(self.lines.get(mark.partition(";")[0], ""))

    def _anonymous(self, request: IncomingRequest) -> Endpoint | None:
        host = request.message.from_.uri.host
        return self.endpoints.get(f"anonymous@{host}") or self.endpoints.get("anonymous")

    def _if_identified_by(self, name: str, *methods: str) -> Endpoint | None:
        endpoint = self.endpoints.get(name)
        if endpoint is not None and any(method in endpoint.identify_by for method in methods):
            return endpoint
        return None

    def _read_identifies(self) -> None:
        for identify in self.config.identifies.values():
            for text in identify.match:
                source, _, mask = text.partition("/")
                host, port = _host_and_port(source)
                packed = pack(host)
                if packed is None:  # of a name the port is that of its server, not one that it sends from
                    self.names_to_resolve.append((host, identify.endpoint, identify.srv_lookups))
                else:
                    self._sources.append(_SourceMatch(_network(packed, mask), port, identify.endpoint))
            for text in identify.match_header:
                name, _, value = text.partition(":")
                self._headers.append(_HeaderMatch(name.strip(), *_pattern(value.strip()), identify.endpoint))
            for text in identify.match_request_uri:
                value, pattern = _pattern(text)
                self._uris.append((pattern, value, identify.endpoint))

    def knows_address(self, host: str) -> bool:
        """Whether an address is that of an identify section."""
        packed = pack(host)
        return packed is not None and any(
            packed in match.network for match in chain(self._sources, *self._of_names.values())
        )

    def set_addresses(self, key: tuple[str, str, bool], hosts: Sequence[str]) -> None:
        """The addresses that a name stands for from now on.  `key`: (name, endpoint, by SRV)."""
        packed = [address for address in map(pack, hosts) if address is not None]
        self._of_names[key] = [_SourceMatch(_network(address, ""), 0, key[1]) for address in packed]

    def addresses_of(self, name: str) -> tuple[str, ...]:
        """The addresses that a name of an identify section stands for now."""
        blocks = [matches for (known, _, _), matches in self._of_names.items() if known == name]
        return tuple(sorted({_text(match.network) for match in chain(*blocks)}))

    # ------------------------------------------------------------ may he

    def admits(self, host: str) -> bool:
        """Whether the access lists of type=acl let this address send anything."""
        return _pass(self._global_lists, host)

    def admits_to(self, endpoint: Endpoint, host: str) -> bool:
        """Whether the endpoint's own access lists let this address pass."""
        if not endpoint.acl and not endpoint.rules:
            return True
        return _pass(self._lists(endpoint.acl, endpoint.rules), host)

    def restricts_contacts(self, endpoint: Endpoint) -> bool:
        """Whether there are lists for what an endpoint's Contact may name."""
        return bool(self._global_contact_lists or endpoint.contact_acl or endpoint.contact_rules)

    def admits_contact(self, endpoint: Endpoint, host: str) -> bool:
        """Whether a Contact may name this host; names pass, they are no addresses."""
        own = self._lists(endpoint.contact_acl, endpoint.contact_rules)
        return _pass(self._global_contact_lists, host) and _pass(own, host)

    def _lists(self, names: Sequence[str], rules: Sequence[Rule]) -> list[Sequence[Rule]]:
        """Lists of acl.conf and a section's own; a list that does not exist lets nobody pass."""
        found: list[Sequence[Rule]] = []
        for name in names:
            acl = self._acls.get(name)
            found.append(acl.rules if acl is not None else _NOBODY)
        return [*found, rules] if rules else found

    # ------------------------------------------------------------ passwords

    def password(self, auth: Auth) -> str | None:
        """The password of an auth section: its own, or the one that was made for it."""
        if auth.own_password:
            return auth.own_password
        if auth.own_digests or auth.auth_type is AuthType.MD5:
            return None  # it has another credential now
        return self._secrets.get(auth.name)

    def credentials(self, endpoint: Endpoint) -> _EndpointCredentials:
        """Whom an endpoint's requests must be from."""
        auths = self.config.auths
        return _EndpointCredentials(self, tuple(auths[name] for name in endpoint.auth if name in auths))

    def client_credentials(self, names: Sequence[str]) -> list[ClientCredential]:
        """The credentials with which we answer challenges; sections without password are left out."""
        found: list[ClientCredential] = []
        for name in names:
            auth = self.config.auths.get(name)
            if auth is None:
                continue
            password = self.password(auth)
            digests = _digests(auth)
            if password is None and not digests:
                continue
            algorithms = auth.supported_algorithms_uac or self.config.general.default_auth_algorithms_uac
            found.append(
                ClientCredential(
                    auth.username or name,
                    DigestSecrets(password, digests),
                    auth.realm,
                    tuple(algorithm.upper() for algorithm in algorithms),
                )
            )
        return found

    # ------------------------------------------------------------ where

    def aor_config(self, name: str) -> AorConfig | None:
        """The registrar's view of an AOR; equal ones are one object."""
        aor = self.config.aors.get(name)
        return None if aor is None else self._share(_aor_config(aor))

    def _share(self, config: AorConfig) -> AorConfig:
        return self._aor_configs.setdefault(config, config)

    def registrable_aor(self, endpoint: Endpoint, request: IncomingRequest) -> str | None:
        """The AOR that a REGISTER is for: To names it, and the endpoint must have it."""
        uri = request.message.to.uri
        user = uri.user or ""
        if self.config.general.ignore_uri_user_options:
            user = user.partition(";")[0]
        for candidate in (f"{user}@{uri.host}", user):
            if candidate in endpoint.aors and candidate in self.config.aors:
                return candidate
        return None


class _EndpointCredentials:
    """`offhook.sip.auth.CredentialSource` of one endpoint."""

    __slots__ = ("_auths", "_directory")

    def __init__(self, directory: Directory, auths: tuple[Auth, ...]) -> None:
        self._directory = directory
        self._auths = auths

    @property
    def first(self) -> Auth | None:
        """The section that says realm, algorithms and nonce lifetime."""
        return self._auths[0] if self._auths else None

    def credential(self, username: str, realm: str) -> Credential | None:
        """Part of CredentialSource."""
        for auth in self._auths:
            if (auth.username or auth.name) == username:
                password = self._directory.password(auth)
                digests = _digests(auth)
                if password is None and not digests:
                    return None  # no password is not the empty password
                return Credential(username, DigestSecrets(password, digests))
        return None


def _digests(auth: Auth) -> dict[str, str]:
    return {digest.algorithm.upper(): digest.hash for digest in auth.own_digests}


def _aor_config(aor: Aor) -> AorConfig:
    return AorConfig(
        max_contacts=aor.max_contacts,
        remove_existing=aor.remove_existing,
        remove_unavailable=aor.remove_unavailable,
        default_expiration=aor.default_expiration,
        minimum_expiration=aor.minimum_expiration,
        maximum_expiration=aor.maximum_expiration,
        support_path=aor.support_path,
        outbound_proxy=aor.outbound_proxy,
        contacts=aor.contacts,
        qualify_frequency=aor.qualify_frequency,
        qualify_timeout=aor.qualify_timeout,
        qualify_2xx_only=aor.qualify_2xx_only,
        authenticate_qualify=aor.authenticate_qualify,
        raise_brief=True,
    )


def _host_and_port(text: str) -> tuple[str, int]:
    """The parts of `host`, `host:port`, an IPv6 address or `[address]:port`; without a port it is 0."""
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":")
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    else:
        host, port = text, ""
    return host, int(port) if port.isdecimal() else 0


def _network(packed: bytes, mask: str) -> Network:
    width = len(packed) * 8
    every = (1 << width) - 1
    if not mask:
        bits = every
    elif mask.isdigit():
        bits = every ^ (every >> int(mask))
    else:
        packed_mask = pack(mask)
        bits = int.from_bytes(packed_mask, "big") if packed_mask else every
    return Network(4 if width == 32 else 6, int.from_bytes(packed, "big") & bits, bits)


def _text(network: Network) -> str:
    """The first address of a block."""
    kind = IPv4Address if network.version == 4 else IPv6Address
    return str(kind(network.base))


def _pattern(text: str) -> tuple[str, re.Pattern[str] | None]:
    if len(text) > 1 and text[0] == "/" == text[-1]:
        try:
            return text, re.compile(text[1:-1])
        except re.error as error:
            log.error("identify: %s is no regular expression: %s", text, error)
            return text, None
    return text, None
