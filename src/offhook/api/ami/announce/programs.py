"""Events of AGI, with which programs drive calls."""

from __future__ import annotations

from urllib.parse import quote

from offhook.api.agi import events
from offhook.api.ami.announce import shows
from offhook.api.ami.protocol import field
from offhook.api.ami.shape import Shape

__all__: list[str] = []

_WORDS = {
    "200": "Success",
    "510": "Invalid or unknown command",
    "511": "Command Not Permitted on a dead channel or intercept routine",
    "520": "Invalid command syntax.  Proper usage not available.",
}


@shows(events.AgiExecBegan, "AGIExecStart", classes="agi")
def exec_start(shape: Shape, event: events.AgiExecBegan) -> str:
    """A script's AGI command is about to be carried out."""
    return _command(shape, event)


@shows(events.AgiExecEnded, "AGIExecEnd", classes="agi")
def exec_end(shape: Shape, event: events.AgiExecEnded) -> str:
    """A script's AGI command has been carried out."""
    code = event.reply[:3]
    return (
        _command(shape, event)
        + field("ResultCode", code if code.isdecimal() else "200")
        + field("Result", _WORDS.get(code, "Failure"))
    )


def _command(shape: Shape, event: events.AgiExecBegan | events.AgiExecEnded) -> str:
    lines = shape.channel(event.channel) + field("Command", event.command)
    return lines + field("CommandId", event.command_id)


@shows(events.AsyncAgiBegan, "AsyncAGIStart", classes="agi")
def async_start(shape: Shape, event: events.AsyncAgiBegan) -> str:
    """A channel waits for AGI commands by the action AGI; Env is its environment, percent-encoded."""
    environment = quote("".join(f"{line}\n" for line in event.environment) + "\n", safe="")
    return shape.channel(event.channel) + f"Env: {environment}\r\n"


@shows(events.AsyncAgiExecuted, "AsyncAGIExec", classes="agi")
def async_exec(shape: Shape, event: events.AsyncAgiExecuted) -> str:
    """An AGI command that the action AGI gave has been carried out; Result is the reply, percent-encoded."""
    lines = shape.channel(event.channel)
    if event.command_id:
        lines += field("CommandID", event.command_id)
    return lines + f"Result: {quote(event.reply.rstrip() + chr(10), safe='')}\r\n"


@shows(events.AsyncAgiEnded, "AsyncAGIEnd", classes="agi")
def async_end(shape: Shape, event: events.AsyncAgiEnded) -> str:
    """A channel waits for AGI commands no more."""
    return shape.channel(event.channel)
