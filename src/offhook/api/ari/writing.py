"""JSON text, of values that may have text among them which is ready."""

from __future__ import annotations

import json
from json.encoder import encode_basestring as quote  # the standard library's, in C where it has that
from typing import Any, cast

__all__ = ["Written", "quote", "write"]

_ENCODE = json.JSONEncoder(ensure_ascii=False).encode


class Written(str):
    """A value as JSON text already."""

    __slots__ = ()


def write(value: Any) -> str:
    """A value as JSON: of dicts, lists and what JSON has, and of Written, wherever it stands."""
    kind = cast("type[Any]", type(value))
    if kind is Written:
        return value
    if kind is str:
        return quote(value)
    if kind is dict:
        members = cast("dict[str, Any]", value).items()
        return f"{{{', '.join([f'{quote(name)}: {write(one)}' for name, one in members])}}}"
    if kind is list:
        return f"[{', '.join([write(one) for one in cast('list[Any]', value)])}]"
    return _ENCODE(value)
