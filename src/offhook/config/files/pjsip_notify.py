"""pjsip_notify.conf: what may be told to phones, by name."""

from __future__ import annotations

from collections.abc import Mapping

from offhook.config.errors import Problems
from offhook.config.reader import ConfigFile

__all__ = ["RESERVED", "Notifies", "read_pjsip_notify_conf"]

Notifies = Mapping[str, tuple[tuple[str, str], ...]]
"""Of each section its names and values: headers, and lines of Content."""

RESERVED = frozenset(("call-id", "contact", "cseq", "from", "record-route", "route", "to", "via"))
"""Headers of the request itself, in lower case: nobody may set them."""


def read_pjsip_notify_conf(config: ConfigFile, problems: Problems) -> dict[str, tuple[tuple[str, str], ...]]:
    """The sections of pjsip_notify.conf; [general] is reserved and holds nothing."""
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    for section in config.sections:
        if section.name == "general":
            continue
        items: list[tuple[str, str]] = []
        for item in section.items:
            if item.key.lower() in RESERVED:
                what = f"{item.key} in [{section.name}] is a header of the request itself, and is left out"
                problems.warning(item.file, item.line, what)
            else:
                items.append((item.key, item.value))
        has_content = any(name.lower() == "content" for name, _ in items)
        if has_content and not any(name.lower() == "content-type" for name, _ in items):
            what = f"[{section.name}] has Content and no Content-Type"
            problems.error(section.file, section.line, what)
        elif section.name in found:
            problems.error(section.file, section.line, f"[{section.name}] is there twice")
        else:
            found[section.name] = tuple(items)
    return found
