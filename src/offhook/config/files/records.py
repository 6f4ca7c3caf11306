"""Where records of calls and channel events go besides their own files: cdr_custom.conf, cel_custom.conf,
cdr_sqlite3_custom.conf, cel_sqlite3_custom.conf, cdr_adaptive_odbc.conf, cdr_pgsql.conf, cel_pgsql.conf,
cdr_manager.conf and cdr_syslog.conf."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from offhook.config.errors import Problems, Where
from offhook.config.files.sections import read_sections
from offhook.config.reader import ConfigFile, Item, Section
from offhook.config.schema import ObjectType, option
from offhook.config.values import InvalidValueError, boolean, integer, text

__all__ = [
    "AdaptiveTable",
    "Field",
    "Filter",
    "ManagerMapping",
    "PgsqlTable",
    "Quoting",
    "RecordFile",
    "RecordsConf",
    "SqliteTable",
    "SyslogLine",
    "read_adaptive",
    "read_cdr_manager",
    "read_cdr_odbc",
    "read_custom",
    "read_pgsql",
    "read_sqlite3_custom",
    "read_syslog",
    "split_list",
]


class Quoting(StrEnum):
    """Which fields of a line are quoted."""

    ALL = "all"
    MINIMAL = "minimal"
    NON_NUMERIC = "non_numeric"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a line: a name with qualifiers (`start(int64^noquote)`), or a text as it is."""

    name: str
    qualifiers: tuple[str, ...] = ()
    literal: bool = False


@dataclass(frozen=True, slots=True)
class RecordFile:
    """A file that a mapping describes: a template of the dialplan's, or a list of fields."""

    name: str
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    template: str = ""
    json: bool = False
    separator: str = ","
    quote: str = '"'
    escape: str = '"'
    quoting: Quoting = Quoting.ALL
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True)
class SqliteTable:
    """[master] of cdr_sqlite3_custom.conf or cel_sqlite3_custom.conf: the table of master.db."""

    table: str
    columns: tuple[str, ...]
    values: tuple[str, ...] = ()
    """Templates, one for each column, or"""
    fields: tuple[Field, ...] = ()
    busy_timeout: int = 1000
    """Milliseconds."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A record goes into a table only if a field is this, or is not."""

    name: str
    value: str
    differs: bool


@dataclass(frozen=True, slots=True)
class AdaptiveTable:
    """A section of cdr_adaptive_odbc.conf: a table that gets what it has columns for."""

    name: str
    where: Where
    connection: str
    table: str = "cdr"
    schema: str = ""
    use_gmt: bool = False
    aliases: Mapping[str, str] = field(default_factory=dict[str, str])
    """Column by field."""
    filters: tuple[Filter, ...] = ()
    static: tuple[tuple[str, str], ...] = ()
    """Column and value."""


@dataclass(frozen=True, slots=True)
class PgsqlTable:
    """[global] of cdr_pgsql.conf and cel_pgsql.conf."""

    name: str = "global"
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    hostname: str = option("", text)
    port: int = option(5432, integer(1, 65535))
    dbname: str = option("asterisk", text)
    user: str = option("asterisk", text)
    password: str = option("", text, secret=True)
    appname: str = option("asterisk", text)
    table: str = option("", text)
    schema: str = option("", text)
    encoding: str = option("", text)
    timezone: str = option("", text)
    """Empty: local time; else all times are in UTC."""
    use_gmt: bool = option(False, boolean, name="usegmtime")


PGSQL = ObjectType("cdr_pgsql.conf", "global", PgsqlTable)


@dataclass(frozen=True, slots=True)
class ManagerMapping:
    """cdr_manager.conf: whether records are manager events, and the values of one's own that they show."""

    enabled: bool = False
    mappings: tuple[tuple[str, str], ...] = ()
    """Name of the value, name of the header."""


@dataclass(frozen=True, slots=True)
class SyslogLine:
    """A section of cdr_syslog.conf."""

    name: str
    where: Where
    template: str
    facility: str = "local4"
    priority: str = "info"


@dataclass(frozen=True, slots=True)
class RecordsConf:
    """All of them."""

    cdr_custom: tuple[RecordFile, ...] = ()
    cel_custom: tuple[RecordFile, ...] = ()
    cdr_sqlite3: SqliteTable | None = None
    cel_sqlite3: SqliteTable | None = None
    adaptive: tuple[AdaptiveTable, ...] = ()
    cdr_odbc: tuple[AdaptiveTable, ...] = ()
    cel_odbc: tuple[AdaptiveTable, ...] = ()
    cdr_pgsql: PgsqlTable | None = None
    cel_pgsql: PgsqlTable | None = None
    manager: ManagerMapping = ManagerMapping()
    syslog: tuple[SyslogLine, ...] = ()


