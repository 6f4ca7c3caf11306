"""Direct media: two phones send their audio to each other, not through this node (direct_media=yes).

The bridge says when (`Bridge.reconsider`): two SIP legs, both up, nobody on hold, nobody plays, records or
listens for digits here.  Then each phone gets a re-INVITE (or UPDATE) with the other's address; and one with
our own when anything needs the audio again.  Whether two legs fit is decided here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.config.pjsip.endpoint import DirectMediaMethod, GlareMitigation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offhook._core import AgreedMedia, Codec
    from offhook.drivers.sip.stream_channel import StreamChannel

__all__ = ["can_send_to", "move_audio"]


def can_send_to(channel: StreamChannel, other: StreamChannel) -> bool:
    """Whether the peer of `channel` may be told to exchange its audio with the peer of `other`."""
    session, media, theirs = channel.session, channel.leg_media, other.leg_media
    if session is None or not session.answered or not channel.endpoint.direct_media:
        return False
    line, remote = media.agreed, theirs.agreed
    if line is None or remote is None or not line.send or not remote.send:
        return False
    if media.further or theirs.further or media.fax.on:
        return False  # video is passed on here, and what belongs together stays together
    if media.on_hold or remote.remote_address is None or not remote.remote_port:
        return False
    if line.remote.proto not in _PLAIN or remote.remote.proto not in _PLAIN:
        return False  # keys are between each phone and us
    if channel.inband_digits or channel.endpoint.ice_support:
        return False  # tones are to be found here; candidates are between each phone and us
    if not _same_formats(line, remote):
        return False
    if channel.hop is not None and (":" in channel.hop.host) != (":" in remote.remote_address):
        return False
    return not (channel.endpoint.disable_direct_media_on_nat and (_behind_nat(channel) or _behind_nat(other)))


_PLAIN = ("RTP/AVP", "RTP/AVPF")


def _same_formats(line: AgreedMedia, remote: AgreedMedia) -> bool:
    """Whether what one sends us is what the other takes, under the same payload types."""
    first = remote.send[0]
    if not line.send[0].matches(first) or all(
        own.payload_type != first.payload_type or not own.matches(first) for own in line.receive
    ):
        return False
    event = remote.send_event
    if event is None or line.send_event is None:
        return event is line.send_event
    return any(own.payload_type == event.payload_type for own in line.receive_events)


def _behind_nat(channel: StreamChannel) -> bool:
    """Whether the address in a peer's SDP is not the one that it signals from."""
    line = channel.leg_media.agreed
    return line is not None and channel.hop is not None and line.remote_address != channel.hop.host


def move_audio(channel: StreamChannel, other: StreamChannel | None) -> None:
    """Tell the peer of `channel` to exchange its audio with that of `other`, or (None) with us again."""
    session, media = channel.session, channel.leg_media
    place: tuple[str, int] | None = None
    codecs: Sequence[Codec] = ()
    if other is not None:
        line = other.leg_media.agreed
        if line is None or line.remote_address is None:
            return
        place, codecs = (line.remote_address, line.remote_port), line.send
    if place == media.elsewhere or (place is not None and _avoids_glare(channel)):
        return
    media.send_elsewhere(place, codecs)
    if session is None or not session.answered:
        return
    if channel.endpoint.direct_media_method is DirectMediaMethod.UPDATE:
        session.update(channel.next_offer)
    else:
        session.reinvite(channel.next_offer)


def _avoids_glare(channel: StreamChannel) -> bool:
    """Whether this side leaves the first change to the other node, which does direct media, too."""
    if channel.glare_avoided:
        return False
    mitigation = channel.endpoint.direct_media_glare_mitigation
    channel.glare_avoided = True
    return (mitigation is GlareMitigation.OUTGOING and channel.outgoing) or (
        mitigation is GlareMitigation.INCOMING and not channel.outgoing
    )
