"""Actions about the node: console commands, settings, status, reload."""

from __future__ import annotations

import time

from offhook import __version__
from offhook.api.ami.declare import ActionError, Reply, Request, action
from offhook.api.ami.protocol import VERSION, field
from offhook.api.console.all_commands import COMMANDS
from offhook.api.console.commands import split_line
from offhook.api.log_rotation import rotate_logs
from offhook.config.errors import Severity

__all__: list[str] = []


@action("Command", "command", missing="No command provided")
async def command(request: Request, command: str) -> Reply:
    """Carry out a console command.

    Args:
        command: the command line.
    """
    known = COMMANDS.find_words(COMMANDS.expand(request.node, split_line(command))) is not None
    text = await COMMANDS.run(request.node, command)
    lines = "".join(f"Output: {line}\r\n" for line in text.replace("\r", "").splitlines())
    return Reply("Command output follows", lines, response="Success" if known else "Error")


@action("CoreSettings", "system", "reporting")
def core_settings(request: Request) -> Reply:
    """Show the settings of the node."""
    node = request.node
    options = node.snapshot.asterisk.options
    yes = {True: "Yes", False: "No"}
    return Reply(
        fields=field("AMIversion", VERSION)
        + field("AsteriskVersion", f"{__version__} (Offhook)")
        + field("SystemName", node.pbx.system_name)
        + field("CoreMaxCalls", options.maxcalls)
        + field("CoreMaxLoadAvg", "0.000000")
        + field("CoreRunUser", "")
        + field("CoreRunGroup", "")
        + field("CoreMaxFilehandles", 0)
        + field("CoreRealTimeEnabled", "No")
        + field("CoreCDRenabled", yes[node.snapshot.cdr.general.enable])
        + field("CoreHTTPenabled", "No")
        + field("SoundsSearchCustomDir", "No")
    )


@action("CoreStatus", "system", "reporting")
def core_status(request: Request) -> Reply:
    """Show since when the node runs, and how many calls there are."""
    pbx = request.pbx
    started, reloaded = time.localtime(pbx.started_at), time.localtime(request.node.reloaded_at)
    return Reply(
        fields=field("CoreStartupDate", time.strftime("%Y-%m-%d", started))
        + field("CoreStartupTime", time.strftime("%H:%M:%S", started))
        + field("CoreReloadDate", time.strftime("%Y-%m-%d", reloaded))
        + field("CoreReloadTime", time.strftime("%H:%M:%S", reloaded))
        + field("CoreCurrentCalls", pbx.calls)
        + field("CoreProcessedCalls", pbx.calls_processed)
    )


@action("Reload", "system", "config")
async def reload(request: Request, module: str = "") -> str:
    """Read the configuration anew; nothing changes when it has an error.

    Args:
        module: the part whose configuration changed; all is read and checked, whatever it is.
    """
    problems = await request.node.reload(module or "All")
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if errors:
        raise ActionError(f"The module did not reload successfully: {errors[0]}")
    return "Module Reloaded"


@action("LoggerRotate", "system", "reporting")
async def logger_rotate(request: Request) -> str:
    """Close the log files, name them as logger.conf says, and begin new ones."""
    if await rotate_logs(request.node):
        raise ActionError("Failed to reload the logger and rotate log files")
    return "Reloaded the logger and rotated log files"
