"""Console commands about STUN and TURN servers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from offhook.api.console.commands import CommandError, Commands

if TYPE_CHECKING:
    from offhook.api.node import Node

__all__ = ["declare"]


def declare(commands: Commands) -> None:
    """Add the commands."""

    @commands.add("stun show status")
    def show_status(node: Node, words: list[str]) -> str:
        """Show the STUN and TURN servers of rtp.conf, and where they see us."""
        gatherer = node.pbx.media.gatherer
        stun, turn = gatherer.servers
        line = "{:<5} {:<32} {:>5} {:<40} {}\n"
        text = line.format("Kind", "Hostname", "Port", "Address", "Status")
        now = time.monotonic()
        for kind, server in (("STUN", stun), ("TURN", turn)):
            if server is None:
                continue
            where = ", ".join(server.addresses.values()) or "-"
            status = server.error or ("OK" if server.addresses else "looking up")
            text += line.format(kind, server.place.host, server.place.port, where, status)
        if stun is None and turn is None:
            return "No STUN or TURN server is asked: rtp.conf names none, or no endpoint has ice_support.\n"
        text += f"\n{gatherer.spare} ports are ready; {gatherer.failures} questions failed"
        text += f" (the last one: {gatherer.last_failure}).\n" if gatherer.failures else ".\n"
        if gatherer.mapped:
            text += "Seen at (seconds ago):\n"
            text += "".join(f"  {one:<47} {now - at:.0f}\n" for one, at in gatherer.mapped.items())
        return text

    @commands.add("stun set debug {on|off}")
    def set_debug(node: Node, words: list[str]) -> str:
        """Write to the log what STUN and TURN servers tell of each port, or stop that."""
        match words:
            case ["on"]:
                node.pbx.media.gatherer.debug = True
                return "STUN Debugging Enabled\n"
            case ["off"]:
                node.pbx.media.gatherer.debug = False
                return "STUN Debugging Disabled\n"
            case _:
                raise CommandError("Usage: stun set debug on|off")

    @commands.add("rtp resolve stun hostname")
    def resolve(node: Node, words: list[str]) -> str:
        """Look up the addresses of the STUN and TURN servers anew."""
        if not node.pbx.media.gatherer.active:
            raise CommandError("No STUN or TURN server is asked.")
        node.pbx.media.gatherer.look_up_again()
        return ""
