"""The log of SIP messages as they go over the wire (`pjsip set logger`, [global] debug)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from offhook.levels import verbose

if TYPE_CHECKING:
    from offhook.sip.network import Hop

__all__ = ["MessageLog", "message_log"]

log = logging.getLogger("offhook.sip.messages")


class MessageLog:
    """Logs messages; `offhook.sip.ua.UserAgent.message_log`."""

    def __init__(self, host: str = "") -> None:
        """`host`: the address whose messages are logged, "" for everybody's."""
        self.host = host

    def __call__(self, sent: bool, hop: Hop, data: bytes) -> None:
        """Write one."""
        if self.host and hop.host != self.host:
            return
        arrow = "to" if sent else "from"
        text = data.decode("utf-8", "replace")
        log.log(verbose(0), "SIP message %s %s:%d\n%s", arrow, hop.host, hop.port, text)


def message_log(debug: str) -> MessageLog | None:
    """What [global] debug asks for: yes, no, or the address of one peer."""
    word = debug.lower()
    if word in ("no", "false", "off", "n", "f", "0", ""):
        return None
    return MessageLog("" if word in ("yes", "true", "on", "y", "t", "1") else debug)
