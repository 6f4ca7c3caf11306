"""What both sides of digest authentication share (RFC 7616, RFC 8760); the arithmetic is `_core`'s."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import unquote

from offhook._core import SipParseError, parse_auth

__all__ = ["ALGORITHMS", "Secret", "Secrets", "parse_digest", "split_challenges"]

# Strongest first: the order in which a client chooses (RFC 8760 2.4).
ALGORITHMS = ("SHA-512-256", "SHA-256", "MD5")

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_SCHEME = re.compile(r"(?:^|,)\s*([A-Za-z][\w\-]*)\s+(?=[\w\-*]+\s*=)")


class Secret(NamedTuple):
    """What `_core.digest_response` wants to know of the user."""

    text: str
    is_ha1: bool


@dataclass(frozen=True, slots=True)
class Secrets:
    """A password, or digests of it: H(user:realm:password) in hexadecimal, by algorithm in upper case."""

    password: str | None = None
    digests: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    def __repr__(self) -> str:
        return "Secrets(...)"  # never into a log

    def of(self, algorithm: str) -> Secret | None:
        """What to compute with in this algorithm, None when that cannot be done."""
        known = self.digests.get(algorithm)
        if known is not None:
            return Secret(known.lower(), True)
        return None if self.password is None else Secret(self.password, False)


def parse_digest(value: str) -> dict[str, str] | None:
    """The parameters of `Digest name=value, ...` by lower-case name; None for another scheme or none at all.

    `username*` (RFC 7616 3.4) is given as username.
    """
    try:
        scheme, params = parse_auth(value)
    except SipParseError:
        return None
    if scheme.lower() != "digest":
        return None
    extended = params.pop("username*", None)
    if extended is not None and "username" not in params:
        charset, _, rest = extended.partition("'")
        if charset.lower() == "utf-8":
            params["username"] = unquote(rest.partition("'")[2])
    return params


def split_challenges(line: str) -> list[str]:
    """The challenges of one header line: RFC 3261 wants one a line, HTTP's grammar allows a list."""
    # What is quoted could look like a challenge: it counts as blank.
    masked = _QUOTED.sub(lambda quoted: "_" * len(quoted.group()), line)
    starts = [match.start(1) for match in _SCHEME.finditer(masked)]
    if len(starts) < 2:
        return [line.strip()]
    return [line[a:b].strip().rstrip(",") for a, b in zip(starts, [*starts[1:], len(line)], strict=True)]
