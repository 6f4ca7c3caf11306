"""Hangup causes (ITU-T Q.850) and how they map to and from SIP status codes.

Numbers and names are those that Asterisk shows as HANGUPCAUSE and accepts in Hangup().
"""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Cause", "cause_by_name", "cause_of_status", "cause_text", "status_of_cause"]


class Cause(IntEnum):
    """Q.850 cause values."""

    NOTDEFINED = 0
    UNALLOCATED = 1
    NO_ROUTE_TRANSIT_NET = 2
    NO_ROUTE_DESTINATION = 3
    MISDIALLED_TRUNK_PREFIX = 5
    CHANNEL_UNACCEPTABLE = 6
    CALL_AWARDED_DELIVERED = 7
    PRE_EMPTED = 8
    NUMBER_PORTED_NOT_HERE = 14
    NORMAL_CLEARING = 16
    USER_BUSY = 17
    NO_USER_RESPONSE = 18
    NO_ANSWER = 19
    SUBSCRIBER_ABSENT = 20
    CALL_REJECTED = 21
    NUMBER_CHANGED = 22
    REDIRECTED_TO_NEW_DESTINATION = 23
    ANSWERED_ELSEWHERE = 26
    DESTINATION_OUT_OF_ORDER = 27
    INVALID_NUMBER_FORMAT = 28
    FACILITY_REJECTED = 29
    RESPONSE_TO_STATUS_ENQUIRY = 30
    NORMAL_UNSPECIFIED = 31
    NORMAL_CIRCUIT_CONGESTION = 34
    NETWORK_OUT_OF_ORDER = 38
    NORMAL_TEMPORARY_FAILURE = 41
    SWITCH_CONGESTION = 42
    ACCESS_INFO_DISCARDED = 43
    REQUESTED_CHAN_UNAVAIL = 44
    FACILITY_NOT_SUBSCRIBED = 50
    OUTGOING_CALL_BARRED = 52
    INCOMING_CALL_BARRED = 54
    BEARERCAPABILITY_NOTAUTH = 57
    BEARERCAPABILITY_NOTAVAIL = 58
    BEARERCAPABILITY_NOTIMPL = 65
    CHAN_NOT_IMPLEMENTED = 66
    FACILITY_NOT_IMPLEMENTED = 69
    INVALID_CALL_REFERENCE = 81
    INCOMPATIBLE_DESTINATION = 88
    INVALID_MSG_UNSPECIFIED = 95
    MANDATORY_IE_MISSING = 96
    MESSAGE_TYPE_NONEXIST = 97
    WRONG_MESSAGE = 98
    IE_NONEXIST = 99
    INVALID_IE_CONTENTS = 100
    WRONG_CALL_STATE = 101
    RECOVERY_ON_TIMER_EXPIRE = 102
    MANDATORY_IE_LENGTH_ERROR = 103
    PROTOCOL_ERROR = 111
    INTERWORKING = 127


# The words that Asterisk shows beside a cause number, e.g. in `Cause-txt` of AMI's Hangup event.
_TEXT: dict[int, str] = {
    0: "Unknown",
    1: "Unallocated (unassigned) number",
    2: "No route to specified transit network",
    3: "No route to destination",
    5: "Misdialled trunk prefix",
    6: "Channel unacceptable",
    7: "Call awarded and being delivered in an established channel",
    8: "Pre-empted",
    14: "Number ported elsewhere",
    16: "Normal Clearing",
    17: "User busy",
    18: "No user responding",
    19: "User alerting, no answer",
    20: "Subscriber absent",
    21: "Call Rejected",
    22: "Number changed",
    23: "Redirected to new destination",
    26: "Answered elsewhere",
    27: "Destination out of order",
    28: "Invalid number format",
    29: "Facility rejected",
    30: "Response to STATus ENQuiry",
    31: "Normal, unspecified",
    34: "Circuit/channel congestion",
    38: "Network out of order",
    41: "Temporary failure",
    42: "Switching equipment congestion",
    43: "Access information discarded",
    44: "Requested channel not available",
    50: "Facility not subscribed",
    52: "Outgoing call barred",
    54: "Incoming call barred",
    57: "Bearer capability not authorized",
    58: "Bearer capability not available",
    65: "Bearer capability not implemented",
    66: "Channel not implemented",
    69: "Facility not implemented",
    81: "Invalid call reference value",
    88: "Incompatible destination",
    95: "Invalid message unspecified",
    96: "Mandatory information element is missing",
    97: "Message type nonexist.",
    98: "Wrong message",
    99: "Info. element nonexist or not implemented",
    100: "Invalid information element contents",
    101: "Message not compatible with call state",
    102: "Recover on timer expiry",
    103: "Mandatory IE length error",
    111: "Protocol error, unspecified",
    127: "Interworking, unspecified",
}

