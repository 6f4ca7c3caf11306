"""Names of applications and functions, looked up without regard to case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic, Protocol, TypeVar

from offhook.config.errors import nearest

__all__ = ["Registry"]


class _Named(Protocol):
    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=_Named)


class Registry(Generic[T]):
    """What is declared, by name."""

    __slots__ = ("_by_name", "_hidden", "kind")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._by_name: dict[str, T] = {}
        self._hidden: dict[str, T] = {}  # what modules.conf leaves out

    def add(self, entry: T) -> None:
        """Enter something under its name.  ValueError when the name is taken."""
        key = entry.name.lower()
        if key in self._by_name or key in self._hidden:
            raise ValueError(f"there are two {self.kind}s named {entry.name}")
        self._by_name[key] = entry

    def remove(self, name: str) -> None:
        """Forget a name."""
        self._by_name.pop(name.lower(), None)

    def hide(self, names: Iterable[str]) -> None:
        """Have these names not be there, and all others again."""
        self._by_name.update(self._hidden)
        self._hidden = {
            key: found
            for name in names
            if (found := self._by_name.pop(key := name.lower(), None)) is not None
        }

    def get(self, name: str) -> T | None:
        """What has this name, in whatever case."""
        return self._by_name.get(name) or self._by_name.get(name.lower())

    def names(self) -> list[str]:
        """All names as they were declared, sorted."""
        return sorted((entry.name for entry in self._by_name.values()), key=str.lower)

    def nearest(self, name: str) -> str:
        """The name that looks most like this one, or ""."""
        return nearest(name, self.names())

    def __iter__(self) -> Iterator[T]:
        return iter(self._by_name.values())

    def __len__(self) -> int:
        return len(self._by_name)

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None
