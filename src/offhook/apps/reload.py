"""Reload: the configuration is read anew by a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.dialplan.declare import application

if TYPE_CHECKING:
    from offhook.dialplan.call import Call

__all__: list[str] = []


@application("Reload")
async def reload(call: Call, module: str = "") -> None:
    """Read the configuration anew, and wait until that is done.

    All of it is read, whatever the module; nothing changes when it has an error.  This call keeps the
    dialplan that it began with.

    Args:
        module: a module of Asterisk's (`pbx_config`), or several joined by `&`; each has to be here.

    Sets:
        RELOADSTATUS: SUCCESS or FAILURE.
    """
    names = [name.strip() for name in module.split("&") if name.strip()]
    done = await call.runner.reload(names)
    call.set_variable("RELOADSTATUS", "SUCCESS" if done else "FAILURE")
