"""Certificates of DTLS-SRTP: ours, from files or made here, and the authorities that issue those of peers."""

from __future__ import annotations

import base64
import binascii
import logging
import os
import re
from pathlib import Path

from offhook._core import DTLS_CIPHERS, DtlsIdentity, DtlsTrust

__all__ = [
    "DtlsFilesError",
    "identity_of",
    "own_identity",
    "read_identity",
    "read_trust",
    "select_ciphers",
    "trust_of",
]

log = logging.getLogger(__name__)

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----\s(.*?)-----END \1-----", re.DOTALL)
_MOST_AUTHORITIES = 1024
_known: dict[tuple[str, str], tuple[tuple[int, int], DtlsIdentity]] = {}
_trusts: dict[tuple[str, str], tuple[tuple[int, int], DtlsTrust]] = {}
_own: list[DtlsIdentity] = []


class DtlsFilesError(Exception):
    """Certificate or key cannot be used; the text says why."""


def own_identity() -> DtlsIdentity:
    """The certificate that this process has made for itself, once."""
    if not _own:
        _own.append(DtlsIdentity.generate())
    return _own[0]


def _blocks(path: str, wanted: str) -> list[bytes]:
    """The PEM blocks of a file whose label ends so, in DER."""
    try:
        text = Path(path).read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise DtlsFilesError(f"{path} cannot be read: {error.strerror}") from error
    found: list[bytes] = []
    for label, body in _BLOCK.findall(text):
        if wanted == "PRIVATE KEY" and (label == "ENCRYPTED PRIVATE KEY" or "ENCRYPTED" in body):
            raise DtlsFilesError(f"the key in {path} has a passphrase, which is not supported")
        if label.endswith(wanted):
            try:
                found.append(base64.b64decode("".join(body.split()), validate=True))
            except (binascii.Error, ValueError):
                raise DtlsFilesError(f"the {wanted.lower()} in {path} is no PEM") from None
    if not found:
        raise DtlsFilesError(f"there is no {wanted.lower()} in {path}")
    return found


def read_identity(certificate: str, key: str = "") -> DtlsIdentity:
    """From files in PEM: a certificate, with those of its authorities after it, and the key.

    The key may be in the file of the certificate.  Raises DtlsFilesError.
    """
    try:
        chain = _blocks(certificate, "CERTIFICATE")
        return DtlsIdentity(chain, _blocks(key or certificate, "PRIVATE KEY")[0])
    except ValueError as error:
        raise DtlsFilesError(f"{certificate}: {error}") from error


def read_trust(file: str, folder: str = "") -> DtlsTrust:
    """The authorities in a file in PEM (dtls_ca_file), and in the files of a folder (dtls_ca_path).

    Files of the folder without a certificate are passed over.  Raises DtlsFilesError.
    """
    found = _blocks(file, "CERTIFICATE") if file else []
    if folder:
        try:
            names = sorted(os.listdir(folder))
        except OSError as error:
            raise DtlsFilesError(f"{folder} cannot be read: {error.strerror}") from error
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                try:
                    found += _blocks(path, "CERTIFICATE")
                except DtlsFilesError as error:
                    log.debug("DTLS: %s", error)
    if len(found) > _MOST_AUTHORITIES:
        raise DtlsFilesError(f"there are more than {_MOST_AUTHORITIES} authorities")
    try:
        return DtlsTrust(list(dict.fromkeys(found)))
    except ValueError as error:
        raise DtlsFilesError(f"{file or folder}: {error}") from error


def identity_of(certificate: str, key: str = "") -> DtlsIdentity:
    """The identity in these files, read again when they changed; our own where they cannot be used."""
    if not certificate:
        return own_identity()
    changed = _changed(certificate, key or certificate)
    known = _known.get((certificate, key))
    if known is not None and known[0] == changed:
        return known[1]
    try:
        identity = read_identity(certificate, key)
    except DtlsFilesError as error:
        log.warning("DTLS: %s; a certificate of our own is used in its place", error)
        identity = own_identity()
    _known[certificate, key] = (changed, identity)
    return identity


def trust_of(file: str, folder: str) -> DtlsTrust:
    """The authorities of these, read again when they changed; none where they cannot be read."""
    changed = _changed(file, folder)
    known = _trusts.get((file, folder))
    if known is not None and known[0] == changed:
        return known[1]
    try:
        trust = read_trust(file, folder)
    except DtlsFilesError as error:
        log.warning("DTLS: %s; no certificate is trusted", error)
        trust = DtlsTrust([])
    _trusts[file, folder] = (changed, trust)
    return trust


def _changed(*paths: str) -> tuple[int, int]:
    """When two files were changed, 0 for one that is not there."""
    times = [0, 0]
    for index, path in enumerate(paths):
        try:
            times[index] = Path(path).stat().st_mtime_ns if path else 0
        except OSError:
            times[index] = 0
    return times[0], times[1]


_ALL_WORDS = frozenset(
    ("ALL", "DEFAULT", "HIGH", "COMPLEMENTOFDEFAULT", "ECDHE", "EECDH", "KECDHE", "KEECDH", "AEAD")
)
_WORDS = {
    "RSA": "-RSA-",
    "ARSA": "-RSA-",
    "ECDSA": "-ECDSA-",
    "AECDSA": "-ECDSA-",
    "AES": "-AES",
    "AES128": "-AES128-",
    "AES256": "-AES256-",
    "AESGCM": "-GCM-",
    "CHACHA20": "-CHACHA20-",
    "SHA256": "-SHA256",
    "SHA384": "-SHA384",
}


def select_ciphers(text: str) -> list[str]:
    """The ciphers of an OpenSSL cipher list that we have (`openssl ciphers`), in our order.

    Words are names and groups (`ALL`, `HIGH`, `ECDHE`, `aRSA`, `AESGCM` ...), joined by `+`,
    and taken away with `-` or `!` before them; what we do not have stands for nothing.
    """
    chosen: set[str] = set()
    never: set[str] = set()
    for word in re.split(r"[:,; ]+", text.strip()):
        sign, name = (word[0], word[1:]) if word[:1] in ("!", "-", "+") else ("", word)
        if not name or name.startswith("@"):
            continue
        matching = {
            cipher for cipher in DTLS_CIPHERS if all(_means(part, cipher) for part in name.split("+"))
        }
        if sign == "!":
            never |= matching
        if sign in ("!", "-"):
            chosen -= matching
        elif not sign:
            chosen |= matching
    return [cipher for cipher in DTLS_CIPHERS if cipher in chosen - never]


def _means(word: str, cipher: str) -> bool:
    word = word.upper()
    return word == cipher or word in _ALL_WORDS or _WORDS.get(word, "\0") in cipher
