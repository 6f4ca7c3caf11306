"""PERIODIC_HOOK: dialplan that runs each so many seconds beside a call."""

from __future__ import annotations

from offhook.dialplan.call import Call
from offhook.dialplan.declare import function
from offhook.dialplan.errors import FunctionError
from offhook.features.periodic_hooks import periodic_hooks_of

__all__: list[str] = []

_LONGEST_S = 86_400


@function("PERIODIC_HOOK", dangerous="both")
def periodic_hook(call: Call, context: str, extension: str, interval: int) -> str:
    """Run an extension each so many seconds, and let the channel hear what it plays; gives the hook's id.

    It runs on a Local channel of its own, which has HOOK_CHANNEL and HOOK_ID.  Set(PERIODIC_HOOK(id)=off)
    stops it, `on` lets it go on.

    Args:
        context: the extension's context; to set it, the hook's id alone.
        extension: the extension.
        interval: seconds.
    """
    if not 1 <= interval <= _LONGEST_S:
        raise FunctionError(f"PERIODIC_HOOK: the interval is 1 to {_LONGEST_S} s, not {interval}")
    if not call.exists(context, extension):
        raise FunctionError(f"PERIODIC_HOOK: there is no {extension}@{context}")
    return periodic_hooks_of(call.channel.pbx).add(call.channel, context, extension, interval).id


@periodic_hook.writer
def set_periodic_hook(call: Call, value: str, hook_id: str) -> None:
    """Switch a hook on or off."""
    hook = periodic_hooks_of(call.channel.pbx).find(hook_id.strip())
    if hook is None or hook.channel is not call.channel:
        raise FunctionError(f"PERIODIC_HOOK: the channel has no hook {hook_id!r}")
    hook.switch(value.strip().lower() in ("on", "yes", "true", "1"))
