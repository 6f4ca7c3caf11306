"""Events of recordings of calls, and of who talks."""

from __future__ import annotations

from offhook.api.ami.announce import shows
from offhook.api.ami.protocol import field
from offhook.api.ami.shape import Shape
from offhook.features import call_recording as recording
from offhook.pbx import events

__all__: list[str] = []


@shows(recording.RecordingStarted, "MixMonitorStart", classes="call")
def started(shape: Shape, event: recording.RecordingStarted) -> str:
    """A call is recorded."""
    return shape.channel(event.recording.channel)


@shows(recording.RecordingStopped, "MixMonitorStop", classes="call")
def stopped(shape: Shape, event: recording.RecordingStopped) -> str:
    """A recording of a call has ended."""
    return shape.channel(event.recording.channel)


@shows(recording.RecordingMuted, "MixMonitorMute", classes="call")
def muted(shape: Shape, event: recording.RecordingMuted) -> str:
    """Recordings of a channel have silence in place of a direction, or no longer."""
    lines = shape.channel(event.channel) + field("Direction", event.direction)
    return lines + field("State", "1" if event.on else "0")


@shows(events.ChannelTalkingStarted, "ChannelTalkingStart", classes="call")
def talking(shape: Shape, event: events.ChannelTalkingStarted) -> str:
    """Somebody has begun to talk on a channel with TALK_DETECT()."""
    return shape.channel(event.channel)


@shows(events.ChannelTalkingStopped, "ChannelTalkingStop", classes="call")
def silent(shape: Shape, event: events.ChannelTalkingStopped) -> str:
    """Who talked on a channel with TALK_DETECT() has stopped."""
    return shape.channel(event.channel) + field("Duration", str(event.duration_ms))
