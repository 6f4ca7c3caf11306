"""The node: objects of PJSIP that programs make, where sorcery.conf says `memory` for their type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from offhook.api.ari.operations import AriError, operation
from offhook.api.pjsip_rows import InvalidObjectError
from offhook.config.files.sorcery import OBJECTS
from offhook.config.pjsip import TYPES
from offhook.config.schema import shown

if TYPE_CHECKING:
    from offhook.api.ari.service import Ari

__all__: list[str] = []

_PATH = "/asterisk/config/dynamic/{configClass}/{objectType}/{id}"
_NOT_FOUND = {404: "{configClass|objectType|id} not found"}
_NOT_OURS = {403: "Could not create or update object", **_NOT_FOUND}
_WHERE = {
    "endpoint": "endpoints",
    "aor": "aors",
    "auth": "auths",
    "identify": "identifies",
    "registration": "registrations",
    "acl": "acls",
    "transport": "transports",
}


def _check(config_class: str, kind: str) -> None:
    if (config_class not in OBJECTS and config_class != "res_pjsip_acl") or kind not in _WHERE:
        raise AriError(404, f"There is no type {kind!r} of {config_class!r}")


def _object(ari: Ari, kind: str, name: str) -> Any:
    return getattr(ari.node.snapshot.pjsip, _WHERE[kind]).get(name)


def _tuples(ari: Ari, kind: str, name: str) -> list[dict[str, str]]:
    found = _object(ari, kind, name)
    if found is None:
        raise AriError(404, f"There is no {kind} {name!r}")
    return [
        {"attribute": option, "value": shown(found, option) or ""} for option in sorted(TYPES[kind].options)
    ]


def _check_writable(ari: Ari, kind: str) -> None:
    """Raises AriError 403 when programs may make no object of this type."""
    if kind not in ari.node.snapshot.in_memory or kind == "transport":
        raise AriError(403, f"Objects of type {kind} are not in memory (sorcery.conf)")


@operation("GET", _PATH, model="List[ConfigTuple]", errors=_NOT_FOUND)
def getObject(ari: Ari, configClass: str, objectType: str, id: str) -> Any:
    """Get an object: all options with their values; passwords are empty."""
    _check(configClass, objectType)
    return _tuples(ari, objectType, id)


@operation("PUT", _PATH, model="List[ConfigTuple]", errors=_NOT_OURS)
async def updateObject(
    ari: Ari, configClass: str, objectType: str, id: str, fields: list[dict[str, Any]] | None = None
) -> Any:
    """Make an object, or change options of one, by `attribute` and `value`; until the node stops."""
    _check(configClass, objectType)
    given: list[tuple[str, str]] = []
    for one in fields or ():
        if "attribute" not in one or "value" not in one:
            raise AriError(400, "A field has an attribute and a value")
        given.append((str(one["attribute"]).strip().lower(), str(one["value"])))
    _check_writable(ari, objectType)
    if not given:
        raise AriError(400, "fields must name an attribute")
    node = ari.node
    changed = {key for key, _ in given}
    before = [item for item in node.object_in_memory(objectType, id) or () if item[0] not in changed]
    try:
        await node.change_object(objectType, id, [*before, *given])
    except InvalidObjectError as error:
        raise AriError(400, str(error)) from None
    return _tuples(ari, objectType, id)


@operation("DELETE", _PATH, errors=_NOT_OURS)
async def deleteObject(ari: Ari, configClass: str, objectType: str, id: str) -> None:
    """Remove an object that was made by a program; one of a file stays."""
    _check(configClass, objectType)
    if _object(ari, objectType, id) is None:
        raise AriError(404, f"There is no {objectType} {id!r}")
    _check_writable(ari, objectType)
    if ari.node.object_in_memory(objectType, id) is None:
        raise AriError(403, f"{objectType} {id!r} is in a file or database")
    await ari.node.change_object(objectType, id, None)
