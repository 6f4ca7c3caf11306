"""Events of the core.

Two families: what happens to a leg, put into the inbox of the task that controls it (`LegEvent`), and
what the switch announces on the bus for CDR, AMI, ARI, metrics and traces.

module-length: one catalogue, in which every event is looked up; it has no logic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from offhook.media.reports import RtcpReport
    from offhook.pbx.bridge import Bridge
    from offhook.pbx.channel import Channel
    from offhook.pbx.charges import Advice
    from offhook.pbx.conversation import Act
    from offhook.pbx.party import PartyId, Redirecting

__all__ = [
    "AccountCodeChanged",
    "Answered",
    "AttendedTransferred",
    "BlindTransferred",
    "BridgeCreated",
    "BridgeDestroyed",
    "BridgeEntered",
    "BridgeLeft",
    "BridgeVideoSourceChanged",
    "BridgesMerged",
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
    "ContactChanged",
    "Detached",
    "DeviceReported",
    "DeviceStateChanged",
    "DialBegan",
    "DialEnded",
    "DialStateChanged",
    "Digit",
    "ExtensionStateChanged",
    "FeatureAsked",
    "Flash",
    "GlobalVariableSet",
    "HangupHandlerBegan",
    "HangupHandlerPopped",
    "HangupHandlerPushed",
    "Held",
    "HungUp",
    "Kicked",
    "LegEvent",
    "LocalBridged",
    "LogFileOpened",
    "MaintenanceChanged",
    "MusicStarted",
    "MusicStopped",
    "NewConnectedLine",
    "NewExtension",
    "NewRedirecting",
    "Notice",
    "OriginateEnded",
    "PeerStatusChanged",
    "PickedUp",
    "PlaybackControl",
    "PlaybackEnded",
    "PresenceChanged",
    "PresenceReported",
    "Progressing",
    "RecordingEnded",
    "Redirected",
    "RegistrationChanged",
    "Reloaded",
    "Ringing",
    "RtcpReceived",
    "RtcpSent",
    "SecurityEvent",
    "StopBegan",
    "Talking",
    "TestEvent",
    "TextReceived",
    "TransferAsked",
    "UserEvent",
]


# ------------------------------------------------------------------ to the task that controls a leg


@dataclass(frozen=True, slots=True, eq=False)
class Ringing:
    """The far end is being alerted (SIP 180)."""

    channel: Channel


@dataclass(frozen=True, slots=True, eq=False)
class Progressing:
    """Call progress (SIP 183), with early media when `early_media`."""

    channel: Channel
    early_media: bool


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """The far end has answered."""

    channel: Channel


@dataclass(frozen=True, slots=True, eq=False)
class HungUp:
    """The leg is gone; why is in `channel.hangup_cause`."""

    channel: Channel


@dataclass(frozen=True, slots=True, eq=False)
class Detached:
    """The leg was taken away by somebody else (a redirect); leave it alone from now on."""

    channel: Channel


@dataclass(frozen=True, slots=True, eq=False)
class Digit:
    """A DTMF key was pressed and released after `duration_ms`."""

    channel: Channel
    digit: str
    duration_ms: int
    in_media: bool = False  # it came with the audio, not by signalling: the engine may have relayed it


@dataclass(frozen=True, slots=True, eq=False)
class Flash:
    """The far end has flashed its hook (RFC 4733 event 16, or an INFO)."""

    channel: Channel
    in_media: bool = False  # as for Digit


@dataclass(frozen=True, slots=True, eq=False)
class TextReceived:
    """The far end has sent text within the call."""

    channel: Channel
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """The far end has put the call on hold, or has taken it back."""

    channel: Channel
    on: bool


@dataclass(frozen=True, slots=True, eq=False)
class NewConnectedLine:
    """The far end told a new identity of itself."""

    channel: Channel
    party: PartyId


@dataclass(frozen=True, slots=True, eq=False)
class Redirected:
    """The far end answered with a redirection (SIP 3xx) to these dial-plan numbers."""

    channel: Channel
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class NewRedirecting:
    """The far end says how the call is diverted (SIP 181; beyond a Local channel)."""

    channel: Channel
    redirecting: Redirecting


@dataclass(frozen=True, slots=True, eq=False)
class PickedUp:
    """Another channel wants the call that rings at this leg (Pickup)."""

    channel: Channel
    by: Channel
    accept: Callable[[Channel], bool]
    """Called with the calling channel when it may have it; False when it does not want it any more."""


@dataclass(frozen=True, slots=True, eq=False)
class PlaybackEnded:
    """The playback with this id ended; `error` says why when it could not be played to its end."""

    channel: Channel
    playback: int
    error: str | None


@dataclass(frozen=True, slots=True, eq=False)
class PlaybackControl:
    """Somebody winds, halts or ends what the leg's task plays: stop, forward, reverse, pause or restart."""

    channel: Channel
    what: str


@dataclass(frozen=True, slots=True, eq=False)
class RecordingEnded:
    """A recording ended.  `why`: "stopped", "silence", "limit" or "error"."""

    channel: Channel
    recording: int
    why: str
    duration_ms: int


@dataclass(frozen=True, slots=True, eq=False)
class Talking:
    """In a conference: the far end has begun to talk, or has stopped."""

    channel: Channel
    on: bool


@dataclass(frozen=True, slots=True, eq=False)
class Notice:
    """Somebody in the switch tells the task that controls the leg something; `what` is between those two."""

    channel: Channel
    what: str
    data: object = None


@dataclass(frozen=True, slots=True, eq=False)
class Kicked:
    """Somebody has taken the leg out of the bridge that it is in (AMI BridgeKick, BridgeDestroy)."""

    channel: Channel


