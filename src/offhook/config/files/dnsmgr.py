"""dnsmgr.conf: how often host names of the configuration are looked up anew."""

from __future__ import annotations

from dataclasses import dataclass, field

from offhook.config.errors import Problems, Where
from offhook.config.files.sections import read_sections
from offhook.config.reader import ConfigFile
from offhook.config.schema import ObjectType, option
from offhook.config.values import boolean, integer

__all__ = ["GENERAL", "DnsmgrConf", "read_dnsmgr_conf"]


@dataclass(frozen=True, slots=True)
class DnsmgrConf:
    """[general]."""

    name: str = "general"
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    enable: bool = option(True, boolean)
    """Look names up again; no: once, and again only when that failed.  Without the file they are."""
    refreshinterval: int = option(300, integer(1, 86_400))
    """Seconds; an answer that the DNS lets us keep for longer is not asked for again."""


GENERAL = ObjectType("dnsmgr.conf", "general", DnsmgrConf)


def read_dnsmgr_conf(config: ConfigFile, problems: Problems) -> DnsmgrConf:
    """The typed content of dnsmgr.conf."""
    return read_sections(config, problems, {"general": GENERAL}).get("general", DnsmgrConf())
