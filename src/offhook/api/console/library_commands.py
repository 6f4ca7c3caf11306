"""Console commands of the SIP library: how much it says (`pjproject ...`), and what it holds.

Asterisk's commands are named for the library that it uses; here they are about Offhook's own (offhook.sip).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from offhook import __version__
from offhook.api.console.commands import CommandError, Commands

if TYPE_CHECKING:
    from offhook.api.node import Node

__all__ = ["declare"]

_LOGGERS = ("offhook.sip", "offhook.drivers.sip")
_LEVELS = {0: logging.ERROR, 1: logging.ERROR, 2: logging.WARNING, 3: logging.INFO}
_KINDS = (("ERROR", "0,1"), ("WARNING", "2"), ("NOTICE", "3"), ("DEBUG", "4,5"), ("TRACE", "6"))
_DEBUG = 4


class _Level:
    """How much the library says on a node; None: as the log says of everything."""

    def __init__(self) -> None:
        self.level: int | None = None


def _level(node: Node) -> _Level:
    found = node.pbx.service(_Level)
    if found is None:
        found = _Level()
        node.pbx.add_service(found)
    return found


def _use(node: Node, level: int | None) -> None:
    _level(node).level = level
    for name in _LOGGERS:
        node.logs.set_debug_of(name, 0 if level is None or level < _DEBUG else level)
        node.logs.set_least_of(name, _LEVELS[level] if level is not None and level < _DEBUG else None)


def declare(commands: Commands) -> None:
    """Add the commands."""

    @commands.add("pjproject set log level {default|0|1|2|3|4|5|6}")
    def set_level(node: Node, words: list[str]) -> str:
        """Set how much the SIP library says: 0 only errors, 3 notices, 4 to 6 DEBUG lines."""
        if len(words) != 1 or words[0] not in ("default", *"0123456"):
            raise CommandError("Usage: pjproject set log level {default|0|1|2|3|4|5|6}")
        before = _level(node).level
        _use(node, None if words[0] == "default" else int(words[0]))
        was = "default" if before is None else before
        return f"pjproject log level was {was} and is now {words[0]}\n"

    @commands.add("pjproject show log level")
    def show_level(node: Node, words: list[str]) -> str:
        """Show how much the SIP library says."""
        level = _level(node).level
        return f"pjproject log level is {'default' if level is None else level}\n"

    @commands.add("pjproject show log mappings")
    def show_mappings(node: Node, words: list[str]) -> str:
        """Show which levels of the SIP library are which lines of the log."""
        rows = [f"{kind:<15} : {numbers}\n" for kind, numbers in _KINDS]
        return "PJPROJECT to Asterisk log mappings:\nAsterisk Level    PJPROJECT log levels\n" + "".join(rows)

    @commands.add("pjproject show buildopts")
    def show_options(node: Node, words: list[str]) -> str:
        """Show which SIP library this is, and its limits."""
        admission = node.sip.admission.config
        rows = [("library", f"offhook.sip {__version__}")]
        rows += [(name, getattr(admission, name)) for name in admission.__slots__]
        return "Offhook's own SIP library, with these limits:\n" + "".join(
            f"  {name:<24} {value}\n" for name, value in rows
        )

    @commands.add("pjsip dump endpt")
    def dump(node: Node, words: list[str]) -> str:
        """Show what the SIP library holds: transports, transactions, dialogs, and what it has counted."""
        ua = node.sip.ua
        lines = ["Transports:"]
        for flow in ua.flows():
            far = f" <-> {flow.remote_host}:{flow.remote_port}" if flow.remote_host else ""
            lines.append(f"  {flow.id:>6} {flow.name:<20} {flow.transport:<4} {flow.sent_by}{far}")
        lines.append("Counters:")
        lines += [f"  {name:<32} {value}" for name, value in sorted(ua.stats().items())]
        return "\n".join([*lines, ""])
