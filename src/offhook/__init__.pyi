from offhook import errors, events
from offhook._core import __version__
from offhook.api.python.call import Call
from offhook.api.python.declared import application, function
from offhook.api.python.dialplan import Context, Dialplan
from offhook.api.python.pbx import PBX
from offhook.api.python.results import DialResult, DialStatus, RecordResult, RecordStatus
from offhook.media.codecs import AudioCodec
from offhook.pbx.party import PartyId as CallerId

__all__ = [
    "PBX",
    "AudioCodec",
    "Call",
    "CallerId",
    "Context",
    "DialResult",
    "DialStatus",
    "Dialplan",
    "RecordResult",
    "RecordStatus",
    "__version__",
    "application",
    "errors",
    "events",
    "function",
]
