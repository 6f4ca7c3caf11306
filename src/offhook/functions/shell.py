"""SHELL(): what a program prints."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE

from offhook.dialplan.call import Call
from offhook.dialplan.declare import Raw, waiting_function
from offhook.dialplan.errors import FunctionError

__all__: list[str] = []

_MOST = 64 * 1024  # bytes of output that are kept


@waiting_function("SHELL", dangerous="read")
async def shell(call: Call, command: Raw) -> str:
    """What a command of the system's shell prints, newlines included; its errors go nowhere.

    The program is ended when the caller hangs up.  At most 64 KiB are kept.
    """
    if not command.strip() or "\0" in command:
        raise FunctionError("SHELL: a command is needed")
    try:
        process = await asyncio.create_subprocess_exec(
            "/bin/sh", "-c", command, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL, start_new_session=True
        )
    except OSError as error:
        raise FunctionError(f"SHELL: {command!r} cannot be run: {error.strerror or error}") from None
    output = process.stdout
    assert output is not None  # a pipe was asked for
    kept = b""
    try:
        while chunk := await output.read(_MOST):
            kept = (kept + chunk)[:_MOST]  # what is more is read all the same, so that the program goes on
        await process.wait()
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGTERM)
        raise
    return kept.decode("utf-8", "replace")
