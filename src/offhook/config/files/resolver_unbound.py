"""resolver_unbound.conf: which DNS servers are asked for SIP's names."""

from __future__ import annotations

from dataclasses import dataclass, field

from offhook.config.errors import Problems, Where
from offhook.config.files.sections import read_sections
from offhook.config.reader import ConfigFile
from offhook.config.schema import ObjectType, option, repeated
from offhook.config.values import Address, InvalidValueError, absolute_path, address, integer

__all__ = ["GENERAL", "ResolverConf", "read_resolver_conf"]

_DNS_PORT = 53
_SYSTEM = {"hosts": "/etc/hosts", "resolv": "/etc/resolv.conf"}


def _nameserver(value: str) -> tuple[Address, ...]:
    """`address` or `address@port`; a name would have to be asked for."""
    host, _, port = value.partition("@")
    found = address(host)
    if found.port or not (":" in found.host or found.host.replace(".", "").isdigit()):
        raise InvalidValueError(f"'{value}' is not an IP address, or address@port")
    return (Address(found.host, integer(1, 65535)(port) if port else _DNS_PORT),)


@dataclass(frozen=True, slots=True)
class ResolverConf:
    """[general]; without the file the system's servers are asked."""

    name: str = "general"
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    hosts: str = option("system", absolute_path)
    """A file like /etc/hosts; `system`: that one; empty: none."""
    resolv: str = option("system", absolute_path)
    """A file like /etc/resolv.conf, whose servers are asked too; `system`: that one; empty: none."""
    nameserver: tuple[Address, ...] = repeated(_nameserver)
    """Servers that are asked first, in their order."""

    @property
    def hosts_file(self) -> str:
        """The path of `hosts`, "" for none."""
        return _SYSTEM["hosts"] if self.hosts == "system" else self.hosts

    @property
    def resolv_file(self) -> str:
        """The path of `resolv`, "" for none."""
        return _SYSTEM["resolv"] if self.resolv == "system" else self.resolv


GENERAL = ObjectType(
    "resolver_unbound.conf",
    "general",
    ResolverConf,
    needless={"debug": "what is looked up is in the log of level DEBUG"},
)


def read_resolver_conf(config: ConfigFile, problems: Problems) -> ResolverConf:
    """The typed content of resolver_unbound.conf."""
    found = read_sections(config, problems, {"general": GENERAL})
    return found.get("general", ResolverConf())
