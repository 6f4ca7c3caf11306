"""Digest arithmetic and header grammar shared by both sides (RFC 7616, RFC 8760, RFC 3261 section 22)."""

import hashlib
import re
from collections.abc import Callable, Mapping
from urllib.parse import unquote

__all__ = ["ALGORITHMS", "digest_response", "ha1", "parse_digest", "split_challenges"]


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _sha512_256(data: bytes) -> str:
    return hashlib.new("sha512_256", data).hexdigest()


# Strongest first: the order in which a client chooses (RFC 8760 2.4).  Keys are in upper case.
ALGORITHMS: Mapping[str, Callable[[bytes], str]] = {
    "SHA-512-256": _sha512_256,
    "SHA-256": _sha256,
    "MD5": _md5,
}

_PARAM = re.compile(r'([\w\-.!%*+`\'~]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))')
_ESCAPE = re.compile(r"\\(.)")
_SCHEME = re.compile(r"(?:^|,)\s*([A-Za-z][\w\-]*)\s+(?=[\w\-*]+\s*=)")


def parse_digest(value: str) -> dict[str, str] | None:
    """The parameters of `Digest name=value, ...` by lower-case name; None for another scheme.

    `username*` (RFC 7616 3.4) is given as username.
    """
    if value[:7].lower() != "digest ":
        return None
    params: dict[str, str] = {}
    for name, quoted, token in _PARAM.findall(value[7:]):
        text = quoted or token
        if "\\" in text:
            text = _ESCAPE.sub(r"\1", text)
        params[name.lower()] = text
    extended = params.pop("username*", None)
    if extended is not None and "username" not in params:
        charset, _, rest = extended.partition("'")
        if charset.lower() == "utf-8":
            params["username"] = unquote(rest.partition("'")[2])
    return params


def split_challenges(line: str) -> list[str]:
    """The challenges of one header line: RFC 3261 wants one a line, HTTP's grammar allows a list."""
    starts = [match.start(1) for match in _SCHEME.finditer(line)]
    if len(starts) < 2:
        return [line.strip()]
    return [line[a:b].strip().rstrip(",") for a, b in zip(starts, [*starts[1:], len(line)], strict=True)]


def ha1(algorithm: str, username: str, realm: str, password: str) -> str:
    """H(username:realm:password) in hexadecimal.  KeyError for an algorithm not in ALGORITHMS."""
    return ALGORITHMS[algorithm](f"{username}:{realm}:{password}".encode())


def digest_response(
    algorithm: str,
    ha1_hex: str,
    method: str,
    uri: str,
    nonce: str,
    *,
    qop: str = "",
    nc: str = "",
    cnonce: str = "",
) -> str:
    """The response parameter; without `qop` as RFC 2617 3.2.2.1 keeps it for RFC 2069."""
    digest = ALGORITHMS[algorithm]
    ha2 = digest(f"{method}:{uri}".encode())
    if qop:
        return digest(f"{ha1_hex}:{nonce}:{nc}:{cnonce}:{qop}:{ha2}".encode())
    return digest(f"{ha1_hex}:{nonce}:{ha2}".encode())
