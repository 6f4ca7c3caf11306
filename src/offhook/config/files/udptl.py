"""udptl.conf: the ports of faxes (T.38 over UDPTL)."""

from __future__ import annotations

from dataclasses import dataclass, field

from offhook.config.errors import Problems, Where
from offhook.config.files.sections import read_sections
from offhook.config.reader import ConfigFile
from offhook.config.schema import ObjectType, option
from offhook.config.values import boolean, integer

__all__ = ["GENERAL", "UdptlConf", "read_udptl_conf"]


@dataclass(frozen=True, slots=True)
class UdptlConf:
    """[general]."""

    name: str = "general"
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    udptlstart: int = option(4000, integer(1024, 65535))
    udptlend: int = option(4999, integer(1024, 65535))
    use_even_ports: bool = option(False, boolean)


_PASSED_ON = "what secures a fax is passed on between its ends as it is"

GENERAL = ObjectType(
    "udptl.conf",
    "global",
    UdptlConf,
    needless=dict.fromkeys(
        ("t38faxudpec", "t38faxmaxdatagram", "udptlfecentries", "udptlfecspan"), _PASSED_ON
    ),
)


def read_udptl_conf(config: ConfigFile, problems: Problems) -> UdptlConf:
    """The typed content of udptl.conf."""
    found: UdptlConf = read_sections(config, problems, {"general": GENERAL}).get("general", UdptlConf())
    if found.udptlend < found.udptlstart:
        problems.error(found.where.file, found.where.line, "udptlend is less than udptlstart")
    return found
