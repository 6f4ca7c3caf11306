"""Prometheus metrics: what the node counts, with labels that cannot grow with calls or peers.

The text format is written directly from the counters that the parts of the node keep anyway, when somebody
asks: nothing is counted twice, and nothing costs a call anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook.api.node import Node

__all__ = ["exposition"]


def _metric(
    name: str, kind: str, help_text: str, values: Iterable[tuple[Mapping[str, str], float]]
) -> list[str]:
    lines = [f"# HELP offhook_{name} {help_text}", f"# TYPE offhook_{name} {kind}"]
    for labels, value in values:
        shown = ",".join(f'{key}="{text}"' for key, text in labels.items())
        lines.append(f"offhook_{name}{{{shown}}} {value:g}" if shown else f"offhook_{name} {value:g}")
    return lines


def exposition(node: Node) -> str:
    """All metrics as text."""
    pbx = node.pbx
    by_technology: Counter[str] = Counter(channel.technology for channel in pbx.channels.values())
    by_state: Counter[str] = Counter(channel.state.name.lower() for channel in pbx.channels.values())
    lines: list[str] = []
    lines += _metric("start_time_seconds", "gauge", "When the node started.", [({}, pbx.started_at)])
    lines += _metric("calls_processed_total", "counter", "Calls that came in.", [({}, pbx.calls_processed)])
    lines += _metric("calls", "gauge", "Calls now.", [({}, pbx.calls)])
    lines += _metric("bridges", "gauge", "Bridges now.", [({}, len(pbx.bridges))])
    lines += _metric(
        "channels",
        "gauge",
        "Channels now, by technology.",
        [
            ({"technology": name}, by_technology[name.upper()] or by_technology[name])
            for name in _technologies(node)
        ],
    )
    lines += _metric(
        "channels_by_state",
        "gauge",
        "Channels now, by state.",
        [({"state": name}, count) for name, count in sorted(by_state.items())],
    )
    counters = node.sip.ua.counters
    lines += _metric(
        "sip_total",
        "counter",
        "What the SIP user agent has counted.",
        [({"what": name}, value) for name, value in _numbers(counters)],
    )
    return "\n".join(lines) + "\n"


def _technologies(node: Node) -> list[str]:
    return sorted(technology.name for technology in node.pbx.technologies.values())


def _numbers(counters: object) -> list[tuple[str, float]]:
    names = (
        [field.name for field in fields(counters)]
        if is_dataclass(counters)
        else list(getattr(counters, "__slots__", ()))
    )
    found: list[tuple[str, float]] = []
    for name in names:
        value = getattr(counters, name, None)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            found.append((name, value))
    return found
