"""extconfig.conf: which families are rows of a database; func_odbc.conf: functions that are SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from offhook.config.errors import Problems, Where
from offhook.config.reader import ConfigFile, Item
from offhook.config.schema import ObjectType, option
from offhook.config.values import InvalidValueError, UnsupportedValueError, boolean, integer, text, words

__all__ = ["FamilyConf", "OdbcFunction", "read_extconfig", "read_func_odbc"]

_DRIVERS = ("curl", "odbc", "pgsql", "sqlite3")
_LATER = ("ldap", "mysql", "sqlite")


@dataclass(frozen=True, slots=True)
class FamilyConf:
    """One line of extconfig.conf: where a family's rows are."""

    family: str
    where: Where = field(compare=False, repr=False)
    driver: str
    """curl, odbc, pgsql or sqlite3."""
    database: str
    """The name of a database, or curl's URL."""
    table: str
    priority: int
    """Of several lines of a family the lowest is asked first."""


def read_extconfig(config: ConfigFile, problems: Problems) -> dict[str, tuple[FamilyConf, ...]]:
    """The families of [settings], each with its places in the order in which they are asked."""
    found: dict[str, list[FamilyConf]] = {}
    for section in config.sections:
        if section.name != "settings":
            problems.error(section.file, section.line, f"unknown section [{section.name}]", "settings")
            continue
        for item in section.items:
            one = _family(item, problems, len(found.get(item.key, ())) + 1)
            if one is not None:
                found.setdefault(one.family, []).append(one)
    return {name: tuple(sorted(each, key=lambda one: one.priority)) for name, each in found.items()}


def _family(item: Item, problems: Problems, priority: int) -> FamilyConf | None:
    driver, _, rest = item.value.partition(",")
    driver = driver.strip().lower()
    if item.key.endswith(".conf"):
        problems.unsupported(item.file, item.line, f"a whole file ({item.key}) from a database")
        return None
    if driver in _LATER:
        problems.unsupported(item.file, item.line, f"the driver {driver}")
        return None
    if driver not in _DRIVERS:
        problems.error(item.file, item.line, f"{item.key}: there is no driver {driver!r}")
        return None
    parts = [part.strip().strip('"') for part in rest.split(",")]
    database, table = parts[0], (parts[1] if len(parts) > 1 and parts[1] else item.key)
    if not database:
        problems.error(item.file, item.line, f"{item.key}: no database is named")
        return None
    if len(parts) > 2 and parts[2]:
        try:
            priority = integer(1, 1000)(parts[2])
        except InvalidValueError as problem:
            problems.error(item.file, item.line, f"{item.key}: priority: {problem.what}")
    if driver == "pgsql":
        database = "pgsql"  # the name of a database is res_pgsql.conf's business
    return FamilyConf(item.key, item.where, driver, database, table, priority)


def _multirow(value: str) -> bool:
    if value.lower() != "multirow":
        raise UnsupportedValueError(f"the value {value}")
    return True


@dataclass(frozen=True, slots=True)
class OdbcFunction:
    """A section of func_odbc.conf: the function PREFIX_NAME."""

    name: str
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    dsn: tuple[str, ...] = option((), words)
    readhandle: tuple[str, ...] = option((), words)
    writehandle: tuple[str, ...] = option((), words)
    readsql: str = option("", text)
    writesql: str = option("", text)
    insertsql: str = option("", text)
    prefix: str = option("ODBC", text)
    escapecommas: bool = option(True, boolean)
    multirow: bool = option(False, _multirow, name="mode")
    rowlimit: int = option(0, integer(0, 1_000_000))
    synopsis: str = option("", text)
    syntax: str = option("", text)
    desc: str = option("", text)
    minargs: int = option(0, integer(0, 100))

    @property
    def function(self) -> str:
        """The name in the dialplan."""
        return f"{self.prefix}_{self.name}" if self.prefix else self.name

    @property
    def read_from(self) -> tuple[str, ...]:
        """The databases to read from, in the order in which they are tried."""
        return self.readhandle or self.writehandle or self.dsn

    @property
    def write_to(self) -> tuple[str, ...]:
        """The databases to write to."""
        return self.writehandle or self.dsn


ODBC_FUNCTION = ObjectType("func_odbc.conf", "function", OdbcFunction)


def read_func_odbc(config: ConfigFile, problems: Problems) -> Mapping[str, OdbcFunction]:
    """The functions of func_odbc.conf by their names in lower case."""
    found: dict[str, OdbcFunction] = {}
    reading = ODBC_FUNCTION.reading(problems)
    for section in config.sections:
        if section.name == "general":
            continue  # single_db_connection: each statement is a transaction of its own here
        # `read` and `write` are older names of the statements.
        names = {"read": "readsql", "write": "writesql"}
        section.items[:] = [
            item._replace(key=names.get(item.key.lower(), item.key)) for item in section.items
        ]
        one = reading.read(section)
        if one is None:
            continue
        if not (one.readsql and one.read_from) and not (one.writesql and one.write_to):
            what = f"[{section.name}] has no statement (readsql, writesql) with a database (dsn)"
            problems.error(section.file, section.line, what)
            continue
        found[one.function.lower()] = one
    return found
