"""Endpoints: who can be called, and be sent messages and referrals outside of calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from offhook.api.ari.announce import endpoint_json
from offhook.api.ari.operations import AriError, operation
from offhook.api.ari.resources.variables import given_variables
from offhook.pbx.messages import MessageError, TextMessage

if TYPE_CHECKING:
    from offhook.api.ari.models import Json
    from offhook.api.ari.service import Ari

__all__: list[str] = []

_NOT_FOUND = {404: "Endpoints not found"}


def _technology(ari: Ari, technology: str) -> str:
    found = ari.node.pbx.technologies.get(technology.upper())
    if found is None:
        raise AriError(404, "Technology not found")
    return found.name


@operation("GET", "/endpoints", model="List[Endpoint]", nickname="list")
def list_all(ari: Ari) -> Any:
    """List all endpoints."""
    return [endpoint_json(ari, "PJSIP", name) for name in ari.node.snapshot.pjsip.endpoints]


@operation("GET", "/endpoints/{tech}", model="List[Endpoint]", errors=_NOT_FOUND)
def listByTech(ari: Ari, tech: str) -> Any:
    """List the endpoints of a technology."""
    technology = _technology(ari, tech)
    if technology != "PJSIP":
        return []
    return [endpoint_json(ari, "PJSIP", name) for name in ari.node.snapshot.pjsip.endpoints]


@operation("GET", "/endpoints/{tech}/{resource}", model="Endpoint", errors=_NOT_FOUND)
def get(ari: Ari, tech: str, resource: str) -> Json:
    """Get details of an endpoint."""
    technology = _technology(ari, tech)
    if technology != "PJSIP" or resource not in ari.node.snapshot.pjsip.endpoints:
        raise AriError(404, "Endpoint not found")
    return endpoint_json(ari, technology, resource)


# ---------------------------------------------------------------- messages and referrals

_UNSENT = {400: "Invalid parameters.", 404: "Endpoint not found"}


def _message(to: str, from_: str, body: str, variables: dict[str, Any] | None) -> TextMessage:
    data = {one.name: one.value or "" for one in given_variables(variables)}
    return TextMessage(to=to, from_=from_, body=body, data=data, outbound=set(data))


def _destination(ari: Ari, to: str) -> str:
    """What `pjsip:` of a URI is followed by.  Raises AriError 400."""
    scheme, colon, rest = to.partition(":")
    if not colon or scheme.lower() not in ("pjsip", "sip", "sips") or not rest.strip():
        raise AriError(400, f"{to!r} is not pjsip:endpoint or sip:user@host")
    if scheme.lower() == "pjsip":
        return rest.strip()
    user = rest.partition("@")[0]
    return rest if rest in ari.node.snapshot.pjsip.endpoints else to if "@" in rest else user


def _resource(ari: Ari, tech: str, resource: str) -> str:
    technology = _technology(ari, tech)
    if technology != "PJSIP":
        raise AriError(400, f"{technology} endpoints take no messages")
    if resource not in ari.node.snapshot.pjsip.endpoints:
        raise AriError(404, "Endpoint not found")
    return resource


def _failed(error: MessageError) -> AriError:
    return AriError(404 if error.status == "FAILURE" else 400, str(error))


def _send(ari: Ari, message: TextMessage, destination: str) -> None:
    try:
        ari.node.sip.messages.send(message, f"pjsip:{destination}")
    except MessageError as error:
        raise _failed(error) from None


def _refer(ari: Ari, message: TextMessage, destination: str, refer_to: str, to_self: bool, own: str) -> None:
    target = _destination(ari, refer_to) if ":" in refer_to else refer_to
    message.to = own if to_self else message.to
    try:
        ari.node.sip.messaging.send_refer(message, destination, target)
    except MessageError as error:
        raise _failed(error) from None


@operation("PUT", "/endpoints/sendMessage", status=202, errors=_UNSENT)
def sendMessage(
    ari: Ari, to: str, from_: str, body: str = "", variables: dict[str, Any] | None = None
) -> None:
    """Send a message to `pjsip:endpoint` or `sip:user@host`; `variables` go along as headers."""
    _send(ari, _message("", from_, body, variables), _destination(ari, to))


@operation("PUT", "/endpoints/{tech}/{resource}/sendMessage", status=202, errors=_UNSENT)
def sendMessageToEndpoint(
    ari: Ari, tech: str, resource: str, from_: str, body: str = "", variables: dict[str, Any] | None = None
) -> None:
    """Send a message to an endpoint; `variables` go along as headers."""
    _send(ari, _message("", from_, body, variables), _resource(ari, tech, resource))


@operation("POST", "/endpoints/refer", status=202, errors=_UNSENT)
def refer(
    ari: Ari,
    to: str,
    from_: str,
    refer_to: str,
    to_self: bool = False,
    variables: dict[str, Any] | None = None,
) -> None:
    """Ask `pjsip:endpoint` or `sip:user@host` to call `refer_to`.

    With `to_self` the referral names the one who is asked as its own addressee.
    """
    _refer(ari, _message("", from_, "", variables), _destination(ari, to), refer_to, to_self, to)


@operation("POST", "/endpoints/{tech}/{resource}/refer", status=202, errors=_UNSENT)
def referToEndpoint(
    ari: Ari,
    tech: str,
    resource: str,
    from_: str,
    refer_to: str,
    to_self: bool = False,
    variables: dict[str, Any] | None = None,
) -> None:
    """Ask an endpoint to call `refer_to`."""
    own = _resource(ari, tech, resource)
    _refer(ari, _message("", from_, "", variables), own, refer_to, to_self, f"sip:{own}")
