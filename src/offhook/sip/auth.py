"""Digest authentication, the server's side: challenges and their verification (RFC 3261 22, 7616, 8760).

Nonces are stateless: time of issue, a number and an HMAC over both and the realm.  Only nonces that
somebody has authenticated with are remembered, to refuse replays (nc), and within bounds.  `auth-int`
is not offered.  A user that does not exist costs the same time and gets the same challenge as one with
a wrong password.  The client's side is in `offhook.sip.auth_client`.
"""

import enum
import hmac
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from offhook._core import Message, digest_response
from offhook.sip.digest import ALGORITHMS, Secrets, parse_digest

__all__ = ["AuthResult", "Authenticator", "Credential", "CredentialSource", "Outcome"]

_MAC_LENGTH = 32  # hex digits: 128 bits
_NONCE_LENGTH = 10 + 8 + _MAC_LENGTH
# Nonces with a known nc, per generation (some 150 bytes each).  5,000 registrations a second fill one in
# 10 s; then older nonces count as stale, which costs a phone one more round trip.
_MAX_NONCES = 50_000
_NC_WINDOW = 32  # nc that came late over UDP may be this far behind the highest


@dataclass(frozen=True, slots=True)
class Credential:
    """What one user proves: a password, or digests of it (Asterisk: type=auth)."""

    username: str
    secrets: Secrets


class CredentialSource(Protocol):
    """Who knows the users."""

    def credential(self, username: str, realm: str) -> Credential | None:
        """The credential of this name in this realm, None for an unknown one."""
        ...


class Outcome(enum.Enum):
    """What an authentication came to."""

    ACCEPTED = "accepted"
    MISSING = "missing"  # no credentials for this realm: challenge
    STALE = "stale"  # right, but with a nonce of yesterday: challenge with stale=true
    REJECTED = "rejected"  # wrong, unknown, replayed or malformed: challenge again or 403


class AuthResult(NamedTuple):
    """Outcome and the name that was claimed ("" when none)."""

    outcome: Outcome
    username: str = ""
    why: str = ""  # for the security log; never for the peer


_MISSING = AuthResult(Outcome.MISSING)
_DUMMY = Secrets("no such user")


