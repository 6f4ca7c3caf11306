"""The node: which of Asterisk's modules are here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from offhook.api import modules
from offhook.api.ari.operations import AriError, operation
from offhook.config.errors import Severity

if TYPE_CHECKING:
    from offhook.api.ari.models import Json
    from offhook.api.ari.service import Ari

__all__: list[str] = []

_NOT_RUNNING = {404: "Module could not be found in running modules."}


def _json(ari: Ari, module: modules.Module) -> Json:
    return {
        "name": f"{module.name}.so",
        "description": module.description,
        "use_count": module.use_count(ari.node.pbx),
        "status": "Running",
        "support_level": module.support,
    }


def _running(ari: Ari, name: str) -> modules.Module:
    found = modules.find(name)
    if found is None or not ari.node.modules.is_running(found.name):
        raise AriError(404, "Module could not be found in running modules")
    return found


@operation("GET", "/asterisk/modules", model="List[Module]")
def listModules(ari: Ari) -> Any:
    """List the modules of Asterisk whose work is done here."""
    return [_json(ari, module) for module in ari.node.modules.running()]


@operation("GET", "/asterisk/modules/{moduleName}", model="Module", errors=_NOT_RUNNING)
def getModule(ari: Ari, moduleName: str) -> Json:
    """Get a module, by its name with or without `.so`."""
    return _json(ari, _running(ari, moduleName))


@operation("POST", "/asterisk/modules/{moduleName}", errors={409: "Module could not be loaded."})
async def loadModule(ari: Ari, moduleName: str) -> None:
    """Have a module that modules.conf leaves out; 409 when it runs already, or is not here at all."""
    found = modules.find(moduleName)
    if found is None:
        raise AriError(409, f"There is no module {moduleName}")
    if not await ari.node.use_module(found.name, True):
        raise AriError(409, f"Module {moduleName} runs already, or is not here as a whole")


@operation(
    "DELETE",
    "/asterisk/modules/{moduleName}",
    errors={**_NOT_RUNNING, 409: "Module could not be unloaded."},
)
async def unloadModule(ari: Ari, moduleName: str) -> None:
    """Leave a module out from now on: what it offers is not there until it is loaded."""
    found = _running(ari, moduleName)
    if not await ari.node.use_module(found.name, False):
        raise AriError(409, f"Module {moduleName} is in use, or is part of the program")


@operation(
    "PUT",
    "/asterisk/modules/{moduleName}",
    errors={**_NOT_RUNNING, 409: "Module could not be reloaded."},
)
async def reloadModule(ari: Ari, moduleName: str) -> None:
    """Read the configuration anew; nothing changes when it has an error."""
    found = _running(ari, moduleName)
    if not found.files:
        raise AriError(409, f"Module {moduleName} has no configuration to reload")
    problems = await ari.node.reload(found.name)
    for problem in problems:
        if problem.severity is Severity.ERROR:
            raise AriError(409, f"Not reloaded: {problem}")
