"""Console commands that look below calls: `rtp set debug`, `rtcp set debug`, `udptl set debug` ..."""

from __future__ import annotations

import logging
from ipaddress import ip_address
from typing import TYPE_CHECKING

from offhook.api.console.commands import CommandError, Commands
from offhook.features.packet_debug import ALL, packet_debug_of
from offhook.levels import verbose
from offhook.pbx.events import ChargeAdvised

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.api.node import Node

__all__ = ["declare"]

log = logging.getLogger(__name__)


def _peer(text: str) -> tuple[str, int]:
    """`ADDRESS`, `ADDRESS:PORT`, `[ADDRESS]:PORT`."""
    host, colon, port = text.rpartition(":") if text.count(":") == 1 or "]:" in text else (text, "", "")
    try:
        address = str(ip_address(host.strip("[]")))
    except ValueError:
        raise CommandError(f"Failed to lookup peer '{text}'") from None
    if colon and not (port.isascii() and port.isdigit() and int(port) < 65_536):
        raise CommandError(f"{port!r} is no port")
    return address, int(port or 0)


def declare(commands: Commands) -> None:
    """Add the commands."""
    for kind, label in (("rtp", "RTP Packet"), ("rtcp", "RTCP"), ("udptl", "UDPTL")):
        _declare_packets(commands, kind, label)
    _declare_stats(commands)
    _declare_charges(commands)


def _declare_packets(commands: Commands, kind: str, label: str) -> None:
    usage = f"Usage: {kind} set debug {{on|off|ip}} [ADDRESS[:PORT]]"

    def set_debug(node: Node, words: list[str]) -> str:
        look = packet_debug_of(node.pbx).look
        match words:
            case ["on"]:
                look(**{kind: ALL})
                return f"{label} Debugging Enabled\n"
            case ["off"]:
                look(**{kind: None})
                return f"{label} Debugging Disabled\n"
            case ["ip", peer]:
                look(**{kind: _peer(peer)})
                return f"{label} Debugging Enabled for address: {peer}\n"
            case _:
                raise CommandError(usage)

    what = "reports that come in or go out by RTCP" if kind == "rtcp" else f"{kind.upper()} packets"
    set_debug.__doc__ = f"Have the log show {what}: all, or those of one far address."
    commands.add(f"{kind} set debug {{on|off|ip}}", "[ADDRESS[:PORT]]")(set_debug)


def _declare_stats(commands: Commands) -> None:
    @commands.add("rtcp set stats {on|off}")
    def set_stats(node: Node, words: list[str]) -> str:
        """Have the log show what we report to far ends by RTCP."""
        if words not in (["on"], ["off"]):
            raise CommandError("Usage: rtcp set stats {on|off}")
        packet_debug_of(node.pbx).look(rtcp_stats=words == ["on"])
        return f"RTCP Stats {'Enabled' if words == ['on'] else 'Disabled'}\n"


class _ChargeDebug:
    """Whether advice of charge is logged on a node."""

    def __init__(self) -> None:
        self.stop: Callable[[], None] | None = None


def _advised(event: ChargeAdvised) -> None:
    way = "told to" if event.told else "not told to"
    log.log(verbose(0), "AOC %s %s: %s", way, event.channel.name, event.advice)


def _declare_charges(commands: Commands) -> None:
    @commands.add("aoc set debug", "[on|off]")
    def set_debug(node: Node, words: list[str]) -> str:
        """Have the log show advice of charge; without a word: the other way round."""
        if words not in ([], ["on"], ["off"]):
            raise CommandError("Usage: aoc set debug [on|off]")
        state = node.pbx.service(_ChargeDebug)
        if state is None:
            state = _ChargeDebug()
            node.pbx.add_service(state)
        on = words == ["on"] if words else state.stop is None
        if on and state.stop is None:
            state.stop = node.pbx.bus.listen(ChargeAdvised, _advised)
        elif not on and state.stop is not None:
            state.stop()
            state.stop = None
        return f"AOC debug {'enabled' if on else 'disabled'}\n"
