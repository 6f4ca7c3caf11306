"""AGI commands about channel variables."""

from __future__ import annotations

from offhook.api.agi.commands import command
from offhook.api.agi.protocol import Reply
from offhook.api.agi.session import Session
from offhook.dialplan.computed import COMPUTED
from offhook.dialplan.errors import DialplanError

__all__: list[str] = []


@command("GET VARIABLE", dead=True)
def get_variable(session: Session, variablename: str) -> Reply:
    """Read a channel variable or a function.

    The result is 1 with the value in parentheses, 0 when it is not set.
    """
    call = session.call
    value = call.get(variablename)
    if value or variablename.endswith(")"):
        return Reply(1, value)
    known = variablename in call.variables or variablename in call.globals or variablename in COMPUTED
    return Reply(1, value) if known else Reply(0)


@command("GET FULL VARIABLE", dead=True)
def get_full_variable(session: Session, expression: str, channelname: str = "") -> Reply:
    """Evaluate an expression such as `${CALLERID(num)}`, for another channel if one is named.

    The result is 1 with the value in parentheses, 0 when there is no such channel.
    """
    call = session.call
    if channelname:
        channel = session.channel.pbx.channel(channelname)
        if channel is None:
            return Reply(0)
        call = session.call.runner.call_on(channel)
    try:
        return Reply(1, call.evaluate(expression))
    except DialplanError as error:
        session.call.complain(f"AGI: GET FULL VARIABLE: {error}")
        return Reply(0)


@command("SET VARIABLE", dead=True)
def set_variable(session: Session, variablename: str, value: str) -> Reply:
    """Set a channel variable, or write a function.  The result is 1."""
    try:
        session.call.assign(variablename, value)
    except DialplanError as error:
        session.call.complain(f"AGI: SET VARIABLE: {error}")
    return Reply(1)
