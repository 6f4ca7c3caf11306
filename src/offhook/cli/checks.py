"""What `offhook check` looks at beyond the .conf files themselves: the dialplan and what refers to it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from offhook.api.extensions import load_extensions
from offhook.api.packages import Packages
from offhook.apps import load_applications
from offhook.config.errors import ConfigError, nearest
from offhook.config.paths import resolve_paths
from offhook.dialplan.lint import lint
from offhook.dialplan.lint_prompts import check_prompts
from offhook.media.prompts import is_listed
from offhook.media.sounds import Sounds

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.config.errors import Problems
    from offhook.config.snapshot import ConfigSnapshot

__all__ = ["check_dialplan"]


def _prompts(snapshot: ConfigSnapshot) -> Callable[[str], bool]:
    """Whether there is a prompt: a file, or a text to speak."""
    paths = resolve_paths(snapshot.folder, asterisk=snapshot.asterisk)
    sounds = Sounds(paths.sounds, default_language=snapshot.asterisk.options.defaultlanguage)

    def exists(name: str) -> bool:
        return is_listed(name) or sounds.find(name) is not None

    return exists


def check_dialplan(snapshot: ConfigSnapshot, problems: Problems) -> None:
    """Read and lint extensions.conf, and look whether the contexts of endpoints are there."""
    load_applications()
    importlib.import_module("offhook.functions")
    importlib.import_module("offhook.api.agi")
    importlib.import_module("offhook.api.ari.stasis")
    packages = Packages(snapshot.modules)
    packages.declare()
    for text in packages.failed:
        problems.warning("packages", 0, text)
    try:
        dialplan = load_extensions(snapshot, problems)
    except ConfigError as error:
        problems.error(error.file, error.line, error.what, error.suggestion)
        return
    if dialplan is None:
        return  # a dialplan can come from elsewhere; the node says so when it starts without one
    lint(dialplan, problems)
    check_prompts(dialplan, problems, _prompts(snapshot))
    for context, where in snapshot.pjsip.contexts().items():
        if context not in dialplan.contexts:
            problems.warning(
                where.file,
                where.line,
                f"context {context} is not in the dialplan: nothing can be dialled there",
                nearest(context, dialplan.contexts),
            )
