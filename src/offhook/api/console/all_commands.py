"""The console's commands, put together."""

from offhook.api.console import call_commands, core_commands, dialplan_commands, log_commands, sip_commands
from offhook.api.console.commands import Commands

__all__ = ["COMMANDS"]

COMMANDS = Commands()
call_commands.declare(COMMANDS)
core_commands.declare(COMMANDS)
dialplan_commands.declare(COMMANDS)
log_commands.declare(COMMANDS)
sip_commands.declare(COMMANDS)
