"""Console commands that place and move calls: channel originate, channel redirect."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from offhook.api.console.commands import CommandError
from offhook.dialplan.call import Call, parse_target
from offhook.dialplan.errors import ApplicationError, DialplanError, Hangup, UnknownApplicationError
from offhook.dialplan.steps import find_application
from offhook.pbx.originate import OriginateError, originate
from offhook.pbx.pbx import CannotDialError

if TYPE_CHECKING:
    from offhook.api.console.commands import Commands
    from offhook.api.node import Node
    from offhook.pbx.channel import Channel

__all__ = ["declare"]

log = logging.getLogger(__name__)

_RING_S = 30.0


def declare(commands: Commands) -> None:
    """Add the commands."""
    under_way: set[asyncio.Task[None]] = set()  # the event loop itself keeps no task alive

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
                work = _to_extension(node, destination, context, exten)
            case "application" if rest:
                try:
                    find_application(rest[0])
                except UnknownApplicationError as error:
                    raise CommandError(str(error)) from error
                work = _to_application(node, destination, rest[0], " ".join(rest[1:]))
            case _:
                raise CommandError(f"{' '.join(words[1:])!r} is neither extension nor application")
        task = asyncio.get_running_loop().create_task(work, name=f"originate {destination}")
        under_way.add(task)
        task.add_done_callback(under_way.discard)
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


async def _to_extension(node: Node, destination: str, context: str, exten: str) -> None:
    try:
        await originate(node.pbx, destination, context=context, exten=exten, timeout=_RING_S)
    except (OriginateError, CannotDialError) as error:
        log.warning("channel originate: %s", error)


async def _to_application(node: Node, destination: str, application: str, arguments: str) -> None:
    answered: list[Channel] = []
    try:
        await originate(node.pbx, destination, start=answered.append, timeout=_RING_S)
    except (OriginateError, CannotDialError) as error:
        log.warning("channel originate: %s", error)
        return
    leg = answered[0]
    call = Call(leg, node.runner, node.runner.dialplan)
    try:
        await leg.lend(node.runner.execute(call, application, arguments))
    except Hangup:
        pass
    except DialplanError as error:
        log.warning("channel originate: %s: %s", application, error)
    finally:
        if leg.task is None:  # else it was redirected, and is the dialplan's
            leg.hangup()
