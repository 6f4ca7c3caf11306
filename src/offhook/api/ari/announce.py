"""Which ARI event a happening of the bus is, and whom it concerns."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from offhook.api.ari.schema import sends
from offhook.api.ari.subscriptions import Audience
from offhook.dialplan.computed import PRESENTATION_NUMBERS
from offhook.features.device_states import DeviceState
from offhook.pbx import events
from offhook.pbx.causes import cause_text

if TYPE_CHECKING:
    from offhook.api.ari.models import Json
    from offhook.api.ari.service import Ari
    from offhook.pbx.bridge import Bridge
    from offhook.pbx.channel import Channel

__all__ = ["ANNOUNCERS", "about_bridge", "about_channel", "endpoint_json", "endpoint_of"]

Announcer = Callable[["Ari", Any], None]

ANNOUNCERS: dict[type[Any], Announcer] = {}
"""What to do with each kind of happening while there is an application."""


def endpoint_of(channel: Channel) -> str:
    """`PJSIP/6001` for `PJSIP/6001-00000001`."""
    return channel.name.rpartition("-")[0]


def about_channel(channel: Channel, *others: Channel | None) -> Audience:
    """Those who hear of a channel: its own subscribers, its bridge's and its endpoint's."""
    channels = [one for one in (channel, *others) if one is not None]
    return Audience(
        channels=[one.uniqueid for one in channels], endpoints=[endpoint_of(one) for one in channels]
    )


def about_bridge(bridge: Bridge, *channels: Channel) -> Audience:
    """Those who hear of a bridge."""
    return Audience(
        channels=[one.uniqueid for one in channels],
        bridges=[bridge.uniqueid],
        endpoints=[endpoint_of(one) for one in channels],
    )


def _announces(kind: type[Any], *names: str) -> Callable[[Announcer], Announcer]:
    """Declare what happens with a kind of happening, and the events that come of it."""
    sends(*names)

    def declare(announcer: Announcer) -> Announcer:
        ANNOUNCERS[kind] = announcer
        return announcer

    return declare


def _tell(ari: Ari, name: str, channel: Channel, **more: object) -> None:
    ari.announce(name, partial(about_channel, channel), lambda: {**more, "channel": ari.written(channel)})


@_announces(events.ChannelCreated, "ChannelCreated")
def _created(ari: Ari, event: events.ChannelCreated) -> None:
    _tell(ari, "ChannelCreated", event.channel)


@_announces(events.ChannelStateChanged, "ChannelStateChange")
def _state(ari: Ari, event: events.ChannelStateChanged) -> None:
    _tell(ari, "ChannelStateChange", event.channel)


@_announces(events.CallerIdChanged, "ChannelCallerId")
def _caller_id(ari: Ari, event: events.CallerIdChanged) -> None:
    presentation = event.channel.caller.presentation.value
    number = PRESENTATION_NUMBERS[presentation]
    _tell(
        ari,
        "ChannelCallerId",
        event.channel,
        caller_presentation=number,
        caller_presentation_txt=presentation,
    )


@_announces(events.ConnectedLineChanged, "ChannelConnectedLine")
def _connected(ari: Ari, event: events.ConnectedLineChanged) -> None:
    _tell(ari, "ChannelConnectedLine", event.channel)


@_announces(events.NewExtension, "ChannelDialplan")
def _dialplan(ari: Ari, event: events.NewExtension) -> None:
    if event.by_itself:
        return
    _tell(ari, "ChannelDialplan", event.channel, dialplan_app=event.application, dialplan_app_data=event.data)


@_announces(events.ChannelVariableSet, "ChannelVarset")
def _variable(ari: Ari, event: events.ChannelVariableSet) -> None:
    _tell(ari, "ChannelVarset", event.channel, variable=event.name, value=event.value)


@_announces(events.GlobalVariableSet, "ChannelVarset")
def _global(ari: Ari, event: events.GlobalVariableSet) -> None:
    message = {"variable": event.name, "value": event.value}
    ari.announce("ChannelVarset", lambda: Audience(channels=("",)), lambda: message)


@_announces(events.ChannelHangupRequested, "ChannelHangupRequest")
def _hangup_request(ari: Ari, event: events.ChannelHangupRequested) -> None:
    channel = event.channel
    more = {} if event.by_far_end else {"soft": True}
    _tell(ari, "ChannelHangupRequest", channel, cause=int(event.cause or channel.hangup_cause), **more)


@_announces(events.ChannelHungUp, "ChannelDestroyed")
def _destroyed(ari: Ari, event: events.ChannelHungUp) -> None:
    channel = event.channel
    cause = int(channel.hangup_cause)
    _tell(ari, "ChannelDestroyed", channel, cause=cause, cause_txt=cause_text(cause))
    for app in ari.apps.values():
        app.channels.forget(channel.uniqueid)


@_announces(events.ChannelDigit, "ChannelDtmfReceived")
def _digit(ari: Ari, event: events.ChannelDigit) -> None:
    if not event.sent:
        _tell(ari, "ChannelDtmfReceived", event.channel, digit=event.digit, duration_ms=event.duration_ms)


@_announces(events.ChannelTalkingStarted, "ChannelTalkingStarted")
def _talking(ari: Ari, event: events.ChannelTalkingStarted) -> None:
    _tell(ari, "ChannelTalkingStarted", event.channel)


@_announces(events.ChannelTalkingStopped, "ChannelTalkingFinished")
def _silent(ari: Ari, event: events.ChannelTalkingStopped) -> None:
    _tell(ari, "ChannelTalkingFinished", event.channel, duration=event.duration_ms)


@_announces(events.ChannelHeld, "ChannelHold", "ChannelUnhold")
def _held(ari: Ari, event: events.ChannelHeld) -> None:
    if event.on:
        _tell(ari, "ChannelHold", event.channel, musicclass=event.music_class)
    else:
        _tell(ari, "ChannelUnhold", event.channel)


def _dial(ari: Ari, caller: Channel | None, peer: Channel, **more: str) -> None:
    def body() -> Json:
        found: Json = {"forward": "", "dialstring": "", **more, "peer": ari.written(peer)}
        if caller is not None:
            found["caller"] = ari.written(caller)
        return found

    ari.announce("Dial", partial(about_channel, peer, caller), body)


@_announces(events.DialBegan, "Dial")
def _dial_began(ari: Ari, event: events.DialBegan) -> None:
    _dial(ari, event.caller, event.peer, dialstatus="", dialstring=event.destination)


@_announces(events.DialStateChanged, "Dial")
def _dial_state(ari: Ari, event: events.DialStateChanged) -> None:
    _dial(ari, event.caller, event.peer, dialstatus=event.state)


@_announces(events.DialEnded, "Dial")
def _dial_ended(ari: Ari, event: events.DialEnded) -> None:
    _dial(ari, event.caller, event.peer, dialstatus=event.status, forward=event.forward)


def _tell_bridge(ari: Ari, name: str, bridge: Bridge, *channels: Channel) -> None:
    def body() -> Json:
        found: Json = {"bridge": ari.show_bridge(bridge)}
        if channels:
            found["channel"] = ari.written(channels[0])
        return found

    ari.announce(name, partial(about_bridge, bridge, *channels), body)


@_announces(events.BridgeCreated, "BridgeCreated")
def _bridge_created(ari: Ari, event: events.BridgeCreated) -> None:
    _tell_bridge(ari, "BridgeCreated", event.bridge)


@_announces(events.BridgeEntered, "ChannelEnteredBridge")
def _bridge_entered(ari: Ari, event: events.BridgeEntered) -> None:
    _tell_bridge(ari, "ChannelEnteredBridge", event.bridge, event.channel)


@_announces(events.BridgeLeft, "ChannelLeftBridge")
def _bridge_left(ari: Ari, event: events.BridgeLeft) -> None:
    _tell_bridge(ari, "ChannelLeftBridge", event.bridge, event.channel)


@_announces(events.BridgeVideoSourceChanged, "BridgeVideoSourceChanged")
def _video_source(ari: Ari, event: events.BridgeVideoSourceChanged) -> None:
    def body() -> Json:
        old = {"old_video_source_id": event.old} if event.old else {}
        return {"bridge": ari.show_bridge(event.bridge), **old}

    ari.announce("BridgeVideoSourceChanged", partial(about_bridge, event.bridge), body)


@_announces(events.BridgesMerged, "BridgeMerged")
def _bridges_merged(ari: Ari, event: events.BridgesMerged) -> None:
    def body() -> Json:
        return {"bridge": ari.show_bridge(event.to), "bridge_from": ari.show_bridge(event.gone)}

    audience = Audience(bridges=(event.to.uniqueid, event.gone.uniqueid))
    ari.announce("BridgeMerged", lambda: audience, body)


@_announces(events.BridgeDestroyed, "BridgeDestroyed")
def _bridge_destroyed(ari: Ari, event: events.BridgeDestroyed) -> None:
    _tell_bridge(ari, "BridgeDestroyed", event.bridge)
    for app in ari.apps.values():
        app.bridges.forget(event.bridge.uniqueid)


@_announces(events.DeviceStateChanged, "DeviceStateChanged")
def _device(ari: Ari, event: events.DeviceStateChanged) -> None:
    message = {"device_state": {"name": event.device, "state": event.state}}
    ari.announce("DeviceStateChanged", lambda: Audience(device=event.device), lambda: message)


@_announces(events.TransferAsked, "ChannelTransfer")
def _transfer_asked(ari: Ari, event: events.TransferAsked) -> None:
    channel, other = event.channel, event.other

    def peer_of(leg: Channel) -> Channel | None:
        bridge = leg.bridge
        return next((one for one in bridge.channels if one is not leg), None) if bridge is not None else None

    def whereabouts(leg: Channel) -> Json:
        found: Json = {}
        peer = peer_of(leg)
        if peer is not None:
            found["connected_channel"] = ari.written(peer)
        if leg.bridge is not None:
            found["bridge"] = ari.show_bridge(leg.bridge)
        return found

    def body() -> Json:
        wanted: Json = {"destination": event.destination}
        if event.protocol_id:
            wanted["protocol_id"] = event.protocol_id
            wanted["additional_protocol_params"] = [
                {"parameter_name": name, "parameter_value": value} for name, value in event.parameters
            ]
        refer_to: Json = {"requested_destination": wanted}
        if other is not None:
            refer_to |= {"destination_channel": ari.written(other), **whereabouts(other)}
        referred_by: Json = {"source_channel": ari.written(channel), **whereabouts(channel)}
        return {"refer_to": refer_to, "referred_by": referred_by}

    ari.announce("ChannelTransfer", partial(about_channel, channel, other), body)


@_announces(events.BlindTransferred, "BridgeBlindTransfer")
def _blind_transfer(ari: Ari, event: events.BlindTransferred) -> None:
    def body() -> Json:
        found: Json = {
            "channel": ari.written(event.transferor),
            "context": event.context,
            "exten": event.exten,
            "result": "Success",
            "is_external": True,
        }
        for name, channel in (("transferee", event.transferee), ("replace_channel", event.replacement)):
            if channel is not None:
                found[name] = ari.written(channel)
        if event.bridge is not None:
            found["bridge"] = ari.show_bridge(event.bridge)
        return found

    channels = [one for one in (event.transferor, event.transferee) if one is not None]
    audience = about_channel(*channels) if event.bridge is None else about_bridge(event.bridge, *channels)
    ari.announce("BridgeBlindTransfer", lambda: audience, body)


@_announces(events.AttendedTransferred, "BridgeAttendedTransfer")
def _attended_transfer(ari: Ari, event: events.AttendedTransferred) -> None:
    bridges = event.bridges if any(event.bridges) else (event.first.bridge, event.second.bridge)
    parties = [one for one in (event.transferee, event.target) if one is not None]
    destination = bridges[1] or bridges[0]

    def body() -> Json:
        found: Json = {
            "transferer_first_leg": ari.written(event.first),
            "transferer_second_leg": ari.written(event.second),
            "result": "Success",
            "is_external": True,
        }
        for name, channel in (
            ("transferee", event.transferee),
            ("transfer_target", event.target),
            ("replace_channel", event.replacement),
        ):
            if channel is not None:
                found[name] = ari.written(channel)
        for name, bridge in zip(("first", "second"), bridges, strict=True):
            if bridge is not None:
                found[f"transferer_{name}_leg_bridge"] = ari.show_bridge(bridge)
        if event.stays and destination is not None:
            found |= {
                "destination_type": "threeway",
                "destination_threeway_channel": ari.written(event.first),
                "destination_threeway_bridge": ari.show_bridge(destination),
            }
        elif event.link is not None:
            found["destination_type"] = "link"
            for name, channel in zip(("first", "second"), event.link, strict=True):
                found[f"destination_link_{name}_leg"] = ari.written(channel)
        elif len(parties) == 2 and destination is not None:
            found |= {"destination_type": "bridge", "destination_bridge": destination.uniqueid}
        else:
            alone = event.first if event.transferee is None else event.second
            found |= {"destination_type": "application", "destination_application": alone.application}
        return found

    channels = (event.first, event.second, *parties)
    audience = Audience(
        channels=[one.uniqueid for one in channels],
        bridges=[one.uniqueid for one in bridges if one is not None],
        endpoints=[endpoint_of(one) for one in channels],
    )
    ari.announce("BridgeAttendedTransfer", lambda: audience, body)


def endpoint_json(ari: Ari, technology: str, resource: str, state: str = "") -> Json:
    """The model Endpoint; its state is that of its device where nobody knows better."""
    name = f"{technology}/{resource}"
    if not state:
        device = ari.node.devices.state(name)
        offline = device in (DeviceState.UNAVAILABLE, DeviceState.INVALID)
        state = "unknown" if device is DeviceState.UNKNOWN else "offline" if offline else "online"
    channels = [one.uniqueid for one in ari.node.pbx.by_device.get(name, ())]
    return {"technology": technology, "resource": resource, "state": state, "channel_ids": channels}


@_announces(events.PeerStatusChanged, "PeerStatusChange", "EndpointStateChange")
def _peer(ari: Ari, event: events.PeerStatusChanged) -> None:
    audience = Audience(endpoints=[f"{event.technology}/{event.peer}"])
    online = "online" if event.status == "Reachable" else "offline"
    host, _, port = event.address.rpartition(":")
    peer = {"peer_status": event.status}
    if event.cause:
        peer["cause"] = event.cause
    if host:
        peer |= {"address": host, "port": port}

    def endpoint() -> Json:
        return endpoint_json(ari, event.technology, event.peer, online)

    ari.announce("PeerStatusChange", lambda: audience, lambda: {"endpoint": endpoint(), "peer": peer})
    ari.announce("EndpointStateChange", lambda: audience, lambda: {"endpoint": endpoint()})


_CONTACTS = {"Created": "NonQualified"}
"""Words for ARI; an update of a registration is no change of its status."""


@_announces(events.ContactChanged, "ContactStatusChange")
def _contact(ari: Ari, event: events.ContactChanged) -> None:
    if event.status == "Updated" or not event.endpoint:
        return
    contact = {
        "uri": event.uri,
        "contact_status": _CONTACTS.get(event.status, event.status),
        "aor": event.aor,
        "roundtrip_usec": str(event.round_trip_us),
    }
    audience = Audience(endpoints=[f"{event.technology}/{event.endpoint}"])
    ari.announce(
        "ContactStatusChange",
        lambda: audience,
        lambda: {
            "endpoint": endpoint_json(ari, event.technology, event.endpoint),
            "contact_info": contact,
        },
    )


@_announces(events.UserEvent, "ChannelUserevent")
def _user(ari: Ari, event: events.UserEvent) -> None:
    """UserEvent() of the dialplan: for those who hear of its channel."""
    if event.channel is not None and event.told is None:
        variables = dict(event.headers)
        _tell(
            ari,
            "ChannelUserevent",
            event.channel,
            eventname=event.name,
            userevent={"eventname": event.name, **variables},
        )