class Authenticator:
    """Makes and checks challenges.

    `wall` gives seconds since 1970.  `secret` (32 random bytes) can be kept across restarts: phones then
    get stale=true for nonces from before, and need not ask their users again.
    """

    def __init__(
        self,
        wall: Callable[[], float],
        *,
        secret: bytes | None = None,
        realm: str = "asterisk",
        algorithms: Sequence[str] = ("MD5",),
        nonce_lifetime: float = 32.0,
    ) -> None:
        """ValueError for an algorithm that is not MD5, SHA-256 or SHA-512-256."""
        self.realm = realm
        self.algorithms = _checked(algorithms)
        self.nonce_lifetime = nonce_lifetime
        self._wall = wall
        self._secret = secret or os.urandom(32)
        self._counter = int.from_bytes(os.urandom(4), "big")
        self._young: dict[str, int] = {}  # nonce: highest nc << 32 | bits of those before it
        self._old: dict[str, int] = {}
        self._rotated_at = wall()
        self._generation = nonce_lifetime
        self._floor = int(wall() * 10)  # nonces from before are stale: their nc are not known (any more)

    # ------------------------------------------------------------ challenge

    def challenge(
        self,
        *,
        realm: str | None = None,
        algorithms: Sequence[str] | None = None,
        stale: bool = False,
        proxy: bool = False,
    ) -> list[tuple[str, str]]:
        """The headers of a 401 (`proxy`: 407): a line for each algorithm, the preferred first (RFC 8760)."""
        name = "Proxy-Authenticate" if proxy else "WWW-Authenticate"
        realm = self.realm if realm is None else realm
        quoted = realm if '"' not in realm and "\\" not in realm else _quote(realm)
        nonce = self.new_nonce(realm)
        end = ',stale=true,qop="auth"' if stale else ',qop="auth"'
        return [
            (name, f'Digest realm="{quoted}",nonce="{nonce}",algorithm={algorithm}{end}')
            for algorithm in (self.algorithms if algorithms is None else _checked(algorithms))
        ]

    def new_nonce(self, realm: str) -> str:
        """A nonce that can be recognised without having been stored."""
        self._counter = (self._counter + 1) & 0xFFFFFFFF
        stamp = f"{int(self._wall() * 10):010x}{self._counter:08x}"
        return stamp + self._mac(stamp, realm)

    def _mac(self, stamp: str, realm: str) -> str:
        return hmac.digest(self._secret, f"{stamp}{realm}".encode(), "sha256").hex()[:_MAC_LENGTH]

    # ------------------------------------------------------------ verification

    def authenticate(
        self,
        message: Message,
        source: CredentialSource,
        *,
        realm: str | None = None,
        algorithms: Sequence[str] | None = None,
        proxy: bool = False,
        nonce_lifetime: float | None = None,
    ) -> AuthResult:
        """Check a request's Authorization (`proxy`: Proxy-Authorization) for `realm`.

        The digest's uri is taken as it stands there: proxies on the way may have rewritten the request's.
        """
        realm = self.realm if realm is None else realm
        header = message.get("Proxy-Authorization" if proxy else "Authorization")
        if header is None:
            return _MISSING
        params = parse_digest(header)
        if params is None or params.get("realm") != realm:
            params = self._for_realm(
                message.get_all("Proxy-Authorization" if proxy else "Authorization"), realm
            )
            if params is None:
                return _MISSING
        allowed = self.algorithms if algorithms is None else _checked(algorithms)
        lifetime = self.nonce_lifetime if nonce_lifetime is None else nonce_lifetime
        return self._verify(params, message.method, source, realm, allowed, lifetime)

    @staticmethod
    def _for_realm(lines: Iterable[str], realm: str) -> dict[str, str] | None:
        for line in lines:
            params = parse_digest(line)
            if params is not None and params.get("realm") == realm:
                return params
        return None

    def _verify(
        self,
        params: Mapping[str, str],
        method: str,
        source: CredentialSource,
        realm: str,
        allowed: Sequence[str],
        lifetime: float,
    ) -> AuthResult:
        username = params.get("username", "")
        nonce = params.get("nonce", "")
        algorithm = params.get("algorithm", "MD5").upper()
        qop = params.get("qop", "")
        if algorithm not in allowed or qop not in ("", "auth"):
            return AuthResult(
                Outcome.REJECTED, username, f"algorithm {algorithm} or qop {qop} was not offered"
            )
        age = self._age(nonce, realm)
        if age is None:
            return AuthResult(Outcome.REJECTED, username, "the nonce is not ours")
        nc_text = params.get("nc", "") if qop else ""
        nc = _parse_nc(nc_text) if qop else 1
        credential = source.credential(username, realm) if username else None
        # The same work whether the user exists or not: time must not tell.
        secret = credential.secrets.of(algorithm) if credential is not None else None
        known = secret or _DUMMY.of(algorithm)
        if known is None:
            return AuthResult(Outcome.REJECTED, username, "no secret")
        expected = digest_response(
            algorithm,
            username,
            realm,
            known.text,
            method,
            params.get("uri", ""),
            nonce,
            nc_text if qop else None,
            params.get("cnonce", "") if qop else None,
            qop or None,
            is_ha1=known.is_ha1,
        )
        right = hmac.compare_digest(expected.encode(), params.get("response", "").lower().encode())
        if credential is None:
            return AuthResult(Outcome.REJECTED, username, "no such user")
        if not right or secret is None:
            return AuthResult(Outcome.REJECTED, username, "wrong password")
        if nc is None:
            return AuthResult(Outcome.REJECTED, username, "malformed nc")
        if age > lifetime or int(nonce[:10], 16) < self._floor:
            return AuthResult(Outcome.STALE, username, "nonce expired")
        if not self._use(nonce, nc, lifetime):
            return AuthResult(Outcome.STALE, username, "nonce used before")
        return AuthResult(Outcome.ACCEPTED, username)

    def _age(self, nonce: str, realm: str) -> float | None:
        """Seconds since we issued it; None when we did not."""
        if len(nonce) != _NONCE_LENGTH:
            return None
        stamp = nonce[:18]
        if not hmac.compare_digest(self._mac(stamp, realm).encode(), nonce[18:].encode()):
            return None
        return self._wall() - int(stamp[:10], 16) / 10

    def _use(self, nonce: str, nc: int, lifetime: float) -> bool:
        """Note that this nc of this nonce has been used.  False for a replay."""
        self._rotate(lifetime)
        seen = self._young.get(nonce)
        if seen is None:
            seen = self._old.get(nonce, 0)
        highest, window = seen >> _NC_WINDOW, seen & 0xFFFFFFFF
        if nc > highest:
            step = nc - highest
            # What was the highest becomes one of those before it.
            before = (window << 1 | (1 if highest else 0)) << (step - 1) if step <= _NC_WINDOW else 0
            self._young[nonce] = nc << _NC_WINDOW | (before & 0xFFFFFFFF)
            return True
        behind = highest - nc
        if behind == 0 or behind > _NC_WINDOW:
            return False
        bit = 1 << (behind - 1)
        if window & bit:
            return False
        self._young[nonce] = seen | bit
        return True

    def _rotate(self, lifetime: float) -> None:
        """Forget nonces that have expired: two generations, each at least one lifetime long, or full."""
        now = self._wall()
        if lifetime > self._generation:
            self._generation = lifetime
        if len(self._young) >= _MAX_NONCES:
            # Those of the generation that goes may not have expired: from now on they are stale.
            self._floor = max(self._floor, int(self._rotated_at * 10))
        elif now - self._rotated_at < self._generation:
            return
        self._old = self._young
        self._young = {}
        self._rotated_at = now


def _checked(algorithms: Sequence[str]) -> tuple[str, ...]:
    if algorithms == ("MD5",):
        return ("MD5",)
    checked = tuple(algorithm.upper() for algorithm in algorithms)
    for algorithm in checked:
        if algorithm not in ALGORITHMS:
            raise ValueError(f"{algorithm} is not one of {', '.join(ALGORITHMS)}")
    return checked


def _parse_nc(text: str) -> int | None:
    """Nc of RFC 7616: eight hexadecimal digits, from 1; None when it is not that."""
    if not 1 <= len(text) <= 8:
        return None
    try:
        return int(text, 16) or None
    except ValueError:
        return None


def _quote(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
