"""Events of conferences and of those who listen in."""

from __future__ import annotations

from offhook.api.ami.announce import shows
from offhook.api.ami.protocol import field
from offhook.api.ami.shape import Shape
from offhook.features import conference_events as events
from offhook.features.conferences import Conference, Participant
from offhook.features.spying import SpyStarted, SpyStopped

__all__: list[str] = []


def _room(shape: Shape, room: Conference) -> str:
    return field("Conference", room.name) + shape.bridge(room.bridge)


def _one(shape: Shape, room: Conference, participant: Participant) -> str:
    admin = field("Admin", "Yes" if participant.profile.admin else "No")
    return _room(shape, room) + shape.channel(participant.channel) + admin


@shows(events.ConferenceStarted, "ConfbridgeStart", classes="call")
def started(shape: Shape, event: events.ConferenceStarted) -> str:
    """A conference room exists."""
    return _room(shape, event.conference)


@shows(events.ConferenceEnded, "ConfbridgeEnd", classes="call")
def ended(shape: Shape, event: events.ConferenceEnded) -> str:
    """A conference room is gone."""
    return _room(shape, event.conference)


@shows(events.ConferenceJoined, "ConfbridgeJoin", classes="call")
def joined(shape: Shape, event: events.ConferenceJoined) -> str:
    """A channel has joined a conference room."""
    muted = field("Muted", "Yes" if event.participant.muted else "No")
    return _one(shape, event.conference, event.participant) + muted


@shows(events.ConferenceLeft, "ConfbridgeLeave", classes="call")
def left(shape: Shape, event: events.ConferenceLeft) -> str:
    """A channel has left a conference room."""
    return _one(shape, event.conference, event.participant)


@shows(events.ConferenceMuted, "ConfbridgeMute", "ConfbridgeUnmute", classes="call")
def muted(shape: Shape, event: events.ConferenceMuted) -> tuple[str, str]:
    """A participant is not heard any more, or again."""
    name = "ConfbridgeMute" if event.on else "ConfbridgeUnmute"
    return name, _one(shape, event.conference, event.participant)


@shows(events.ConferenceTalking, "ConfbridgeTalking", classes="call")
def talking(shape: Shape, event: events.ConferenceTalking) -> str:
    """A participant began to talk, or has stopped."""
    status = field("TalkingStatus", "on" if event.on else "off")
    return _one(shape, event.conference, event.participant) + status


@shows(events.ConferenceRecording, "ConfbridgeRecord", "ConfbridgeStopRecord", classes="call")
def recording(shape: Shape, event: events.ConferenceRecording) -> tuple[str, str]:
    """A conference room is being recorded, or no more."""
    return ("ConfbridgeRecord" if event.on else "ConfbridgeStopRecord"), _room(shape, event.conference)


@shows(SpyStarted, "ChanSpyStart", classes="call")
def spy_started(shape: Shape, event: SpyStarted) -> str:
    """A channel listens in on another."""
    return shape.channel(event.spy, "Spyer") + shape.channel(event.channel, "Spyee")


@shows(SpyStopped, "ChanSpyStop", classes="call")
def spy_stopped(shape: Shape, event: SpyStopped) -> str:
    """A channel listens in no more."""
    return shape.channel(event.spy, "Spyer") + shape.channel(event.channel, "Spyee")
