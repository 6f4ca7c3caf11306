"""AGI commands about the call itself: answer, hang up, status, where it goes, applications, texts."""

from __future__ import annotations

import logging
from dataclasses import replace

from offhook import levels
from offhook.api.agi.commands import AgiSyntaxError, command
from offhook.api.agi.protocol import Reply
from offhook.api.agi.session import Session
from offhook.apps.playback import start_music, stop_music
from offhook.dialplan.errors import ApplicationError, UnknownApplicationError
from offhook.pbx.channel import ChannelState, NotSupportedByChannelError
from offhook.pbx.party import parse_caller_id

__all__: list[str] = []

log = logging.getLogger(__name__)


@command("ANSWER")
def answer(session: Session) -> Reply:
    """Answer the channel, if it is not up already.

    The result is 0, or -1 when it cannot be answered.
    """
    channel = session.channel
    channel.answer()
    return Reply(0 if channel.state is ChannelState.UP else -1)


@command("ASYNCAGI BREAK", dead=True)
def asyncagi_break(session: Session) -> Reply:
    """End Async AGI: the call goes on in the dialplan.  The result is 0."""
    session.ended = True
    return Reply(0)


@command("CHANNEL STATUS")
def channel_status(session: Session, channelname: str = "") -> Reply:
    """Tell the state of a channel, of this one if no name is given.

    The result: 0 down and available, 1 down and reserved, 2 off hook, 3 digits have been dialled, 4 the line
    is ringing, 5 the far end is ringing, 6 up, 7 busy; -1 when there is no such channel.
    """
    channel = session.channel.pbx.channel(channelname) if channelname else session.channel
    return Reply(-1 if channel is None else int(channel.state))


@command("EXEC", dead=True)
async def execute(session: Session, application: str, options: str = "", *more: str) -> Reply:
    """Run a dialplan application with these options.

    The result is 0; -1 when it ended the call or could not do it, -2 when there is none of that name.
    Options with spaces are written in quotes.
    """
    call = session.call
    try:
        await call.execute(application, options)
    except UnknownApplicationError as error:
        call.complain(f"AGI: EXEC: {error}")
        return Reply(-2)
    return Reply(0)


@command("GOSUB")
async def gosub(session: Session, context: str, extension: str, priority: str, *arguments: str) -> Reply:
    """Run a subroutine of the dialplan to its Return.

    The result is 0, and -1 when there is no such place.
    """
    await session.transport.write("100 result=0 Trying...")
    given = [part for word in arguments for part in word.split(",")]
    try:
        await session.call.gosub(f"{context},{extension},{priority}", given)
    except ApplicationError as error:
        session.call.complain(f"AGI: GOSUB: {error}")
        return Reply("-1 Gosub label not found")
    return Reply("0 Gosub complete")


@command("HANGUP")
def hangup(session: Session, channelname: str = "") -> Reply:
    """Hang up a channel, this one if no name is given.

    The result is 1, or -1 when there is no such channel.
    """
    channel = session.channel.pbx.channel(channelname) if channelname else session.channel
    if channel is None:
        return Reply(-1)
    channel.request_hangup()
    return Reply(1)


@command("NOOP", dead=True)
def noop(session: Session, *words: str) -> Reply:
    """Do nothing.  The result is 0."""
    return Reply(0)


@command("SEND TEXT")
def send_text(session: Session, text: str) -> Reply:
    """Send a text to the caller, where the channel carries texts.

    The result is 0, also where it carries none; -1 when it could not be sent.
    """
    try:
        session.channel.send_text(text)
    except NotSupportedByChannelError as error:
        log.info("%s: AGI: SEND TEXT: %s", session.channel.name, error)
    return Reply(0)


@command("SET AUTOHANGUP")
def set_autohangup(session: Session, time: int) -> Reply:
    """Hang up so many seconds from now; 0 takes that back.  The result is 0."""
    session.call.set_absolute_timeout(float(time))
    return Reply(0)


@command("SET CALLERID")
def set_callerid(session: Session, number: str) -> Reply:
    """Change the caller id of this channel: `number`, or `"name" <number>`.  The result is 1."""
    name, digits = parse_caller_id(number)
    channel = session.channel
    channel.caller = replace(channel.caller, number=digits or channel.caller.number)
    if name:
        channel.caller = replace(channel.caller, name=name)
    return Reply(1)


@command("SET CONTEXT")
def set_context(session: Session, context: str) -> Reply:
    """Set in which context the call goes on after the script.  The result is 0."""
    session.channel.context = context
    return Reply(0)


@command("SET EXTENSION")
def set_extension(session: Session, extension: str) -> Reply:
    """Set with which extension the call goes on after the script.  The result is 0."""
    session.channel.exten = extension
    return Reply(0)


@command("SET PRIORITY")
def set_priority(session: Session, priority: str) -> Reply:
    """Set with which priority, a number or a label, the call goes on after the script.

    The result is 0.
    """
    session.call.goto(None, None, priority)
    return Reply(0)


@command("SET MUSIC")
def set_music(session: Session, on: str, music_class: str = "") -> Reply:
    """Play music on hold (`on`) to the caller while the script works, or stop it (`off`).

    The result is 0.
    """
    if on.lower() == "on":
        start_music(session.call, music_class)
    elif on.lower() == "off":
        stop_music(session.call)
    else:
        raise AgiSyntaxError("SET MUSIC <on|off> [music_class]")
    return Reply(0)


@command("VERBOSE", dead=True)
def verbose(session: Session, message: str, level: int = 1) -> Reply:
    """Write a message to the log, shown when verbosity is at least `level`.  The result is 1."""
    log.log(levels.verbose(max(level, 0)), "%s: %s", session.channel.name, message)
    return Reply(1)
