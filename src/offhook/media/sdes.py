"""SDES: SRTP keys in session descriptions, `a=crypto` (RFC 4568).

    crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20

Keys in SDP are as secret as the signalling that carries them.  Master key identifiers and session parameters
are not taken: RFC 4568 lets an answerer pass over such lines, and no phone makes them.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from offhook._core import CRYPTO_SUITES

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["AES_128_32", "AES_128_80", "CryptoError", "CryptoLine", "acceptable", "new_line"]

AES_128_80 = "AES_CM_128_HMAC_SHA1_80"
AES_128_32 = "AES_CM_128_HMAC_SHA1_32"
_LONGEST_TAG = 9  # digits, RFC 4568 section 9.1


class CryptoError(ValueError):
    """An a=crypto line that cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class CryptoLine:
    """One a=crypto line: a tag, how packets are protected, and master key and salt in one."""

    tag: int
    suite: str
    key: bytes

    def __repr__(self) -> str:
        return f"<CryptoLine {self.tag} {self.suite}>"

    @property
    def value(self) -> str:
        """What stands behind `a=crypto:`."""
        return f"{self.tag} {self.suite} inline:{base64.b64encode(self.key).decode()}"

    @classmethod
    def parse(cls, value: str) -> CryptoLine:
        """Read one; raises CryptoError."""
        words = value.split()
        if len(words) < 3:
            raise CryptoError("a=crypto is not: tag suite inline:key")
        tag, suite, parameters = words[:3]
        if not (tag.isascii() and tag.isdigit() and len(tag) <= _LONGEST_TAG):
            raise CryptoError(f"the tag {tag!r} of a=crypto is no number")
        length = CRYPTO_SUITES.get(suite)
        if length is None:
            raise CryptoError(f"the crypto suite {suite} is not known")
        if len(words) > 3:
            raise CryptoError(f"the session parameter {words[3]} is not supported")
        if ";" in parameters:
            raise CryptoError("several keys in one a=crypto line are not supported")
        method, _, info = parameters.partition(":")
        if method.lower() != "inline":
            raise CryptoError(f"the key method {method} is not known")
        text, *further = info.split("|")
        for each in further:
            if ":" in each:
                raise CryptoError("a master key identifier (MKI) is not supported")
            # How many packets a key is good for: more than a call has, or it would be renewed first.
            if not each.removeprefix("2^").isdigit():
                raise CryptoError(f"the lifetime {each!r} of a key is no number")
        try:
            # Some leave the padding out.
            key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
        except (binascii.Error, ValueError):
            raise CryptoError("a key is no base64") from None
        if len(key) != length:
            raise CryptoError(f"a key of {suite} has {length} bytes, not {len(key)}")
        return cls(int(tag), suite, key)


def new_line(tag: int, suite: str) -> CryptoLine:
    """A line with a new random key."""
    return CryptoLine(tag, suite, secrets.token_bytes(CRYPTO_SUITES[suite]))


def acceptable(values: Iterable[str]) -> tuple[CryptoLine | None, str]:
    """The first line that can be used, as the offerer prefers it; or None and why there is none."""
    why = "there is no a=crypto line"
    for value in values:
        try:
            return CryptoLine.parse(value), ""
        except CryptoError as error:
            why = str(error)
    return None, why
