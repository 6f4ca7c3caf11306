"""Console commands that show what SIP does by itself: timers, connections, strangers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.api.console.commands import Commands

if TYPE_CHECKING:
    from offhook.api.node import Node

__all__ = ["declare"]


def declare(commands: Commands) -> None:
    """Add the commands."""

    @commands.add("pjsip show scheduled_tasks")
    def show_tasks(node: Node, words: list[str]) -> str:
        """Show what is sent by the clock: qualify requests and registrations, and when next."""
        sip = node.sip
        now = sip.network.now()
        rows: list[tuple[float, str, str, str]] = []
        for binding, at in sip.qualifier.due:
            every = sip.directory.config.aors.get(binding.aor)
            interval = f"{every.qualify_frequency}" if every is not None else ""
            rows.append((at, f"pjsip/qualify/{binding.aor}/{binding.uri}", interval, "qualify"))
        for name, one in sip.registrations.items():
            if one.next_at:
                rows.append((one.next_at, f"pjsip/register/{name}", f"{one.config.expiration}", "register"))
        line = "{:<60} {:<9} {:>8} {:>10}"
        lines = ["PJSIP Scheduled Tasks:", "", line.format("Task Name", "Kind", "Interval", "Next Start")]
        lines += [
            line.format(name, kind, interval, f"{max(0.0, at - now):.3f}")
            for at, name, interval, kind in sorted(rows)
        ]
        return "\n".join([*lines, "", f"Total Scheduled Tasks: {len(rows)}", ""])

    @commands.add("pjsip show transport-monitors")
    def show_monitors(node: Node, words: list[str]) -> str:
        """Show the open connections, and what depends on each of them: contacts and registrations."""
        sip = node.sip
        line = "{:<6} {:<9} {:<40} {}"
        lines = [line.format("Proto", "Opened by", "Remote address", "Monitors")]
        flows = list(sip.connections)
        for flow in flows:
            on = [f"contact {one.aor}/{one.uri}" for one in sip.contacts.all() if one.flow == flow.id]
            on += [f"registration {name}" for name, one in sip.registrations.items() if one.uses(flow)]
            who = "us" if flow.outgoing else "them"
            there = f"{flow.remote_host}:{flow.remote_port}"
            lines.append(line.format(flow.transport, who, there, ", ".join(on) or "none"))
        return "\n".join([*lines, f"{len(flows)} connections.", ""])

    @commands.add("pjsip show unidentified_requests")
    def show_strangers(node: Node, words: list[str]) -> str:
        """Show the addresses from which requests came lately that no endpoint is identified by."""
        access = node.sip.access
        now = node.sip.network.wall()
        line = "{:<45} {:>8} {:>14} {:>14}"
        lines = [line.format("Source Address", "Count", "First (s ago)", "Last (s ago)")]
        found = list(access.strangers.lately(now, node.sip.directory.config.general))
        lines += [
            line.format(one.host, one.count, f"{now - one.first:.1f}", f"{now - one.last:.1f}")
            for one in found
        ]
        return "\n".join([*lines, f"{len(found)} addresses.", ""])
