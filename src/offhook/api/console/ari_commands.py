"""Console commands about ARI's WebSockets: who is connected, and the connections that we make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.api.console.commands import CommandError, Commands
from offhook.config.schema import shown

if TYPE_CHECKING:
    from offhook.api.ari.service import Ari
    from offhook.api.node import Node

__all__ = ["declare"]

_SESSION = "{:<40} {:<9} {}"
_CLIENT = "{:<30} {:<16} {:<9} {}"


def _ari(node: Node) -> Ari:
    if node.ari is None:
        raise CommandError("ARI is not enabled (ari.conf and http.conf)")
    return node.ari


def _one(words: list[str], usage: str) -> str:
    if len(words) != 1:
        raise CommandError(f"Usage: {usage}")
    return words[0]


def declare(commands: Commands) -> None:
    """Add the commands."""

    @commands.add("ari set debug", "APPLICATION|all on|off")
    def set_debug(node: Node, words: list[str]) -> str:
        """Write what an application is sent and asks over its WebSocket to the log; `all`: HTTP, too."""
        ari = _ari(node)
        match words:
            case ["all", "on" | "off" as state]:
                ari.debugged = {"all"} if state == "on" else set()
            case [name, "on" | "off" as state]:
                if name not in ari.apps:
                    raise CommandError(f"ari: app '{name}' not found")
                ari.debugged = ari.debugged | {name} if state == "on" else ari.debugged - {name}
            case _:
                raise CommandError("Usage: ari set debug APPLICATION|all on|off")
        return f"Debugging on '{words[0]}' {'enabled' if words[1] == 'on' else 'disabled'}\n"

    @commands.add("ari show websocket sessions")
    def show_sessions(node: Node, words: list[str]) -> str:
        """Show the event WebSockets: those of clients, and those that we have made."""
        rows = [_SESSION.format("Session", "Direction", "Applications")]
        for name, session in _ari(node).sessions.items():
            apps = ",".join(app.name for app in _ari(node).apps.values() if app.sink is session)
            rows.append(_SESSION.format(name, "outbound" if session.is_ours else "inbound", apps))
        return "\n".join([*rows, f"{len(rows) - 1} sessions", ""])

    @commands.add("ari shutdown websocket sessions")
    async def shutdown_all(node: Node, words: list[str]) -> str:
        """Close all event WebSockets; ours are not made again before `ari start outbound-websocket`."""
        ari = _ari(node)
        number = len(ari.sessions)
        await ari.close_sessions(list(ari.sessions))
        return f"Shut down {number} websocket sessions\n"

    @commands.add("ari shutdown websocket session", "SESSION")
    async def shutdown(node: Node, words: list[str]) -> str:
        """Close one event WebSocket."""
        ari, name = _ari(node), _one(words, "ari shutdown websocket session SESSION")
        if name not in ari.sessions:
            raise CommandError(f"Session '{name}' not found")
        await ari.close_sessions([name])
        return f"Shut down websocket session '{name}'\n"

    @commands.add("ari show outbound-websockets")
    def show_outbound(node: Node, words: list[str]) -> str:
        """Show the WebSockets of ari.conf that we make."""
        clients = node.snapshot.websocket_clients
        rows = [_CLIENT.format("Name", "Type", "Connected", "URI")]
        for name, conf in sorted(_ari(node).conf.outbound.items()):
            client = clients.get(conf.websocket_client_id)
            kind = client.connection_type.value if client is not None else "(none)"
            connected = "Yes" if name in _ari(node).sessions else "No"
            rows.append(_CLIENT.format(name, kind, connected, client.uri if client is not None else ""))
        return "\n".join([*rows, f"{len(rows) - 1} outbound websockets", ""])

    @commands.add("ari show outbound-websocket", "NAME")
    def show_one(node: Node, words: list[str]) -> str:
        """Show one of the WebSockets that we make."""
        name = _one(words, "ari show outbound-websocket NAME")
        conf = _ari(node).conf.outbound.get(name)
        if conf is None:
            raise CommandError(f"Outbound websocket '{name}' not found")
        options = ("websocket_client_id", "apps", "local_ari_user", "subscribe_all")
        rows = [f"{option:<22}: {shown(conf, option)}" for option in options]
        return "\n".join([f"[{name}]", *rows, ""])

    @commands.add("ari start outbound-websocket", "NAME")
    def start(node: Node, words: list[str]) -> str:
        """Make a persistent WebSocket again that was shut down."""
        name, outbound = _one(words, "ari start outbound-websocket NAME"), _ari(node).outbound
        if outbound is None or not outbound.begin(name):
            raise CommandError(f"There is no persistent outbound websocket '{name}', or it runs already")
        return f"Started outbound websocket '{name}'\n"
