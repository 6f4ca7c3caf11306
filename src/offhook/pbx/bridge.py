"""Bridge: channels that hear each other.

A bridge chooses the cheapest way to join its channels' media each time something changes.  Two
channels are joined in the media engine, which relays packets when both use the same codec and
transcodes otherwise.  More than two are mixed, and two of them again when the others have left.  A conference
is always mixed, so that it can be recorded and each member's part in it changed.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from offhook.pbx import events
from offhook.pbx.bridge_video import BridgeVideo
from offhook.pbx.mixing import Mix, Mixing

if TYPE_CHECKING:
    from offhook.media.port import MediaPort
    from offhook.media.room import Taking
    from offhook.pbx.channel import Channel
    from offhook.pbx.conversation import Act
    from offhook.pbx.inbox import Inbox
    from offhook.pbx.pbx import Pbx

__all__ = ["Bridge", "BridgeError"]


_AS_MEMBERS_DO = Mixing()


class BridgeError(Exception):
    """The channel cannot join this bridge."""


class Bridge:
    """Joins channels.  It is destroyed when the last one leaves, unless it is `lasting`.

    In a `holding` bridge the channels wait: none of them hears another.
    """

    __slots__ = (
        "__weakref__",
        "_id",
        "_mix",
        "_reconsiders",
        "_video",
        "always_mixed",
        "channels",
        "created_at",
        "creator",
        "destroyed",
        "direct",
        "holding",
        "inbox",
        "kind",
        "lasting",
        "mixing",
        "name",
        "pbx",
        "variables",
    )

    def __init__(
        self,
        pbx: Pbx,
        *,
        kind: str = "basic",
        creator: str = "",
        name: str = "",
        mixing: Mixing | None = None,
        uniqueid: str = "",
        lasting: bool = False,
        holding: bool = False,
    ) -> None:
        """`mixing`: it is a conference, mixed like this whatever the number of its channels."""
        self.pbx = pbx
        # "softmix" is what is left where a pair may not simply be joined
        self.always_mixed = mixing is not None or "simple_bridge" in pbx.suspended_bridging
        self.mixing = mixing or _AS_MEMBERS_DO
        self._mix: Mix | None = None
        self._video: BridgeVideo | None = None
        self.kind = kind
        self.creator = creator
        self.name = name
        self.lasting = lasting
        self.holding = holding
        self.created_at = pbx.wall_clock()  # seconds since the epoch
        self.variables: dict[str, str] = {}
        self.channels: list[Channel] = []
        self.inbox: Inbox[events.LegEvent] | None = None  # of the conversation that it is for
        self.destroyed = False
        self.direct = False  # the two exchange their audio without us
        self._reconsiders = False
        self._id: str | None = uniqueid or None
        pbx.bridges.add(self)
        pbx.bus.emit(events.BridgeCreated, self)

    @property
    def uniqueid(self) -> str:
        """The bridge's UUID, made when first asked for."""
        if self._id is None:
            self._id = str(uuid.uuid4())
        return self._id

    @property
    def technology(self) -> str:
        """How the media are joined, with Asterisk's name for it."""
        if self.holding:
            return "holding_bridge"
        if self.direct:
            return "native_rtp"
        return "softmix" if self.is_mixed else "simple_bridge"

    @property
    def is_mixed(self) -> bool:
        """Whether its channels' audio is mixed, as opposed to passed on."""
        if self.holding:
            return False
        with_ports = self._mix is not None and self._mix.has_ports
        return self.always_mixed or len(self.channels) > 2 or with_ports

    @property
    def video(self) -> BridgeVideo:
        """Whom its channels see when they are mixed."""
        if self._video is None:
            self._video = BridgeVideo()
        return self._video

    @property
    def video_mode(self) -> str:
        """How it is chosen whom all see, with Asterisk's words: none, single, talker."""
        return self._video.mode if self._video is not None else "none"

    @property
    def video_source(self) -> Channel | None:
        """The one whom all others see, when there are more than two."""
        return self._video.source if self._video is not None else None

    @property
    def mix(self) -> Mix:
        """How its channels take part when they are mixed."""
        if self._mix is None:
            self._mix = Mix(self.pbx, self.mixing)
        return self._mix

    def join(self, channel: Channel) -> None:
        """Add a channel.  Raises BridgeError when it or the bridge is gone, or it is bridged already."""
        if channel.ended:
            raise BridgeError(f"{channel.name} has ended")
        if channel.bridge is not None:
            raise BridgeError(f"{channel.name} is in a bridge already")
        if self.destroyed:
            raise BridgeError(f"the bridge that {channel.name} was to join has ended")
        channel.bridge = self
        self.channels.append(channel)
        self._link()
        if len(self.channels) == 2:
            one, two = self.channels
            one.peer_account = two.account_code or one.peer_account
            two.peer_account = one.account_code or two.peer_account
        self.pbx.bus.emit(events.BridgeEntered, self, channel)
        self.join_media()

    def _link(self) -> None:
        """All calls in a bridge are one story from now on: the oldest one's linkedid is everybody's."""
        channels = self.channels
        first = channels[0].linkedid
        if all(channel.linkedid == first for channel in channels):
            return
        oldest = min((channel.linkedid for channel in channels), key=_age)
        for channel in channels:
            channel.linkedid = oldest

    def join_media(self) -> None:
        """Join the audio of the channels, those that have any; again when one has got its audio late."""
        if self.direct and self.is_mixed:
            self._return()
        self.join_streams()
        if self.is_mixed:
            if self.mix.has_ports or any(channel.media is not None for channel in self.channels):
                self.mix.join(self.channels)
        elif len(self.channels) == 2 and not self.holding:
            one, two = self.channels
            if one.media is not None and two.media is not None:
                one.media.bridge(two.media)
                if one.watches_audio or two.watches_audio:
                    for port in (one.media, two.media):
                        port.on_use = self.reconsider
                    self.reconsider()
            if self._mix is not None:
                self._mix.close()

    def join_streams(self) -> None:
        """Join what two channels have beside their audio (video, a fax); again when one has got more of it.

        The first of a kind is joined with the other's first, and so on.  Nothing of it is mixed: those whose
        audio is see one of them (`video`), or nobody.
        """
        if self._video is not None:
            if self.is_mixed and self._video.source is not None:
                self._video.join(self.channels)
                return
            self._video.end()
        if self.is_mixed or self.holding or len(self.channels) != 2:
            for channel in self.channels:
                for _, port in channel.further_media():
                    port.unbridge()
            return
        one, two = self.channels
        others = two.further_media()
        for kind, port in one.further_media():
            for index, (other_kind, other) in enumerate(others):
                if other_kind == kind:
                    del others[index]
                    port.bridge(other)
                    break

    def reconsider(self) -> None:
        """Something has changed that decides whether two channels need us for their audio."""
        if self.direct and not self._may_be_direct():
            self._return()  # at once: somebody is about to say or to hear something
        elif not self._reconsiders and len(self.channels) == 2:
            self._reconsiders = True
            self.pbx.loop.call_soon(self._choose)

    def reconsider_from(self, channel: Channel) -> None:
        """A far end has taken its audio back to us by itself: the other's has to come back, too."""
        self.direct = False
        other = self.other(channel)
        if other is not None:
            other.move_audio(None)
        self.reconsider()

    def _choose(self) -> None:
        self._reconsiders = False
        if self._may_be_direct():
            self.direct = True
            one, two = self.channels
            one.move_audio(two)
            two.move_audio(one)
        else:
            for channel in list(self.channels):
                channel.audio_changed()

    def _may_be_direct(self) -> bool:
        if self.is_mixed or self.holding or len(self.channels) != 2:
            return False
        if "native_rtp" in self.pbx.suspended_bridging:
            return False
        one, two = self.channels
        return (
            one.allows_direct_media
            and two.allows_direct_media
            and not one.needs_audio
            and not two.needs_audio
            and one.may_send_to(two)
            and two.may_send_to(one)
        )

    def _return(self) -> None:
        """All audio goes through here again."""
        self.direct = False
        for channel in self.channels:
            channel.move_audio(None)

    def leave(self, channel: Channel) -> None:
        """Remove a channel; the last one's leaving destroys the bridge.  No effect for one not in it."""
        if channel.bridge is not self:
            return
        if self.direct:
            self.direct = False
            over = any(each.hangup_requested for each in self.channels)
            for each in self.channels:
                if over:  # the other ones' audio is for us, before they are hung up as well
                    _come_back(each)
                else:
                    self.pbx.loop.call_soon(_come_back, each)  # unless it goes on to somebody else
        if channel.media is not None:
            channel.media.on_use = None
        mixed = self.is_mixed
        paired = len(self.channels) == 2 and not self.holding
        if (mixed or paired) and channel.media is not None:
            channel.media.unbridge()
        for _, port in channel.further_media():
            port.unbridge()
        channel.bridge = None
        self.channels.remove(channel)
        if self._video is not None:
            self._video.left(self, channel)
        for each in (channel, *self.channels):
            each.partner_gone()
        if self._mix is not None:
            self._mix.forget(channel)
            if mixed and len(self.channels) == 2:
                self.join_media()
            elif not self.channels and not self._mix.has_ports:
                self._mix.close()
        self.pbx.bus.emit(events.BridgeLeft, self, channel)
        if not self.channels and not self.lasting:
            self._end()

    def _end(self) -> None:
        if not self.destroyed:
            self.destroyed = True
            if self._mix is not None:
                self._mix.close()
            self.pbx.bridges.discard(self)
            self.pbx.bus.emit(events.BridgeDestroyed, self)

    def kick(self, channel: Channel) -> None:
        """Have a channel leave: whoever controls it ends what it does here, and it goes on from there."""
        if channel.bridge is self:
            (self.inbox or channel.inbox).put(events.Kicked(channel))

    def ask(self, channel: Channel, act: Act) -> bool:
        """Have a channel do what it could by DTMF; False when this is no conversation of two."""
        if self.inbox is None or channel.bridge is not self or self.other(channel) is None:
            return False
        self.inbox.put(events.FeatureAsked(channel, act))
        return True

    def let_end(self) -> None:
        """Be no longer lasting: it ends with the last channel, now if that has left already."""
        self.lasting = False
        if not self.channels:
            self._end()

    def destroy(self) -> None:
        """Let all channels go and end the bridge, also one that is lasting."""
        self.dissolve()
        self._end()

    def add_port(self, port: MediaPort, taking: Taking) -> None:
        """Let a port that is no channel's in this bridge hear and be heard as `taking` says.

        It listens in, plays to everybody, or records; again to change what it does.  A holding bridge has
        nothing to hear, and hears nothing.
        """
        self.mix.add_port(port, taking)
        self.join_media()

    def remove_port(self, port: MediaPort) -> None:
        """Let it go; two who are left are joined as before."""
        if self._mix is None or not self._mix.remove_port(port):
            return
        if not self.is_mixed and len(self.channels) == 2:
            self.join_media()

    def other(self, channel: Channel) -> Channel | None:
        """The one whom `channel` talks to in a bridge of two."""
        for candidate in self.channels:
            if candidate is not channel:
                return candidate
        return None

    def dissolve(self) -> None:
        """Let all channels go."""
        for channel in list(self.channels):
            self.leave(channel)


def _come_back(channel: Channel) -> None:
    """Have the audio of a channel that has left a direct bridge come to us, unless it goes away again."""
    bridge = channel.bridge
    if not channel.hangup_requested and (bridge is None or not bridge.direct):
        channel.move_audio(None)


def _age(linkedid: str) -> tuple[int, int]:
    """When a unique id was made, and as which of that second: it ends with `epoch.sequence`."""
    epoch, _, sequence = linkedid.rpartition("-")[2].partition(".")
    return (int(epoch) if epoch.isdecimal() else 0, int(sequence) if sequence.isdecimal() else 0)
