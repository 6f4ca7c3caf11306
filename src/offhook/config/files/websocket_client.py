"""websocket_client.conf: WebSocket connections that we make to others."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from offhook.config.errors import Problems, Where
from offhook.config.reader import ConfigFile
from offhook.config.schema import ObjectType, option
from offhook.config.values import boolean, choice, integer, text, words

__all__ = ["CLIENT", "Connection", "WebsocketClient", "read_websocket_client_conf"]


class Connection(StrEnum):
    """When a connection is made."""

    PERSISTENT = "persistent"
    """At the start; again when it is lost."""
    PER_CALL = "per_call_config"
    """For a call that needs it."""


@dataclass(frozen=True, slots=True)
class WebsocketClient:
    """A section with `type=websocket_client`."""

    name: str
    where: Where = field(compare=False, repr=False)
    uri: str = option("", text)
    protocols: tuple[str, ...] = option((), words)
    username: str = option("", text)
    password: str = option("", text, secret=True)
    connection_type: Connection = option(Connection.PERSISTENT, choice(Connection))
    connection_timeout: int = option(500, integer(1, 3_600_000))
    """Milliseconds."""
    reconnect_interval: int = option(500, integer(10, 3_600_000))
    """Milliseconds."""
    reconnect_attempts: int = option(5, integer(0, 1_000_000))
    """How often a call tries; a persistent connection is tried for ever."""
    tls_enabled: bool = option(False, boolean)
    ca_list_file: str = option("", text)
    ca_list_path: str = option("", text)
    cert_file: str = option("", text)
    priv_key_file: str = option("", text)
    verify_server_cert: bool = option(True, boolean)
    verify_server_hostname: bool = option(True, boolean)


CLIENT = ObjectType("websocket_client.conf", "websocket_client", WebsocketClient, ignored=("type",))


def read_websocket_client_conf(config: ConfigFile, problems: Problems) -> dict[str, WebsocketClient]:
    """The connections by name."""
    found: dict[str, WebsocketClient] = {}
    reading = CLIENT.reading(problems)
    for section in config.sections:
        kind = section.get("type").strip()
        if kind != "websocket_client":
            what = (
                f"[{section.name}] has no type: type=websocket_client" if not kind else f"unknown type {kind}"
            )
            problems.error(section.file, section.line, what)
            continue
        client = reading.read(section)
        if client is None:
            continue
        if not client.uri.startswith(("ws://", "wss://")):
            what = f"uri of [{client.name}] begins with ws:// or wss://, not {client.uri!r}"
            problems.error(section.file, section.line, what)
            continue
        found[client.name] = client
    return found