_ALIASES = {
    "NORMAL": Cause.NORMAL_CLEARING,
    "BUSY": Cause.USER_BUSY,
    "NOANSWER": Cause.NO_ANSWER,
    "UNREGISTERED": Cause.SUBSCRIBER_ABSENT,
    "CONGESTION": Cause.NORMAL_CIRCUIT_CONGESTION,
    "FAILURE": Cause.NETWORK_OUT_OF_ORDER,
    "NOSUCHDRIVER": Cause.CHAN_NOT_IMPLEMENTED,
}

# chan_pjsip's mapping of a cause to the status of the final response; what is not here is 603 or 480.
_STATUS_OF_CAUSE: dict[int, int] = {
    1: 404,
    2: 404,
    3: 404,
    17: 486,
    18: 408,
    19: 480,
    20: 480,
    21: 403,
    22: 410,
    23: 302,
    27: 502,
    28: 484,
    29: 501,
    31: 480,
    34: 503,
    38: 500,
    42: 503,
    58: 488,
    66: 503,
    127: 500,
}

_CAUSE_OF_STATUS: dict[int, Cause] = {
    302: Cause.REDIRECTED_TO_NEW_DESTINATION,
    401: Cause.CALL_REJECTED,
    403: Cause.CALL_REJECTED,
    404: Cause.UNALLOCATED,
    405: Cause.INTERWORKING,
    407: Cause.CALL_REJECTED,
    408: Cause.NO_USER_RESPONSE,
    409: Cause.NORMAL_TEMPORARY_FAILURE,
    410: Cause.NUMBER_CHANGED,
    411: Cause.INTERWORKING,
    413: Cause.INTERWORKING,
    414: Cause.INTERWORKING,
    415: Cause.INTERWORKING,
    420: Cause.NO_ROUTE_DESTINATION,
    480: Cause.NO_ANSWER,
    481: Cause.INTERWORKING,
    482: Cause.INTERWORKING,
    483: Cause.NO_ANSWER,
    484: Cause.INVALID_NUMBER_FORMAT,
    485: Cause.UNALLOCATED,
    486: Cause.USER_BUSY,
    487: Cause.INTERWORKING,
    488: Cause.BEARERCAPABILITY_NOTAVAIL,
    491: Cause.INTERWORKING,
    493: Cause.INTERWORKING,
    500: Cause.NETWORK_OUT_OF_ORDER,
    501: Cause.FACILITY_REJECTED,
    502: Cause.DESTINATION_OUT_OF_ORDER,
    503: Cause.NORMAL_CIRCUIT_CONGESTION,
    504: Cause.RECOVERY_ON_TIMER_EXPIRE,
    505: Cause.INTERWORKING,
    600: Cause.USER_BUSY,
    603: Cause.CALL_REJECTED,
    604: Cause.UNALLOCATED,
    606: Cause.BEARERCAPABILITY_NOTAVAIL,
}


def cause_of_status(status: int) -> Cause:
    """The Q.850 cause that a final SIP response stands for (16 for a 2xx)."""
    found = _CAUSE_OF_STATUS.get(status)
    if found is not None:
        return found
    match status // 100:
        case 4:
            return Cause.INTERWORKING
        case 5:
            return Cause.NORMAL_CIRCUIT_CONGESTION
        case 6:
            return Cause.INTERWORKING
        case _:
            return Cause.NORMAL_CLEARING


def status_of_cause(cause: int) -> int:
    """The status with which an INVITE is refused for this cause; 603 for those without one of their own."""
    return _STATUS_OF_CAUSE.get(cause, 603)


def cause_text(cause: int) -> str:
    """The words for a cause; "Unknown" for a number that Q.850 does not name."""
    return _TEXT.get(cause, "Unknown")


def cause_by_name(name: str) -> int | None:
    """A cause by number (0 to 127) or name ("USER_BUSY", "BUSY", in any case); None when there is none."""
    text = name.strip().upper().removeprefix("AST_CAUSE_")
    if text.isascii() and text.isdecimal():
        return int(text) if len(text) < 4 and int(text) < 128 else None
    return _ALIASES.get(text) or Cause.__members__.get(text)
