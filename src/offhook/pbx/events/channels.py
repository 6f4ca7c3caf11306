"""What becomes of channels and calls, announced on the bus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offhook.media.reports import RtcpReport
    from offhook.pbx.bridge import Bridge
    from offhook.pbx.channel import Channel
    from offhook.pbx.charges import Advice

__all__ = [
    "AccountCodeChanged",
    "AttendedTransferred",
    "BlindTransferred",
    "CallPickedUp",
    "CallerIdChanged",
    "CdrReported",
    "CelReported",
    "ChannelAnswered",
    "ChannelCreated",
    "ChannelDigit",
    "ChannelDigitBegan",
    "ChannelFlash",
    "ChannelHangupRequested",
    "ChannelHeld",
    "ChannelHungUp",
    "ChannelIndicated",
    "ChannelRenamed",
    "ChannelStateChanged",
    "ChannelTalkingStarted",
    "ChannelTalkingStopped",
    "ChannelVariableSet",
    "ChargeAdvised",
    "ConnectedLineChanged",
    "DialBegan",
    "DialEnded",
    "DialStateChanged",
    "GlobalVariableSet",
    "HangupHandlerBegan",
    "HangupHandlerPopped",
    "HangupHandlerPushed",
    "LocalBridged",
    "LocalOptimizationBegan",
    "LocalOptimizationEnded",
    "MusicStarted",
    "MusicStopped",
    "NewExtension",
    "RtcpReceived",
    "RtcpSent",
    "TransferAsked",
]


@dataclass(frozen=True, slots=True, eq=False)
class ChannelCreated:
    """A channel exists."""

    channel: Channel


@dataclass(frozen=True, slots=True, eq=False)
class ChannelStateChanged:
    """A channel's state (DOWN, RING, RINGING, UP ...) changed; the new one is in the channel."""

    channel: Channel


@dataclass(frozen=True, slots=True, eq=False)
class ChannelAnswered:
    """A channel went up: incoming ones because we answered, outgoing ones because the far end did."""

    channel: Channel


@dataclass(frozen=True, slots=True, eq=False)
class NewExtension:
    """A channel is about to execute a priority."""

    channel: Channel
    application: str
    data: str
    by_itself: bool = False
    """No priority: the application alone, for an originated call or another application."""


@dataclass(frozen=True, slots=True, eq=False)
class HangupHandlerPushed:
    """A channel has a further hangup handler."""

    channel: Channel
    handler: str


@dataclass(frozen=True, slots=True, eq=False)
class HangupHandlerPopped:
    """A hangup handler was taken away."""

    channel: Channel
    handler: str


@dataclass(frozen=True, slots=True, eq=False)
class HangupHandlerBegan:
    """A hangup handler is about to be executed."""

    channel: Channel
    handler: str


@dataclass(frozen=True, slots=True, eq=False)
class ChannelVariableSet:
    """A channel variable was set."""

    channel: Channel
    name: str
    value: str


@dataclass(frozen=True, slots=True, eq=False)
class ConnectedLineChanged:
    """A channel's connected line id changed; the new one is in the channel."""

    channel: Channel


@dataclass(frozen=True, slots=True, eq=False)
class CallerIdChanged:
    """A channel's caller id changed; the new one is in the channel."""

    channel: Channel


@dataclass(frozen=True, slots=True, eq=False)
class AccountCodeChanged:
    """A channel's account code changed; the new one is in the channel."""

    channel: Channel
    old: str


@dataclass(frozen=True, slots=True, eq=False)
class ChannelRenamed:
    """A channel has another name now."""

    channel: Channel
    old: str


@dataclass(frozen=True, slots=True, eq=False)
class ChannelHeld:
    """The far end of a channel has put the call on hold, or has taken it back."""

    channel: Channel
    on: bool
    music_class: str = ""
    """What it wants the other side to hear."""


@dataclass(frozen=True, slots=True, eq=False)
class MusicStarted:
    """A channel hears music on hold."""

    channel: Channel
    music_class: str


@dataclass(frozen=True, slots=True, eq=False)
class MusicStopped:
    """A channel hears music on hold no more."""

    channel: Channel


@dataclass(frozen=True, slots=True, eq=False)
class BlindTransferred:
    """A blind transfer is being done: the transferee goes to an extension.

    A bridge that keeps its channels (ARI) goes there as a whole: a leg takes the transferor's place in it.
    """

    transferor: Channel
    transferee: Channel | None
    """None when the transferor talks to several."""
    bridge: Bridge | None
    context: str
    exten: str
    replacement: Channel | None = None


@dataclass(frozen=True, slots=True, eq=False)
class AttendedTransferred:
    """An attended transfer is being done: those whom the transferor's two legs talk to are connected.

    By DTMF the transferor has one leg, which is in both bridges in turn.
    """

    first: Channel
    second: Channel
    transferee: Channel | None
    target: Channel | None
    bridges: tuple[Bridge | None, Bridge | None] = (None, None)
    """Of the two conversations, where these are not the bridges that the legs are in now."""
    stays: bool = False
    """All of them talk to each other from now on (three-way)."""
    link: tuple[Channel, Channel] | None = None
    """What has taken the places of the transferor's legs and carries the audio between them."""
    replacement: Channel | None = None
    """Who has taken the place of a leg of the transferor that was kept (ARI) and not in a bridge."""


