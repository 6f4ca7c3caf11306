"""http.conf: the HTTP server that carries ARI, AMI over HTTP, metrics and static files."""

from __future__ import annotations

from dataclasses import dataclass, field

from offhook.config.errors import Problems, Where
from offhook.config.files.sections import read_sections
from offhook.config.pjsip.access import source_rules
from offhook.config.reader import ConfigFile, Section
from offhook.config.schema import ObjectType, folded, option, repeated
from offhook.config.values import InvalidValueError, Rule, absolute_path, boolean, integer, text, words

__all__ = ["GENERAL", "HttpConf", "HttpGeneral", "HttpRestriction", "read_http_conf"]


def _prefix(value: str) -> str:
    """A path that stands before all others, "" for none; without the slash at its end."""
    bare = value.strip().strip("/")
    return f"/{bare}" if bare else ""


def _redirect(value: str) -> tuple[tuple[str, str], ...]:
    old, _, new = value.strip().partition(" ")
    if not old.startswith("/") or not new.strip():
        raise InvalidValueError(f"'{value}' is no redirection: /old /new")
    return ((old, new.strip()),)


def _tls_address(current: tuple[str, int], value: str) -> tuple[str, int]:
    host, colon, port = value.strip().rpartition(":")
    if not colon or value.endswith("]"):
        return value.strip().strip("[]"), current[1]
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise InvalidValueError(f"'{value}' is no address: host:port")
    return host.strip("[]"), int(port)


@dataclass(frozen=True, slots=True)
class HttpGeneral:
    """[general]."""

    name: str = "general"
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    enabled: bool = option(False, boolean)
    bindaddr: str = option("127.0.0.1", text)
    bindport: int = option(8088, integer(0, 65535))
    prefix: str = option("", _prefix)
    servername: str = option("Asterisk", text)
    sessionlimit: int = option(100, integer(1, 100_000))
    session_keep_alive: int = option(15000, integer(0))
    """Milliseconds that a connection without a request stays open."""
    enable_static: bool = folded(
        False,
        {"enable_static": lambda _, value: boolean(value), "enablestatic": lambda _, value: boolean(value)},
    )
    enable_status: bool = option(True, boolean)
    redirect: tuple[tuple[str, str], ...] = repeated(_redirect)
    tlsenable: bool = option(False, boolean)
    tls_address: tuple[str, int] = folded(("0.0.0.0", 8089), {"tlsbindaddr": _tls_address})
    tlscertfile: str = option("", absolute_path)
    tlsprivatekey: str = option("", absolute_path)
    tlscipher: str = option("", text)


@dataclass(frozen=True, slots=True)
class HttpRestriction:
    """A section with `type=restriction`: who may ask for the paths that begin with its name."""

    name: str
    where: Where = field(compare=False, repr=False)
    acl: tuple[str, ...] = repeated(words)
    rules: tuple[Rule, ...] = source_rules()


GENERAL = ObjectType("http.conf", "general", HttpGeneral)
RESTRICTION = ObjectType("http.conf", "(item)", HttpRestriction, ignored=("type",))


@dataclass(frozen=True, slots=True)
class HttpConf:
    """What http.conf says."""

    general: HttpGeneral = HttpGeneral()
    restrictions: tuple[HttpRestriction, ...] = ()


def read_http_conf(config: ConfigFile, problems: Problems) -> HttpConf:
    """The typed content of http.conf."""
    restrictions: list[HttpRestriction] = []

    def other(section: Section) -> None:
        if section.get("type").strip().lower() == "restriction":
            restriction = RESTRICTION.reading(problems).read(section)
            if restriction is not None:
                restrictions.append(restriction)
        elif section.items:  # [post_mappings]
            problems.unsupported(section.file, section.line, f"section [{section.name}] of http.conf")

    found = read_sections(config, problems, {"general": GENERAL}, other=other)
    general = found.get("general", HttpGeneral())
    if general.tlsenable and not general.tlscertfile:
        problems.error(general.where.file, general.where.line, "tlsenable needs tlscertfile")
    return HttpConf(general, tuple(restrictions))
