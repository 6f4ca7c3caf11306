"""Errors that call flows, programs around a PBX and packages may meet."""

from offhook.api.python.errors import *  # noqa: F403
from offhook.api.python.errors import __all__ as __all__
