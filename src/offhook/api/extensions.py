"""The whole dialplan of a configuration folder: extensions.conf and its like, and extensions.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.dialplan.edit import EditError, add_extension
from offhook.dialplan.load import load_snapshot
from offhook.dialplan.reader import read_dialplan_text
from offhook.dialplan.switches import KNOWN_SWITCHES
from offhook.features.odbc import declare as declare_odbc_functions
from offhook.features.realtime.switch import NAME as REALTIME_SWITCH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offhook.api.python.dialplan import Dialplan as Script
    from offhook.config.errors import Problems
    from offhook.config.snapshot import ConfigSnapshot
    from offhook.dialplan.model import Dialplan

__all__ = ["load_extensions"]

KNOWN_SWITCHES.add(REALTIME_SWITCH)


def _with_hints(dialplan: Dialplan | None, snapshot: ConfigSnapshot, problems: Problems) -> Dialplan | None:
    """The dialplan with the hints of pjsip_wizard.conf, and what their extensions execute."""
    for hint in snapshot.wizards.hints:
        if dialplan is None:
            dialplan = read_dialplan_text(
                "", file=str(snapshot.folder / "extensions.conf"), problems=problems
            )
        application, _, rest = hint.application.partition("(")
        try:
            dialplan = add_extension(dialplan, hint.context, hint.exten, "hint", hint.hint)
            if application:
                arguments = rest.removesuffix(")")
                dialplan = add_extension(dialplan, hint.context, hint.exten, "1", application, arguments)
        except EditError as error:
            path = str(snapshot.folder / "pjsip_wizard.conf")
            problems.error(path, 0, f"the hint of {hint.hint}: {error}")
    return dialplan


def load_extensions(
    snapshot: ConfigSnapshot, problems: Problems, scripts: Sequence[Script] = ()
) -> Dialplan | None:
    """Read the dialplan of a folder, with its extensions.py and `scripts`; None when there is none of all.

    Raises:
        ConfigError: extensions.conf cannot be read.
    """
    declare_odbc_functions(snapshot.odbc)
    dialplan = _with_hints(load_snapshot(snapshot, problems), snapshot, problems)
    path = snapshot.folder / "extensions.py"
    has_file = path.is_file() and snapshot.modules.wants("pbx_python")
    if not has_file and not scripts:
        return dialplan
    # Imported here: a node without scripts does not pay for them.
    from offhook.api.python.loader import read_scripts
    from offhook.api.python.steps import add_to

    if dialplan is None:
        dialplan = read_dialplan_text("", file=str(snapshot.folder / "extensions.conf"), problems=problems)
    dialplan = add_to(dialplan, scripts, problems)
    found = read_scripts(snapshot.folder, problems) if has_file else None
    return dialplan if found is None else add_to(dialplan, found.dialplans, problems, owner=found)
