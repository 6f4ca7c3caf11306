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

    @commands.add("mixmonitor start", "CHANNEL FILE[,OPTIONS[,COMMAND]]")
    def start_recording(node: Node, words: list[str]) -> str:
        """Record a call."""
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

    @commands.add("mixmonitor stop", "CHANNEL [ID]")
    def stop_recording(node: Node, words: list[str]) -> str:
        """End recordings of a call."""
        channel = _channel(node, words, "stop CHANNEL [ID]")
        wanted = words[1] if len(words) > 1 else ""
        if not call_recordings_of(node.pbx).stop(channel, wanted):
            raise CommandError(f"{channel.name} has no such recording.")
        return f"{channel.name} is recorded no more.\n"

    @commands.add("mixmonitor list", "CHANNEL")
    def list_recordings(node: Node, words: list[str]) -> str:
        """Show the recordings of a call that go on."""
        channel = _channel(node, words, "list CHANNEL")
        lines = ["MixMonitor ID\tFile\tReceive File\tTransmit File", "=" * 73]
        lines += (
            "\t".join(
                (
                    one.id,
                    one.file_of(Direction.BOTH),
                    one.file_of(Direction.HEARD),
                    one.file_of(Direction.SAID),
                )
            )
            for one in call_recordings_of(node.pbx).of(channel)
        )
        return "\n".join(lines) + "\n"
