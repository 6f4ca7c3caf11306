"""ARI's models: what answers and events consist of, for `/ari/api-docs`, OpenAPI, and checks in tests.

The fields are in `api/data/ari_models.tsv`, with ARI's names and types.  Which events there are follows from
the code: who sends one says so here, with `sends()`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["Field", "Model", "json_schema", "models", "sends", "sent_events", "swagger", "type_schema"]

_DATA = Path(__file__).parents[1] / "data" / "ari_models.tsv"
_ROOTS = ("Message", "Event")

_sent: set[str] = set()


def sends(*names: str) -> None:
    """Declare that events of these names are sent."""
    _sent.update(names)


def sent_events() -> frozenset[str]:
    """All events that can be sent."""
    return frozenset(_sent)


@dataclass(frozen=True, slots=True)
class Field:
    """One field; its type is string, int, long, double, boolean, Date, object, a model, or List[...]."""

    name: str
    type: str
    required: bool
    values: tuple[str, ...] = ()


@dataclass(slots=True)
class Model:
    """One model."""

    name: str
    resource: str
    fields: dict[str, Field] = field(default_factory=dict[str, Field])
    subtypes: list[str] = field(default_factory=list[str])


@cache
def _table() -> dict[str, Model]:
    found: dict[str, Model] = {}
    for line in _DATA.read_text("utf-8").splitlines()[1:]:
        name, resource, kind, what, kind_of, required, values = (*line.split("\t"), *[""] * 6)[:7]
        model = found.setdefault(name, Model(name, resource))
        if kind == "field":
            choices = tuple(values.split("|")) if values else ()
            model.fields[what] = Field(what, kind_of, required == "yes", choices)
        elif kind == "subtype":
            model.subtypes.append(what)
    for root in _ROOTS:
        for below in found[root].subtypes:
            inherited = {**found["Message"].fields, **(found[root].fields if below != root else {})}
            found[below].fields = {**inherited, **found[below].fields}
    for below in found["Event"].subtypes:
        found[below].fields = {**found["Event"].fields, **found[below].fields}
    return found


def models() -> dict[str, Model]:
    """All models, without events that nobody sends."""
    sent, table = sent_events(), _table()
    events = set(table["Event"].subtypes)
    return {name: model for name, model in table.items() if name not in events or name in sent}


def _subtypes(model: Model) -> list[str]:
    there = models()
    return [name for name in model.subtypes if name in there]


def swagger(model: Model) -> dict[str, Any]:
    """A model in the form of Swagger 1.1."""
    properties: dict[str, Any] = {}
    for one in model.fields.values():
        properties[one.name] = {"type": one.type, "required": one.required}
        if one.values:
            properties[one.name]["allowableValues"] = {"valueType": "LIST", "values": list(one.values)}
    found: dict[str, Any] = {"id": model.name, "properties": properties}
    if model.name == "Message":
        found["discriminator"] = "type"
    if model.subtypes:
        found["subTypes"] = _subtypes(model)
    return found


_TYPES: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "boolean": {"type": "boolean"},
    "int": {"type": "integer"},
    "long": {"type": "integer"},
    "double": {"type": "number"},
    "Date": {"type": "string"},
    "object": {"type": "object"},
    "binary": {"type": "string", "format": "binary"},
}


def type_schema(kind: str) -> dict[str, Any]:
    """A type of ARI as JSON Schema; models are references to `#/components/schemas`."""
    if kind.startswith("List["):
        return {"type": "array", "items": type_schema(kind[5:-1])}
    known = _TYPES.get(kind)
    return dict(known) if known is not None else {"$ref": f"#/components/schemas/{kind}"}


def json_schema(model: Model) -> dict[str, Any]:
    """A model as JSON Schema."""
    properties: dict[str, Any] = {}
    for one in model.fields.values():
        properties[one.name] = type_schema(one.type)
        if one.values:
            properties[one.name]["enum"] = list(one.values)
    found: dict[str, Any] = {"type": "object", "properties": properties}
    required = [one.name for one in model.fields.values() if one.required]
    if required:
        found["required"] = required
    return found
