"""What `offhook check` looks at beyond the .conf files themselves: the dialplan and what refers to it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from offhook.api.extensions import load_extensions
from offhook.apps import load_applications
from offhook.config.errors import ConfigError, nearest
from offhook.dialplan.lint import lint

if TYPE_CHECKING:
    from offhook.config.errors import Problems
    from offhook.config.snapshot import ConfigSnapshot

__all__ = ["check_dialplan"]


def check_dialplan(snapshot: ConfigSnapshot, problems: Problems) -> None:
    """Read and lint extensions.conf, and look whether the contexts of endpoints are there."""
    load_applications()
    importlib.import_module("offhook.functions")
    importlib.import_module("offhook.api.agi")
    try:
        dialplan = load_extensions(snapshot, problems)
    except ConfigError as error:
        problems.error(error.file, error.line, error.what, error.suggestion)
        return
    if dialplan is None:
        return  # a dialplan can come from elsewhere; the node says so when it starts without one
    lint(dialplan, problems)
    for context, where in snapshot.pjsip.contexts().items():
        if context not in dialplan.contexts:
            problems.warning(
                where.file,
                where.line,
                f"context {context} is not in the dialplan: nothing can be dialled there",
                nearest(context, dialplan.contexts),
            )
