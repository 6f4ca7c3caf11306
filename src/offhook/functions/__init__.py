"""Dialplan functions, one file a family; importing this package declares all of them.

May import offhook.features, dialplan, drivers, pbx and everything below.
"""

from offhook.functions import (
    callerid,
    cdr,
    channel,
    confbridge,
    database,
    devices,
    encoding,
    lists,
    location,
    logic,
    mathematics,
    pjsip,
    shared,
    strings,
    times,
    variables,
)

__all__ = [
    "callerid",
    "cdr",
    "channel",
    "confbridge",
    "database",
    "devices",
    "encoding",
    "lists",
    "location",
    "logic",
    "mathematics",
    "pjsip",
    "shared",
    "strings",
    "times",
    "variables",
]
