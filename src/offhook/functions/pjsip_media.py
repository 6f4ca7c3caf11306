"""What a PJSIP channel offers and does with its audio: PJSIP_MEDIA_OFFER, PJSIP_DTMF_MODE and their like."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from offhook.dialplan.call import Call
from offhook.dialplan.declare import function
from offhook.dialplan.errors import FunctionError

__all__: list[str] = []


@runtime_checkable
class _SipLeg(Protocol):
    """What is needed of the channel."""

    def setting(self, name: str) -> str:
        """One of dtmf_mode, moh_passthrough, transfer_handling, media_offer."""
        ...

    def set_setting(self, name: str, value: str) -> None:
        """Change it for this channel.  ValueError for what it cannot be."""
        ...

    def refresh_session(self, method: str) -> None:
        """Send the session's description again, by re-INVITE or UPDATE."""
        ...


def _leg(call: Call, name: str) -> _SipLeg:
    channel = call.channel
    if not isinstance(channel, _SipLeg):
        raise FunctionError(f"{name}: {channel.name} is no PJSIP channel")
    return channel


def _set(call: Call, function_name: str, name: str, value: str) -> None:
    try:
        _leg(call, function_name).set_setting(name, value.strip())
    except ValueError as error:
        raise FunctionError(f"{function_name}: {error}") from error


@function("PJSIP_DTMF_MODE")
def dtmf_mode(call: Call) -> str:
    """How digits go to and come from this phone: rfc4733, inband, info, auto, auto_info, none; to be set."""
    return _leg(call, "PJSIP_DTMF_MODE").setting("dtmf_mode")


@dtmf_mode.writer
def set_dtmf_mode(call: Call, value: str) -> None:
    """Set it for this call."""
    _set(call, "PJSIP_DTMF_MODE", "dtmf_mode", value)


@function("PJSIP_MOH_PASSTHROUGH")
def moh_passthrough(call: Call) -> str:
    """Whether this phone is put on hold by SIP in place of hearing our music: yes or no; it can be set."""
    return _leg(call, "PJSIP_MOH_PASSTHROUGH").setting("moh_passthrough")


@moh_passthrough.writer
def set_moh_passthrough(call: Call, value: str) -> None:
    """Set it for this call."""
    _set(call, "PJSIP_MOH_PASSTHROUGH", "moh_passthrough", value)


@function("PJSIP_TRANSFER_HANDLING")
def transfer_handling(call: Call) -> str:
    """Who carries out transfers that this phone asks for by REFER: core, or ari-only; it can be set.

    With ari-only a program is told (ARI's ChannelTransfer) and says how it goes (transfer_progress).
    """
    return _leg(call, "PJSIP_TRANSFER_HANDLING").setting("transfer_handling")


@transfer_handling.writer
def set_transfer_handling(call: Call, value: str) -> None:
    """Set it: core or ari-only."""
    _set(call, "PJSIP_TRANSFER_HANDLING", "transfer_handling", value)


@function("PJSIP_MEDIA_OFFER")
def media_offer(call: Call, media: str) -> str:
    """The codecs that this channel offers, with commas; to be set before it is called (option b of Dial).

    Args:
        media: audio.
    """
    _only_audio(media)
    return _leg(call, "PJSIP_MEDIA_OFFER").setting("media_offer")


@media_offer.writer
def set_media_offer(call: Call, value: str, media: str) -> None:
    """Offer these codecs, and only these."""
    _only_audio(media)
    _set(call, "PJSIP_MEDIA_OFFER", "media_offer", value)


def _only_audio(media: str) -> None:
    if media.strip().lower() != "audio":
        raise FunctionError(f"PJSIP_MEDIA_OFFER: calls have audio, not {media!r}")


@function("PJSIP_SEND_SESSION_REFRESH")
def session_refresh(call: Call, method: str = "invite") -> str:
    """Set(PJSIP_SEND_SESSION_REFRESH()=invite) sends the session's description again; it cannot be read."""
    raise FunctionError("PJSIP_SEND_SESSION_REFRESH can only be set")


@session_refresh.writer
def send_session_refresh(call: Call, value: str, method: str = "") -> None:
    """Send it by invite (a re-INVITE) or update."""
    chosen = (value or method or "invite").strip().lower()
    if chosen not in ("invite", "update"):
        raise FunctionError(f"PJSIP_SEND_SESSION_REFRESH: {chosen!r} is neither invite nor update")
    _leg(call, "PJSIP_SEND_SESSION_REFRESH").refresh_session(chosen)
