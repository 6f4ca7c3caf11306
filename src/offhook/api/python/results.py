"""What the operations of a Python call flow give."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["DialResult", "DialStatus", "RecordResult", "RecordStatus"]


class DialStatus(StrEnum):
    """How dialling ended: DIALSTATUS."""

    ANSWER = "ANSWER"
    BUSY = "BUSY"
    NOANSWER = "NOANSWER"
    CONGESTION = "CONGESTION"
    CHANUNAVAIL = "CHANUNAVAIL"
    CANCEL = "CANCEL"
    DONTCALL = "DONTCALL"
    TORTURE = "TORTURE"
    INVALIDARGS = "INVALIDARGS"


@dataclass(frozen=True, slots=True)
class DialResult:
    """How `call.dial` ended; true when somebody answered."""

    status: DialStatus
    peer: str = ""
    """The name of the channel that answered."""
    number: str = ""
    """The destination that answered."""
    cause: int = 0
    """Q.850: why the called side did not answer, or hung up."""
    dialed: float = 0.0
    """Seconds from dialling to the end of an answered call."""
    talked: float = 0.0
    """Seconds of conversation."""

    def __bool__(self) -> bool:
        return self.status is DialStatus.ANSWER


class RecordStatus(StrEnum):
    """What ended a recording: RECORD_STATUS."""

    DTMF = "DTMF"
    SILENCE = "SILENCE"
    TIMEOUT = "TIMEOUT"
    SKIP = "SKIP"
    OPERATOR = "OPERATOR"
    HANGUP = "HANGUP"
    ERROR = "ERROR"


@dataclass(frozen=True, slots=True)
class RecordResult:
    """How `call.record` ended."""

    status: RecordStatus
    file: str
    """The file without extension."""