@dataclass(frozen=True, slots=True, eq=False)
class FeatureAsked:
    """Somebody has a leg of a conversation do what it could by DTMF (AMI Atxfer)."""

    channel: Channel
    act: Act


LegEvent = (
    Ringing
    | Progressing
    | Answered
    | HungUp
    | Detached
    | TextReceived
    | Digit
    | Flash
    | Held
    | NewConnectedLine
    | NewRedirecting
    | PickedUp
    | Redirected
    | PlaybackControl
    | PlaybackEnded
    | RecordingEnded
    | Talking
    | Notice
    | Kicked
    | FeatureAsked
)


# ------------------------------------------------------------------ on the bus


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


@dataclass(frozen=True, slots=True, eq=False)
class BridgeCreated:
    """A bridge exists."""

    bridge: Bridge


@dataclass(frozen=True, slots=True, eq=False)
class BridgeEntered:
    """A channel joined a bridge."""

    bridge: Bridge
    channel: Channel


@dataclass(frozen=True, slots=True, eq=False)
class BridgeLeft:
    """A channel left a bridge."""

    bridge: Bridge
    channel: Channel


@dataclass(frozen=True, slots=True, eq=False)
class BridgesMerged:
    """The channels of one bridge go into another."""

    to: Bridge
    gone: Bridge


@dataclass(frozen=True, slots=True, eq=False)
class BridgeVideoSourceChanged:
    """Another channel of a bridge is seen by the others, or none."""

    bridge: Bridge
    old: str
    """The unique id of the one that was, "" for none."""


@dataclass(frozen=True, slots=True, eq=False)
class BridgeDestroyed:
    """A bridge is gone."""

    bridge: Bridge


# ------------------------------------------------------------------ devices, extensions, presence


@dataclass(frozen=True, slots=True, eq=False)
class DeviceReported:
    """Something happened that may have changed the state of a device (`PJSIP/6001`, `Queue:sales`)."""

    device: str


@dataclass(frozen=True, slots=True, eq=False)
class DeviceStateChanged:
    """A device is in another state, with the words of DEVICE_STATE()."""

    device: str
    state: str
    repeated: bool = False
    """It was so before, of a device whose state nobody remembers (`Channel.keeps_device_state`)."""


@dataclass(frozen=True, slots=True, eq=False)
class ExtensionStateChanged:
    """An extension with a hint is in another state, has another presence, or has no hint any more (-2)."""

    exten: str
    context: str
    hint: str
    state: int
    """Asterisk's number: 1 in use, 2 busy, 4 unavailable, 8 ringing, 16 on hold, as flags; 0 idle."""
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class ContactChanged:
    """A contact of an AOR came, went, or answers now or no more.

    `status` is Asterisk's word: Created, Updated, Removed, Reachable, Unreachable, NonQualified;
    `round_trip_us` is 0 when it was not measured, `expires_s` for how long a registered one lasts.
    """

    technology: str
    aor: str
    uri: str
    endpoint: str
    status: str
    round_trip_us: int
    expires_s: int
    user_agent: str


@dataclass(frozen=True, slots=True, eq=False)
class PeerStatusChanged:
    """An endpoint can be reached now (Reachable), or no more (Unreachable); `cause` when that is known."""

    technology: str
    peer: str
    status: str
    address: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class MaintenanceChanged:
    """An endpoint begins nothing new any more (`on`), or may again."""

    endpoint: str
    on: bool


@dataclass(frozen=True, slots=True, eq=False)
class RegistrationChanged:
    """Our registration with another server: Registered, Unregistered, Rejected ..."""

    technology: str
    username: str
    domain: str
    status: str
    cause: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class PresenceReported:
    """Something happened that may have changed a presence (`CustomPresence:bob`)."""

    provider: str


@dataclass(frozen=True, slots=True, eq=False)
class PresenceChanged:
    """A presence: not_set, unavailable, available, away, xa, chat or dnd."""

    provider: str
    state: str
    subtype: str
    message: str


# ------------------------------------------------------------------ the node and those who drive it


@dataclass(frozen=True, slots=True, eq=False)
class UserEvent:
    """An event of the administrator's own: UserEvent() of the dialplan (with its channel), of AMI or ARI."""

    name: str
    headers: Sequence[tuple[str, str]]
    channel: Channel | None = None
    told: object = None
    """Whoever sent it from an ARI application has told ARI's applications itself."""


@dataclass(frozen=True, slots=True, eq=False)
class OriginateEnded:
    """A call that was originated in the background was answered, or was not.

    `reason` is the number of the control frame that ended it: 4 answered, 5 busy, 8 congestion, 3 not
    answered, 1 hung up, 0 failed.
    """

    action_id: str
    answered: bool
    destination: str
    context: str
    exten: str
    application: str
    data: str
    reason: int
    uniqueid: str
    caller: PartyId


@dataclass(frozen=True, slots=True, eq=False)
class SecurityEvent:
    """Somebody got in or was refused; `name` and `said` are those of Asterisk's security log."""

    name: str
    said: Mapping[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Reloaded:
    """Configuration was read anew; `status` is 0 when it was used, else Asterisk's number for why not."""

    module: str
    status: int


@dataclass(frozen=True, slots=True, eq=False)
class StopBegan:
    """The node stops, to start again when `restart`."""

    restart: bool


@dataclass(frozen=True, slots=True, eq=False)
class LogFileOpened:
    """A log file was opened anew, or could not be for a reason."""

    path: str
    reason: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class TestEvent:
    """A state that tests of the program wait for; nobody listens unless test events are switched on.

    `state` and `headers` are those of Asterisk's TestEvent (State, then free headers).
    """

    __test__ = False  # for pytest

    state: str
    headers: Sequence[tuple[str, str]] = ()
