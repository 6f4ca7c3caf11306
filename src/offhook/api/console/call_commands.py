"""Console commands that place and move calls: channel originate, channel redirect."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from offhook.api.console.commands import CommandError
from offhook.dialplan.call import parse_target
from offhook.dialplan.errors import ApplicationError, UnknownApplicationError
from offhook.dialplan.originating import Placement, place
from offhook.dialplan.steps import find_application
from offhook.pbx.originate import OriginateError
from offhook.pbx.pbx import CannotDialError

if TYPE_CHECKING:
    from offhook.api.console.commands import Commands
    from offhook.api.node import Node

__all__ = ["declare"]

log = logging.getLogger(__name__)

_RING_S = 30.0


def declare(commands: Commands) -> None:
    """Add the commands."""

    @commands.add(
        "channel originate",
        "TECHNOLOGY/RESOURCE extension [EXTEN][@CONTEXT] | TECHNOLOGY/RESOURCE application NAME [DATA]",
    )
    def originate_call(node: Node, words: list[str]) -> str:
        """Call somebody, for 30 seconds at most, and connect them with an extension or an application."""
        if len(words) < 2 or (len(words) == 2 and words[1] != "extension"):
            raise CommandError("usage: channel originate TECHNOLOGY/RESOURCE extension|application ...")
        destination, kind, rest = words[0], words[1], words[2:]
        match kind:
            case "extension" if len(rest) < 2:
                exten, _, context = (rest[0] if rest else "").partition("@")
                exten, context = exten or "s", context or "default"
                if not node.pbx.dialplan.exists(context, exten):
                    raise CommandError(f"there is no extension {exten!r} in context {context!r}")
                placement = Placement(destination, context, exten, timeout=_RING_S)
            case "application" if rest:
                try:
                    find_application(rest[0])
                except UnknownApplicationError as error:
                    raise CommandError(str(error)) from error
                placement = Placement(
                    destination, application=rest[0], data=" ".join(rest[1:]), timeout=_RING_S
                )
            case _:
                raise CommandError(f"{' '.join(words[1:])!r} is neither extension nor application")
        node.runner.spawn(_place(node, placement), f"originate {destination}")
        return ""

    @commands.add("channel redirect", "CHANNEL [[CONTEXT,]EXTEN,]PRIORITY")
    def redirect(node: Node, words: list[str]) -> str:
        """Send a channel elsewhere in the dialplan."""
        if len(words) != 2:
            raise CommandError("usage: channel redirect CHANNEL [[CONTEXT,]EXTEN,]PRIORITY")
        channel = node.pbx.channel(words[0])
        if channel is None:
            raise CommandError(f"there is no channel {words[0]!r}")
        try:
            target = parse_target(words[1])
        except ApplicationError as error:
            raise CommandError(str(error)) from error
        context, exten = target.context or channel.context, target.exten or channel.exten
        priority = int(target.priority) if target.priority.isdecimal() else 0
        if not priority or not node.pbx.dialplan.exists(context, exten, priority):
            raise CommandError(f"there is no {context},{exten},{target.priority}")
        channel.redirect(context, exten, priority)
        return f"Channel '{channel.name}' successfully redirected to {context},{exten},{priority}\n"


async def _place(node: Node, placement: Placement) -> None:
    try:
        await place(node.pbx, node.runner, placement)
    except (OriginateError, CannotDialError) as error:
        log.warning("channel originate: %s", error)
