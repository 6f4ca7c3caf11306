"""What conferences announce on the bus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook.features.conferences import Conference, Participant

__all__ = [
    "ConferenceEnded",
    "ConferenceJoined",
    "ConferenceLeft",
    "ConferenceMuted",
    "ConferenceRecording",
    "ConferenceStarted",
    "ConferenceStateChanged",
    "ConferenceTalking",
]


@dataclass(frozen=True, slots=True, eq=False)
class ConferenceStarted:
    """A room exists (ConfbridgeStart)."""

    conference: Conference


@dataclass(frozen=True, slots=True, eq=False)
class ConferenceEnded:
    """A room is gone (ConfbridgeEnd)."""

    conference: Conference


@dataclass(frozen=True, slots=True, eq=False)
class ConferenceJoined:
    """Somebody came in (ConfbridgeJoin)."""

    conference: Conference
    participant: Participant


@dataclass(frozen=True, slots=True, eq=False)
class ConferenceLeft:
    """Somebody has gone (ConfbridgeLeave)."""

    conference: Conference
    participant: Participant


@dataclass(frozen=True, slots=True, eq=False)
class ConferenceMuted:
    """Somebody is not heard any more, or again (ConfbridgeMute, ConfbridgeUnmute)."""

    conference: Conference
    participant: Participant
    on: bool


@dataclass(frozen=True, slots=True, eq=False)
class ConferenceTalking:
    """Somebody began to talk, or has stopped (ConfbridgeTalking)."""

    conference: Conference
    participant: Participant
    on: bool


@dataclass(frozen=True, slots=True, eq=False)
class ConferenceRecording:
    """A recording began or ended (ConfbridgeRecord, ConfbridgeStopRecord)."""

    conference: Conference
    on: bool


@dataclass(frozen=True, slots=True, eq=False)
class ConferenceStateChanged:
    """Who is there changed what the room is; Asterisk's names: EMPTY, INACTIVE, SINGLE, SINGLE_MARKED, MULTI,
    MULTI_MARKED (its TestEvent CONF_CHANGE_STATE)."""

    conference: Conference
    old: str
    new: str
