"""manager.conf: who may use the manager interface (AMI), from where, and what for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from offhook.config.errors import Problems, Where
from offhook.config.files.sections import read_sections
from offhook.config.pjsip.access import source_rules
from offhook.config.reader import ConfigFile, Item, Section
from offhook.config.schema import ObjectType, option, repeated
from offhook.config.values import Address, Rule, Variable, address, boolean, integer, text, variable, words

__all__ = ["GENERAL", "USER", "ManagerConf", "ManagerGeneral", "ManagerUser", "read_manager_conf"]

_ADVANCED = "eventfilter()"


def _whole(value: str) -> tuple[str, ...]:
    return (value,)


def _variable(value: str) -> tuple[Variable, ...]:
    return (variable(value),)


@dataclass(frozen=True, slots=True)
class ManagerGeneral:
    """[general]."""

    name: str = "general"
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    enabled: bool = option(False, boolean)
    bindaddr: Address = option(Address("0.0.0.0"), address)
    port: int = option(5038, integer(0, 65535))
    webenabled: bool = option(False, boolean)
    """Whether the HTTP server offers mxml, rawman and manager."""
    httptimeout: int = option(60, integer(1, 86400))
    """Seconds that a session over HTTP lives without a request."""
    tlsenable: bool = option(False, boolean)
    tlsbindaddr: Address | None = option(None, address)
    """Default: bindaddr, port 5039."""
    tlscertfile: str = option("", text)
    tlsprivatekey: str = option("", text)
    tlscipher: str = option("", text)
    allowmultiplelogin: bool = option(True, boolean)
    displayconnects: bool = option(True, boolean)
    timestampevents: bool = option(False, boolean)
    debug: bool = option(False, boolean)
    """Number the events (SequenceNumber)."""
    brokeneventsaction: bool = option(False, boolean)
    """The action Events gives no answer when it turns events off or on, as Asterisk before 1.6.3."""
    channelvars: tuple[str, ...] = repeated(words)
    """Variables that every snapshot of a channel shows."""
    authtimeout: int = option(30, integer(1, 3600))
    """Seconds to log in."""
    authlimit: int = option(50, integer(1, 100_000))
    """Connections that have not logged in, at once."""
    disabledevents: tuple[str, ...] = repeated(words)


GENERAL = ObjectType("manager.conf", "general", ManagerGeneral)


@dataclass(frozen=True, slots=True)
class ManagerUser:
    """A user: any other section."""

    name: str
    where: Where = field(compare=False, repr=False)
    secret: str = option("", text, secret=True)
    read: tuple[str, ...] = repeated(words)
    """Classes of events that it gets."""
    write: tuple[str, ...] = repeated(words)
    """Classes of actions that it may use."""
    rules: tuple[Rule, ...] = source_rules()
    acl: tuple[str, ...] = repeated(words)
    """Lists of acl.conf that let its address in."""
    displayconnects: bool | None = option(None, boolean)
    allowmultiplelogin: bool | None = option(None, boolean)
    writetimeout: int = option(100, integer(100, 3_600_000))
    """Milliseconds for which it may read nothing of what waits for it."""
    setvar: tuple[Variable, ...] = repeated(_variable)
    """Variables of channels that it originates."""
    eventfilter: tuple[str, ...] = repeated(_whole)
    """Regular expressions over whole events; `!` in front leaves out what matches."""
    advanced_filters: tuple[str, ...] = repeated(_whole, name=_ADVANCED)
    """eventfilter(CRITERIA) = EXPRESSION, as `CRITERIA<tab>EXPRESSION`."""


USER = ObjectType("manager.conf", "(item)", ManagerUser)


@dataclass(frozen=True, slots=True)
class ManagerConf:
    """What manager.conf says."""

    general: ManagerGeneral = ManagerGeneral()
    users: Mapping[str, ManagerUser] = field(default_factory=lambda: dict[str, ManagerUser]())


def _advanced(item: Item) -> Item:
    """eventfilter(...) has its criteria in its name; elsewhere the name alone says what an option is."""
    name, bracket, criteria = item.key.partition("(")
    if not bracket or name.strip().lower() != "eventfilter":
        return item
    return item._replace(key=_ADVANCED, value=f"{criteria.rstrip().removesuffix(')')}\t{item.value}")


def read_manager_conf(config: ConfigFile, problems: Problems) -> ManagerConf:
    """The typed content of manager.conf."""
    users: dict[str, ManagerUser] = {}
    reading = USER.reading(problems)

    def user(section: Section) -> None:
        section.items[:] = map(_advanced, section.items)
        if section.name in users:
            what = f"user [{section.name}] is ignored: the one at {users[section.name].where} counts"
            problems.warning(section.file, section.line, what)
            return
        found = reading.read(section)
        if found is not None:
            users[section.name] = found

    found = read_sections(config, problems, {"general": GENERAL}, other=user)
    return ManagerConf(found.get("general", ManagerGeneral()), users)
