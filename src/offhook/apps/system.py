"""Applications that run programs: System, TrySystem.

A program is run by `/bin/sh -c` in a process of its own, away from the event loop.  It is not ended when the
caller hangs up: what it writes or sends is wanted all the same.
"""

from __future__ import annotations

import asyncio
import logging
from asyncio.subprocess import DEVNULL
from typing import TYPE_CHECKING

from offhook.dialplan.declare import Raw, application
from offhook.dialplan.errors import ApplicationError

if TYPE_CHECKING:
    from offhook.dialplan.call import Call

__all__ = ["system", "try_system"]

log = logging.getLogger(__name__)

_NOT_FOUND = 127  # the shell's status when there is no such program

# Programs that run on after their callers have gone: a task that nobody keeps may be collected.
_running: set[asyncio.Task[int]] = set()


async def _run(command: str) -> int:
    process = await asyncio.create_subprocess_exec(
        "/bin/sh", "-c", command, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True
    )
    return await process.wait()


async def _status(call: Call, command: str) -> str:
    call.set_variable("SYSTEMSTATUS", "")
    if not command.strip():
        raise ApplicationError("System: a command is needed")
    if "\0" in command:
        raise ApplicationError("System: a command cannot have a NUL in it")
    task = asyncio.get_running_loop().create_task(_run(command), name=f"System of {call.channel.name}")
    _running.add(task)
    task.add_done_callback(_done)
    try:
        status = await asyncio.shield(task)
    except OSError as error:
        call.complain(f"System: {command!r} cannot be run: {error.strerror or error}")
        return "FAILURE"
    if status == _NOT_FOUND:
        call.complain(f"System: there is no such program: {command!r}")
        return "FAILURE"
    return "SUCCESS" if status == 0 else "APPERROR"


def _done(task: asyncio.Task[int]) -> None:
    _running.discard(task)
    if not task.cancelled() and task.exception() is not None:
        log.debug("System: %s", task.exception())


@application("System")
async def system(call: Call, command: Raw) -> None:
    """Run a command of the system's shell and wait for its end; the call ends when it cannot be run.

    Args:
        command: as a shell takes it; what it prints goes nowhere.

    Sets:
        SYSTEMSTATUS: SUCCESS, APPERROR when it ended with an error of its own, or FAILURE.
    """
    status = await _status(call, command)
    call.set_variable("SYSTEMSTATUS", status)
    if status == "FAILURE":
        raise ApplicationError(f"System: {command!r} could not be run")


@application("TrySystem")
async def try_system(call: Call, command: Raw) -> None:
    """Run a command of the system's shell and wait for its end; the call goes on however it ends.

    Args:
        command: as a shell takes it; what it prints goes nowhere.

    Sets:
        SYSTEMSTATUS: SUCCESS, APPERROR when it ended with an error of its own, or FAILURE.
    """
    call.set_variable("SYSTEMSTATUS", await _status(call, command))
