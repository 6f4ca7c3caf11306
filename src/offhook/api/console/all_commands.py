"""The console's commands, put together: each module declares its own."""

import importlib

from offhook.api.console.commands import Commands

__all__ = ["COMMANDS"]

_MODULES = (
    "agi_commands",
    "ari_commands",
    "call_commands",
    "call_completion_commands",
    "channel_commands",
    "cli_commands",
    "codec_commands",
    "conference_commands",
    "config_commands",
    "recording_commands",
    "core_commands",
    "debug_commands",
    "debug_level_commands",
    "dnsmgr_commands",
    "file_commands",
    "key_commands",
    "library_commands",
    "database_commands",
    "dialplan_commands",
    "help_commands",
    "log_commands",
    "manager_commands",
    "media_cache_commands",
    "ice_commands",
    "media_commands",
    "module_commands",
    "realtime_commands",
    "record_commands",
    "say_commands",
    "service_commands",
    "sip_commands",
    "sip_debug_commands",
    "sip_state_commands",
    "sip_service_commands",
    "sorcery_cache_commands",
    "system_commands",
    "worker_commands",
)

COMMANDS = Commands()
for _name in _MODULES:
    importlib.import_module(f"offhook.api.console.{_name}").declare(COMMANDS)
