"""Events of the node as a whole: reload, stop, security."""

from __future__ import annotations

from offhook.api.ami.announce import shows
from offhook.api.ami.protocol import field
from offhook.api.ami.shape import Shape
from offhook.pbx import events

__all__: list[str] = []


@shows(events.Reloaded, "Reload", classes="system")
def reload(shape: Shape, event: events.Reloaded) -> str:
    """Configuration was read anew; Status 0: it is used now."""
    return field("Module", event.module) + field("Status", event.status)


@shows(events.ModuleChanged, "Load", "Unload", classes="system")
def module_changed(shape: Shape, event: events.ModuleChanged) -> tuple[str, str]:
    """A module was loaded (Status Failure: it could not be) or unloaded."""
    status = "Failure" if event.failed else "Success"
    return "Load" if event.loaded else "Unload", field("Module", event.module) + field("Status", status)


@shows(events.StopBegan, "Shutdown", classes="system")
def shutdown(shape: Shape, event: events.StopBegan) -> str:
    """The node stops."""
    return field("Shutdown", "Cleanly") + field("Restart", event.restart)


@shows(events.LogFileOpened, "LogChannel", classes="system")
def log_channel(shape: Shape, event: events.LogFileOpened) -> str:
    """A log file was opened anew (Enabled: Yes), or is not written for a Reason."""
    lines = field("Channel", event.path) + field("Enabled", "No" if event.reason else "Yes")
    return lines + (field("Reason", event.reason) if event.reason else "")


SECURITY_EVENTS = (
    "FailedACL",
    "InvalidAccountID",
    "SessionLimit",
    "MemoryLimit",
    "LoadAverageLimit",
    "RequestNotSupported",
    "RequestNotAllowed",
    "AuthMethodNotAllowed",
    "RequestBadFormat",
    "SuccessfulAuth",
    "UnexpectedAddress",
    "ChallengeResponseFailed",
    "InvalidPassword",
    "ChallengeSent",
    "InvalidTransport",
)


@shows(events.SecurityEvent, *SECURITY_EVENTS, classes="security")
def security(shape: Shape, event: events.SecurityEvent) -> tuple[str, str]:
    """Somebody got in, or was refused."""
    return event.name, "".join(field(name, value) for name, value in event.said.items())


@shows(events.TestEvent, "TestEvent", classes="test,reporting,call")
def test_event(shape: Shape, event: events.TestEvent) -> str:
    """A state that a test waits for; only with test events switched on."""
    lines = field("Type", "StateChange") + field("State", event.state)
    lines += "AppFile: offhook\r\nAppFunction: offhook\r\nAppLine: 0\r\n"
    return lines + "".join(field(name, value) for name, value in event.headers)
