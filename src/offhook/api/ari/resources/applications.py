"""Applications: what they are subscribed to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from offhook.api.ari.operations import AriError, operation

if TYPE_CHECKING:
    from offhook.api.ari.models import Json
    from offhook.api.ari.operations import WholeBody
    from offhook.api.ari.service import Ari
    from offhook.api.ari.subscriptions import Sources, StasisApp

__all__: list[str] = []

_NOT_FOUND = {404: "Application does not exist."}


@operation("GET", "/applications", model="List[Application]", nickname="list")
def list_all(ari: Ari) -> Any:
    """List all applications."""
    return [app.json() for app in ari.apps.values()]


@operation("GET", "/applications/{applicationName}", model="Application", errors=_NOT_FOUND)
def get(ari: Ari, applicationName: str) -> Json:
    """Get details of an application."""
    return ari.app(applicationName).json()


def _sources(ari: Ari, app: StasisApp, uri: str) -> tuple[Sources, str]:
    """The subscriptions that an event source belongs to, and its name there; "" for all of a kind."""
    kind, colon, name = uri.partition(":")
    if not colon:
        raise AriError(400, f"Invalid event source {uri!r}: channel:, bridge:, endpoint: or deviceState:")
    match kind:
        case "channel":
            sources, everything = app.channels, "__AST_CHANNEL_ALL_TOPIC"
            channel = ari.node.pbx.channel(name)
            if name and name != everything and channel is None and name not in sources:
                raise AriError(422, "Channel not found")
            name = channel.uniqueid if channel is not None else name
        case "bridge":
            sources, everything = app.bridges, "__AST_BRIDGE_ALL_TOPIC"
            if name and name != everything and name not in sources:
                try:
                    ari.bridge(name)
                except AriError:
                    raise AriError(422, "Bridge not found") from None
        case "endpoint":
            sources, everything = app.endpoints, "__AST_ENDPOINT_ALL_TOPIC"
            technology, slash, resource = name.partition("/")
            known = technology in {one.name for one in ari.node.pbx.technologies.values()}
            if name and name != everything and not known:
                raise AriError(422, "Endpoint not found")
            if slash and resource and not _endpoint_exists(ari, technology, resource):
                raise AriError(422, "Endpoint not found")
        case "deviceState":
            sources, everything = app.devices, "__AST_DEVICE_STATE_ALL_TOPIC"
        case _:
            raise AriError(400, f"Invalid event source {uri!r}")
    return sources, "" if name == everything else name


def _endpoint_exists(ari: Ari, technology: str, resource: str) -> bool:
    return technology != "PJSIP" or resource in ari.node.snapshot.pjsip.endpoints


@operation(
    "POST",
    "/applications/{applicationName}/subscription",
    model="Application",
    errors={400: "Missing parameter.", **_NOT_FOUND, 422: "Event source does not exist."},
)
def subscribe(ari: Ari, applicationName: str, eventSource: list[str]) -> Json:
    """Subscribe an application to `channel:ID`, `bridge:ID`, `endpoint:TECH/NAME`, `deviceState:NAME`."""
    app = ari.app(applicationName)
    found = [_sources(ari, app, uri) for uri in eventSource]
    for sources, name in found:
        sources.add(name)
    return app.json()


@operation(
    "DELETE",
    "/applications/{applicationName}/subscription",
    model="Application",
    errors={
        400: "Missing parameter; event source scheme not recognized.",
        **_NOT_FOUND,
        409: "Application not subscribed to event source.",
        422: "Event source does not exist.",
    },
)
def unsubscribe(ari: Ari, applicationName: str, eventSource: list[str]) -> Json:
    """Unsubscribe an application from event sources."""
    app = ari.app(applicationName)
    found = [_sources(ari, app, uri) for uri in eventSource]
    for sources, name in found:
        if not sources.remove(name):
            raise AriError(409, "Application not subscribed to event source")
    return app.json()


@operation(
    "PUT",
    "/applications/{applicationName}/eventFilter",
    model="Application",
    errors={400: "Bad request.", **_NOT_FOUND},
    nickname="filter",
)
def set_filter(ari: Ari, applicationName: str, filter: WholeBody | None = None) -> Json:
    """Filter the events of an application: `{"allowed": [{"type": "StasisStart"}], "disallowed": [...]}`."""
    app = ari.app(applicationName)
    rules = filter or {}
    for key in rules:
        if key not in ("allowed", "disallowed"):
            raise AriError(400, f"Invalid filter {key!r}: allowed or disallowed")
    app.filter(_rules(rules.get("allowed", [])), _rules(rules.get("disallowed", [])))
    return app.json()


def _rules(found: Any) -> Any:
    rules = cast("list[Any]", found if isinstance(found, list) else [None])
    if not all(isinstance(rule, dict) and "type" in rule for rule in rules):
        raise AriError(400, "A filter is a list of objects with a type")
    return rules
