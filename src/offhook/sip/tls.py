"""TLS for SIP: contexts from options, reload without dropping connections, certificate names (RFC 5922)."""

import ipaddress
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

__all__ = ["TlsConfig", "TlsContexts", "TlsError", "certificate_matches"]

# pjsip.conf's `method`: one version exactly, or (default, unspecified, sslv23) 1.2 and later.
_METHODS: dict[str, tuple[ssl.TLSVersion, ssl.TLSVersion]] = {
    "": (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.MAXIMUM_SUPPORTED),
    "default": (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.MAXIMUM_SUPPORTED),
    "unspecified": (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.MAXIMUM_SUPPORTED),
    "sslv23": (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.MAXIMUM_SUPPORTED),
    "tlsv1": (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1),
    "tlsv1_1": (ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_1),
    "tlsv1_2": (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2),
    "tlsv1_3": (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3),
}


class TlsError(Exception):
    """Options, files or ciphers that do not make a usable TLS context."""


@dataclass(frozen=True, slots=True)
class TlsConfig:
    """The TLS options of one transport, named as in pjsip.conf."""

    cert_file: str = ""
    priv_key_file: str = ""
    password: str = ""  # of the key file
    ca_list_file: str = ""
    ca_list_path: str = ""
    verify_client: bool = False
    require_client_cert: bool = False
    verify_server: bool = False
    allow_wildcard_certs: bool = False
    method: str = ""
    cipher: str = ""  # OpenSSL's list; TLS 1.3 suites are always OpenSSL's own


class TlsContexts:
    """The server and client context of one transport."""

    def __init__(self, config: TlsConfig) -> None:
        """Build both.  Raises TlsError."""
        self.config = config
        self.server = _context(config, ssl.PROTOCOL_TLS_SERVER) if config.cert_file else None
        self.client = _context(config, ssl.PROTOCOL_TLS_CLIENT)

    def reload(self) -> None:
        """Read certificate, key and CA files again, for handshakes from now on.

        Open connections go on.  Raises TlsError and changes nothing when the files are not usable.
        """
        TlsContexts(self.config)  # a file that cannot be used must not touch the contexts in use
        for context in (self.server, self.client):
            if context is not None:
                _load_files(context, self.config)


def _context(config: TlsConfig, side: int) -> ssl.SSLContext:
    versions = _METHODS.get(config.method.lower())
    if versions is None:
        raise TlsError(
            f"TLS method {config.method!r} is not one of {', '.join(sorted(m for m in _METHODS if m))}"
        )
    try:
        context = ssl.SSLContext(side)
        context.check_hostname = False  # certificate_matches() does it by RFC 5922
        context.minimum_version, context.maximum_version = versions
        if config.cipher:
            context.set_ciphers(config.cipher.replace(",", ":"))
        if side == ssl.PROTOCOL_TLS_SERVER:
            if config.require_client_cert:
                context.verify_mode = ssl.CERT_REQUIRED
            else:
                context.verify_mode = ssl.CERT_OPTIONAL if config.verify_client else ssl.CERT_NONE
        else:
            context.verify_mode = ssl.CERT_REQUIRED if config.verify_server else ssl.CERT_NONE
    except (ssl.SSLError, ValueError) as error:
        raise TlsError(f"TLS options: {error}") from error
    _load_files(context, config)
    return context


def _load_files(context: ssl.SSLContext, config: TlsConfig) -> None:
    try:
        if config.cert_file:
            context.load_cert_chain(
                config.cert_file, config.priv_key_file or None, password=config.password or None
            )
        if config.ca_list_file or config.ca_list_path:
            context.load_verify_locations(config.ca_list_file or None, config.ca_list_path or None)
        elif context.verify_mode is not ssl.CERT_NONE:
            context.load_default_certs()
    except (ssl.SSLError, OSError, ValueError) as error:
        raise TlsError(
            f"{config.cert_file or config.ca_list_file or config.ca_list_path}: {error}"
        ) from error


def certificate_matches(certificate: Mapping[str, Any], domain: str, *, wildcards: bool) -> bool:
    """Whether a peer certificate (ssl's dict form) is for this SIP domain or address (RFC 5922 7.1).

    URI names with the sip scheme count first; DNS names only when there are none; the common name only
    when there is no alternative name at all, then for addresses too: scripts of PBXs make such certificates.
    Wildcards are against RFC 5922 and must be allowed.
    """
    wanted = domain.lower().rstrip(".")
    names = cast("Iterable[tuple[str, str]]", certificate.get("subjectAltName", ()))
    by_kind: dict[str, list[str]] = {}
    for kind, value in names:
        by_kind.setdefault(kind, []).append(value)
    if _is_address(wanted):
        addresses = by_kind.get("IP Address", []) if by_kind else _common_names(certificate)
        return any(_same_address(wanted, value) for value in addresses)
    sip_uris = [value for value in by_kind.get("URI", ()) if value.lower().startswith("sip:")]
    if sip_uris:
        # An identity of a domain has no user part.
        return any(value[4:].split(";", 1)[0].lower() == wanted for value in sip_uris if "@" not in value)
    candidates = by_kind.get("DNS", [])
    if not by_kind:
        candidates = _common_names(certificate)
    return any(_dns_matches(value.lower(), wanted, wildcards) for value in candidates)


def _common_names(certificate: Mapping[str, Any]) -> list[str]:
    subject = cast("Iterable[Iterable[tuple[str, str]]]", certificate.get("subject", ()))
    return [value for part in subject for name, value in part if name == "commonName"]


def _dns_matches(pattern: str, wanted: str, wildcards: bool) -> bool:
    if pattern == wanted:
        return True
    if wildcards and pattern.startswith("*."):
        label, dot, rest = wanted.partition(".")
        return bool(label and dot) and rest == pattern[2:]
    return False


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _same_address(wanted: str, value: str) -> bool:
    try:
        return ipaddress.ip_address(wanted) == ipaddress.ip_address(value.strip())
    except ValueError:
        return False
