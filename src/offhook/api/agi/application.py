"""The applications AGI, EAGI and DeadAGI."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from offhook.api.agi import (
    audio_commands,
    call_commands,
    database_commands,
    say_commands,
    variable_commands,
)
from offhook.api.agi.async_agi import run_async_agi
from offhook.api.agi.eagi import audio_pipe, rate_of
from offhook.api.agi.session import Outcome, Session
from offhook.api.agi.transport import FastAgi, NotFoundError, Script, TransportFailedError
from offhook.dialplan.computed import PATHS
from offhook.dialplan.declare import application
from offhook.dialplan.errors import ApplicationError, Hangup

if TYPE_CHECKING:
    from offhook.api.agi.transport import AgiTransport
    from offhook.dialplan.call import Call

__all__ = ["agi", "dead_agi", "eagi"]

log = logging.getLogger(__name__)

# importing them declares the commands
_COMMANDS = (audio_commands, call_commands, database_commands, say_commands, variable_commands)

# What a program finds in its environment beside ours: Asterisk's names of the folders.
_FOLDERS = {
    "AST_CONFIG_DIR": "astetcdir",
    "AST_MODULE_DIR": "astmoddir",
    "AST_SPOOL_DIR": "astspooldir",
    "AST_MONITOR_DIR": "astspooldir",
    "AST_VAR_DIR": "astvarlibdir",
    "AST_DATA_DIR": "astdatadir",
    "AST_LOG_DIR": "astlogdir",
    "AST_AGI_DIR": "astagidir",
    "AST_KEY_DIR": "astkeydir",
    "AST_RUN_DIR": "astrundir",
}
assert set(_FOLDERS.values()) <= set(PATHS.values())


@application("AGI")
async def agi(call: Call, command: str, *args: str) -> None:
    """Let a program or server outside drive the call.

    The channel is not answered by this.  When the caller hangs up the script is told (SIGHUP, or a line
    HANGUP) and may go on with commands that need no caller.

    Args:
        command: a program, in astagidir unless it begins with a slash; agi://host[:port][/script]
            (FastAGI), hagi://host (the same by SRV records), or agi:async (commands by AMI).
        args: what the script gets, as agi_arg_1 and so on, and as its own arguments.

    Sets:
        AGISTATUS: SUCCESS, FAILURE, NOTFOUND or HANGUP.
    """
    await _run(call, command, args)


@application("EAGI")
async def eagi(call: Call, command: str, *args: str) -> None:
    """As AGI() with a program, which also hears the caller: raw 16-bit samples at descriptor 3.

    They come at 8 kHz, or as the channel variable EAGI_AUDIO_FORMAT says (slin16, slin48 ...).

    Args:
        command: a program, in astagidir unless it begins with a slash.
        args: what it gets, as agi_arg_1 and so on, and as its own arguments.

    Sets:
        AGISTATUS: SUCCESS, FAILURE, NOTFOUND or HANGUP.
    """
    call.set_variable("AGISTATUS", Outcome.FAILURE.value)
    if command.strip().lower().startswith(("agi:", "hagi:")):
        raise ApplicationError(f"EAGI: {command!r} is no program on this machine, and cannot be given audio")
    async with audio_pipe(call, rate_of(call)) as audio:
        await _run(call, command, args, audio)


@application("DeadAGI")
async def dead_agi(call: Call, command: str, *args: str) -> None:
    """As AGI(), which also works on a channel that has hung up; kept for dialplans that name it.

    Args:
        command: see AGI().
        args: see AGI().

    Sets:
        AGISTATUS: SUCCESS, FAILURE, NOTFOUND or HANGUP.
    """
    await _run(call, command, args)


async def _run(call: Call, command: str, args: tuple[str, ...], audio: int | None = None) -> None:
    call.set_variable("AGISTATUS", Outcome.FAILURE.value)
    outcome = await _outcome(call, command.strip(), args, audio)
    call.set_variable("AGISTATUS", outcome.value)
    if outcome is Outcome.HANGUP:
        raise Hangup


async def _outcome(call: Call, command: str, args: tuple[str, ...], audio: int | None) -> Outcome:
    if command.lower() == "agi:async":
        return await run_async_agi(call)
    transport: AgiTransport
    try:
        if command.lower().startswith(("agi://", "hagi://")):
            transport = await FastAgi.connect(command)
        else:
            paths = call.runner.paths
            path = Path(command) if command.startswith("/") else Path(paths.get("astagidir", ".")) / command
            folders = {name: paths[key] for name, key in _FOLDERS.items() if key in paths}
            transport = await Script.start(path, args, folders, audio=audio)
    except NotFoundError as error:
        call.complain(f"AGI: {error}")
        return Outcome.NOTFOUND
    except TransportFailedError as error:
        call.complain(f"AGI: {error}")
        return Outcome.FAILURE
    return await Session(call, transport).run(command, args)
