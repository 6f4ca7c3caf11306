"""The log: lines to the console, files and syslog, as logger.conf says; written by a thread of its own.

May import offhook.config and offhook.levels.
"""

from offhook.features.logs.destinations import SinkDestination
from offhook.features.logs.service import Logs

__all__ = ["Logs", "SinkDestination"]
