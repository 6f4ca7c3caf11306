'''ARI operations are declared once: method, path, parameters, answer.

    @operation("POST", "/channels/{channelId}/ring", errors={404: "Channel not found"})
    def ring(ari: Ari, channelId: str) -> None:
        """Indicate ringing to a channel."""

Parameters follow from the signature and have ARI's own names: `str`, `int`, `bool`, `list[str]` (separated by
commas, or given several times), `dict[str, Any]` for what only a JSON body can say
(`WholeBody` when it is all of that body), `Literal[...]` for one of
a few words; a `_` behind a name that Python keeps for itself is not part of it.  Each may stand in the query,
a form or a JSON body.  What the function returns is the JSON of the answer; None is 204.  From the same
declaration come the pages below `/ari/api-docs`.
'''

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, cast, get_args, get_origin

__all__ = [
    "OPERATIONS",
    "AriError",
    "Content",
    "Operation",
    "Parameter",
    "WholeBody",
    "find_operation",
    "operation",
]

Body = Callable[..., Any]
WholeBody = dict[str, Any]
F = TypeVar("F", bound=Body)

_IN_BODY = ("object", "objects")
"""Kinds that only a JSON body can say."""

_REASONS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
}


class AriError(Exception):
    """The operation cannot be done: an HTTP status and what to tell the client."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True)
class Content:
    """An answer that is no JSON: a file."""

    path: str
    media_type: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an operation."""

    name: str
    kind: str
    """string, int, boolean, list, object or objects (a list of these)"""
    required: bool
    default: Any
    in_path: bool
    argument: str
    """The name in Python."""
    values: tuple[str, ...] = ()
    """The words that it may be; any when empty."""
    is_body: bool = False
    """It is the JSON body itself, not a field of that."""


