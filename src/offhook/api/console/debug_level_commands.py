"""Console commands that choose which log lines are made and shown: `core set debug`, `logger filter`."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from offhook.api.console.channel_commands import find_channel
from offhook.api.console.commands import CommandError, Commands
from offhook.features.channel_debug import channel_debug_of
from offhook.features.log_groups import log_groups_of
from offhook.features.packet_debug import ALL, packet_debug_of

if TYPE_CHECKING:
    from offhook.api.node import Node

__all__ = ["declare", "level"]

_MOST = 100

# Asterisk's categories: the loggers that say something of them, and what of packets is looked at.
_CATEGORIES: dict[str, tuple[tuple[str, ...], str]] = {
    "dtls": (("offhook.pbx.channel",), ""),
    "ice": (("offhook.pbx.channel",), ""),
    "rtp": ((), "rtp"),
    "rtp_packet": ((), "rtp"),
    "rtcp": ((), "rtcp"),
    "rtcp_packet": ((), "rtcp"),
}


def level(words: list[str], before: int, usage: str) -> int:
    """`N`, `atleast N`, `off`."""
    if words == ["off"]:
        return 0
    at_least = words[:1] == ["atleast"]
    if len(words) != 1 + at_least or not words[-1].isascii() or not words[-1].isdigit():
        raise CommandError(f"Usage: {usage}")
    found = min(int(words[-1][:4]), _MOST)
    return max(found, before) if at_least else found


def _loggers(name: str) -> list[str]:
    """The loggers that a module's name means: one of Asterisk's, or a part of this program."""
    plain = name.removesuffix(".so").removesuffix(".c")
    if "pjsip" in plain or plain == "pjproject":
        return ["offhook.sip", "offhook.drivers.sip"]
    if "rtp" in plain:
        return ["offhook.media"]
    for prefix in ("app_", "func_", "res_", "pbx_", "chan_"):
        plain = plain.removeprefix(prefix)
    found: list[str] = []
    for known in sorted(logging.root.manager.loggerDict):
        below = known.removeprefix("offhook.")
        if below != known and (below == plain or plain in below.split(".")):
            found.append(known)
    return [one for one in found if not any(one.startswith(f"{other}.") for other in found)]


def declare(commands: Commands) -> None:
    """Add the commands."""
    _declare_levels(commands)
    _declare_categories(commands)
    _declare_filters(commands)


def _declare_levels(commands: Commands) -> None:
    @commands.add("core set debug", "[atleast] LEVEL|off [MODULE]")
    def set_debug(node: Node, words: list[str]) -> str:
        """Set whether DEBUG lines are written: more than 0.  With a module: those of one part only."""
        usage = "core set debug [atleast] LEVEL|off [MODULE]"
        numbers = [word for word in words if word.isdigit() or word in ("atleast", "off")]
        if not numbers or words[: len(numbers)] != numbers or len(words) > len(numbers) + 1:
            raise CommandError(f"Usage: {usage}")
        if len(words) == len(numbers):
            before = node.logs.debug
            node.logs.set_debug(level(words, before, usage))
            return f"Core debug was {before} and is now {node.logs.debug}.\n"
        loggers = _loggers(words[-1])
        if not loggers:
            raise CommandError(f"No part is called {words[-1]!r}.")
        before = max(node.logs.debugged.get(name, 0) for name in loggers)
        now = level(numbers, before, usage)
        for name in loggers:
            node.logs.set_debug_of(name, now)
        return f"Core debug was {before} and has been set to {now} for '{words[-1]}'.\n"

    @commands.add("core set trace", "[atleast] LEVEL|off")
    def set_trace(node: Node, words: list[str]) -> str:
        """Set whether TRACE lines are written though DEBUG lines are not: more than 0."""
        before = node.logs.trace
        node.logs.set_trace(level(words, before, "core set trace [atleast] LEVEL|off"))
        return f"Core trace was {before} and is now {node.logs.trace}.\n"

    @commands.add("core set debug channel", "CHANNEL|all [off]")
    def set_channel(node: Node, words: list[str]) -> str:
        """Have the log say what happens to a channel, or to all of them; `off`: no more."""
        off = words[-1:] == ["off"]
        if len(words) != 1 + off:
            raise CommandError("Usage: core set debug channel CHANNEL|all [off]")
        debug = channel_debug_of(node.pbx)
        if words[0] == "all":
            debug.look_at_all(not off)
            return f"Debugging on all channels is {'disabled' if off else 'enabled'}\n"
        channel = find_channel(node, words[0])
        debug.look_at(channel, not off)
        return f"Debugging {'disabled' if off else 'enabled'} on channel {channel.name}\n"


def _declare_categories(commands: Commands) -> None:
    usage = "Usage: core set debug category CATEGORY[:LEVEL] ... | off [CATEGORY ...]"

    def use(node: Node, category: str, depth: int) -> None:
        loggers, packets = _CATEGORIES[category]
        for name in loggers:
            node.logs.set_debug_of(name, depth)
        if packets:
            packet_debug_of(node.pbx).look(**{packets: ALL if depth else None})

    @commands.add("core set debug category", "CATEGORY[:LEVEL] ... | off [CATEGORY ...]")
    def set_category(node: Node, words: list[str]) -> str:
        """Have the log say more of some things: dtls, ice, rtp (also rtp_packet), rtcp (also rtcp_packet)."""
        if not words:
            raise CommandError(usage)
        off = words[0] == "off"
        chosen = (words[1:] or list(_CATEGORIES)) if off else words
        wanted: list[tuple[str, int]] = []
        for word in chosen:
            name, colon, number = word.lower().partition(":")
            if name not in _CATEGORIES or (colon and not number.isdecimal()):
                raise CommandError(f"There is no category {name!r}: there are {', '.join(_CATEGORIES)}")
            wanted.append((name, 0 if off else min(int(number[:4] or 1), _MOST)))
        for name, depth in wanted:
            use(node, name, depth)
        return f"Debug categories {'off' if off else 'on'}: {', '.join(name for name, _ in wanted)}\n"


def _declare_filters(commands: Commands) -> None:
    @commands.add("logger filter show")
    def show(node: Node, words: list[str]) -> str:
        """Show which groups of calls (LOG_GROUP()) there are, and which of them consoles show."""
        groups = log_groups_of(node.pbx)
        lines = ["Log channel groups", "------------------"]
        there = groups.groups()
        for name in sorted({*there, *groups.shown}):
            shown = "shown" if not groups.shown or name in groups.shown else "hidden"
            lines.append(f"{name:<30} {shown:<7} {len(there.get(name, ()))} calls")
        if not groups.shown:
            lines.append("No filter: consoles show every call.")
        return "\n".join([*lines, ""])

    @commands.add("logger filter changroup", "GROUP [on|off]")
    def choose(node: Node, words: list[str]) -> str:
        """Have consoles show only calls of chosen groups (LOG_GROUP()); `off` takes a group away again."""
        if len(words) not in (1, 2) or words[1:] not in ([], ["on"], ["off"]):
            raise CommandError("Usage: logger filter changroup GROUP [on|off]")
        groups = log_groups_of(node.pbx)
        node.logs.hides = groups.hides
        if words[1:] == ["off"]:
            groups.shown.discard(words[0])
            return f"Logging of channel group '{words[0]}' is no longer chosen\n"
        groups.shown.add(words[0])
        return f"Logging of channel group '{words[0]}' is chosen\n"

    @commands.add("logger filter reset")
    def reset(node: Node, words: list[str]) -> str:
        """Have consoles show every call again."""
        log_groups_of(node.pbx).shown.clear()
        return "Log filtering has been reset\n"
