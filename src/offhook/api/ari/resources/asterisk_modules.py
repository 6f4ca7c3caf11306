"""The node: which of Asterisk's modules are here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from offhook.api import modules
from offhook.api.ari.operations import AriError, operation
from offhook.api.loaded import NotLoadableError
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


async def _change(ari: Ari, name: str, wanted: bool) -> None:
    try:
        await ari.node.change_module(name, wanted)
    except NotLoadableError as error:
        raise AriError(409, str(error)) from None


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
    """Load a module that was left out; 409 when it runs already, or is not here at all."""
    await _change(ari, moduleName, True)


@operation(
    "DELETE",
    "/asterisk/modules/{moduleName}",
    errors={**_NOT_RUNNING, 409: "Module could not be unloaded."},
)
async def unloadModule(ari: Ari, moduleName: str) -> None:
    """Take away what a module offers until it is loaded again; not while a call executes it."""
    await _change(ari, _running(ari, moduleName).name, False)


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
