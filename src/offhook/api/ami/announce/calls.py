"""Events of channels: their life, who they are with, dialling, digits, hold."""

from __future__ import annotations

from offhook.api.ami.announce import shows
from offhook.api.ami.protocol import clean, field
from offhook.api.ami.shape import Shape
from offhook.dialplan.computed import PRESENTATION_NUMBERS
from offhook.pbx import events
from offhook.pbx.causes import cause_text

__all__: list[str] = []


@shows(events.ChannelCreated, "Newchannel", classes="call")
def newchannel(shape: Shape, event: events.ChannelCreated) -> str:
    """A channel exists."""
    return shape.channel(event.channel)


@shows(events.ChannelStateChanged, "Newstate", classes="call")
def newstate(shape: Shape, event: events.ChannelStateChanged) -> str:
    """A channel's state changed."""
    return shape.channel(event.channel)


@shows(events.CallerIdChanged, "NewCallerid", classes="call")
def new_caller_id(shape: Shape, event: events.CallerIdChanged) -> str:
    """A channel's caller id changed."""
    presentation = event.channel.caller.presentation
    number = PRESENTATION_NUMBERS[presentation.value]
    return (
        shape.channel(event.channel) + f"CID-CallingPres: {number} ({_PRESENTATIONS[presentation.value]})\r\n"
    )


_PRESENTATIONS = {
    "allowed_not_screened": "Presentation Allowed, Not Screened",
    "allowed_passed_screen": "Presentation Allowed, Passed Screen",
    "allowed_failed_screen": "Presentation Allowed, Failed Screen",
    "allowed": "Presentation Allowed, Network Number",
    "prohib_not_screened": "Presentation Prohibited, Not Screened",
    "prohib_passed_screen": "Presentation Prohibited, Passed Screen",
    "prohib_failed_screen": "Presentation Prohibited, Failed Screen",
    "prohib": "Presentation Prohibited, Network Number",
    "unavailable": "Number Unavailable",
}


@shows(events.ConnectedLineChanged, "NewConnectedLine", classes="call")
def new_connected_line(shape: Shape, event: events.ConnectedLineChanged) -> str:
    """A channel's connected line id changed."""
    return shape.channel(event.channel)


@shows(events.AccountCodeChanged, "NewAccountCode", classes="call")
def new_account_code(shape: Shape, event: events.AccountCodeChanged) -> str:
    """A channel's account code changed."""
    return shape.channel(event.channel) + field("OldAccountCode", event.old)


@shows(events.ChannelRenamed, "Rename", classes="call")
def rename(shape: Shape, event: events.ChannelRenamed) -> str:
    """A channel has another name."""
    channel = event.channel
    return field("Channel", event.old) + field("Newname", channel.name) + field("Uniqueid", channel.uniqueid)


@shows(events.NewExtension, "Newexten", classes="dialplan")
def newexten(shape: Shape, event: events.NewExtension) -> str:
    """A channel is about to execute a priority of the dialplan."""
    channel = event.channel
    return (
        f"{shape.channel(channel)}Extension: {clean(channel.exten)}\r\n"
        f"Application: {event.application}\r\nAppData: {clean(event.data)}\r\n"
    )


@shows(events.ChannelVariableSet, "VarSet", classes="dialplan")
def variable_set(shape: Shape, event: events.ChannelVariableSet) -> str:
    """A channel variable was set."""
    return shape.variable(event.channel, event.name, event.value)


@shows(events.GlobalVariableSet, "VarSet", classes="dialplan")
def global_set(shape: Shape, event: events.GlobalVariableSet) -> str:
    """A global variable was set."""
    return shape.variable(None, event.name, event.value)


@shows(events.ChannelHangupRequested, "HangupRequest", "SoftHangupRequest", classes="call")
def hangup_request(shape: Shape, event: events.ChannelHangupRequested) -> tuple[str, str]:
    """A channel is to end: its far end hung up, or (SoftHangupRequest) somebody here asked."""
    channel = event.channel
    name = "HangupRequest" if event.by_far_end else "SoftHangupRequest"
    return name, f"{shape.channel(channel)}Cause: {int(event.cause or channel.hangup_cause)}\r\n"


@shows(events.ChannelHungUp, "Hangup", classes="call")
def hangup(shape: Shape, event: events.ChannelHungUp) -> str:
    """A channel is gone."""
    channel = event.channel
    cause = int(channel.hangup_cause)
    lines = f"{shape.channel(channel)}Cause: {cause}\r\nCause-txt: {cause_text(cause)}\r\n"
    return lines + (field("TechCause", channel.tech_cause) if channel.tech_cause else "")


@shows(events.ChannelDigitBegan, "DTMFBegin", classes="dtmf")
def dtmf_begin(shape: Shape, event: events.ChannelDigitBegan) -> str:
    """A DTMF key went down."""
    direction = "Sent" if event.sent else "Received"
    return f"{shape.channel(event.channel)}Digit: {event.digit}\r\nDirection: {direction}\r\n"


@shows(events.ChannelDigit, "DTMFEnd", classes="dtmf")
def dtmf_end(shape: Shape, event: events.ChannelDigit) -> str:
    """A DTMF key was released."""
    direction = "Sent" if event.sent else "Received"
    return (
        f"{shape.channel(event.channel)}Digit: {event.digit}\r\n"
        f"DurationMs: {event.duration_ms}\r\nDirection: {direction}\r\n"
    )


