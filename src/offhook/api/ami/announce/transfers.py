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
        + (shape.channel(event.transferee, "Transferee") if event.transferee is not None else "")
        + bridge
        + "IsExternal: Yes\r\n"
        + f"Context: {clean(event.context)}\r\nExtension: {clean(event.exten)}\r\n"
    )


@shows(events.AttendedTransferred, "AttendedTransfer", classes="call")
def attended_transfer(shape: Shape, event: events.AttendedTransferred) -> str:
    """Those whom somebody talks to on two calls are connected."""
    bridges = event.bridges if any(event.bridges) else (event.first.bridge, event.second.bridge)
    text = "Result: Success\r\n" + shape.channel(event.first, "OrigTransferer")
    for leg, bridge, prefix in zip((event.first, event.second), bridges, ("Orig", "Second"), strict=True):
        if prefix == "Second":
            text += shape.channel(leg, "SecondTransferer")
        if bridge is not None:
            text += shape.bridge(bridge, prefix)
    if event.transferee is not None:
        text += shape.channel(event.transferee, "Transferee")
    if event.target is not None:
        text += shape.channel(event.target, "TransferTarget")
    if event.link is not None:
        one, two = event.link
        return text + "DestType: Link\r\n" + shape.channel(one, "LocalOne") + shape.channel(two, "LocalTwo")
    destination = bridges[1] or bridges[0]
    if event.transferee is not None and event.target is not None and destination is not None:
        text += f"DestType: {'Threeway' if event.stays else 'Bridge'}\r\n"
        text += f"DestBridgeUniqueid: {destination.uniqueid}\r\n"
        return text + (f"DestTransfererChannel: {clean(event.first.name)}\r\n" if event.stays else "")
    application = event.first.application if event.transferee is None else event.second.application
    return text + f"DestType: App\r\nDestApp: {clean(application)}\r\n"
