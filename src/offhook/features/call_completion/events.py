"""What call completion announces on the bus: Asterisk's CC events, with the values of their headers."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "CompletionAcknowledged",
    "CompletionAvailable",
    "CompletionEnded",
    "CompletionFailed",
    "CompletionOffered",
    "CompletionRecalling",
    "CompletionRequested",
    "MonitorFailed",
    "MonitoringCallerBegan",
    "MonitoringCallerEnded",
]


@dataclass(frozen=True, slots=True)
class CompletionAvailable:
    """A called party was busy or did not answer, and can be watched (CCAvailable)."""

    core_id: int
    callee: str
    service: str
    """CCBS or CCNR."""


@dataclass(frozen=True, slots=True)
class CompletionOffered:
    """The call is over; the caller has so many seconds to request completion (CCOfferTimerStart)."""

    core_id: int
    caller: str
    expires: int


@dataclass(frozen=True, slots=True)
class CompletionRequested:
    """The caller wants completion; for each called party (CCRequested)."""

    core_id: int
    caller: str
    callee: str


@dataclass(frozen=True, slots=True)
class CompletionAcknowledged:
    """The called parties are watched now (CCRequestAcknowledged)."""

    core_id: int
    caller: str


@dataclass(frozen=True, slots=True)
class MonitoringCallerBegan:
    """A called party is free, but the caller is not: the caller is watched (CCCallerStartMonitoring)."""

    core_id: int
    caller: str


@dataclass(frozen=True, slots=True)
class MonitoringCallerEnded:
    """The caller is free again (CCCallerStopMonitoring)."""

    core_id: int
    caller: str


@dataclass(frozen=True, slots=True)
class CompletionRecalling:
    """The caller's phone is called (CCCallerRecalling)."""

    core_id: int
    caller: str


@dataclass(frozen=True, slots=True)
class CompletionEnded:
    """The called party has answered the recall (CCRecallComplete)."""

    core_id: int
    caller: str


@dataclass(frozen=True, slots=True)
class CompletionFailed:
    """Nothing comes of it (CCFailure)."""

    core_id: int
    caller: str
    reason: str


@dataclass(frozen=True, slots=True)
class MonitorFailed:
    """A called party is watched no more, as he was not free in time (CCMonitorFailed)."""

    core_id: int
    callee: str
