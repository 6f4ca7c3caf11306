"""The pages below `/ari/api-docs`: which operations there are, in Asterisk's form and as OpenAPI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.api.ari.operations import OPERATIONS, AriError, Operation, Parameter
from offhook.api.ari.schema import json_schema, models, swagger, type_schema

if TYPE_CHECKING:
    from offhook.api.ari.models import Json

__all__ = ["document", "openapi"]

_EVENTS = "/events"


def document(path: list[str], base: str) -> Json:
    """`resources.json`, `channels.json` and its like, or `openapi.json`.  Raises AriError 404."""
    match path:
        case ["resources.json"]:
            names = sorted({one.resource for one in OPERATIONS} | {"events"})
            apis = [{"path": f"/api-docs/{name}.{{format}}", "description": f"{name}"} for name in names]
            return {"apiVersion": "9.0.0", "swaggerVersion": "1.1", "basePath": base, "apis": apis}
        case ["openapi.json"]:
            return openapi(base)
        case [name] if name.endswith(".json"):
            resource = name.removesuffix(".json")
            found = [one for one in OPERATIONS if one.resource == resource]
            if found or resource == "events":
                return _resource(resource, found, base)
        case _:
            pass
    raise AriError(404, "Resource not found")


def _resource(name: str, operations: list[Operation], base: str) -> Json:
    by_path: dict[str, list[Json]] = {}
    for one in operations:
        by_path.setdefault(one.path, []).append(_operation(one))
    if name == "events":
        by_path.setdefault(_EVENTS, []).append(
            {
                "httpMethod": "GET",
                "upgrade": "websocket",
                "websocketProtocol": "ari",
                "summary": "WebSocket connection for events.",
                "nickname": "eventWebsocket",
                "responseClass": "Message",
                "parameters": [
                    {
                        "name": "app",
                        "paramType": "query",
                        "required": True,
                        "allowMultiple": True,
                        "dataType": "string",
                    },
                    {
                        "name": "subscribeAll",
                        "paramType": "query",
                        "required": False,
                        "allowMultiple": False,
                        "dataType": "boolean",
                    },
                ],
            }
        )
    apis = [{"path": path, "operations": found} for path, found in sorted(by_path.items())]
    return {
        "apiVersion": "9.0.0",
        "swaggerVersion": "1.1",
        "basePath": base,
        "resourcePath": f"/api-docs/{name}.{{format}}",
        "apis": apis,
        "models": {one.name: swagger(one) for one in models().values() if one.resource == name},
    }


def _operation(one: Operation) -> Json:
    return {
        "httpMethod": one.method,
        "summary": one.summary,
        "nickname": one.nickname,
        "responseClass": one.model,
        "parameters": [_parameter(parameter) for parameter in one.parameters],
        "errorResponses": [{"code": code, "reason": why} for code, why in sorted(one.errors.items())],
    }


def _parameter(one: Parameter) -> Json:
    kind = {"list": "string", "object": "containers", "objects": "containers"}.get(one.kind, one.kind)
    found: Json = {
        "name": one.name,
        "paramType": "path" if one.in_path else "body" if one.kind in ("object", "objects") else "query",
        "required": one.required,
        "allowMultiple": one.kind == "list",
        "dataType": kind,
    }
    if one.values:
        found["allowableValues"] = {"valueType": "LIST", "values": list(one.values)}
    if not one.required and one.default not in ("", None, [], {}):
        found["defaultValue"] = one.default
    return found


_TYPES = {"int": "integer", "boolean": "boolean", "string": "string"}
_ERROR = {"type": "object", "properties": {"message": {"type": "string"}}}


def _content(schema: Json, media_type: str = "application/json") -> Json:
    return {media_type: {"schema": schema}}


def _parameter_schema(one: Parameter) -> Json:
    if one.kind == "list":
        return {"type": "array", "items": {"type": "string"}}
    found: Json = {"type": _TYPES[one.kind]}
    if one.values:
        found["enum"] = list(one.values)
    return found


def _error(why: str) -> Json:
    return {"description": why, "content": _content(_ERROR)}


def _responses(one: Operation) -> Json:
    found: Json = {}
    status = str(one.status)
    if one.model == "void":
        found[status] = {"description": "Done"}
    elif one.model == "binary":
        found["200"] = {"description": "A file", "content": _content(type_schema("binary"), "*/*")}
    else:
        content = _content(type_schema(one.model))
        found[status] = {"description": one.model, "content": content}
    found["400"] = _error("A parameter is missing or wrong")
    found["401"] = {"description": "No user, or a wrong password"}
    found["403"] = _error("This user may not do it from there")
    found["429"] = _error("Too many wrong passwords from this address")
    return found | {str(code): _error(why) for code, why in sorted(one.errors.items())}


def openapi(base: str) -> Json:
    """The operations as OpenAPI 3.1."""
    paths: dict[str, Json] = {}
    for one in OPERATIONS:
        described: Json = {
            "operationId": f"{one.resource}_{one.nickname}",
            "summary": one.summary,
            "tags": [one.resource],
            "parameters": [
                {
                    "name": parameter.name,
                    "in": "path" if parameter.in_path else "query",
                    "required": parameter.required or parameter.in_path,
                    "schema": _parameter_schema(parameter),
                    **({"style": "form", "explode": False} if parameter.kind == "list" else {}),
                }
                for parameter in one.parameters
                if parameter.kind not in ("object", "objects")
            ],
            "responses": _responses(one),
        }
        objects: Json = {}
        for parameter in one.parameters:
            if parameter.kind == "object":
                objects[parameter.name] = {"type": "object"}
            elif parameter.kind == "objects":
                objects[parameter.name] = {"type": "array", "items": {"type": "object"}}
        if objects:
            whole = any(parameter.is_body for parameter in one.parameters)
            schema = {"type": "object"} if whole else {"type": "object", "properties": objects}
            described["requestBody"] = {"content": _content(schema)}
        paths.setdefault(one.path, {})[one.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {"title": "ARI", "version": "9.0.0"},
        "servers": [{"url": f"{base}"}],
        "components": {
            "securitySchemes": {"basic": {"type": "http", "scheme": "basic"}},
            "schemas": {one.name: json_schema(one) for one in models().values()},
        },
        "security": [{"basic": []}],
        "paths": paths,
    }
