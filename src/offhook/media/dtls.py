"""Certificates of DTLS-SRTP, from files or made here.

A handshake takes keys on an elliptic curve.  Where a configuration names an RSA key, as Asterisk's script
makes them, a certificate of our own stands in: peers compare it with the fingerprint in the SDP,
which is ours as well.
"""

from __future__ import annotations

import base64
import binascii
import logging
import re
from pathlib import Path

from offhook._core import DtlsIdentity

__all__ = ["DtlsFilesError", "identity_of", "own_identity", "read_identity"]

log = logging.getLogger(__name__)

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----\s(.*?)-----END \1-----", re.DOTALL)
_known: dict[tuple[str, str], tuple[tuple[int, int], DtlsIdentity]] = {}
_own: list[DtlsIdentity] = []


class DtlsFilesError(Exception):
    """Certificate or key cannot be used; the text says why."""


def own_identity() -> DtlsIdentity:
    """The certificate that this process has made for itself, once."""
    if not _own:
        _own.append(DtlsIdentity.generate())
    return _own[0]


def _block(path: str, wanted: str) -> bytes:
    """The first PEM block of a file whose label ends so, in DER."""
    try:
        text = Path(path).read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise DtlsFilesError(f"{path} cannot be read: {error.strerror}") from error
    for label, body in _BLOCK.findall(text):
        if label == "ENCRYPTED PRIVATE KEY":
            raise DtlsFilesError(f"the key in {path} has a passphrase, which is not supported")
        if label.endswith(wanted) and label != "EC PARAMETERS":
            try:
                return base64.b64decode("".join(body.split()), validate=True)
            except (binascii.Error, ValueError):
                raise DtlsFilesError(f"the {wanted.lower()} in {path} is no PEM") from None
    raise DtlsFilesError(f"there is no {wanted.lower()} in {path}")


def read_identity(certificate: str, key: str = "") -> DtlsIdentity:
    """From files in PEM; the key may be in the file of the certificate.  Raises DtlsFilesError."""
    try:
        return DtlsIdentity(_block(certificate, "CERTIFICATE"), _block(key or certificate, "PRIVATE KEY"))
    except ValueError as error:
        raise DtlsFilesError(f"{certificate}: {error}") from error


def identity_of(certificate: str, key: str = "") -> DtlsIdentity:
    """The identity in these files, read again when they changed; our own where they cannot be used."""
    if not certificate:
        return own_identity()
    try:
        changed = (Path(certificate).stat().st_mtime_ns, Path(key or certificate).stat().st_mtime_ns)
    except OSError:
        changed = (0, 0)
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
