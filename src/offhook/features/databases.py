"""The databases of a node by name, made when they are first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from offhook.storage.sql import SqlDatabase, SqlError, without_password

if TYPE_CHECKING:
    from offhook.config.files.databases import DatabaseConf

__all__ = ["Databases"]


class Databases:
    """A service of the Pbx: what res_odbc.conf and its likes name."""

    def __init__(self) -> None:
        self._known: dict[str, DatabaseConf] = {}
        self._open: dict[str, SqlDatabase] = {}

    def use(self, known: Mapping[str, DatabaseConf]) -> None:
        """Know these from now on; connections of those that have changed are given back."""
        for name in [name for name in self._open if known.get(name) != self._known.get(name)]:
            self._open.pop(name).close()
        for database in self._open.values():
            database.forget_columns()
        self._known = dict(known)

    @property
    def names(self) -> list[str]:
        """Which there are."""
        return sorted(self._known)

    def get(self, name: str) -> SqlDatabase:
        """A database.  Raises SqlError for one that nobody has configured."""
        found = self._open.get(name)
        if found is None:
            conf = self._known.get(name)
            if conf is None or not conf.url:
                raise SqlError(
                    f"there is no database {name!r} (there are: {', '.join(self.names) or 'none'})"
                )
            found = self._open[name] = SqlDatabase(
                name, conf.url, connections=conf.connections, timeout=conf.timeout
            )
        return found

    def conf(self, name: str) -> DatabaseConf:
        """What is configured.  Raises SqlError for a name that is not."""
        found = self._known.get(name)
        if found is None:
            raise SqlError(f"there is no database {name!r} (there are: {', '.join(self.names) or 'none'})")
        return found

    def shown_url(self, name: str) -> str:
        """The URL of a database without its password; "" for one that is not known."""
        conf = self._known.get(name)
        return without_password(conf.url) if conf is not None else ""

    def opened(self, name: str) -> SqlDatabase | None:
        """A database if it has been asked for."""
        return self._open.get(name)

    def close(self) -> None:
        """Give all connections back."""
        for database in self._open.values():
            database.close()
        self._open.clear()
