"""What packages of others add: applications, functions, technologies, codecs, commands and HTTP routes.

A package names what it has in the entry points of its metadata, and is found when it is installed:

    [project.entry-points."offhook.applications"]
    greeter = "offhook_greeter.applications"

What is in a group is imported at the start of a node, unless modules.conf has `noload => greeter` (or
`autoload=no` and no `load => greeter`).  A package that fails is told with its name, and left out.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from offhook.media import codecs

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from starlette.routing import BaseRoute

    from offhook.api.console.commands import Commands
    from offhook.config.files.modules import ModulesConf
    from offhook.pbx.pbx import Pbx

__all__ = [
    "APPLICATIONS",
    "CHANNELS",
    "CODECS",
    "CONSOLE",
    "FUNCTIONS",
    "GROUPS",
    "ROUTES",
    "Packages",
    "declare_codecs",
]

log = logging.getLogger(__name__)

APPLICATIONS = "offhook.applications"
"""Modules that declare applications with `offhook.application`."""
FUNCTIONS = "offhook.functions"
"""Modules that declare dialplan functions with `offhook.function`."""
CHANNELS = "offhook.channels"
"""Callables that take the switch (offhook.pbx.pbx.Pbx) and give a ChannelTechnology."""
CODECS = "offhook.codecs"
"""Codecs (offhook.AudioCodec), or several in a list."""
CONSOLE = "offhook.console"
"""Callables that take the console's Commands and add to them."""
ROUTES = "offhook.routes"
"""Callables that take the switch and give Starlette routes, which stand under /NAME."""
GROUPS = (APPLICATIONS, FUNCTIONS, CHANNELS, CODECS, CONSOLE, ROUTES)

_loaded: dict[tuple[str, str], object] = {}  # group and value -> what it is; declared once for a process


class Packages:
    """The entry points of one start that modules.conf wants."""

    __slots__ = ("failed", "found")

    def __init__(self, modules: ModulesConf) -> None:
        self.failed: list[str] = []
        """What could not be loaded and why, a line each."""
        self.found: list[EntryPoint] = [one for one in _entry_points() if modules.wants(one.name)]

    def declare(self) -> None:
        """Import what declares applications and functions, and declare codecs."""
        for one in self._of(APPLICATIONS, FUNCTIONS):
            self._load(one)
        self._call(CODECS, _declare)

    def add_technologies(self, pbx: Pbx) -> None:
        """Make their channel technologies diallable."""
        self._call(CHANNELS, lambda make: pbx.add_technology(make(pbx)))

    def add_commands(self, commands: Commands) -> None:
        """Add their console commands."""
        self._call(CONSOLE, lambda declare: declare(commands))

    def routes(self, pbx: Pbx) -> dict[str, list[BaseRoute]]:
        """Their HTTP routes, by the name of the entry point."""
        found: dict[str, list[BaseRoute]] = {}
        for one in self._of(ROUTES):
            self._use(one, lambda make, name=one.name: found.setdefault(name, []).extend(make(pbx)))
        return found

    def _of(self, *groups: str) -> Iterable[EntryPoint]:
        return [one for one in self.found if one.group in groups]

    def _call(self, group: str, use: Callable[[Any], object]) -> None:
        for one in self._of(group):
            self._use(one, use)

    def _use(self, one: EntryPoint, use: Callable[[Any], object]) -> None:
        made = self._load(one)
        if made is None:
            return
        try:
            use(made)
        except Exception as error:
            self._failed(one, error)

    def _load(self, one: EntryPoint) -> object:
        key = (one.group, one.value)
        found = _loaded.get(key)
        if found is not None:
            return found
        try:
            found = _loaded[key] = one.load()
        except Exception as error:  # whatever a package does when it is imported
            self._failed(one, error)
            return None
        log.info("%s of package %s is loaded (%s)", one.name, _package(one), one.group)
        return found

    def _failed(self, one: EntryPoint, error: Exception) -> None:
        text = f"{one.name} of package {_package(one)} ({one.group}: {one.value}) is left out: "
        text += f"{type(error).__name__}: {error}"
        self.failed.append(text)
        log.error("%s", text, exc_info=log.isEnabledFor(logging.DEBUG))


def declare_codecs(modules: ModulesConf) -> None:
    """Make the packages' codecs known before `allow` lines are read.

    What fails is told by `Packages.declare`, which every start and check does later.
    """
    for one in _entry_points():
        if one.group == CODECS and modules.wants(one.name):
            try:
                _declare(one.load())
            except Exception:  # whatever a package does
                log.debug("codec %s of package %s", one.name, _package(one), exc_info=True)


def _declare(made: codecs.AudioCodec | Iterable[codecs.AudioCodec]) -> None:
    for codec in (made,) if isinstance(made, codecs.AudioCodec) else made:
        codecs.declare(codec)


def _package(one: EntryPoint) -> str:
    return f"{one.dist.name} {one.dist.version}" if one.dist is not None else "?"


def _entry_points() -> list[EntryPoint]:
    # Reading all metadata takes 20 ms and more of the start; most machines have nothing for us.
    if not any(_names_us(Path(folder)) for folder in sys.path):
        return []
    from importlib.metadata import entry_points

    return [one for group in GROUPS for one in entry_points(group=group)]


def _names_us(folder: Path) -> bool:
    for pattern in ("*.dist-info/entry_points.txt", "*.egg-info/entry_points.txt"):
        for path in folder.glob(pattern):
            try:
                if "[offhook." in path.read_text("utf-8", "replace"):
                    return True
            except OSError:
                continue
    return False
