"""How the audio of one SIP leg is protected: RTP profiles, keys in SDP, what the port is told.

Asterisk's rules: `media_encryption` says what is offered and demanded, `media_encryption_optimistic` lets
the far end choose, `use_avpf` and `force_avp` say how the profile is written.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from offhook._core import DtlsIdentity, NegotiationError
from offhook.config.pjsip.endpoint import DtlsSetup, DtlsVerify, MediaEncryption
from offhook.media.dtls import identity_of, own_identity, select_ciphers, trust_of
from offhook.media.sdes import AES_128_32, AES_128_80, CryptoError, CryptoLine, acceptable, new_line

if TYPE_CHECKING:
    from offhook._core import DtlsTrust, Media, Sdp
    from offhook.config.files.rtp import RtpConf
    from offhook.config.pjsip import Endpoint
    from offhook.media.port import MediaPort

__all__ = ["LegSecurity", "Theirs"]

_PLAIN = ("RTP/AVP",)
_SDES = ("RTP/SAVP",)
_DTLS = ("UDP/TLS/RTP/SAVP", "RTP/SAVP")


class Theirs:
    """An m-line of the far end, with the lines of the session level that hold for it."""

    __slots__ = ("_sdp", "line", "proto")

    def __init__(self, sdp: Sdp, line: Media) -> None:
        self._sdp = sdp
        self.line = line
        self.proto = line.proto

    def attribute_values(self, name: str) -> list[str]:
        """All lines of this name: its own, else the session's."""
        own = self.line.attribute_values(name)
        return own or [value or "" for key, value in self._sdp.attributes if key == name]

    def attribute(self, name: str) -> str | None:
        """The first of them, None without."""
        values = self.attribute_values(name)
        return values[0] if values else None