@dataclass(frozen=True, slots=True, eq=False)
class LocalBridged:
    """Both halves of a Local channel are joined: it is being called."""

    one: Channel
    two: Channel
    context: str
    exten: str
    optimizes: bool


@dataclass(frozen=True, slots=True, eq=False)
class LocalOptimizationBegan:
    """A Local channel is being taken out of a call: `source` comes into `destination` in its place."""

    one: Channel
    two: Channel
    source: Channel
    destination: Bridge
    number: int


@dataclass(frozen=True, slots=True, eq=False)
class LocalOptimizationEnded:
    """A Local channel has been taken out of a call, and hangs up."""

    one: Channel
    two: Channel
    number: int


@dataclass(frozen=True, slots=True, eq=False)
class GlobalVariableSet:
    """A global variable was set."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, eq=False)
class ChannelHangupRequested:
    """The call is over for this channel: the far end hung up or somebody asked; `h` is still to run."""

    channel: Channel
    by_far_end: bool = False
    cause: int = 0
    """Why, where that is not why the channel ends: its dialplan came to its end."""


@dataclass(frozen=True, slots=True, eq=False)
class ChannelIndicated:
    """Dial or the dialplan tells a channel that it rings (RINGING) or that it goes on (PROGRESS)."""

    channel: Channel
    state: str


@dataclass(frozen=True, slots=True, eq=False)
class ChannelHungUp:
    """A channel is gone."""

    channel: Channel


@dataclass(frozen=True, slots=True, eq=False)
class ChannelDigitBegan:
    """A DTMF key went down, or (`sent`) one begins to be sent."""

    channel: Channel
    digit: str
    sent: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ChannelDigit:
    """A DTMF key was pressed and released, or (`sent`) one was sent."""

    channel: Channel
    digit: str
    duration_ms: int
    sent: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ChannelFlash:
    """The far end of a channel has flashed its hook."""

    channel: Channel


@dataclass(frozen=True, slots=True, eq=False)
class ChannelTalkingStarted:
    """The far end of a channel that is listened to (TALK_DETECT) has begun to talk."""

    channel: Channel


@dataclass(frozen=True, slots=True, eq=False)
class ChannelTalkingStopped:
    """It has stopped, after `duration_ms`, the silence at the end not counted."""

    channel: Channel
    duration_ms: int


@dataclass(frozen=True, slots=True, eq=False)
class RtcpReceived:
    """The far end of a channel reported how it hears us, what it sends; below 0 the round trip is unknown.

    `local` is the host:port that it came to.
    """

    channel: Channel
    report: RtcpReport
    round_trip_ms: float
    local: str


@dataclass(frozen=True, slots=True, eq=False)
class RtcpSent:
    """We reported to the far end of a channel; `local` is the host:port that the report came from."""

    channel: Channel
    report: RtcpReport
    local: str


@dataclass(frozen=True, slots=True, eq=False)
class ChargeAdvised:
    """The far end of a channel is to be told what the call costs; `told`: its technology could do so."""

    channel: Channel
    advice: Advice
    told: bool


@dataclass(frozen=True, slots=True, eq=False)
class TransferAsked:
    """The far end of a channel wants a transfer that a program is to carry out (Asterisk: ari-only).

    The program tells how it goes by `channel.asked_transfer`.
    """

    channel: Channel
    destination: str
    """The number, as the far end names it."""
    protocol_id: str
    """Attended: the id of the call that takes this one's place (SIP: its Call-ID); "" else."""
    other: Channel | None
    """Attended: the transferor's channel of that call, when it is ours."""
    parameters: tuple[tuple[str, str], ...] = ()
    """What else the technology says, by name."""


@dataclass(frozen=True, slots=True, eq=False)
class DialBegan:
    """`caller` (None for an originated call) dials `peer`."""

    caller: Channel | None
    peer: Channel
    destination: str


@dataclass(frozen=True, slots=True, eq=False)
class DialStateChanged:
    """A dial attempt progressed: `state` is RINGING, PROGRESS or PROCEEDING."""

    caller: Channel | None
    peer: Channel
    state: str


@dataclass(frozen=True, slots=True, eq=False)
class DialEnded:
    """A dial attempt ended; `status` is a DIALSTATUS."""

    caller: Channel | None
    peer: Channel
    status: str
    forward: str = ""
    """Where the called party diverted to."""


@dataclass(frozen=True, slots=True, eq=False)
class CallPickedUp:
    """A channel has taken a call that rang at `target` (Pickup)."""

    by: Channel
    target: Channel


@dataclass(frozen=True, slots=True, eq=False)
class CdrReported:
    """A call record is finished (cdr_manager.conf); the headers are those of AMI's Cdr."""

    headers: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, eq=False)
class CelReported:
    """A channel event is recorded (cel.conf); the headers are those of AMI's CEL."""

    headers: Sequence[tuple[str, str]]
