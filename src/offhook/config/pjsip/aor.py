"""`type=aor` and `type=auth`: where a phone is reached and how it proves who it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from offhook.config.errors import Where
from offhook.config.schema import ObjectType, option, repeated
from offhook.config.values import InvalidValueError, boolean, choice, integer, number, text, words, words_of

__all__ = ["AOR", "AUTH", "Aor", "Auth", "AuthType", "Digest"]

ALGORITHMS = ("md5", "sha-256", "sha-512-256")
_HASH_LENGTH = {"md5": 32, "sha-256": 64, "sha-512-256": 64}


@dataclass(frozen=True, slots=True)
class Aor:
    """An address of record: permanent and registered contacts, and how they are watched."""

    name: str
    where: Where = field(compare=False, repr=False)
    contacts: tuple[str, ...] = repeated(words, name="contact")
    """Permanent contacts: SIP URIs."""
    max_contacts: int = option(0, integer())
    """How many contacts may register; 0 none."""
    remove_existing: bool = option(False, boolean)
    remove_unavailable: bool = option(False, boolean)
    default_expiration: int = option(3600, integer())
    """Seconds, for a REGISTER that names no expiry."""
    minimum_expiration: int = option(60, integer())
    maximum_expiration: int = option(7200, integer())
    qualify_frequency: int = option(0, integer(0, 86400))
    """Seconds between OPTIONS requests; 0 none."""
    qualify_timeout: float = option(3.0, number())
    """Seconds."""
    qualify_2xx_only: bool = option(False, boolean)
    authenticate_qualify: bool = option(False, boolean)
    outbound_proxy: str = option("", text)
    support_path: bool = option(False, boolean)


AOR = ObjectType("pjsip.conf", "aor", Aor)


class AuthType(StrEnum):
    """Which of the credentials counts; all but google_oauth are digest authentication (RFC 7616)."""

    DIGEST = "digest"
    """Hashes where there is one of the algorithm, else the password."""
    USERPASS = "userpass"
    """`password` alone."""
    MD5 = "md5"
    """`md5_cred` alone."""


class Digest(NamedTuple):
    """A hashed credential: the hex digest of `user:realm:password`."""

    algorithm: str
    """md5, sha-256 or sha-512-256."""
    hash: str


def _digest(value: str) -> tuple[Digest, ...]:
    algorithm, found, hashed = value.partition(":")
    algorithm, hashed = algorithm.strip().lower(), hashed.strip().lower()
    if not found or algorithm not in ALGORITHMS:
        raise InvalidValueError(f"the value is not ALGORITHM:hash with one of {', '.join(ALGORITHMS)}")
    return (_checked(algorithm, hashed),)


def _md5(value: str) -> Digest:
    return _checked("md5", value.lower())


def _checked(algorithm: str, hashed: str) -> Digest:
    # The value itself is a secret and stays out of every message.
    if len(hashed) != _HASH_LENGTH[algorithm] or any(char not in "0123456789abcdef" for char in hashed):
        raise InvalidValueError(f"the value is not a hash of {_HASH_LENGTH[algorithm]} hexadecimal digits")
    return Digest(algorithm, hashed)


@dataclass(frozen=True, slots=True)
class Auth:
    """Credentials, for both directions."""

    name: str
    where: Where = field(compare=False, repr=False)
    auth_type: AuthType = option(AuthType.DIGEST, choice(AuthType, later=("google_oauth",)), essential=True)
    username: str = option("", text)
    password: str = option("", text, secret=True)
    md5_cred: Digest | None = option(None, _md5, secret=True)
    password_digest: tuple[Digest, ...] = repeated(_digest, secret=True)
    realm: str = option("", text)
    nonce_lifetime: int = option(32, integer(1, 86400))
    """Seconds."""
    supported_algorithms_uas: tuple[str, ...] = option((), words_of(ALGORITHMS))
    """Empty: what [global] says."""
    supported_algorithms_uac: tuple[str, ...] = option((), words_of(ALGORITHMS))

    @property
    def own_password(self) -> str:
        """The password, "" where there is none or auth_type says that it does not count."""
        return "" if self.auth_type is AuthType.MD5 else self.password

    @property
    def own_digests(self) -> tuple[Digest, ...]:
        """The hashes that count: none with userpass, md5_cred with md5, all with digest."""
        if self.auth_type is AuthType.USERPASS:
            return ()
        md5 = () if self.md5_cred is None else (self.md5_cred,)
        return md5 if self.auth_type is AuthType.MD5 else (*self.password_digest, *md5)


AUTH = ObjectType("pjsip.conf", "auth", Auth)