class LegSecurity:
    """The protection of one leg's audio."""

    __slots__ = (
        "_active",
        "_available",
        "_endpoint",
        "_fresh",
        "_generation",
        "_mine",
        "_offered",
        "_renewing",
        "_rtp",
        "_their_id",
        "_theirs",
        "_tls_id",
    )

    def __init__(self, endpoint: Endpoint, rtp: RtpConf, *, available: bool = True) -> None:
        """`available`: whether audio may be encrypted at all (modules.conf without `noload => res_srtp`)."""
        self._endpoint = endpoint
        self._available = available
        self._rtp = rtp
        self._offered: tuple[CryptoLine, ...] = ()  # what our last offer has
        self._mine: CryptoLine | None = None  # the key that we send with
        self._theirs: CryptoLine | None = None
        self._active: bool | None = None  # whether we begin the handshake, once that is agreed
        self._fresh: DtlsIdentity | None = None  # a certificate of this leg's own, after a change of keys
        self._generation = 0  # of the association
        self._renewing = False  # our next offer asks for new keys
        self._tls_id = ""  # RFC 8842; "" while nobody has use for it
        self._their_id: str | None = None

    @property
    def suite(self) -> str:
        """The crypto suite in use, "" in the clear."""
        return self._mine.suite if self._mine is not None else ""

    @property
    def required(self) -> bool:
        """Whether nothing may go in the clear."""
        endpoint = self._endpoint
        return (
            endpoint.media_encryption is not MediaEncryption.NO and not endpoint.media_encryption_optimistic
        )

    # ------------------------------------------------------------ offers of ours

    @property
    def profile(self) -> str:
        """The profile of an offer."""
        endpoint = self._endpoint
        profiles = _SDES if self.required else _PLAIN
        if self.required and endpoint.media_encryption is MediaEncryption.DTLS and not endpoint.force_avp:
            profiles = _DTLS
        return profiles[0] + ("F" if endpoint.use_avpf else "")

    def offer(self) -> list[tuple[str, str | None]]:
        """The lines of an offer that belong to encryption."""
        if self._endpoint.media_encryption is MediaEncryption.NO or not self._available:
            return []
        if self._endpoint.media_encryption is MediaEncryption.DTLS:
            # What has been agreed stays as it is, unless the far end brings something new.
            return self._dtls_lines(self._endpoint.dtls_setup.value)
        if not self._offered:
            self._offered = (
                self._mine or new_line(1, AES_128_32 if self._endpoint.srtp_tag_32 else AES_128_80),
            )
        return [("crypto", line.value) for line in self._offered]

    def check_answer(self, line: Theirs) -> None:
        """Raises NegotiationError for an answer that is not protected as it must be."""
        if self._endpoint.media_encryption is MediaEncryption.DTLS:
            if self.required or line.attribute("fingerprint") is not None:
                why = self._dtls_objection(line)
                if why:
                    raise NegotiationError(f"the answer's encryption cannot be used: {why}")
            return
        if self._pair(line) is not None:
            return
        if line.attribute("crypto") is not None:
            _, why = acceptable(line.attribute_values("crypto"))
            raise NegotiationError(f"the answer's key cannot be used: {why or 'it was not offered'}")
        if self.required:
            raise NegotiationError("the answer has no key (a=crypto) though encryption is demanded")

    def _pair(self, line: Theirs) -> tuple[CryptoLine, CryptoLine] | None:
        """Our line and theirs which belong together."""
        for value in line.attribute_values("crypto") if self._offered else ():
            try:
                theirs = CryptoLine.parse(value)
            except CryptoError:
                continue
            for mine in self._offered:
                if mine.tag == theirs.tag and mine.suite == theirs.suite:
                    return mine, theirs
        return None

    # ------------------------------------------------------------ offers of theirs

    def objection(self, line: Theirs) -> str:
        """Why an offered line cannot be answered, "" when it can."""
        endpoint = self._endpoint
        profile = line.proto.upper()
        if not endpoint.media_use_received_transport and profile.endswith("F") != endpoint.use_avpf:
            wanted = "yes" if endpoint.use_avpf else "no"
            return f"it offers {line.proto}, but use_avpf is {wanted}"
        profile = profile.removesuffix("F")
        encryption = endpoint.media_encryption
        if not self._available and (self.required or profile not in _PLAIN):
            return "modules.conf has taken encryption away (noload => res_srtp)"
        if profile in _DTLS and encryption is MediaEncryption.DTLS:
            return self._dtls_objection(line)
        if profile in _SDES:
            if encryption is not MediaEncryption.SDES:
                return f"it offers {line.proto}, but media_encryption is {encryption.value}"
            crypto, why = acceptable(line.attribute_values("crypto"))
            return "" if crypto is not None else why
        if profile in _DTLS:
            return f"it offers {line.proto}, but media_encryption is {encryption.value}"
        if profile not in _PLAIN:
            return f"the profile {line.proto} is not known"
        if encryption is MediaEncryption.DTLS:
            return self._dtls_objection(line) if self.required else ""
        if self.required and acceptable(line.attribute_values("crypto"))[0] is None:
            return f"it offers {line.proto} without a key, but media_encryption is {encryption.value}"
        return ""

    def answer(self, line: Theirs) -> list[tuple[str, str | None]]:
        """The lines of the answer to a line without objection."""
        endpoint = self._endpoint
        if not self._available:
            return []
        if endpoint.media_encryption is MediaEncryption.DTLS and not self._dtls_objection(line):
            offered = _setup_of(line)
            if offered == "active":
                setup = "passive"
            elif offered == "passive":
                setup = "active"
            elif self._active is not None:
                setup = "active" if self._active else "passive"
            else:
                setup = "passive" if endpoint.dtls_setup is DtlsSetup.PASSIVE else "active"
            self._active = setup == "active"
            return self._dtls_lines(setup)
        if endpoint.media_encryption is not MediaEncryption.SDES:
            return []
        self._offered = ()
        theirs, _ = acceptable(line.attribute_values("crypto"))
        if theirs is None:
            return []
        mine = self._mine
        # A peer with a new key may be another device, which does not know our roll-over counter: a new key.
        if (
            mine is None
            or mine.suite != theirs.suite
            or self._theirs is None
            or self._theirs.key != theirs.key
        ):
            mine = new_line(theirs.tag, theirs.suite)
        elif mine.tag != theirs.tag:
            mine = CryptoLine(theirs.tag, mine.suite, mine.key)
        self._offered = (mine,)
        return [("crypto", mine.value)]

    # ------------------------------------------------------------ what was agreed

    def prepare(self, port: MediaPort) -> None:
        """A new port: nothing in the clear where that is not wanted."""
        if self._endpoint.media_encryption is MediaEncryption.DTLS:
            if self.required:
                port.await_dtls()
        elif self.required:
            port.await_keys()

    def apply(self, port: MediaPort, line: Theirs, *, offered: bool) -> None:
        """Tell the port its keys, or with whom to agree on some; `line` is the peer's, `offered` by it."""
        if self._endpoint.media_encryption is MediaEncryption.DTLS:
            self._apply_dtls(port, line, offered)
            return
        pair = self._pair(line)
        if pair is None:
            if self._mine is not None:
                port.clear_srtp()
                self._mine = self._theirs = None
            return
        mine, theirs = pair
        self._mine, self._theirs = pair
        port.set_srtp(
            (mine.suite, mine.key),
            (theirs.suite, theirs.key),
            replay_protection=self._rtp.srtpreplayprotection,
        )

    # ------------------------------------------------------------ DTLS

    def renew(self) -> bool:
        """Ask for new keys with the next offer; whether there are some by a handshake to be renewed.

        A certificate that we have made is replaced by another, which all take for a new association
        (RFC 8842 section 5.1); one of a file stays, and a far end that knows tls-id takes part.
        """
        if self._active is None or self._endpoint.media_encryption is not MediaEncryption.DTLS:
            return False
        if self._endpoint.dtls_auto_generate_cert or not self._endpoint.dtls_cert_file:
            self._fresh = DtlsIdentity.generate()
        self._tls_id = secrets.token_hex(16)
        self._renewing = True
        return True

    @property
    def _identity(self) -> DtlsIdentity:
        endpoint = self._endpoint
        if self._fresh is not None:
            return self._fresh
        if endpoint.dtls_auto_generate_cert:
            return own_identity()
        return identity_of(endpoint.dtls_cert_file, endpoint.dtls_private_key)

    @property
    def _trust(self) -> DtlsTrust | None:
        """The authorities that the peer's certificate must come from, None for any."""
        endpoint = self._endpoint
        if endpoint.dtls_verify in (DtlsVerify.CERTIFICATE, DtlsVerify.YES):
            return trust_of(endpoint.dtls_ca_file, endpoint.dtls_ca_path)
        return None

    @property
    def _ciphers(self) -> list[str]:
        """What dtls_cipher leaves; its own text where we have none of it, so that the handshake says so."""
        wanted = self._endpoint.dtls_cipher
        return (select_ciphers(wanted) or [wanted]) if wanted else []

    def _dtls_lines(self, setup: str) -> list[tuple[str, str | None]]:
        hash_name = self._endpoint.dtls_fingerprint.value
        fingerprint = self._identity.fingerprint(hash_name)
        new = self._active is None or self._renewing
        lines: list[tuple[str, str | None]] = [
            ("setup", setup),
            ("connection", "new" if new else "existing"),
            ("fingerprint", f"{hash_name.upper()} {fingerprint}"),
        ]
        if (self._endpoint.dtls_rekey or self._their_id is not None) and not self._tls_id:
            self._tls_id = secrets.token_hex(16)
        return [*lines, ("tls-id", self._tls_id)] if self._tls_id else lines

    def _dtls_objection(self, line: Theirs) -> str:
        """Why no handshake is possible, "" when one is."""
        fingerprints, why = _fingerprints(line)
        if why:
            return why
        if not fingerprints and (
            self._endpoint.dtls_verify in (DtlsVerify.FINGERPRINT, DtlsVerify.YES)
            or line.attribute("setup") is None
        ):
            return "there is no a=fingerprint line"
        if _setup_of(line) not in ("active", "passive", "actpass"):
            return f"a=setup:{_setup_of(line)} is none that can be answered"
        return ""

    def _apply_dtls(self, port: MediaPort, line: Theirs, offered: bool) -> None:
        fingerprints, _ = _fingerprints(line)
        if not fingerprints and line.attribute("setup") is None:
            self._active = None
            port.clear_srtp()
            return
        if not offered:
            # Only actpass leaves the answer a choice (RFC 5763 section 5); baresip says active to everything.
            setup = self._endpoint.dtls_setup
            answered = setup is DtlsSetup.ACTPASS and _setup_of(line, "active") == "passive"
            self._active = setup is DtlsSetup.ACTIVE or answered
        theirs = line.attribute("tls-id")
        if (self._their_id is not None and theirs is not None and theirs != self._their_id) or (
            self._renewing and not offered and theirs is not None
        ):
            self._generation += 1
        self._their_id = theirs
        self._renewing = self._renewing and offered
        port.set_dtls(
            self._identity,
            active=bool(self._active),
            fingerprints=fingerprints,
            trust=self._trust,
            mtu=self._rtp.dtls_mtu,
            ciphers=self._ciphers,
            replay_protection=self._rtp.srtpreplayprotection,
            generation=self._generation,
        )


def _setup_of(line: Theirs, otherwise: str = "actpass") -> str:
    return (line.attribute("setup") or otherwise).strip().lower()


def _fingerprints(line: Theirs) -> tuple[list[tuple[str, str]], str]:
    """(hash, value) of each a=fingerprint whose hash we know, and what is wrong when none can be used."""
    found: list[tuple[str, str]] = []
    why = ""
    for value in line.attribute_values("fingerprint"):
        name, _, text = value.strip().partition(" ")
        if name.lower() not in _HASHES:
            why = f"the hash {name} of a=fingerprint is not known"
        elif not _FINGERPRINT.fullmatch(text.strip()) or len(text.strip()) != 3 * _HASHES[name.lower()] - 1:
            why = "the value of a=fingerprint is none"
        else:
            found.append((name.lower(), text.strip()))
    return found, "" if found else why


_HASHES = {"sha-1": 20, "sha-256": 32, "sha-384": 48, "sha-512": 64}
_FINGERPRINT = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2})*")
