"""Passwords written as crypt(3) makes them: `password_format = crypt`."""

from __future__ import annotations

import ctypes
import ctypes.util
import hmac
import logging
import secrets
from functools import cache

__all__ = ["encrypt", "matches"]

log = logging.getLogger(__name__)


@cache
def _library() -> ctypes.CDLL | None:
    name = ctypes.util.find_library("crypt")
    if name is None:
        log.error("ari.conf: password_format=crypt needs the library libcrypt, which is not installed")
        return None
    library = ctypes.CDLL(name)
    library.crypt.argtypes = (ctypes.c_char_p, ctypes.c_char_p)
    library.crypt.restype = ctypes.c_char_p
    return library


def encrypt(password: str) -> str | None:
    """A password as SHA-512 crypt, with a salt of its own; None where the library is missing."""
    library = _library()
    if library is None:
        return None
    salt = secrets.token_hex(8)
    found: bytes | None = library.crypt(password.encode(), f"$6${salt}$".encode())
    return found.decode("ascii") if found is not None else None


def matches(crypted: str, password: str) -> bool:
    """Whether a password is the one that was encrypted; False where the library is missing."""
    library = _library()
    if library is None:
        return False
    found: bytes | None = library.crypt(password.encode(), crypted.encode())
    return found is not None and hmac.compare_digest(found, crypted.encode())
