"""Console commands of recordings of calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.api.console.commands import CommandError
from offhook.apps.mixmonitor import MixMonitorOptions, start
from offhook.dialplan.errors import ApplicationError, ArgumentError
from offhook.features.call_recording import call_recordings_of
from offhook.media.taps import Direction

if TYPE_CHECKING:
    from offhook.api.console.commands import Commands
    from offhook.api.node import Node
    from offhook.pbx.channel import Channel

__all__ = ["declare"]


def _channel(node: Node, words: list[str], usage: str) -> Channel:
    if not words:
        raise CommandError(f"Usage: mixmonitor {usage}")
    found = node.pbx.channel(words[0])
    if found is None:
        raise CommandError(f"No channel matching '{words[0]}' found.")
    return found


def declare(commands: Commands) -> None:
    """Add the commands."""

    @commands.add("mixmonitor {start|stop|list}", "CHANNEL [FILE[,OPTIONS[,COMMAND]]|ID]")
    def mixmonitor(node: Node, words: list[str]) -> str:
        """Record a call, end its recordings or one of them, or show those that go on."""
        match words[:1]:
            case ["start"]:
                return _start(node, words[1:])
            case ["stop"]:
                return _stop(node, words[1:])
            case ["list"]:
                return _list(node, words[1:])
            case _:
                raise CommandError("Usage: mixmonitor {start|stop|list} CHANNEL [...]")


def _start(node: Node, words: list[str]) -> str:
    channel = _channel(node, words, "start CHANNEL FILE[,OPTIONS[,COMMAND]]")
    file, _, rest = " ".join(words[1:]).partition(",")
    options, _, command = rest.partition(",")
    try:
        recording = start(
            node.runner.call_on(channel), file.strip(), MixMonitorOptions.parse(options), command
        )
    except (ApplicationError, ArgumentError) as error:
        raise CommandError(str(error)) from error
    return f"{channel.name} is recorded: {recording.id} {recording.files[0]}\n"


def _stop(node: Node, words: list[str]) -> str:
    channel = _channel(node, words, "stop CHANNEL [ID]")
    wanted = words[1] if len(words) > 1 else ""
    if not call_recordings_of(node.pbx).stop(channel, wanted):
        raise CommandError(f"{channel.name} has no such recording.")
    return f"{channel.name} is recorded no more.\n"


def _list(node: Node, words: list[str]) -> str:
    channel = _channel(node, words, "list CHANNEL")
    lines = ["MixMonitor ID\tFile\tReceive File\tTransmit File", "=" * 73]
    for one in call_recordings_of(node.pbx).of(channel):
        ways = (Direction.BOTH, Direction.HEARD, Direction.SAID)
        lines.append("\t".join((one.id, *(one.file_of(way) for way in ways))))
    return "\n".join(lines) + "\n"
