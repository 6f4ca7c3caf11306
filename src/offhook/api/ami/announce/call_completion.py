"""Events of call completion."""

from __future__ import annotations

from offhook.api.ami.announce import shows
from offhook.api.ami.protocol import escape, field
from offhook.api.ami.shape import Shape
from offhook.features.call_completion import events

__all__: list[str] = []


@shows(events.CompletionAvailable, "CCAvailable", classes="cc")
def available(shape: Shape, event: events.CompletionAvailable) -> str:
    """A called party was busy or did not answer, and can be watched."""
    lines = field("CoreID", event.core_id) + field("Callee", escape(event.callee))
    return lines + field("Service", event.service)


@shows(events.CompletionOffered, "CCOfferTimerStart", classes="cc")
def offered(shape: Shape, event: events.CompletionOffered) -> str:
    """The call is over; the caller has so many seconds to request its completion."""
    return _of_caller(event.core_id, event.caller) + field("Expires", event.expires)


@shows(events.CompletionRequested, "CCRequested", classes="cc")
def requested(shape: Shape, event: events.CompletionRequested) -> str:
    """The caller has requested completion; told for each called party."""
    return _of_caller(event.core_id, event.caller) + field("Callee", escape(event.callee))


@shows(events.CompletionAcknowledged, "CCRequestAcknowledged", classes="cc")
def acknowledged(shape: Shape, event: events.CompletionAcknowledged) -> str:
    """The called parties are watched."""
    return _of_caller(event.core_id, event.caller)


@shows(events.MonitoringCallerBegan, "CCCallerStartMonitoring", classes="cc")
def caller_is_busy(shape: Shape, event: events.MonitoringCallerBegan) -> str:
    """A called party is free, but the caller is not."""
    return _of_caller(event.core_id, event.caller)


@shows(events.MonitoringCallerEnded, "CCCallerStopMonitoring", classes="cc")
def caller_is_free(shape: Shape, event: events.MonitoringCallerEnded) -> str:
    """The caller is free again."""
    return _of_caller(event.core_id, event.caller)


@shows(events.CompletionRecalling, "CCCallerRecalling", classes="cc")
def recalling(shape: Shape, event: events.CompletionRecalling) -> str:
    """The caller is called."""
    return _of_caller(event.core_id, event.caller)


@shows(events.CompletionEnded, "CCRecallComplete", classes="cc")
def complete(shape: Shape, event: events.CompletionEnded) -> str:
    """The called party has answered the recall."""
    return _of_caller(event.core_id, event.caller)


@shows(events.CompletionFailed, "CCFailure", classes="cc")
def failure(shape: Shape, event: events.CompletionFailed) -> str:
    """Nothing comes of a completion."""
    return _of_caller(event.core_id, event.caller) + field("Reason", escape(event.reason))


@shows(events.MonitorFailed, "CCMonitorFailed", classes="cc")
def monitor_failed(shape: Shape, event: events.MonitorFailed) -> str:
    """A called party was not free in time."""
    return field("CoreID", event.core_id) + field("Callee", escape(event.callee))


def _of_caller(core_id: int, caller: str) -> str:
    return field("CoreID", core_id) + field("Caller", escape(caller))
