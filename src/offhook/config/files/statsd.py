"""statsd.conf: where statistics go."""

from __future__ import annotations

from dataclasses import dataclass, field

from offhook.config.errors import Problems, Where
from offhook.config.files.sections import read_sections
from offhook.config.reader import ConfigFile
from offhook.config.schema import ObjectType, option
from offhook.config.values import Address, address, boolean, text

__all__ = ["GENERAL", "StatsdConf", "read_statsd_conf"]


@dataclass(frozen=True, slots=True)
class StatsdConf:
    """[general], or [global] as the documentation of Asterisk has it."""

    name: str = "general"
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    enabled: bool = option(False, boolean)
    server: Address = option(Address("127.0.0.1", 0), address)
    """Port 0 is StatsD's own, 8125."""
    prefix: str = option("", text)
    """In front of every name, with a dot."""
    add_newline: bool = option(False, boolean)


GENERAL = ObjectType(
    "statsd.conf", "global", StatsdConf, needless={"meter_support": "nothing here is sent as a meter"}
)


def read_statsd_conf(config: ConfigFile, problems: Problems) -> StatsdConf:
    """The typed content of statsd.conf."""
    found = read_sections(config, problems, {"general": GENERAL, "global": GENERAL})
    return found.get("general") or found.get("global") or StatsdConf()
