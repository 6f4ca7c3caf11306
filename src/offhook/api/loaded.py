"""Which modules are loaded: modules.conf leaves some out at the start, `module load` and `unload` change it.

What a module that is left out offers (applications, functions, AMI actions) is not there: the dialplan says
so, `core show application` does not know it.  Modules that offer none of these are part of the program;
those of `offhook.config.files.modules.PARTS` aside they cannot be left out, which is reported.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from offhook.api import modules
from offhook.api.ami.declare import ACTIONS
from offhook.config.errors import Problem, Severity
from offhook.config.files.modules import PARTS
from offhook.dialplan.declare import applications, functions
from offhook.pbx.events import ModuleChanged

if TYPE_CHECKING:
    from offhook.api.modules import Module
    from offhook.config.files.modules import ModulesConf
    from offhook.dialplan.runner import Runner
    from offhook.pbx.pbx import Pbx

__all__ = ["LoadedModules", "ModuleInUseError", "NotLoadableError"]


class NotLoadableError(Exception):
    """A module cannot be loaded or unloaded; the text says why."""


class ModuleInUseError(NotLoadableError):
    """A module's applications are being executed."""


class LoadedModules:
    """The modules of one node."""

    def __init__(self, conf: ModulesConf) -> None:
        """Leave out what modules.conf does not want."""
        self.conf = conf  # what counts for PARTS; it changes with a reload
        self._out: set[str] = set()
        # To know what each module offers all of them are imported, so nobody does who leaves nothing out.
        if conf.noload or not conf.autoload:
            self._out = {
                one.name for one in modules.known().values() if one.names and not conf.wants(one.name)
            }
            self._hide()

    def problems(self) -> list[Problem]:
        """What of modules.conf cannot be: what must be loaded and is not here, what cannot be left out."""
        conf, found = self.conf, list[str]()
        for name in (*conf.require, *conf.preload_require):
            if not _is_provided(name):
                found.append(f"require => {name}.so: Offhook does not have all of it (docs/compatibility.md)")
        for name in conf.noload:
            one = modules.find(name)
            if one is not None and not one.names and one.is_provided and name not in PARTS:
                found.append(f"noload => {name}.so: it is part of the program, and stays")
        return [Problem(Severity.WARNING, conf.where.file, conf.where.line, text) for text in found]

    def close(self) -> None:
        """Everything is there again, for the next node of this process."""
        self._out.clear()
        self._hide()

    # ------------------------------------------------------------ questions

    def is_running(self, name: str) -> bool:
        """Whether a module is here as a whole and loaded."""
        name = name.removesuffix(".so")
        if name in self._out or (name in PARTS and not self.conf.wants(name)):
            return False
        return _is_provided(name)

    def running(self) -> list[Module]:
        """The modules that are here and loaded, sorted by name."""
        return [one for one in modules.known().values() if self.is_running(one.name)]

    # ------------------------------------------------------------ changes

    def change(self, name: str, wanted: bool, runner: Runner, pbx: Pbx) -> None:
        """Load a module, or take away what it offers, and tell of it.  Raises NotLoadableError."""
        try:
            if wanted:
                self._load(name, runner)
            else:
                self._unload(name, runner, pbx)
        except NotLoadableError:
            if wanted:
                pbx.bus.emit(ModuleChanged, name, True, failed=True)
            raise
        pbx.bus.emit(ModuleChanged, name, wanted)

    def _load(self, name: str, runner: Runner) -> None:
        one = _find(name)
        if self.is_running(one.name):
            raise NotLoadableError(f"Module '{name}' already loaded and running.")
        if one.name not in self._out:
            raise NotLoadableError(f"Offhook does not have the whole of {one.name}")
        self._out.discard(one.name)
        self._hide()
        _bind_anew(runner)

    def _unload(self, name: str, runner: Runner, pbx: Pbx) -> None:
        one = _find(name)
        if not self.is_running(one.name):
            raise NotLoadableError(f"{one.name} is not loaded")
        if not one.names:
            raise NotLoadableError(f"{one.name} is part of the program")
        if one.use_count(pbx):
            raise ModuleInUseError(f"{one.name} is in use")
        self._out.add(one.name)
        self._hide()
        _bind_anew(runner)

    def _hide(self) -> None:
        known = modules.known() if self._out else {}
        names = [name for module in self._out for name in known[module].names]
        for letter, registry in (("a", applications), ("f", functions), ("m", ACTIONS)):
            registry.hide(_of(names, letter))


def _of(names: Iterable[str], letter: str) -> set[str]:
    return {name[2:] for name in names if name[0] == letter}


def _find(name: str) -> Module:
    found = modules.find(name)
    if found is None:
        raise NotLoadableError(f"there is no module {name}")
    return found


def _is_provided(name: str) -> bool:
    found = modules.find(name)
    return found is not None and found.is_provided


def _bind_anew(runner: Runner) -> None:
    """Have every priority look its application up again when it runs next."""
    for context in runner.dialplan.contexts.values():
        for extension in context.extensions.values():
            for step in extension.steps.values():
                if not step.is_native:
                    step.execute = None
