"""Lines of files that a configuration describes by fields: values with separators, or JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from offhook.config.files.records import Quoting

if TYPE_CHECKING:
    from offhook.config.files.records import Field, RecordFile
    from offhook.features.records.values import Value

__all__ = ["make_line"]

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
# A line break would end the record early for every reader.
_BREAKS = str.maketrans({"\r": " ", "\n": " ", "\x00": " "})


def make_line(file: RecordFile, value_of: Callable[[str, tuple[str, ...]], Value]) -> str:
    """One line, with its end; `value_of(name, qualifiers)` gives each field."""
    if file.json:
        return _json(file, value_of)
    parts: list[str] = []
    for field in file.fields:
        value = field.name if field.literal else value_of(field.name, field.qualifiers)
        parts.append(_dressed(file, field, value))
    return file.separator.join(parts) + "\n"


def _dressed(file: RecordFile, field: Field, value: Value) -> str:
    text = (f"{value:.6f}" if isinstance(value, float) else str(value)).translate(_BREAKS)
    match file.quoting:
        case Quoting.ALL:
            quoted = True
        case Quoting.NON_NUMERIC:
            quoted = _NUMBER.fullmatch(text) is None
        case Quoting.MINIMAL | Quoting.NONE:
            quoted = False
    if "quote" in field.qualifiers:
        quoted = True
    elif "noquote" in field.qualifiers:
        quoted = False
    if not quoted and file.separator not in text:
        return text
    escaped = text.replace(file.quote, file.escape + file.quote)
    return f"{file.quote}{escaped}{file.quote}"


def _json(file: RecordFile, value_of: Callable[[str, tuple[str, ...]], Value]) -> str:
    found: dict[str, Value] = {}
    for field in file.fields:
        if field.literal:
            name, colon, text = field.name.partition(":")
            if colon:
                found[name.strip()] = text.strip()
        else:
            found[field.name] = value_of(field.name, field.qualifiers)
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")) + "\n"
