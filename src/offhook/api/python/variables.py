"""A channel's variables as a mapping."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook.dialplan.call import Call as DialplanCall

__all__ = ["Variables"]


class Variables(MutableMapping[str, str]):
    """The channel's variables; names of functions work, too: `call.variables["CALLERID(num)"]`.

    Setting `_NAME` or `__NAME` lets dialled channels inherit it.  A name that is not set raises KeyError.
    """

    __slots__ = ("_call",)

    def __init__(self, call: DialplanCall) -> None:
        self._call = call

    def __getitem__(self, name: str) -> str:
        value = self._call.get(name)
        if not value and "(" not in name and name not in self._call.variables:
            raise KeyError(name)
        return value

    def __setitem__(self, name: str, value: str) -> None:
        self._call.assign(name, str(value))

    def __delitem__(self, name: str) -> None:
        if name not in self._call.variables:
            raise KeyError(name)
        self._call.channel.unset_variable(name)

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._call.variables))

    def __len__(self) -> int:
        return len(self._call.variables)
