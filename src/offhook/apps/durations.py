"""Lengths of time as dialplan arguments write them."""

from __future__ import annotations

import math
import re

__all__ = ["seconds_of"]

_LENGTH = re.compile(r"\s*([0-9]*\.?[0-9]+|[0-9]+\.)\s*(ms|s|m|h|)\s*", re.IGNORECASE)
_UNITS = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "h": 3600.0}


def seconds_of(text: str) -> float | None:
    """Seconds of `1.5`, `500ms`, `2s`, `3m` or `1h`; None for anything else."""
    found = _LENGTH.fullmatch(text[:40])
    if found is None:
        return None
    value = float(found[1]) * _UNITS[found[2].lower()]
    return value if math.isfinite(value) else None