@shows(events.ChannelFlash, "Flash", classes="call")
def flash(shape: Shape, event: events.ChannelFlash) -> str:
    """The far end of a channel has flashed its hook."""
    return shape.channel(event.channel)


@shows(events.ChannelHeld, "Hold", "Unhold", classes="call")
def hold(shape: Shape, event: events.ChannelHeld) -> tuple[str, str]:
    """A far end has put the call on hold (Hold), or has taken it back (Unhold)."""
    lines = shape.channel(event.channel)
    if not event.on:
        return "Unhold", lines
    return "Hold", lines + (field("MusicClass", event.music_class) if event.music_class else "")


@shows(events.MusicStarted, "MusicOnHoldStart", classes="call")
def music_start(shape: Shape, event: events.MusicStarted) -> str:
    """A channel hears music on hold."""
    return shape.channel(event.channel) + field("Class", event.music_class)


@shows(events.MusicStopped, "MusicOnHoldStop", classes="call")
def music_stop(shape: Shape, event: events.MusicStopped) -> str:
    """A channel hears music on hold no more."""
    return shape.channel(event.channel)


@shows(events.HangupHandlerPushed, "HangupHandlerPush", classes="dialplan")
def handler_push(shape: Shape, event: events.HangupHandlerPushed) -> str:
    """A channel has a further hangup handler."""
    return shape.channel(event.channel) + field("Handler", event.handler)


@shows(events.HangupHandlerPopped, "HangupHandlerPop", classes="dialplan")
def handler_pop(shape: Shape, event: events.HangupHandlerPopped) -> str:
    """A hangup handler was taken away from a channel."""
    return shape.channel(event.channel) + field("Handler", event.handler)


@shows(events.HangupHandlerBegan, "HangupHandlerRun", classes="dialplan")
def handler_run(shape: Shape, event: events.HangupHandlerBegan) -> str:
    """A hangup handler is about to be executed."""
    return shape.channel(event.channel) + field("Handler", event.handler)


@shows(events.DialBegan, "DialBegin", classes="call")
def dial_begin(shape: Shape, event: events.DialBegan) -> str:
    """A channel is being called."""
    return shape.between(event.caller, event.peer) + field("DialString", event.destination)


@shows(events.DialStateChanged, "DialState", classes="call")
def dial_state(shape: Shape, event: events.DialStateChanged) -> str:
    """A call that is being placed has got further: RINGING, PROGRESS, PROCEEDING."""
    return shape.between(event.caller, event.peer) + field("DialStatus", event.state)


@shows(events.DialEnded, "DialEnd", classes="call")
def dial_end(shape: Shape, event: events.DialEnded) -> str:
    """A call that was being placed was answered, or came to nothing."""
    lines = shape.between(event.caller, event.peer) + field("DialStatus", event.status)
    return lines + (field("Forward", event.forward) if event.forward else "")


@shows(events.LocalBridged, "LocalBridge", classes="call")
def local_bridge(shape: Shape, event: events.LocalBridged) -> str:
    """The two halves of a Local channel are joined."""
    return (
        shape.channel(event.one, "LocalOne")
        + shape.channel(event.two, "LocalTwo")
        + field("Context", event.context)
        + field("Exten", event.exten)
        + field("LocalOptimization", "Yes" if event.optimizes else "No")
    )


@shows(events.LocalOptimizationBegan, "LocalOptimizationBegin", classes="call")
def local_optimization_begin(shape: Shape, event: events.LocalOptimizationBegan) -> str:
    """A Local channel is being taken out of a call; another channel comes into its bridge."""
    return (
        shape.channel(event.one, "LocalOne")
        + shape.channel(event.two, "LocalTwo")
        + shape.channel(event.source, "Source")
        + field("DestUniqueId", event.destination.uniqueid)
        + field("Id", str(event.number))
    )


@shows(events.LocalOptimizationEnded, "LocalOptimizationEnd", classes="call")
def local_optimization_end(shape: Shape, event: events.LocalOptimizationEnded) -> str:
    """A Local channel has been taken out of a call."""
    return (
        shape.channel(event.one, "LocalOne")
        + shape.channel(event.two, "LocalTwo")
        + field("Success", "Yes")
        + field("Id", str(event.number))
    )


@shows(events.OriginateEnded, "OriginateResponse", classes="call")
def originate_response(shape: Shape, event: events.OriginateEnded) -> str:
    """A call that was originated with Async was answered, or came to nothing."""
    lines = field("ActionID", event.action_id) if event.action_id else ""
    lines += field("Response", "Success" if event.answered else "Failure")
    lines += field("Channel", event.destination)
    if event.application:
        lines += field("Application", event.application) + field("Data", event.data)
    else:
        lines += field("Context", event.context) + field("Exten", event.exten)
    return (
        lines
        + field("Reason", event.reason)
        + field("Uniqueid", event.uniqueid or "<null>")
        + field("CallerIDNum", event.caller.number or "<unknown>")
        + field("CallerIDName", event.caller.name or "<unknown>")
    )


@shows(events.UserEvent, "UserEvent", classes="user")
def user_event(shape: Shape, event: events.UserEvent) -> str:
    """An event of the administrator's own: UserEvent() of the dialplan, or the action."""
    lines = shape.channel(event.channel) if event.channel is not None else ""
    return (
        lines + field("UserEvent", event.name) + "".join(field(name, value) for name, value in event.headers)
    )
