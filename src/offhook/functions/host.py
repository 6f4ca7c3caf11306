"""The node and its machine: VERSION, SYSINFO, IFMODULE, AST_CONFIG; MASTER_CHANNEL, EXPORT, DIALGROUP."""

from __future__ import annotations

import asyncio
import os
import platform
from pathlib import Path

from offhook._core import __version__
from offhook.config.errors import ConfigError
from offhook.config.reader import read_file
from offhook.dialplan.call import Call
from offhook.dialplan.declare import Raw, function, waiting_function
from offhook.dialplan.errors import FunctionError
from offhook.features.dial_groups import groups_of

__all__: list[str] = []

# The Asterisk whose dialplan this is: what scripts compare with to see what they may use.
_ASTERISK = "240000"


@function("VERSION")
def version(call: Call, info: str = "") -> str:
    """The version of the program, or another piece of information about it.

    Args:
        info: ASTERISK_VERSION_NUM (of the Asterisk whose language this is, as a number to compare with),
            BUILD_USER, BUILD_HOSTNAME, BUILD_MACHINE, BUILD_OS, BUILD_DATE, BUILD_KERNEL: of the machine that
            it runs on.
    """
    match info.strip().upper():
        case "":
            return f"Offhook {__version__}"
        case "ASTERISK_VERSION_NUM":
            return _ASTERISK
        case "BUILD_USER":
            return "offhook"
        case "BUILD_HOSTNAME":
            return platform.node()
        case "BUILD_MACHINE":
            return platform.machine()
        case "BUILD_OS":
            return platform.system()
        case "BUILD_KERNEL":
            return platform.release()
        case "BUILD_DATE":
            return platform.version()
        case _:
            raise FunctionError(f"VERSION: there is no {info!r}")


_MEMORY = {
    "totalram": "MemTotal",
    "freeram": "MemFree",
    "bufferram": "Buffers",
    "totalswap": "SwapTotal",
    "freeswap": "SwapFree",
}


@function("SYSINFO")
def sysinfo(call: Call, parameter: str) -> str:
    """Something about the machine.

    Args:
        parameter: loadavg (of the last minute), numcalls (of this node), uptime (of the machine, hours),
            totalram, freeram, bufferram, totalswap, freeswap (KiB), numprocs.
    """
    what = parameter.strip().lower()
    try:
        if what == "loadavg":
            return f"{os.getloadavg()[0]:.6f}"
        if what == "numcalls":
            return str(call.channel.pbx.calls)
        if what == "uptime":
            return str(int(float(Path("/proc/uptime").read_text().split()[0]) // 3600))
        if what == "numprocs":
            return Path("/proc/loadavg").read_text().split()[3].partition("/")[2]
        key = _MEMORY.get(what)
        if key is not None:
            for line in Path("/proc/meminfo").read_text().splitlines():
                if line.startswith(f"{key}:"):
                    return line.split()[1]
    except (OSError, IndexError, ValueError):
        raise FunctionError(f"SYSINFO: this machine does not tell {what}") from None
    raise FunctionError(f"SYSINFO: there is no {parameter!r}")


@function("IFMODULE")
def if_module(call: Call, modulename: str) -> str:
    """1 when what Asterisk has in this module (app_dial.so) is here, else 0."""
    return "1" if call.runner.has_module(modulename.strip()) else "0"


@waiting_function("AST_CONFIG")
async def ast_config(call: Call, config_file: str, category: str, variable_name: str, index: int = 0) -> str:
    """A value of a configuration file, as it is written there.

    Args:
        config_file: its name, in the configuration folder unless it is a whole path.
        category: the section.
        variable_name: the key.
        index: which of several lines of that key, counted from 0; -1 is the last.
    """
    path = Path(call.runner.paths.get("astetcdir", ".")) / config_file.strip()

    def look() -> list[str]:
        section = read_file(path).section(category.strip())
        return section.all(variable_name.strip()) if section is not None else []

    try:
        values = await asyncio.to_thread(look)
    except (ConfigError, OSError) as error:
        raise FunctionError(f"AST_CONFIG: {error}") from None
    return values[index] if -len(values) <= index < len(values) else ""


# ---------------------------------------------------------------- other channels


@function("MASTER_CHANNEL")
def master_channel(call: Call, variable: Raw) -> str:
    """A variable or function of the channel that this call began with; of this one when that is gone."""
    master = call.channel.pbx.channel(call.channel.linkedid)
    other = call if master is None else call.runner.call_on(master)
    return other.get(variable)


@master_channel.writer
def set_on_master_channel(call: Call, value: str, variable: Raw) -> None:
    """Set a variable or function of the channel that this call began with."""
    master = call.channel.pbx.channel(call.channel.linkedid)
    other = call if master is None else call.runner.call_on(master)
    other.assign(variable.strip(), value)


@function("EXPORT")
def export(call: Call, channel: str, var: str) -> str:
    """Set a variable of another channel: Set(EXPORT(channel,var)=value); it cannot be read."""
    raise FunctionError("EXPORT can only be set; IMPORT() reads")


@export.writer
def export_to(call: Call, value: str, channel: str, var: str) -> None:
    """Set a variable or function of another channel."""
    other = call.channel.pbx.channel(channel.strip())
    if other is None:
        raise FunctionError(f"EXPORT: there is no channel {channel}")
    call.runner.call_on(other).assign(var.strip(), value)


@function("DIALGROUP")
def dial_group(call: Call, group: str, op: str = "") -> str:
    """The members of a group, joined by & as Dial() takes them.

    Args:
        group: its name.
        op: when it is set: add a member, del one; without it the members are replaced.
    """
    return "&".join(groups_of(call.channel.pbx).members(group))


@dial_group.writer
def set_dial_group(call: Call, value: str, group: str, op: str = "") -> None:
    """Add a member to a group, remove one, or set all of them (separated by &)."""
    groups = groups_of(call.channel.pbx)
    match op.strip().lower():
        case "":
            groups.replace(group, [one.strip() for one in value.split("&") if one.strip()])
        case "add":
            groups.add(group, value.strip())
        case "del":
            groups.remove(group, value.strip())
        case _:
            raise FunctionError(f"DIALGROUP: {op!r} is neither add nor del")
