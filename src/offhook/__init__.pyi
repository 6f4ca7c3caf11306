from offhook._core import __version__
from offhook.api.python import errors
from offhook.api.python.call import Call
from offhook.api.python.dialplan import Context, Dialplan
from offhook.api.python.results import DialResult, DialStatus, RecordResult, RecordStatus
from offhook.pbx.party import PartyId as CallerId

__all__ = [
    "Call",
    "CallerId",
    "Context",
    "DialResult",
    "DialStatus",
    "Dialplan",
    "RecordResult",
    "RecordStatus",
    "__version__",
    "errors",
]
