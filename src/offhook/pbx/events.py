"""Events of the core.

Two families: what happens to a leg, put into the inbox of the task that controls it (`LegEvent`), and
what the switch announces on the bus for CDR, AMI, ARI, metrics and traces.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook.pbx.bridge import Bridge
    from offhook.pbx.channel import Channel
    from offhook.pbx.party import PartyId

__all__ = [
    "Answered",
    "BridgeCreated",
    "BridgeDestroyed",
    "BridgeEntered",
    "BridgeLeft",
    "ChannelAnswered",
    "ChannelCreated",
    "ChannelDigit",
    "ChannelDigitBegan",
    "ChannelHangupRequested",
    "ChannelHungUp",
    "ChannelStateChanged",
    "ChannelVariableSet",
    "ConnectedLineChanged",
    "Detached",
    "DeviceReported",
    "DeviceStateChanged",
    "DialBegan",
    "DialEnded",
    "DialStateChanged",
    "Digit",
    "ExtensionStateChanged",
    "Held",
    "HungUp",
    "LegEvent",
    "NewConnectedLine",
    "NewExtension",
    "PlaybackEnded",
    "PresenceChanged",
    "PresenceReported",
    "Progressing",
    "RecordingEnded",
    "Redirected",
    "Ringing",
    "Talking",
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
class PlaybackEnded:
    """The playback with this id ended; `error` says why when it could not be played to its end."""

    channel: Channel
    playback: int
    error: str | None


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


LegEvent = (
    Ringing
    | Progressing
    | Answered
    | HungUp
    | Detached
    | Digit
    | Held
    | NewConnectedLine
    | Redirected
    | PlaybackEnded
    | RecordingEnded
    | Talking
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
class ChannelHangupRequested:
    """The call is over for this channel: the far end hung up or somebody asked; `h` is still to run."""

    channel: Channel


@dataclass(frozen=True, slots=True, eq=False)
class ChannelHungUp:
    """A channel is gone."""

    channel: Channel


@dataclass(frozen=True, slots=True, eq=False)
class ChannelDigitBegan:
    """A DTMF key went down."""

    channel: Channel
    digit: str


@dataclass(frozen=True, slots=True, eq=False)
class ChannelDigit:
    """A DTMF key was pressed and released."""

    channel: Channel
    digit: str
    duration_ms: int


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
