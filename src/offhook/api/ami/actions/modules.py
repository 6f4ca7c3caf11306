"""Actions about modules: which of Asterisk's are here."""

from __future__ import annotations

from offhook.api import modules
from offhook.api.ami.declare import ActionError, Reply, Request, action
from offhook.api.ami.protocol import field
from offhook.api.loaded import NotLoadableError
from offhook.config.errors import Severity

__all__: list[str] = []


@action("ModuleCheck", "system", missing="Module not loaded")
def module_check(request: Request, module: str) -> Reply:
    """Ask whether a module of Asterisk's is here.

    Args:
        module: its name, without `.so`.
    """
    if not request.node.modules.is_running(module):
        raise ActionError("Module not loaded")
    return Reply(fields=field("Version", ""))


@action("ModuleLoad", "system", missing="Incomplete ModuleLoad action.")
async def module_load(request: Request, load_type: str, module: str = "", recursive: bool = False) -> str:
    """Load a module, take it away, or reload the configuration.

    Args:
        load_type: load, unload, reload or refresh.
        module: its name; without it all are reloaded.
        recursive: has no meaning here.
    """
    node = request.node
    found = modules.find(module) if module else None
    match load_type.lower():
        case "load":
            try:
                await node.change_module(module, True)
            except NotLoadableError:
                raise ActionError("Could not load module.") from None
            return "Module loaded."
        case "unload":
            try:
                await node.change_module(module, False)
            except NotLoadableError:
                raise ActionError("Could not unload module.") from None
            return "Module unloaded."
        case "refresh":
            try:
                await node.change_module(module, False)
                await node.change_module(module, True)
            except NotLoadableError:
                raise ActionError("Could not refresh module.") from None
            return "Module refreshed."
        case "reload":
            if module and found is None:
                raise ActionError("No such module.")
            problems = await request.node.reload(module or "All")
            if any(problem.severity is Severity.ERROR for problem in problems):
                raise ActionError("An error occurred.")
            return "Module reloaded."
        case _:
            raise ActionError("Incomplete ModuleLoad action.")
