"""The variables of the node that a dialplan sees: its folders, and what tells it from others."""

from __future__ import annotations

import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook.config.paths import Paths

__all__ = ["dialplan_paths"]


def _hardware_address() -> str:
    """The address of the machine's first network interface, by their names."""
    for path in sorted(Path("/sys/class/net").glob("*/address")):
        try:
            address = path.read_text().strip()
        except OSError:
            continue
        if len(address) == 17 and address.strip("0:"):
            return address
    return "00:00:00:00:00:00"


def dialplan_paths(paths: Paths, entity: str) -> dict[str, str]:
    """The variables of the node that a dialplan sees: folders, and the node's name among others."""
    return {
        "astetcdir": str(paths.config),
        "astvarlibdir": str(paths.varlib),
        "astdbdir": str(paths.db),
        "astkeydir": str(paths.key),
        "astdatadir": str(paths.data),
        "astagidir": str(paths.agi),
        "astspooldir": str(paths.spool),
        "astrundir": str(paths.run),
        "astlogdir": str(paths.log),
        "astcachedir": str(paths.cache),
        "astmoddir": str(Path(__file__).resolve().parents[1]),
        "astsbindir": sysconfig.get_path("scripts"),
        "entityid": entity or _hardware_address(),
    }
