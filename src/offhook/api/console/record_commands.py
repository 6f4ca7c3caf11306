"""Console commands of records: `cdr show status`, `cdr show active`, `cdr submit`, `cel show status`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from offhook.api.console.commands import CommandError, Commands
from offhook.features.cdr import Cdr
from offhook.features.records.values import stamp

if TYPE_CHECKING:
    from offhook.api.node import Node

__all__ = ["declare"]


def _yes(on: bool) -> str:
    return "Yes" if on else "No"


def declare(commands: Commands) -> None:
    """Add the commands."""

    @commands.add("cdr show status")
    async def cdr_status(node: Node, words: list[str]) -> str:
        """Show whether and how calls are recorded, where to, and what waits for a database."""
        settings, engine = node.records.cdr.settings, node.records.cdr
        lines = [
            "",
            "Call Detail Record (CDR) settings",
            "----------------------------------",
            f"  Logging:                    {'Enabled' if settings.enable else 'Disabled'}",
            "  Mode:                       Simple",
            f"  Log calls by default:       {_yes(settings.channel_default_enabled)}",
            f"  Log unanswered calls:       {_yes(settings.unanswered)}",
            f"  Log congestion:             {_yes(settings.congestion)}",
            "",
            f"  Ignore bridging changes:    {_yes(settings.ignore_state_changes)}",
            f"  Ignore dial state changes:  {_yes(settings.ignore_dial_changes)}",
            "",
            f"  Records written:            {engine.written}",
            "",
            "* Registered Backends",
            "  -------------------",
            *(f"    {name}" for name in dict.fromkeys(one.name for one in engine.backends)),
        ]
        if not engine.backends:
            lines.append("    (none)")
        waiting = await asyncio.to_thread(node.records.outbox.waiting)
        lines += [f"  {count} records wait for {name}" for name, count in sorted(waiting.items())]
        return "\n".join(lines) + "\n\n"

    @commands.add("cdr show active", "[CHANNEL]")
    def cdr_active(node: Node, words: list[str]) -> str:
        """Show the records of calls in progress, or those of one channel."""
        engine = node.records.cdr
        if words:
            channel = node.pbx.channel(words[0])
            records = engine.records_of(channel) if channel is not None else ()
            if not records:
                raise CommandError(f"Unknown channel: {words[0]}")
        else:
            records = [one for each in list(node.pbx.channels.values()) for one in engine.records_of(each)]
        lines = [f"{'Channel':<40} {'Dst. Channel':<40} {'LastApp':<12} {'Start':<19} {'Answer':<19} Billsec"]
        lines += [_row(node, one) for one in records]
        return "\n".join(lines) + "\n"

    def _row(node: Node, cdr: Cdr) -> str:
        seconds = int((cdr.end or node.pbx.wall_clock()) - cdr.answer) if cdr.answer else 0
        return (
            f"{cdr.channel:<40} {cdr.dst_channel or '<none>':<40} {cdr.last_app:<12} "
            f"{stamp(cdr.start):<19} {stamp(cdr.answer):<19} {seconds}"
        )

    @commands.add("cdr set debug [on|off]")
    def cdr_debug(node: Node, words: list[str]) -> str:
        """Have the log say when records begin, end and are written; without a word: the other way round."""
        engine = node.records.cdr
        if words not in ([], ["on"], ["off"]):
            raise CommandError("Usage: cdr set debug [on|off]")
        engine.debug = words == ["on"] if words else not engine.debug
        return f"CDR debugging {'enabled' if engine.debug else 'disabled'}\n"

    @commands.add("cdr submit")
    async def submit(node: Node, words: list[str]) -> str:
        """Write now what waits, and try databases again that were away."""
        await node.records.submit()
        return "Submitted CDRs to backend engines for processing.  This may take a while.\n"

    @commands.add("cel show status")
    def cel_status(node: Node, words: list[str]) -> str:
        """Show whether and which events of channels are recorded, and where to."""
        engine = node.records.cel
        settings = engine.settings
        lines = [f"CEL Logging: {'Enabled' if settings.enable else 'Disabled'}"]
        if settings.enable:
            lines += [f"CEL Tracking Event: {name}" for name in dict.fromkeys(settings.events)]
            lines += [f"CEL Tracking Application: {name}" for name in dict.fromkeys(settings.apps)]
            lines += [f"CEL Event Subscriber: {one.name}" for one in engine.backends]
        return "\n".join(lines) + "\n"
