"""Databases that others name: res_odbc.conf, res_pgsql.conf, res_config_sqlite3.conf."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

from offhook.config.errors import Problems, Where
from offhook.config.reader import ConfigFile, Section
from offhook.config.schema import ObjectType, option
from offhook.config.values import boolean, choice, integer, text

__all__ = [
    "DatabaseConf",
    "odbc_url",
    "pgsql_url",
    "read_res_config_sqlite3",
    "read_res_odbc",
    "read_res_pgsql",
]


class Isolation(StrEnum):
    """What transactions see of each other."""

    DATABASE = ""  # as the database has it
    READ_COMMITTED = "read_committed"
    READ_UNCOMMITTED = "read_uncommitted"
    REPEATABLE_READ = "repeatable_read"
    SERIALIZABLE = "serializable"


@dataclass(frozen=True, slots=True)
class DatabaseConf:
    """One database by the name that other files have for it."""

    name: str
    url: str = field(repr=False)
    """SQLAlchemy's form; "" where the DSN is none that we know."""
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    connections: int = 5
    timeout: float = 10.0
    """Seconds for a statement, connecting included."""
    isolation: str = ""
    """Of transactions: read_committed ..., "" for the database's own."""
    forcecommit: bool = False
    """Whether a transaction that is open when its call ends is committed."""


@dataclass(frozen=True, slots=True)
class _Odbc:
    name: str
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    enabled: bool = option(True, boolean)
    dsn: str = option("", text)
    username: str = option("", text)
    password: str = option("", text, secret=True)
    max_connections: int = option(5, integer(1, 100))
    connect_timeout: int = option(10, integer(1, 3600))
    isolation: Isolation = option(Isolation.DATABASE, choice(Isolation))
    forcecommit: bool = option(False, boolean)


_NEEDLESS = (
    "pre-connect",
    "sanitysql",
    "negative_connection_cache",
    "limit",
    "share_connections",
    "backslash_is_escape",
    "idlecheck",
    "pooling",
    "logging",
    "slow_query_limit",
    "cache_type",
    "cache_size",
    "order_multi_row_results_by_initial_column",
)
ODBC = ObjectType("res_odbc.conf", "class", _Odbc, ignored=_NEEDLESS)


@dataclass(frozen=True, slots=True)
class _Pgsql:
    name: str
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    dbhost: str = option("", text)
    dbport: int = option(5432, integer(1, 65535))
    dbname: str = option("asterisk", text)
    dbuser: str = option("asterisk", text)
    dbpass: str = option("", text, secret=True)
    dbappname: str = option("asterisk", text)
    dbsock: str = option("", text)


PGSQL = ObjectType(
    "res_pgsql.conf", "general", _Pgsql, ignored=("requirements", "order_multi_row_results_by_initial_column")
)


@dataclass(frozen=True, slots=True)
class _Sqlite3:
    name: str
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    dbfile: str = option("", text)


SQLITE3 = ObjectType(
    "res_config_sqlite3.conf",
    "(item)",
    _Sqlite3,
    ignored=("requirements", "debug", "batch", "busy_timeout"),
)


def pgsql_url(host: str, port: int, name: str, user: str, password: str, application: str = "") -> str:
    """The URL of a PostgreSQL database; a host that is a path is the folder of its socket."""
    login = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    options: list[str] = []
    place = f"{host}:{port}" if host else ""
    if host.startswith("/"):
        place, options = "", [f"host={quote(host, safe='')}", f"port={port}"]
    if application:
        options.append(f"application_name={quote(application, safe='')}")
    query = "?" + "&".join(options) if options else ""
    return f"postgresql+psycopg://{login}@{place}/{quote(name, safe='')}{query}"


def odbc_url(dsn: str, username: str = "", password: str = "", files: Iterable[Path] | None = None) -> str:
    """The URL for an ODBC data source: a URL as it is, else the section of odbc.ini; "" when there is none.

    SQLite's and PostgreSQL's drivers are known by their names.
    """
    if "://" in dsn:
        return dsn
    import configparser  # few name a source of odbc.ini

    for path in _odbc_files() if files is None else files:
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            parser.read(path)
        except (configparser.Error, OSError, UnicodeDecodeError):
            continue
        if not parser.has_section(dsn):
            continue
        said = {key.lower(): value for key, value in parser.items(dsn)}
        return _odbc_section(said, username, password)
    return ""


def _odbc_files() -> list[Path]:
    named = os.environ.get("ODBCINI")
    own = [Path(named)] if named else []
    return [*own, Path.home() / ".odbc.ini", Path("/etc/odbc.ini")]


def _odbc_section(said: Mapping[str, str], username: str, password: str) -> str:
    driver = said.get("driver", "").lower()
    database = said.get("database", said.get("dbname", ""))
    if "sqlite" in driver:
        return f"sqlite:///{database}" if database else ""
    if "postgres" in driver or "psql" in driver:
        host = said.get("servername", said.get("server", ""))
        try:
            port = int(said.get("port", "5432"))
        except ValueError:
            return ""
        user = username or said.get("username", said.get("uid", ""))
        return pgsql_url(host, port, database, user, password or said.get("password", said.get("pwd", "")))
    return ""


def read_res_odbc(config: ConfigFile, problems: Problems) -> dict[str, DatabaseConf]:
    """The data sources of res_odbc.conf that are enabled."""
    found: dict[str, DatabaseConf] = {}
    reading = ODBC.reading(problems)
    for section in config.sections:
        if section.name == "ENV":
            continue
        read = reading.read(section)
        if read is None or not read.enabled:
            continue
        url = odbc_url(read.dsn, read.username, read.password)
        if not url:
            what = f"[{section.name}]: {read.dsn!r} is no URL, and no SQLite or PostgreSQL source of odbc.ini"
            problems.warning(section.file, section.line, what)
        timeout = float(read.connect_timeout)
        found[section.name] = DatabaseConf(
            section.name,
            url,
            section.where,
            read.max_connections,
            timeout,
            read.isolation.value,
            read.forcecommit,
        )
    return found


def read_res_pgsql(config: ConfigFile, problems: Problems) -> DatabaseConf | None:
    """[general] of res_pgsql.conf."""
    section = config.section("general")
    read = PGSQL.reading(problems).read(section) if section is not None else None
    if section is None or read is None:
        return None
    host = read.dbhost or (str(Path(read.dbsock).parent) if read.dbsock else "")
    url = pgsql_url(host, read.dbport, read.dbname, read.dbuser, read.dbpass, read.dbappname)
    return DatabaseConf("pgsql", url, section.where)


def read_res_config_sqlite3(config: ConfigFile, problems: Problems) -> dict[str, DatabaseConf]:
    """The databases of res_config_sqlite3.conf."""
    found: dict[str, DatabaseConf] = {}
    reading = SQLITE3.reading(problems)
    for section in config.sections:
        read = reading.read(section)
        if read is None:
            continue
        if not read.dbfile:
            problems.error(section.file, section.line, f"[{section.name}] has no dbfile")
            continue
        found[section.name] = _sqlite3(section, read.dbfile)
    return found


def _sqlite3(section: Section, path: str) -> DatabaseConf:
    # One writer at a time is all that SQLite has; readers do not wait for it.
    return DatabaseConf(section.name, f"sqlite:///{path}", section.where, connections=2)
