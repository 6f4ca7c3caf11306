"""Console commands that look at SIP messages: `pjsip set logger`."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from offhook.api.console.commands import CommandError, Commands
from offhook.drivers.sip.message_log import CaptureFile, MessageLog

if TYPE_CHECKING:
    from offhook.api.node import Node

__all__ = ["declare"]

_USAGE = (
    "Usage: pjsip set logger on|off|host ADDRESS[:PORT]|add ADDRESS|method METHOD|methodadd METHOD|"
    "verbose on|off|pcap FILE"
)


def _address(text: str) -> str:
    host, colon, port = text.rpartition(":") if text.count(":") == 1 else (text, "", "")
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        raise CommandError(f"Failed to resolve host: {text!r} is no address") from None
    if colon and not (port.isascii() and port.isdigit() and int(port) < 65_536):
        raise CommandError(f"{port!r} is no port")
    return text.strip("[]")


def declare(commands: Commands) -> None:
    """Add the commands."""

    @commands.add(
        "pjsip set logger {on|off|host|add|method|methodadd|verbose|pcap}", "[ADDRESS|METHOD|FILE|on|off]"
    )
    async def set_logger(node: Node, words: list[str]) -> str:
        """Log SIP messages: all, those of addresses or methods; write them to a capture file (pcap)."""
        ua = node.sip.ua
        now = ua.message_log if isinstance(ua.message_log, MessageLog) else None
        match words:
            case ["on"]:
                _end(now)
                ua.message_log = MessageLog()
                return "PJSIP Logging enabled\n"
            case ["off"]:
                _end(now)
                ua.message_log = None
                return "PJSIP Logging disabled\n"
            case ["host" | "add" as how, text]:
                address = _address(text)
                one = ua.message_log = now or MessageLog()
                one.hosts = {address} if how == "host" else one.hosts | {address}
                return f"PJSIP Logging Enabled for host: {text}\n"
            case ["method" | "methodadd" as how, text]:
                method = text.upper().encode("ascii", "replace")
                one = ua.message_log = now or MessageLog()
                one.methods = {method} if how == "method" else one.methods | {method}
                return f"PJSIP Logging Enabled for SIP method: {text.upper()}\n"
            case ["verbose", "on" | "off" as state]:
                if now is None:
                    raise CommandError("PJSIP Logging is not enabled.")
                now.writes = state == "on"
                return f"PJSIP Logging to verbose has been {'enabled' if state == 'on' else 'disabled'}\n"
            case ["pcap", name]:
                path = Path(name)
                if not path.is_absolute():
                    path = node.paths.log / path
                try:
                    capture = await asyncio.to_thread(CaptureFile, path, ua.flow)
                except OSError as error:
                    raise CommandError(f"Failed to open file '{path}': {error.strerror}") from error
                one = ua.message_log = now or MessageLog()
                if now is None:
                    one.writes = False  # who asks for a file does not ask for the log
                elif now.capture is not None:
                    now.capture.close()
                one.capture = capture
                return f"PJSIP logging to pcap file '{path}'\n"
            case _:
                raise CommandError(_USAGE)


def _end(one: MessageLog | None) -> None:
    if one is not None and one.capture is not None:
        one.capture.close()
