"""Passwords written as crypt(3) makes them: `password_format = crypt`."""

from __future__ import annotations

import ctypes
import ctypes.util
import hmac
import logging
from functools import cache

__all__ = ["matches"]

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


def matches(crypted: str, password: str) -> bool:
    """Whether a password is the one that was encrypted; False where the library is missing."""
    library = _library()
    if library is None:
        return False
    found: bytes | None = library.crypt(password.encode(), crypted.encode())
    return found is not None and hmac.compare_digest(found, crypted.encode())
