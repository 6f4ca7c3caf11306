"""The whole dialplan of a configuration folder: extensions.conf and its like, and extensions.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.dialplan.load import load_snapshot
from offhook.dialplan.reader import read_dialplan_text

if TYPE_CHECKING:
    from offhook.config.errors import Problems
    from offhook.config.snapshot import ConfigSnapshot
    from offhook.dialplan.model import Dialplan

__all__ = ["load_extensions"]


def load_extensions(snapshot: ConfigSnapshot, problems: Problems) -> Dialplan | None:
    """Read the dialplan of a folder, its scripts included; None when it has no file of one.

    Raises:
        ConfigError: extensions.conf cannot be read.
    """
    dialplan = load_snapshot(snapshot, problems)
    path = snapshot.folder / "extensions.py"
    if not path.is_file() or not snapshot.modules.wants("pbx_python"):
        return dialplan
    # Imported here: a node without scripts does not pay for them.
    from offhook.api.python.loader import read_scripts
    from offhook.api.python.steps import add_to

    if dialplan is None:
        dialplan = read_dialplan_text("", file=str(snapshot.folder / "extensions.conf"), problems=problems)
    scripts = read_scripts(snapshot.folder, problems)
    if scripts is None:
        return dialplan
    return add_to(dialplan, scripts.dialplans, problems, owner=scripts)
