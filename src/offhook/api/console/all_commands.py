"""The console's commands, put together."""

from offhook.api.console import core_commands, log_commands, sip_commands
from offhook.api.console.commands import Commands

__all__ = ["COMMANDS"]

COMMANDS = Commands()
core_commands.declare(COMMANDS)
log_commands.declare(COMMANDS)
sip_commands.declare(COMMANDS)
