"""The node: what it is, global variables, modules, log channels."""

from __future__ import annotations

import os
import platform
import resource
from typing import TYPE_CHECKING

import offhook
from offhook.api.ari.models import timestamp
from offhook.api.ari.operations import AriError, operation
from offhook.api.ari.resources.variables import read_outside
from offhook.dialplan.errors import DialplanError

if TYPE_CHECKING:
    from offhook.api.ari.models import Json
    from offhook.api.ari.service import Ari

__all__: list[str] = []

_SECTIONS = ("build", "system", "config", "status")


@operation("GET", "/asterisk/info", model="AsteriskInfo")
def getInfo(ari: Ari, only: list[str] | None = None) -> Json:
    """Get information about this node."""
    wanted = only or list(_SECTIONS)
    if any(one not in _SECTIONS for one in wanted):
        raise AriError(400, f"only has one of {', '.join(_SECTIONS)}")
    node, options = ari.node, ari.node.snapshot.asterisk.options
    found: Json = {
        "build": {
            "os": platform.system(),
            "kernel": platform.release(),
            "machine": platform.machine(),
            "options": "",
            "date": "",
            "user": "",
        },
        "system": {"version": offhook.__version__, "entity_id": ari.entity_id},
        "config": {
            "name": node.pbx.system_name,
            "default_language": node.pbx.default_language,
            "max_channels": options.maxcalls,
            "max_open_files": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
            "setid": {"user": str(os.getuid()), "group": str(os.getgid())},
        },
        "status": {
            "startup_time": timestamp(node.pbx.started_at),
            "last_reload_time": timestamp(node.reloaded_at),
        },
    }
    return {name: found[name] for name in wanted}


@operation("GET", "/asterisk/ping", model="AsteriskPing")
def ping(ari: Ari) -> Json:
    """Ask whether anybody is there."""
    return {
        "ping": "pong",
        "timestamp": timestamp(ari.node.pbx.wall_clock()),
        "asterisk_id": ari.entity_id,
    }


@operation("GET", "/asterisk/variable", model="Variable", errors={400: "Missing variable parameter."})
async def getGlobalVar(ari: Ari, variable: str) -> Json:
    """Get the value of a global variable or a function."""
    call = ari.node.runner.call_without_channel(ari.node.pbx)
    with call.from_outside():
        return {"value": await read_outside(call, variable)}


@operation("POST", "/asterisk/variable", errors={400: "Missing variable parameter."})
async def setGlobalVar(ari: Ari, variable: str, value: str = "") -> None:
    """Set a global variable, or write a function."""
    call = ari.node.runner.call_without_channel(ari.node.pbx)
    name = variable if variable.endswith(")") else f"GLOBAL({variable})"
    try:
        with call.from_outside():
            kept = call.assign(name, value)
        if kept is not None:
            await kept
    except DialplanError as error:
        raise AriError(400, str(error)) from None
