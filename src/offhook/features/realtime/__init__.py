"""Realtime: configuration and data as rows of databases, looked up when they are needed.

`families` is who asks and is asked, `places` are the drivers, `switch` is `switch => Realtime`.
"""

from offhook.features.realtime.families import Realtime, RealtimeError, Row

__all__ = ["Realtime", "RealtimeError", "Row"]
