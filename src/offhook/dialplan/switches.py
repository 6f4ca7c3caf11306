"""`switch =>`, `lswitch =>`, `eswitch =>`: extensions that come from somewhere else.

    switch => Loopback/12${EXTEN}@internal      the extension of another number, in another context
    eswitch => Realtime/${DATA}@                variables of the call count when the number is looked up
    lswitch => Loopback/${PREFIX}${EXTEN}@b     global variables count when the file is read

Whoever has extensions is a `SwitchSource`, known by its name.  Looking up never waits: a source that has
to ask a database brings what a number needs into memory in `fetch`, which the runner awaits before it
looks for an extension, and answers from there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

from offhook.dialplan.errors import DialplanError
from offhook.dialplan.globals import substitute_globals

if TYPE_CHECKING:
    from offhook.dialplan.model import Extension

__all__ = ["KNOWN_SWITCHES", "LOOPBACK", "MAX_DEPTH", "Loopback", "SwitchSource", "read_loopback"]

LOOPBACK = "loopback"
KNOWN_SWITCHES: set[str] = {LOOPBACK}
"""Names of switches (in lower case) that work; a module with another one adds it when it is imported."""

MAX_DEPTH = 32
"""How deep one Loopback leads into another."""


class SwitchSource(Protocol):
    """Where a switch takes its extensions from."""

    def find(self, data: str, context: str, exten: str, caller: str) -> Extension | None:
        """The extension of a number as far as it is in memory; must not wait."""
        ...

    def can_match(self, data: str, context: str, digits: str) -> bool:
        """Whether digits are an extension or the beginning of one."""
        ...

    def match_more(self, data: str, context: str, digits: str) -> bool:
        """Whether more digits could make a different extension."""
        ...

    async def fetch(self, data: str, context: str, extens: Collection[str]) -> None:
        """Bring into memory what `find` will be asked for."""
        ...


class Loopback(NamedTuple):
    """Where a Loopback leads: another number, in another context, at another priority."""

    exten: str
    context: str
    priority: str
    pattern: str
    """Only numbers of this pattern are looked for; "" for all."""


def read_loopback(data: str, context: str, exten: str, variables: Mapping[str, str]) -> Loopback:
    """`[exten]@[context][:priority][/pattern]` for a number; what is left out stays as it is."""
    if "$" in data:
        known = {**variables, "EXTEN": exten, "CONTEXT": context, "PRIORITY": "${PRIORITY}"}
        try:
            data = substitute_globals(data, known)
        except DialplanError:
            data = ""
    data, _, pattern = data.partition("/")
    data, _, priority = data.partition(":")
    new_exten, _, new_context = data.partition("@")
    if priority == "${PRIORITY}":
        priority = ""
    return Loopback(new_exten.strip() or exten, new_context.strip() or context, priority.strip(), pattern)
