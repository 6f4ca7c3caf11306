"""Events of transfers."""

from __future__ import annotations

from offhook.api.ami.announce import shows
from offhook.api.ami.protocol import clean
from offhook.api.ami.shape import Shape
from offhook.pbx import events

__all__: list[str] = []


@shows(events.BlindTransferred, "BlindTransfer", classes="call")
def blind_transfer(shape: Shape, event: events.BlindTransferred) -> str:
    """A party of a call is sent to an extension."""
    bridge = shape.bridge(event.bridge) if event.bridge is not None else ""
    return (
        "Result: Success\r\n"
        + shape.channel(event.transferor, "Transferer")
        + shape.channel(event.transferee, "Transferee")
        + bridge
        + "IsExternal: Yes\r\n"
        + f"Context: {clean(event.context)}\r\nExtension: {clean(event.exten)}\r\n"
    )


@shows(events.AttendedTransferred, "AttendedTransfer", classes="call")
def attended_transfer(shape: Shape, event: events.AttendedTransferred) -> str:
    """Those whom somebody talks to on two calls are connected."""
    text = "Result: Success\r\n" + shape.channel(event.first, "OrigTransferer")
    for leg, prefix in ((event.first, "Orig"), (event.second, "Second")):
        if prefix == "Second":
            text += shape.channel(event.second, "SecondTransferer")
        if leg.bridge is not None:
            text += shape.bridge(leg.bridge, prefix)
    if event.transferee is not None:
        text += shape.channel(event.transferee, "Transferee")
    if event.target is not None:
        text += shape.channel(event.target, "TransferTarget")
    bridge = event.second.bridge if event.second.bridge is not None else event.first.bridge
    if event.transferee is not None and event.target is not None and bridge is not None:
        return text + f"DestType: Bridge\r\nDestBridgeUniqueid: {bridge.uniqueid}\r\n"
    application = event.first.application if event.transferee is None else event.second.application
    return text + f"DestType: App\r\nDestApp: {clean(application)}\r\n"
