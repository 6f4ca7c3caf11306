"""What AGI sessions announce on the bus, for AMI (events AGIExecStart, AsyncAGIStart ...)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook.pbx.channel import Channel

__all__ = ["AgiExecBegan", "AgiExecEnded", "AsyncAgiBegan", "AsyncAgiEnded", "AsyncAgiExecuted"]


@dataclass(frozen=True, slots=True)
class AgiExecBegan:
    """A command of a script is about to be carried out."""

    channel: Channel
    command: str
    command_id: str


@dataclass(frozen=True, slots=True)
class AgiExecEnded:
    """A command has been carried out; `reply` is the line that the script gets, `200 result=...`."""

    channel: Channel
    command: str
    command_id: str
    reply: str


@dataclass(frozen=True, slots=True)
class AsyncAgiBegan:
    """A channel waits for AGI commands by AMI; `environment` has the `agi_...` lines."""

    channel: Channel
    environment: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AsyncAgiExecuted:
    """A command that AMI gave has been carried out."""

    channel: Channel
    command_id: str
    reply: str


@dataclass(frozen=True, slots=True)
class AsyncAgiEnded:
    """The channel takes no more AGI commands by AMI."""

    channel: Channel
