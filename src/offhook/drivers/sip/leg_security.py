"""How the audio of one SIP leg is protected: RTP profiles, keys in SDP, what the port is told.

Asterisk's rules: `media_encryption` says what is offered and demanded, `media_encryption_optimistic` lets
the far end choose, `use_avpf` and `force_avp` say how the profile is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook._core import NegotiationError
from offhook.config.pjsip.endpoint import MediaEncryption
from offhook.media.sdes import AES_128_32, AES_128_80, CryptoError, CryptoLine, acceptable, new_line

if TYPE_CHECKING:
    from offhook._core import Media
    from offhook.config.files.rtp import RtpConf
    from offhook.config.pjsip import Endpoint
    from offhook.media.port import MediaPort

__all__ = ["LegSecurity"]

_PLAIN = ("RTP/AVP",)
_SDES = ("RTP/SAVP",)


class LegSecurity:
    """The protection of one leg's audio."""

    __slots__ = ("_endpoint", "_mine", "_offered", "_rtp", "_theirs")

    def __init__(self, endpoint: Endpoint, rtp: RtpConf) -> None:
        self._endpoint = endpoint
        self._rtp = rtp
        self._offered: tuple[CryptoLine, ...] = ()  # what our last offer has
        self._mine: CryptoLine | None = None  # the key that we send with
        self._theirs: CryptoLine | None = None

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
        profiles = _SDES if self.required else _PLAIN
        return profiles[0] + ("F" if self._endpoint.use_avpf else "")

    def offer(self) -> list[tuple[str, str | None]]:
        """The lines of an offer that belong to encryption."""
        if self._endpoint.media_encryption is MediaEncryption.NO:
            return []
        if not self._offered:
            self._offered = (
                self._mine or new_line(1, AES_128_32 if self._endpoint.srtp_tag_32 else AES_128_80),
            )
        return [("crypto", line.value) for line in self._offered]

    def check_answer(self, line: Media) -> None:
        """Raises NegotiationError for an answer that is not protected as it must be."""
        if self._pair(line) is not None:
            return
        if line.attribute("crypto") is not None:
            _, why = acceptable(line.attribute_values("crypto"))
            raise NegotiationError(f"the answer's key cannot be used: {why or 'it was not offered'}")
        if self.required:
            raise NegotiationError("the answer has no key (a=crypto) though encryption is demanded")

    def _pair(self, line: Media) -> tuple[CryptoLine, CryptoLine] | None:
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

    def objection(self, line: Media) -> str:
        """Why an offered line cannot be answered, "" when it can."""
        endpoint = self._endpoint
        profile = line.proto.upper()
        if not endpoint.media_use_received_transport and profile.endswith("F") != endpoint.use_avpf:
            wanted = "yes" if endpoint.use_avpf else "no"
            return f"it offers {line.proto}, but use_avpf is {wanted}"
        profile = profile.removesuffix("F")
        encryption = endpoint.media_encryption
        if profile in _SDES:
            if encryption is not MediaEncryption.SDES:
                return f"it offers {line.proto}, but media_encryption is {encryption.value}"
            crypto, why = acceptable(line.attribute_values("crypto"))
            return "" if crypto is not None else why
        if profile not in _PLAIN:
            return f"the profile {line.proto} is not known"
        if self.required and acceptable(line.attribute_values("crypto"))[0] is None:
            return f"it offers {line.proto} without a key, but media_encryption is {encryption.value}"
        return ""

    def answer(self, line: Media) -> list[tuple[str, str | None]]:
        """The lines of the answer to a line without objection."""
        if self._endpoint.media_encryption is not MediaEncryption.SDES:
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
        if self.required:
            port.await_keys()

    def apply(self, port: MediaPort, line: Media) -> None:
        """Tell the port its keys; `line` is the peer's."""
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
