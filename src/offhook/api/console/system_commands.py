"""Console commands about the process: settings, machine, threads, how it is stopped."""

from __future__ import annotations

import os
import platform
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from offhook import __version__
from offhook.api.console.callers import current_caller
from offhook.api.console.channel_commands import duration
from offhook.api.console.commands import CommandError, Commands, current_session
from offhook.api.stopping import MANNERS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from offhook.api.node import Node

__all__ = ["declare", "table"]

_LICENSE = """\
Offhook is free software under the Apache License, Version 2.0: use it, change it and pass it on, changed
or not, under the terms of that licence; a copy is in the file LICENSE, and on
https://www.apache.org/licenses/LICENSE-2.0
"""
_WARRANTY = """\
Offhook is provided on an "AS IS" basis, without warranties or conditions of any kind, express or implied
(Apache License, Version 2.0, section 7).
"""


def table(title: str, rows: Iterable[tuple[str, object]]) -> str:
    """A titled list of settings, as Asterisk's `show settings` commands have it."""
    said = {True: "Yes", False: "No"}
    lines = [f"  {name + ':':<27} {said.get(value, value)}" for name, value in rows]  # type: ignore[call-overload]
    return "\n".join([title, "-" * len(title), *lines, ""])


def _memory() -> dict[str, int]:
    """/proc/meminfo, in KiB."""
    found: dict[str, int] = {}
    for line in Path("/proc/meminfo").read_text("ascii").splitlines():
        name, _, value = line.partition(":")
        number = value.split()[0] if value.split() else ""
        if number.isdigit():
            found[name] = int(number)
    return found


def _settings(node: Node) -> str:
    options, logs, paths, pbx = node.snapshot.asterisk.options, node.logs, node.paths, node.pbx
    rows: list[tuple[str, object]] = [
        ("Version", f"Offhook {__version__}"),
        ("ABI related Build Options", f"Python {platform.python_version()}"),
        ("Maximum calls", f"{pbx.max_calls} (Current {pbx.calls})" if pbx.max_calls else "Not set"),
        ("Maximum open file handles", _open_files()),
        ("Root console verbosity", logs.verbose),
        ("Current console verbosity", logs.verbose),
        ("Debug level", logs.debug),
        ("Maximum load average", options.maxload or "Not set"),
        ("Minimum free memory", f"{options.minmemfree} MB" if options.minmemfree else "Not set"),
        ("Startup time", _clock(pbx.started_at)),
        ("Last reload time", _clock(node.reloaded_at)),
        ("System", f"{platform.system()}/{platform.release()} on {platform.machine()}"),
        ("System name", pbx.system_name),
        ("Entity ID", node.entity),
        ("Default language", options.defaultlanguage),
        ("Live dangerously", node.runner.live_dangerously),
        ("Executable includes", options.execincludes),
    ]
    folders: list[tuple[str, object]] = [
        ("Configuration file", options.where.file or "None"),
        ("Configuration directory", paths.config),
        ("Spool directory", paths.spool),
        ("Log directory", paths.log),
        ("Data directory", paths.data),
        ("Cache directory", paths.cache),
        ("AGI Scripts directory", paths.agi),
        ("Database", paths.database),
        ("Control socket", paths.socket),
    ]
    parts = [table("PBX Core settings", rows), table("Directories", folders)]
    return "\n" + "\n".join(parts) + "\n"


def _open_files() -> str:
    import resource

    return str(resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _clock(moment: float) -> str:
    import time

    return time.strftime("%H:%M:%S", time.localtime(moment))


def _thread_names() -> dict[int, str]:
    """Every thread of the process by its number in the system, those of the media engine included."""
    found: dict[int, str] = {}
    for folder in Path("/proc/self/task").iterdir():
        try:
            found[int(folder.name)] = (folder / "comm").read_text("ascii", "replace").strip()
        except OSError:
            continue  # it has just ended
    for thread in threading.enumerate():
        if thread.native_id is not None:
            found[thread.native_id] = "event loop" if thread is threading.main_thread() else thread.name
    return found


def declare(commands: Commands) -> None:
    """Add the commands."""

    @commands.add("core show settings")
    def show_settings(node: Node, words: list[str]) -> str:
        """Show how the node is set up: limits, levels, folders."""
        return _settings(node)

    @commands.add("core show sysinfo")
    def show_sysinfo(node: Node, words: list[str]) -> str:
        """Show the machine's uptime and memory."""
        memory = _memory()
        uptime = float(Path("/proc/uptime").read_text("ascii").split()[0])
        processes = sum(1 for one in os.listdir("/proc") if one.isdigit())
        rows = (
            ("System Uptime", duration(uptime)),
            ("Total RAM", f"{memory.get('MemTotal', 0)} KiB"),
            ("Free RAM", f"{memory.get('MemFree', 0)} KiB"),
            ("Buffer RAM", f"{memory.get('Buffers', 0)} KiB"),
            ("Total Swap Space", f"{memory.get('SwapTotal', 0)} KiB"),
            ("Free Swap Space", f"{memory.get('SwapFree', 0)} KiB"),
            ("Number of Processes", f"{processes} "),
            ("Load Average", " ".join(f"{load:.2f}" for load in os.getloadavg())),
        )
        return "\n" + table("System Statistics", rows) + "\n"

    @commands.add("core show threads")
    def show_threads(node: Node, words: list[str]) -> str:
        """Show the threads of the process."""
        found = sorted(_thread_names().items())
        rows = [f"{number:>8} {name}\n" for number, name in found]
        return "".join(rows) + f"{len(found)} threads listed.\n"

    @commands.add("core show license")
    def show_license(node: Node, words: list[str]) -> str:
        """Show the licence."""
        return _LICENSE

    @commands.add("core show warranty")
    def show_warranty(node: Node, words: list[str]) -> str:
        """Show that there is no warranty."""
        return _WARRANTY

    @commands.add("core abort shutdown")
    def abort(node: Node, words: list[str]) -> str:
        """Give up a stop or restart that waits for calls."""
        if not node.stopping.abort():
            raise CommandError("Nothing to abort: no stop is waiting.")
        return ""

    for manner in MANNERS:
        _declare_stop(commands, manner)


_STOP_HELP = {
    "now": "Hang up all calls and {}.",
    "gracefully": "Take no more calls, and {} when those that there are have ended.",
    "when convenient": "Go on as ever, and {} as soon as there is no call.",
}


def _declare_stop(commands: Commands, manner: str) -> None:
    async def begin(node: Node, *, restart: bool) -> str:
        node.stopping.begin(manner, restart=restart)
        # Who asks for this alone (-rx) waits for it, as scripts expect; at a console one can go on.
        alone = current_caller.get() is not None and current_session.get() is None
        if alone and not await node.stopping.decided():
            raise CommandError("It was given up.")
        return ""

    async def stop(node: Node, words: list[str]) -> str:
        return await begin(node, restart=False)

    async def restart(node: Node, words: list[str]) -> str:
        if not node.can_restart:
            raise CommandError("This node is part of another program, which alone can restart it.")
        return await begin(node, restart=True)

    stop.__doc__ = _STOP_HELP[manner].format("stop")
    restart.__doc__ = _STOP_HELP[manner].format("begin anew")
    commands.add(f"core stop {manner}")(stop)
    commands.add(f"core restart {manner}")(restart)
