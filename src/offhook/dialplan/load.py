"""The dialplan of a configuration folder: extensions.conf, extensions.ael and extensions.lua as one.

They are read one after the other.  Contexts of one name are one context; an extension that two files have
is the first one's.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from offhook.config.errors import Problems
from offhook.dialplan.model import Context, Dialplan
from offhook.dialplan.reader import read_dialplan, read_dialplan_text

if TYPE_CHECKING:
    from offhook.config.snapshot import ConfigSnapshot

__all__ = ["FILES", "load_dialplan", "load_snapshot"]

FILES = ("extensions.conf", "extensions.ael", "extensions.lua")
"""What is read, in this order."""


def load_snapshot(snapshot: ConfigSnapshot, problems: Problems) -> Dialplan | None:
    """Read the dialplan of a configuration's folder; None when it has no file of one.

    Raises:
        ConfigError: extensions.conf cannot be read.
    """
    modules = snapshot.modules

    def wanted(module: str) -> bool:
        # Without a word about it extensions.conf is read: it is what everybody has.
        return module not in modules.noload if module == "pbx_config" else modules.wants(module)

    return load_dialplan(
        snapshot.folder,
        problems,
        exec_includes=snapshot.asterisk.options.execincludes,
        wanted=wanted,
    )


def load_dialplan(
    folder: Path,
    problems: Problems,
    *,
    exec_includes: bool = False,
    wanted: Callable[[str], bool] = lambda module: True,
    clock: Callable[[], float] | None = None,
) -> Dialplan | None:
    """Read the dialplan of a folder; None when it has no file of one.

    `wanted` tells whether modules.conf lets a module be: pbx_config, pbx_ael, pbx_lua.  Mistakes go to
    `problems`.

    Raises:
        ConfigError: extensions.conf cannot be read.
    """
    conf, ael, lua = (folder / name for name in FILES)
    if not any(path.exists() for path in (conf, ael, lua)):
        return None
    if conf.exists() and wanted("pbx_config"):
        dialplan = read_dialplan(
            conf, config_dir=folder, problems=problems, exec_includes=exec_includes, clock=clock
        )
    else:
        dialplan = read_dialplan_text("", file=str(conf), problems=problems, clock=clock)
    contexts: dict[str, Context] = dict(dialplan.contexts)
    more = False
    if ael.exists() and wanted("pbx_ael"):
        # Imported here: few installations have AEL.
        from offhook.dialplan.ael.compiler import read_ael

        more = True
        try:
            read_ael(ael, contexts, dialplan.global_variables, problems, config_dir=folder)
        except OSError as error:
            problems.error(str(ael), 0, f"cannot be read: {error.strerror or error}")
    if lua.exists() and wanted("pbx_lua"):
        # Imported here: it needs lupa, which only those have who asked for it.
        from offhook.dialplan.lua.reader import read_lua

        more = True
        try:
            read_lua(lua, contexts, problems)
        except OSError as error:
            problems.error(str(lua), 0, f"cannot be read: {error.strerror or error}")
    if not more:
        return dialplan
    whole = dialplan.with_contexts(contexts)
    whole.prepare()
    return whole
