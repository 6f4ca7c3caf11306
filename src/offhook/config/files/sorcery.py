"""sorcery.conf: which objects of pjsip.conf are rows of a database as well."""

from __future__ import annotations

from collections.abc import Mapping

from offhook.config.errors import Problems
from offhook.config.reader import ConfigFile

__all__ = ["MAILBOXES", "OBJECTS", "read_memory", "read_sorcery"]

MAILBOXES = "mailboxes"
"""Message counts that others keep: no objects of PJSIP."""
OBJECTS: Mapping[str, Mapping[str, str]] = {
    "res_pjsip": {"endpoint": "endpoint", "aor": "aor", "auth": "auth", "transport": "transport"},
    "res_pjsip_endpoint_identifier_ip": {"identify": "identify"},
    "res_pjsip_outbound_registration": {"registration": "registration"},
    "res_mwi_external": {"mailboxes": MAILBOXES},
}
"""By section, the types of pjsip.conf that can be rows, and message counts."""
# Where these are kept here is our own business, and nothing is lost by it.
_OURS = frozenset(("astdb", "memory", "memory_cache", "config"))


def read_sorcery(config: ConfigFile, problems: Problems) -> dict[str, tuple[str, ...]]:
    """The families of extconfig.conf by the type of object that their rows are."""
    found: dict[str, tuple[str, ...]] = {}
    for section in config.sections:
        known = OBJECTS.get(section.name, {})
        for item in section.items:
            wizard, _, data = item.value.partition(",")
            wizard, kind = wizard.strip().lower(), item.key.partition("/")[0].strip()
            if wizard in _OURS:
                continue
            family = data.partition(",")[0].strip()
            if wizard != "realtime" or kind not in known:
                what = f"{item.key} = {item.value} in [{section.name}] of sorcery.conf"
                problems.unsupported(item.file, item.line, what)
            elif not family:
                problems.error(item.file, item.line, f"{item.key}: no family of extconfig.conf is named")
            else:
                found[known[kind]] = (*found.get(known[kind], ()), family)
    return found


def read_memory(config: ConfigFile, problems: Problems) -> frozenset[str]:
    """The types of objects that programs may make, which are in memory then (`endpoint = memory`)."""
    return frozenset(
        known[kind]
        for section in config.sections
        if (known := OBJECTS.get(section.name))
        for item in section.items
        if (kind := item.key.partition("/")[0].strip()) in known
        and item.value.partition(",")[0].strip().lower() == "memory"
    )
