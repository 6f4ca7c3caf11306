"""What happens to a leg, put into the inbox of the task that controls it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.pbx.channel import Channel
    from offhook.pbx.conversation import Act
    from offhook.pbx.party import PartyId, Redirecting

__all__ = [
    "Answered",
    "Detached",
    "Digit",
    "FeatureAsked",
    "Flash",
    "Held",
    "HungUp",
    "Kicked",
    "LegEvent",
    "NewConnectedLine",
    "NewRedirecting",
    "Notice",
    "PickedUp",
    "PlaybackControl",
    "PlaybackEnded",
    "Progressing",
    "RecordingEnded",
    "Redirected",
    "Ringing",
    "Talking",
    "TextReceived",
]


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
