"""The node: where its log goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from offhook.api.ari.operations import AriError, operation
from offhook.config.errors import Problems, Severity
from offhook.config.files.logger import log_file

if TYPE_CHECKING:
    from offhook.api.ari.service import Ari
    from offhook.features.logs.destinations import Destination

__all__: list[str] = []

_NOT_FOUND = {404: "Log channel does not exist."}


def _kind(one: Destination) -> str:
    if one.name == "console":
        return "Console"
    return "Syslog" if one.name.startswith("syslog.") else "File"


@operation("GET", "/asterisk/logging", model="List[LogChannel]")
def listLogChannels(ari: Ari) -> Any:
    """List the log channels: console, files, syslog."""
    return [
        {
            "channel": one.name,
            "type": _kind(one),
            "status": "Enabled",
            "configuration": " ".join(kind.upper() for kind in sorted(one.kinds)),
        }
        for one in ari.node.logs.destinations
    ]


@operation(
    "POST",
    "/asterisk/logging/{logChannelName}",
    errors={400: "Bad request body", 409: "Log channel could not be created."},
)
def addLog(ari: Ari, logChannelName: str, configuration: str) -> None:
    """Log the levels of `configuration` (`notice,warning`) to a further file below the log folder."""
    if not logChannelName or "/" in logChannelName or "\0" in logChannelName or logChannelName in (".", ".."):
        raise AriError(400, "A log channel is named by a file name without a folder")
    problems = Problems()
    file = log_file(logChannelName, configuration, problems, ari.node.snapshot.logger.general.custom_levels)
    for problem in problems:
        if problem.severity is Severity.ERROR:
            raise AriError(400, problem.what)
    if not file.levels:
        raise AriError(400, "configuration names no level")
    try:
        ari.node.logs.add(file, ari.node.paths.log / file.name)
    except ValueError as error:
        raise AriError(409, str(error)) from None
    except OSError as error:
        raise AriError(409, f"The log {file.name} cannot be opened: {error.strerror}") from None


@operation("DELETE", "/asterisk/logging/{logChannelName}", errors=_NOT_FOUND)
def deleteLog(ari: Ari, logChannelName: str) -> None:
    """Log no more to a channel; one of logger.conf comes back with the next reload."""
    logs = ari.node.logs
    if not logs.remove(logChannelName) and not logs.leave_out(logChannelName):
        raise AriError(404, "Log channel does not exist")


@operation("PUT", "/asterisk/logging/{logChannelName}/rotate", errors=_NOT_FOUND)
def rotateLog(ari: Ari, logChannelName: str) -> None:
    """Move a log file away, to its name with a number, and begin a new one."""
    try:
        found = ari.node.logs.rotate(logChannelName)
    except OSError as error:
        raise AriError(409, f"The log cannot be rotated: {error.strerror}") from None
    if not found:
        raise AriError(404, "Log channel does not exist")
