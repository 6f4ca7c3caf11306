"""Functions that encode: BASE64, URI, MD5, SHA1, UUID, AES.  Text is UTF-8; bytes that are not are kept."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os

from offhook._core import aes128_ecb
from offhook.dialplan.call import Call
from offhook.dialplan.declare import Raw, function
from offhook.dialplan.errors import FunctionError

__all__: list[str] = []

# RFC 3986 section 2.3.
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


@function("BASE64_ENCODE")
def base64_encode(call: Call, string: Raw = "") -> str:
    """The text in base64 (RFC 4648)."""
    return base64.b64encode(_bytes(string)).decode("ascii")


@function("BASE64_DECODE")
def base64_decode(call: Call, string: Raw = "") -> str:
    """The text that base64 stands for."""
    try:
        return _text(base64.b64decode(_bytes(string)))
    except binascii.Error as error:
        raise FunctionError(f"BASE64_DECODE: {error}") from None


@function("URIENCODE")
def uri_encode(call: Call, data: Raw = "") -> str:
    """The text with all but letters, digits and -._~ as %xx (RFC 3986)."""
    return "".join(chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in _bytes(data))


@function("URIDECODE")
def uri_decode(call: Call, data: Raw = "") -> str:
    """The text with %xx replaced by what it stands for."""
    pieces = _bytes(data).split(b"%")
    out = bytearray(pieces[0])
    for piece in pieces[1:]:
        try:
            out += bytes.fromhex(piece[:2].decode("ascii")) + piece[2:]
        except ValueError:
            out += b"%" + piece
    return _text(bytes(out))


@function("MD5")
def md5(call: Call, data: Raw = "") -> str:
    """The MD5 sum in hexadecimal digits."""
    return hashlib.md5(_bytes(data), usedforsecurity=False).hexdigest()


@function("SHA1")
def sha1(call: Call, data: Raw = "") -> str:
    """The SHA-1 sum in hexadecimal digits."""
    return hashlib.sha1(_bytes(data), usedforsecurity=False).hexdigest()


@function("UUID")
def uuid(call: Call) -> str:
    """A new random UUID (RFC 9562, version 4)."""
    data = bytearray(os.urandom(16))
    data[6] = data[6] & 0x0F | 0x40
    data[8] = data[8] & 0x3F | 0x80
    digits = data.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


_AES_BLOCK = 16


def _aes_key(key: str, name: str) -> bytes:
    octets = _bytes(key)
    if len(octets) != _AES_BLOCK:
        raise FunctionError(f"{name}: a key has 16 characters, not {len(octets)}")
    return octets


@function("AES_ENCRYPT")
def aes_encrypt(call: Call, key: str, string: Raw) -> str:
    """A text encrypted with AES-128, in base64; the last block of 16 octets is filled up with zeros.

    Equal blocks look equal (ECB), and nothing tells whether somebody has changed it: it hides a number, and
    keeps no secret.

    Args:
        key: 16 characters.
        string: the text.
    """
    data = _bytes(string)
    data += bytes(-len(data) % _AES_BLOCK)
    return base64.b64encode(aes128_ecb(_aes_key(key, "AES_ENCRYPT"), data)).decode("ascii")


@function("AES_DECRYPT")
def aes_decrypt(call: Call, key: str, string: Raw) -> str:
    """The text that AES_ENCRYPT() has encrypted, up to the first zero.

    Args:
        key: 16 characters.
        string: what AES_ENCRYPT() gave, in base64.
    """
    octets = _aes_key(key, "AES_DECRYPT")
    try:
        data = base64.b64decode(_bytes(string), validate=True)
    except binascii.Error as error:
        raise FunctionError(f"AES_DECRYPT: {error}") from None
    if len(data) % _AES_BLOCK:
        raise FunctionError(f"AES_DECRYPT: {len(data)} octets are no whole blocks of 16")
    return _text(aes128_ecb(octets, data, decrypt=True).partition(b"\0")[0])