class Operation:
    """One declared operation."""

    __slots__ = (
        "body",
        "errors",
        "method",
        "model",
        "nickname",
        "notes",
        "parameters",
        "path",
        "resource",
        "segments",
        "status",
    )

    def __init__(
        self,
        method: str,
        path: str,
        body: Body,
        model: str,
        errors: Mapping[int, str],
        nickname: str,
        status: int,
    ) -> None:
        self.method = method
        self.path = path
        self.segments = tuple(path.strip("/").split("/"))
        self.resource = self.segments[0]
        self.body = body
        self.model = model
        self.status = status or (204 if model == "void" else 200)
        """Of the answer when it is done."""
        self.errors = dict(errors)
        self.nickname = nickname or body.__name__
        self.notes = inspect.getdoc(body) or ""
        in_path = {segment[1:-1] for segment in self.segments if segment.startswith("{")}
        self.parameters: list[Parameter] = []
        for parameter in list(inspect.signature(body).parameters.values())[1:]:
            required = parameter.default is inspect.Parameter.empty
            annotation = body.__globals__.get(parameter.annotation, parameter.annotation)
            name = parameter.name.rstrip("_")
            self.parameters.append(
                Parameter(
                    name,
                    _kind(annotation),
                    required or name in in_path,
                    None if required else parameter.default,
                    name in in_path,
                    parameter.name,
                    _values(annotation),
                    str(parameter.annotation).startswith("WholeBody"),
                )
            )

    @property
    def summary(self) -> str:
        """The first line of its text."""
        return self.notes.partition("\n")[0]

    def bind(
        self, path: Mapping[str, str], given: Mapping[str, list[str]], content: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The arguments for a request: what the path, the query and the JSON body say.

        Raises:
            AriError: 400, one is missing or not what it must be.
        """
        bound: dict[str, Any] = {}
        for parameter in self.parameters:
            name = parameter.name
            if parameter.in_path:
                value = path[name]
            elif name in given and parameter.kind not in _IN_BODY:
                value = _from_text(parameter, given[name])
            elif name in content:
                value = _from_json(parameter, content[name])
            elif parameter.is_body and content:
                value = dict(content)
            elif parameter.required:
                raise AriError(400, f"Missing parameter {name}")
            else:
                value = parameter.default
            if value is None and parameter.required:
                raise AriError(400, f"Missing parameter {name}")
            if parameter.values and value != parameter.default and value not in parameter.values:
                raise AriError(400, f"Invalid {name} {value!r}: one of {', '.join(parameter.values)}")
            bound[parameter.argument] = value
        return bound

    async def run(self, ari: Any, arguments: Mapping[str, Any]) -> Any:
        """Do it.  Raises AriError."""
        found = self.body(ari, **arguments)
        return await found if isinstance(found, Awaitable) else found  # type: ignore[misc]


def _values(annotation: Any) -> tuple[str, ...]:
    """The words of a `Literal[...]`, given itself or as text."""
    if isinstance(annotation, str):
        if not annotation.startswith("Literal["):
            return ()
        return tuple(ast.literal_eval(f"({annotation[8:-1]},)"))
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def _kind(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return "string"
    text = annotation if isinstance(annotation, str) else annotation.__name__
    if text == "int":
        return "int"
    if text == "bool":
        return "boolean"
    if text.startswith("list[dict"):
        return "objects"
    if text.startswith("list"):
        return "list"
    if text.startswith(("dict", "WholeBody")):
        return "object"
    return "string"


def _truth(text: str) -> bool:
    return text.strip().lower() in ("yes", "true", "y", "t", "1", "on")


def _from_text(parameter: Parameter, values: list[str]) -> Any:
    match parameter.kind:
        case "list":
            return [part for value in values for part in value.split(",") if part]
        case "int":
            return _number(parameter, values[-1])
        case "boolean":
            return _truth(values[-1])
        case _:
            return values[-1]


def _number(parameter: Parameter, text: str) -> int:
    try:
        return int(text.strip())
    except ValueError:
        raise AriError(400, f"{parameter.name} must be a number") from None


def _from_json(parameter: Parameter, value: Any) -> Any:
    match parameter.kind, value:
        case "object", dict():
            return cast("dict[str, Any]", value)
        case "objects", list() if all(isinstance(one, dict) for one in cast("list[Any]", value)):
            return cast("list[dict[str, Any]]", value)
        case "objects", _:
            raise AriError(400, f"{parameter.name} must be a list of objects")
        case "object", _:
            raise AriError(400, f"{parameter.name} must be an object")
        case "list", list():
            return [str(one) for one in cast("list[Any]", value)]
        case "list", str():
            return [part for part in value.split(",") if part]
        case "boolean", bool():
            return value
        case "int", int() if not isinstance(value, bool):
            return value
        case _, None:
            return parameter.default
        case _, dict() | list():
            raise AriError(400, f"{parameter.name} must be a {parameter.kind}")
        case "int", _:
            return _number(parameter, str(value))
        case "boolean", _:
            return _truth(str(value))
        case _:
            return value if isinstance(value, str) else json.dumps(value)


OPERATIONS: list[Operation] = []
"""All operations, in the order of their declaration."""


def operation(
    method: str,
    path: str,
    *,
    model: str = "void",
    errors: Mapping[int, str] | None = None,
    nickname: str = "",
    status: int = 0,
    with_id: str = "",
) -> Callable[[F], F]:
    """Declare an operation: `model` is ARI's name of what it answers, `nickname` its name there.

    `status` is that of its answer when it is neither 200 nor (without a model) 204.  `with_id` names the
    parameter that may also be said by the path, behind all else: a second operation, whose name has
    `WithId` behind it.
    """

    def declare(body: F) -> F:
        name = nickname or body.__name__
        OPERATIONS.append(Operation(method, path, body, model, errors or {}, name, status))
        if with_id:
            further = f"{path}/{{{with_id}}}"
            OPERATIONS.append(Operation(method, further, body, model, errors or {}, f"{name}WithId", status))
        return body

    return declare


def find_operation(method: str, segments: list[str]) -> tuple[Operation, dict[str, str]]:
    """The operation for a request, and what its path says.

    Raises:
        AriError: 404, there is no such path; 405, not with this method.
    """
    methods: set[str] = set()
    best: tuple[int, Operation, dict[str, str]] | None = None
    for candidate in OPERATIONS:
        found = _match(candidate.segments, segments)
        if found is None:
            continue
        methods.add(candidate.method)
        # of /channels/create and /channels/{channelId} the one with fewer holes is meant
        if candidate.method == method and (best is None or len(found) < best[0]):
            best = (len(found), candidate, found)
    if best is not None:
        return best[1], best[2]
    if methods:
        raise AriError(405, "Invalid method")
    raise AriError(404, "Resource not found")


def methods_of(segments: list[str]) -> list[str]:
    """The methods that a path takes."""
    return sorted({one.method for one in OPERATIONS if _match(one.segments, segments) is not None})


def _match(pattern: tuple[str, ...], segments: list[str]) -> dict[str, str] | None:
    if pattern[-1:] == ("{resource}",) or pattern[-2:-1] == ("{resource}",):
        # resources of endpoints may have slashes of their own
        behind = len(pattern) - 1 - pattern.index("{resource}")
        at = pattern.index("{resource}")
        if len(segments) > len(pattern):
            rest = segments[at : len(segments) - behind]
            segments = [*segments[:at], "/".join(rest), *segments[len(segments) - behind :]]
    if len(pattern) != len(segments):
        return None
    found: dict[str, str] = {}
    for expected, given in zip(pattern, segments, strict=True):
        if expected.startswith("{"):
            if not given:
                return None
            found[expected[1:-1]] = given
        elif expected != given:
            return None
    return found
