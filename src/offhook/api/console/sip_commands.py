"""Console commands about SIP: `pjsip ...`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.api.console.commands import CommandError, Commands
from offhook.drivers.sip.message_log import MessageLog
from offhook.sip.transport import AsyncioNetwork

if TYPE_CHECKING:
    from offhook.api.node import Node

__all__ = ["declare"]


def _objects(lines: list[str], count: int) -> str:
    return "\n".join([*lines, "", f"Objects found: {count}"]) + "\n" if count else "No objects found.\n"


def declare(commands: Commands) -> None:
    """Add the commands."""

    @commands.add("pjsip show endpoints")
    def show_endpoints(node: Node, words: list[str]) -> str:
        """Show the endpoints, their state and contacts."""
        sip = node.sip
        lines: list[str] = []
        for name, endpoint in sorted(sip.directory.endpoints.items()):
            lines.append(f" Endpoint:  {name:<40} {sip.device_state(name)}")
            for aor in endpoint.aors:
                lines += [
                    f"    Contact:  {aor}/{binding.uri:<50} {binding.status.name.title()}"
                    for binding in sip.contacts.of(aor)
                ]
        return _objects(lines, len(sip.directory.endpoints))

    @commands.add("pjsip show contacts")
    def show_contacts(node: Node, words: list[str]) -> str:
        """Show the contacts with their status and round-trip time in ms."""
        lines: list[str] = []
        for binding in node.sip.contacts.all():
            trip = f"{binding.round_trip * 1000:.3f}" if binding.round_trip > 0 else "nan"
            lines.append(
                f"  Contact:  {binding.aor}/{binding.uri:<50} {binding.status.name.title():<12} {trip}"
            )
        return _objects(lines, len(lines))

    @commands.add("pjsip show registrations")
    def show_registrations(node: Node, words: list[str]) -> str:
        """Show our registrations with others."""
        lines = [
            f" {name + '/' + registration.config.server_uri:<50} {registration.state.value}"
            for name, registration in sorted(node.sip.registrations.items())
        ]
        return _objects(lines, len(lines))

    @commands.add("pjsip show channels")
    def show_channels(node: Node, words: list[str]) -> str:
        """Show the SIP channels."""
        lines = [
            f"  Channel: {channel.name:<50} {channel.state.name.title()}"
            for channel in node.pbx.channels.values()
            if channel.technology == "PJSIP"
        ]
        return _objects(lines, len(lines))

    @commands.add("pjsip show counters")
    def show_counters(node: Node, words: list[str]) -> str:
        """Show what the SIP stack, the transports, access and admission control have counted."""
        sip = node.sip
        counters = {**sip.ua.stats(), **sip.admission.counters.as_dict()}
        counters |= {
            f"access_{name}": getattr(sip.access.counters, name) for name in sip.access.counters.__slots__
        }
        if isinstance(sip.network, AsyncioNetwork):
            counters |= sip.network.counters.as_dict()
        return "".join(f"{name:<40} {value}\n" for name, value in sorted(counters.items()))

    @commands.add("pjsip qualify", "AOR")
    def qualify(node: Node, words: list[str]) -> str:
        """Ask the contacts of an AOR whether they are there."""
        if len(words) != 1:
            raise CommandError("Usage: pjsip qualify AOR")
        if words[0] not in node.sip.config.aors:
            raise CommandError(f"Unable to retrieve AOR {words[0]}")
        node.sip.qualifier.ask_now(words[0])
        return f"Qualifying AOR '{words[0]}'\n"

    @commands.add("pjsip set logger", "on|off|host ADDRESS")
    def set_logger(node: Node, words: list[str]) -> str:
        """Log each SIP message, or those of one address."""
        match words:
            case ["on"]:
                node.sip.ua.message_log = MessageLog()
                return "PJSIP Logging Enabled\n"
            case ["off"]:
                node.sip.ua.message_log = None
                return "PJSIP Logging Disabled\n"
            case ["host", address]:
                node.sip.ua.message_log = MessageLog(address)
                return f"PJSIP Logging Enabled for host: {address}\n"
            case _:
                raise CommandError("Usage: pjsip set logger on|off|host ADDRESS")
