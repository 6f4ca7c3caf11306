"""`extensions.py` beside extensions.conf: read as part of the configuration.

The file may import others of its folder, by `from . import menu` or `from .menu import dialplan`.  Each
time that it is read all of them are read anew, from their sources, under names of their own: calls that
run keep the functions that they started with, and a file with a mistake changes nothing.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import itertools
import os
import sys
import traceback
import types
import weakref
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import TYPE_CHECKING

from offhook.api.python.dialplan import DefinitionError, Dialplan

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

    from offhook.config.errors import Problems

__all__ = ["FILE", "Scripts", "read_scripts"]

FILE = "extensions.py"
_PREFIX = "offhook_scripts_"
_generations = itertools.count(1)


class _SourceOnly(importlib.machinery.SourceFileLoader):
    """Reads the source every time: compiled files are told apart by whole seconds, edits can be faster."""

    def path_stats(self, path: str) -> dict[str, float]:  # pyright: ignore[reportIncompatibleMethodOverride]
        raise OSError("no compiled files")


class _Finder(MetaPathFinder):
    """Finds the modules of scripts, and no others."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module below one of ours."""
        if not fullname.startswith(_PREFIX) or path is None:
            return None
        for folder in path:
            finder = importlib.machinery.FileFinder(folder, (_SourceOnly, [".py"]))
            found = finder.find_spec(fullname, target)
            if found is not None:
                return found
        return None


_FINDER = _Finder()


class Scripts:
    """What a folder's extensions.py declares.  Its modules live as long as this does."""

    __slots__ = ("__weakref__", "dialplans", "files", "module")

    def __init__(
        self, module: types.ModuleType, dialplans: tuple[Dialplan, ...], files: tuple[str, ...]
    ) -> None:
        self.module = module
        self.dialplans = dialplans
        self.files = files


def read_scripts(folder: Path, problems: Problems) -> Scripts | None:
    """Run the folder's extensions.py; None when there is none or it has a mistake (in `problems`)."""
    path = folder / FILE
    if not path.is_file():
        return None
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)  # before the usual one, which would take a compiled file
    package = _package(f"{_PREFIX}{next(_generations)}", folder)
    name = f"{package}.extensions"
    module = types.ModuleType(name)
    try:
        loader = _SourceOnly(name, str(path))
        module.__spec__ = importlib.util.spec_from_file_location(name, path, loader=loader)
        module.__file__, module.__package__ = str(path), package
        sys.modules[name] = module
        loader.exec_module(module)
    except KeyboardInterrupt:
        _forget(package)
        raise
    except BaseException as error:  # whatever a script does when it is read, SystemExit included
        _forget(package)
        problems.error(*_where(error, folder, path), _what(error, folder))
        return None
    modules = [one for key, one in list(sys.modules.items()) if key.startswith(package + ".")]
    scripts = Scripts(module, _dialplans(module), tuple(one.__file__ or "" for one in modules))
    if not scripts.dialplans:
        problems.warning(str(path), 0, f"{FILE} has no Dialplan(): it declares nothing")
    weakref.finalize(scripts, _forget, package)
    return scripts


def _package(name: str, folder: Path) -> str:
    """Make what `from . import` looks into."""
    spec = importlib.machinery.ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    sys.modules[name] = importlib.util.module_from_spec(spec)
    return name


def _forget(package: str) -> None:
    for name in [name for name in sys.modules if name == package or name.startswith(package + ".")]:
        sys.modules.pop(name, None)


def _dialplans(module: types.ModuleType) -> tuple[Dialplan, ...]:
    found = {id(one): one for one in vars(module).values() if isinstance(one, Dialplan)}
    return tuple(found.values())


def _where(error: BaseException, folder: Path, path: Path) -> tuple[str, int]:
    """File and line of a mistake: of the innermost line that is the scripts' own."""
    if isinstance(error, SyntaxError) and error.filename:
        return error.filename, error.lineno or 0
    if isinstance(error, DefinitionError):
        return error.file, error.line
    inside = str(folder) + os.sep
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename.startswith(inside):
            return frame.filename, frame.lineno or 0
    return str(path), 0


def _what(error: BaseException, folder: Path) -> str:
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg}"
    if isinstance(error, DefinitionError):
        return str(error)
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, ModuleNotFoundError) and error.name and (folder / f"{error.name}.py").exists():
        text += f"; files of this folder are imported with `from . import {error.name}`"
    return text