def split_list(value: str) -> list[str]:
    """The parts between commas; those within quotes, braces or parentheses separate nothing."""
    parts, depth, quote = [""], 0, ""
    for char in value:
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char in "({[":
            depth += 1
        elif char in ")}]":
            depth = max(depth - 1, 0)
        elif char == "," and depth == 0:
            parts.append("")
            continue
        parts[-1] += char
    return [part.strip() for part in parts]


def _fields(value: str) -> tuple[Field, ...]:
    found: list[Field] = []
    for part in split_list(value):
        if part[:1] == '"':
            found.append(Field(part[1:].removesuffix('"'), literal=True))
        elif part:
            name, bracket, inside = part.partition("(")
            qualifiers = inside.rstrip().removesuffix(")").split("^") if bracket else []
            found.append(Field(name.strip().lower(), tuple(one.strip() for one in qualifiers)))
    return tuple(found)


def _character(item: Item, problems: Problems, fallback: str) -> str:
    value = {"\\t": "\t", "\\\\": "\\"}.get(item.value, item.value)
    if len(value) == 1:
        return value
    problems.error(item.file, item.line, f"{item.key}: {item.value!r} is not one character")
    return fallback


def _record_file(section: Section, problems: Problems) -> RecordFile | None:
    fields: tuple[Field, ...] = ()
    json, separator, quote, escape, quoting = False, ",", '"', '"', Quoting.ALL
    for item in section.items:
        match item.key.lower():
            case "fields":
                fields += _fields(item.value)
            case "format":
                json = item.value.lower() == "json"
                if item.value.lower() not in ("json", "csv", "dsv"):
                    problems.error(item.file, item.line, f"format: {item.value!r} is none of dsv, csv, json")
            case "separator_character":
                separator = _character(item, problems, separator)
            case "quote_character":
                quote = _character(item, problems, quote)
            case "quote_escape_character":
                escape = _character(item, problems, escape)
            case "quoting_method":
                try:
                    quoting = Quoting(item.value.lower())
                except ValueError:
                    words = ", ".join(Quoting)
                    what = f"quoting_method: {item.value!r} is none of {words}"
                    problems.error(item.file, item.line, what)
            case _:
                problems.error(item.file, item.line, f"unknown option {item.key} of [{section.name}]")
    if not fields:
        problems.error(section.file, section.line, f"[{section.name}] has no fields")
        return None
    return RecordFile(section.name, section.where, "", json, separator, quote, escape, quoting, fields)


def read_custom(config: ConfigFile, problems: Problems) -> tuple[RecordFile, ...]:
    """The files of cdr_custom.conf or cel_custom.conf."""
    found: list[RecordFile] = []
    for section in config.sections:
        if section.name == "mappings":
            files = [RecordFile(item.key, item.where, item.value) for item in section.items]
        else:
            one = _record_file(section, problems)
            files = [one] if one is not None else []
        for each in files:
            if "/" in each.name and not each.name.startswith("/"):
                what = f"{each.name}: neither a name without folders nor an absolute path"
                problems.error(each.where.file, each.where.line, what)
            else:
                found.append(each)
    return tuple(found)


def read_sqlite3_custom(config: ConfigFile, problems: Problems) -> SqliteTable | None:
    """[master] of cdr_sqlite3_custom.conf or cel_sqlite3_custom.conf."""
    section = config.section("master")
    if section is None or not section.items:
        return None
    table, timeout = section.get("table"), section.get("busy_timeout", "1000")
    columns = tuple(one for one in split_list(section.get("columns")) if one)
    values = tuple(_unquoted(one) for one in split_list(section.get("values")) if one)
    fields = _fields(section.get("fields"))
    if not table or not columns or not (values or fields):
        what = "[master] needs table, columns, and values or fields"
        problems.error(section.file, section.line, what)
        return None
    if len(fields or values) != len(columns):
        what = f"[master] has {len(columns)} columns and {len(fields or values)} values"
        problems.error(section.file, section.line, what)
        return None
    try:
        busy = integer(0, 3_600_000)(timeout)
    except InvalidValueError as problem:
        problems.error(section.file, section.line, f"busy_timeout: {problem.what}")
        busy = 1000
    return SqliteTable(table, columns, () if fields else values, fields, busy)


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == "'" else value


