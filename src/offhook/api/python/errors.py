"""Errors that call flows and programs around a PBX may meet; all are `offhook.errors`."""

from __future__ import annotations

from offhook.api.configuration import StartError
from offhook.api.python.blocking import BlockedError
from offhook.api.python.call import SoundNotFoundError
from offhook.api.python.dialplan import DefinitionError
from offhook.config.errors import ConfigError
from offhook.dialplan.errors import (
    ApplicationError,
    DialplanError,
    FunctionError,
    UnknownApplicationError,
    UnknownFunctionError,
)
from offhook.pbx.channel import NotSupportedByChannelError
from offhook.pbx.listening import PlaybackError
from offhook.pbx.originate import OriginateError
from offhook.pbx.pbx import CannotDialError

__all__ = [
    "ApplicationError",
    "BlockedError",
    "CannotDialError",
    "ConfigError",
    "DefinitionError",
    "DialplanError",
    "FunctionError",
    "NotSupportedByChannelError",
    "OriginateError",
    "PlaybackError",
    "SoundNotFoundError",
    "StartError",
    "UnknownApplicationError",
    "UnknownFunctionError",
]
