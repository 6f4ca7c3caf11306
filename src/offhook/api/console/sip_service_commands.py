"""Console commands that make SIP do something: NOTIFY, maintenance, what wizards stand for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from offhook.api.console.commands import CommandError, Commands
from offhook.pbx.notifications import NotifyError

if TYPE_CHECKING:
    from offhook.api.node import Node

__all__ = ["declare"]

_NOTIFY = "TYPE endpoint NAME... | uri URI... | channel CHANNEL..."


def declare(commands: Commands) -> None:
    """Add the commands."""

    @commands.add("pjsip send notify", _NOTIFY)
    def send_notify(node: Node, words: list[str]) -> str:
        """Send a NOTIFY of pjsip_notify.conf to endpoints, URIs, or within calls."""
        match words:
            case [name, ("endpoint" | "uri" | "channel") as kind, first, *more]:
                pass
            case _:
                raise CommandError(f"Usage: pjsip send notify {_NOTIFY}")
        service = node.sip.notifications
        said: list[str] = []
        for to in (first, *more):
            try:
                what = service.named(name)
                if kind == "endpoint":
                    service.sender.notify_endpoint(to, what)
                elif kind == "uri":
                    service.sender.notify_uri(to, what)
                else:
                    channel = node.pbx.channels.get(to)
                    if channel is None:
                        raise NotifyError(f"there is no channel {to!r}")
                    service.sender.notify_channel(channel, what)
                said.append(f"Sending NOTIFY of type '{name}' to '{to}'\n")
            except NotifyError as error:
                said.append(f"Unable to send NOTIFY to '{to}': {error}\n")
        return "".join(said)

    @commands.add("pjsip export config_wizard primitives [to]", "[FILE]")
    def export_wizards(node: Node, words: list[str]) -> str:
        """Show what pjsip_wizard.conf stands for, as sections of pjsip.conf, or write it to a file."""
        lines: list[str] = []
        for section in node.snapshot.wizards.sections:
            lines += [f"[{section.name}]", *(f"{item.key} = {item.value}" for item in section.items), ""]
        text = "\n".join(lines) + "\n"
        match words:
            case []:
                return text
            case ["to", name]:
                path = Path(name) if name.startswith("/") else node.paths.config / name
                try:
                    path.write_text(text)
                except OSError as error:
                    raise CommandError(f"{path}: {error.strerror}") from error
                return f"Written to {path}\n"
            case _:
                raise CommandError("Usage: pjsip export config_wizard primitives [to FILE]")

    @commands.add("pjsip set maintenance", "ENDPOINT|all on|off")
    def set_maintenance(node: Node, words: list[str]) -> str:
        """Let an endpoint begin nothing new, or let it again; what it has goes on."""
        match words:
            case [name, ("on" | "off") as state]:
                pass
            case _:
                raise CommandError("Usage: pjsip set maintenance ENDPOINT|all on|off")
        endpoints = node.sip.directory.endpoints
        if name != "all" and name not in endpoints:
            raise CommandError(f"Unable to retrieve endpoint {name}")
        node.sip.maintenance.set(list(endpoints) if name == "all" else [name], state == "on")
        return f"Maintenance mode {'enabled' if state == 'on' else 'disabled'} for {name}\n"

    @commands.add("pjsip show maintenance", "[ENDPOINT]")
    def show_maintenance(node: Node, words: list[str]) -> str:
        """Show which endpoints are in maintenance."""
        maintenance = node.sip.maintenance
        names = words or list(maintenance)
        if not names:
            return "No endpoints in maintenance mode\n"
        return "".join(f"{name:<40} {'enabled' if name in maintenance else 'disabled'}\n" for name in names)