def read_adaptive(config: ConfigFile, problems: Problems) -> tuple[AdaptiveTable, ...]:
    """The tables of cdr_adaptive_odbc.conf or cel_odbc.conf."""
    found: list[AdaptiveTable] = []
    for section in config.sections:
        if (
            section.name == "general" or not section.items
        ):  # as in the sample files, where all is commented out
            continue
        aliases: dict[str, str] = {}
        filters: list[Filter] = []
        static: list[tuple[str, str]] = []
        plain: dict[str, str] = {}
        for item in section.items:
            word, _, rest = item.key.partition(" ")
            rest = rest.strip()
            match word.lower():
                case "alias":
                    aliases[rest.lower()] = item.value
                case "filter":
                    # `filter src != 456`: the reader splits at the equals sign.
                    filters.append(Filter(rest.rstrip("! ").lower(), item.value, rest.endswith("!")))
                case "static":
                    static.append((item.value, rest.strip('"')))
                case "connection" | "table" | "schema" | "usegmtime" as name:
                    plain[name] = item.value
                case "quoted_identifiers" | "allowleapsecond":
                    pass  # names are always quoted, and PostgreSQL and SQLite take a second 60
                case _:
                    problems.error(item.file, item.line, f"unknown option {item.key} of [{section.name}]")
        if not plain.get("connection"):
            problems.error(section.file, section.line, f"[{section.name}] has no connection")
            continue
        gmt = plain.get("usegmtime", "no").lower() in ("yes", "true", "on", "1", "y", "t")
        table, schema = plain.get("table", "cdr"), plain.get("schema", "")
        connection = plain["connection"]
        found.append(
            AdaptiveTable(
                section.name,
                section.where,
                connection,
                table,
                schema,
                gmt,
                aliases,
                tuple(filters),
                tuple(static),
            )
        )
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _OdbcTable:
    name: str
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    dsn: str = option("", text)
    table: str = option("cdr", text)
    usegmtime: bool = option(False, boolean)


# What is written is up to the table's columns: numbers or texts, with or without a unique id.
ODBC = ObjectType(
    "cdr_odbc.conf",
    "global",
    _OdbcTable,
    ignored=("loguniqueid", "dispositionstring", "hrtime", "newcdrcolumns", "username", "password"),
)


def read_cdr_odbc(config: ConfigFile, problems: Problems) -> tuple[AdaptiveTable, ...]:
    """[global] of cdr_odbc.conf: one table, whose column calldate is the start."""
    found: _OdbcTable | None = read_sections(config, problems, {"global": ODBC}).get("global")
    if found is None or not found.dsn:
        return ()
    aliases = {"start": "calldate"}
    table = AdaptiveTable(
        "global", found.where, found.dsn, found.table, use_gmt=found.usegmtime, aliases=aliases
    )
    return (table,)


def read_pgsql(config: ConfigFile, problems: Problems) -> PgsqlTable | None:
    """[global] of cdr_pgsql.conf or cel_pgsql.conf; None when it says nothing, as in the sample files."""
    section = config.section("global")
    if section is None or not section.items:
        return None
    return read_sections(config, problems, {"global": PGSQL}).get("global")


def read_cdr_manager(config: ConfigFile, problems: Problems) -> ManagerMapping:
    """cdr_manager.conf."""
    enabled, mappings = False, tuple[tuple[str, str], ...]()
    for section in config.sections:
        if section.name == "general":
            enabled = section.get("enabled", "no").lower() in ("yes", "true", "on", "1", "y", "t")
        elif section.name == "mappings":
            mappings = tuple((item.key, item.value) for item in section.items)
        else:
            problems.error(section.file, section.line, f"unknown section [{section.name}]")
    return ManagerMapping(enabled, mappings)


_FACILITIES = frozenset(
    ("auth", "authpriv", "cron", "daemon", "kern", "lpr", "mail", "news", "syslog", "user", "uucp")
)
_PRIORITIES = frozenset(
    ("alert", "crit", "debug", "emerg", "err", "error", "info", "notice", "warning", "warn")
)


def read_syslog(config: ConfigFile, problems: Problems) -> tuple[SyslogLine, ...]:
    """The lines of cdr_syslog.conf; [general] has their defaults."""
    general = config.section("general")
    facility = general.get("facility", "local4") if general is not None else "local4"
    priority = general.get("priority", "info") if general is not None else "info"
    found: list[SyslogLine] = []
    for section in config.sections:
        if section.name == "general":
            continue
        one = SyslogLine(
            section.name,
            section.where,
            section.get("template"),
            section.get("facility", facility).lower(),
            section.get("priority", priority).lower(),
        )
        known = one.facility in _FACILITIES or one.facility in {f"local{n}" for n in range(8)}
        if not one.template or not known or one.priority not in _PRIORITIES:
            what = f"[{section.name}] needs a template, a facility and a priority of syslog's"
            problems.error(section.file, section.line, what)
        else:
            found.append(one)
    return tuple(found)
