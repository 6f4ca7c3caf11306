"""ari.conf: who may use ARI, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from offhook.config.errors import Problems, Where
from offhook.config.pjsip.access import source_rules
from offhook.config.reader import ConfigFile, Section
from offhook.config.schema import ObjectType, option, repeated
from offhook.config.values import Rule, boolean, choice, integer, text, words

__all__ = [
    "GENERAL",
    "OUTBOUND",
    "USER",
    "AriConf",
    "AriGeneral",
    "AriOutbound",
    "AriUser",
    "PasswordFormat",
    "read_ari_conf",
]


@dataclass(frozen=True, slots=True)
class AriGeneral:
    """[general]."""

    name: str = "general"
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    enabled: bool = option(True, boolean)
    pretty: bool = option(False, boolean)
    auth_realm: str = option("Asterisk REST Interface", text)
    allowed_origins: tuple[str, ...] = option((), words)
    websocket_write_timeout: int = option(100, integer(1, 3_600_000))
    """Milliseconds that a client may take for an event before its connection is given up."""
    channelvars: tuple[str, ...] = option((), words)
    """Variables that the model of a channel has, in `channelvars`."""


class PasswordFormat(StrEnum):
    """How `password` is written."""

    PLAIN = "plain"
    CRYPT = "crypt"


@dataclass(frozen=True, slots=True)
class AriUser:
    """A section with `type=user`."""

    name: str
    where: Where = field(compare=False, repr=False)
    read_only: bool = option(False, boolean)
    password: str = option("", text, secret=True)
    password_format: PasswordFormat = option(PasswordFormat.PLAIN, choice(PasswordFormat))
    acl: tuple[str, ...] = repeated(words)
    rules: tuple[Rule, ...] = source_rules()


@dataclass(frozen=True, slots=True)
class AriOutbound:
    """A section with `type=outbound_websocket`."""

    name: str
    where: Where = field(compare=False, repr=False)
    websocket_client_id: str = option("", text)
    """A section of websocket_client.conf."""
    apps: tuple[str, ...] = option((), words)
    local_ari_user: str = option("", text)
    """As whom the far end acts."""
    subscribe_all: bool = option(False, boolean)


GENERAL = ObjectType("ari.conf", "general", AriGeneral)
USER = ObjectType("ari.conf", "user", AriUser, ignored=("type",))
OUTBOUND = ObjectType("ari.conf", "outbound_websocket", AriOutbound, ignored=("type",))


@dataclass(frozen=True, slots=True)
class AriConf:
    """What ari.conf says; without the file ARI is off."""

    general: AriGeneral = AriGeneral(enabled=False)
    users: Mapping[str, AriUser] = field(default_factory=lambda: dict[str, AriUser]())
    outbound: Mapping[str, AriOutbound] = field(default_factory=lambda: dict[str, AriOutbound]())


def read_ari_conf(config: ConfigFile, problems: Problems) -> AriConf:
    """The typed content of ari.conf."""
    general = AriGeneral()
    users: dict[str, AriUser] = {}
    outbound: dict[str, AriOutbound] = {}
    for section in config.sections:
        if section.name == "general":
            general = GENERAL.reading(problems).read(section) or general
        elif (kind := _type(section)) == "user":
            user = USER.reading(problems).read(section)
            if user is None:
                continue
            if not user.password:
                problems.error(section.file, section.line, f"ARI user [{user.name}] has no password")
                continue
            users[user.name] = user
        elif kind == "outbound_websocket":
            found = OUTBOUND.reading(problems).read(section)
            if found is None:
                continue
            for name, value in (("websocket_client_id", found.websocket_client_id), ("apps", found.apps)):
                if not value:
                    problems.error(section.file, section.line, f"[{found.name}] has no {name}")
            outbound[found.name] = found
        elif kind:
            problems.unsupported(section.file, section.line, f"type={kind} of ari.conf")
        else:
            problems.error(section.file, section.line, f"[{section.name}] has no type: type=user")
    return AriConf(general, users, outbound)


def _type(section: Section) -> str:
    found = [item.value.strip() for item in section.items if item.key.lower() == "type"]
    return found[-1] if found else ""
