"""Events: one of the client's own, and the claim to a call that is offered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from offhook.api.ari.announce import about_channel, endpoint_json
from offhook.api.ari.operations import AriError, operation
from offhook.pbx.events import UserEvent

if TYPE_CHECKING:
    from offhook.api.ari.models import Json
    from offhook.api.ari.service import Ari

__all__: list[str] = []


@operation(
    "POST",
    "/events/user/{eventName}",
    errors={
        404: "Application does not exist.",
        422: "Event source not found.",
        400: "Invalid event source URI or userevent data.",
    },
)
def userEvent(
    ari: Ari,
    eventName: str,
    application: str,
    source: list[str] | None = None,
    variables: dict[str, Any] | None = None,
) -> None:
    """Send a ChannelUserevent to an application, about channels, bridges or endpoints (`source`)."""
    app = ari.app(application)
    message: Json = {
        "type": "ChannelUserevent",
        **ari.stamp(),
        "eventname": eventName,
        "userevent": {"eventname": eventName, **(variables or {})},
    }
    for uri in source or []:
        kind, _, name = uri.partition(":")
        try:
            match kind:
                case "channel":
                    message["channel"] = ari.show(ari.channel(name))
                case "bridge":
                    message["bridge"] = ari.show_bridge(ari.bridge(name))
                case "endpoint":
                    technology, _, resource = name.partition("/")
                    if technology.upper() == "PJSIP" and resource not in ari.node.snapshot.pjsip.endpoints:
                        raise AriError(404, "Endpoint not found")
                    message["endpoint"] = endpoint_json(ari, technology, resource)
                case _:
                    raise AriError(400, f"Invalid event source {uri!r}: channel:, bridge: or endpoint:")
        except AriError as error:
            raise AriError(422 if error.status == 404 else error.status, error.message) from None
    app.send(message)
    channel = ari.node.pbx.channel(message["channel"]["id"]) if "channel" in message else None
    if channel is not None:
        for other in ari.hearers(about_channel(channel)):
            if other is not app:
                other.send(message)
        headers = [(str(name), str(value)) for name, value in (variables or {}).items()]
        ari.node.pbx.bus.emit(UserEvent, eventName, headers, channel, told=app)


@operation(
    "POST",
    "/events/claim",
    errors={
        404: "Channel is in no broadcast, or the application does not exist.",
        409: "Channel has been claimed already.",
    },
)
def claimChannel(ari: Ari, channelId: str, application: str) -> None:
    """Claim a channel that StasisBroadcast() offers; the first one gets it."""
    ari.broadcasts.claim(channelId, ari.app(application))
