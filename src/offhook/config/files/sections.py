"""Reading files whose sections have fixed names: [general], [options] ..."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from offhook.config.errors import Problems, nearest
from offhook.config.reader import ConfigFile, Section
from offhook.config.schema import ObjectType

__all__ = ["read_sections"]


def read_sections(
    config: ConfigFile,
    problems: Problems,
    kinds: Mapping[str, ObjectType[Any]],
    *,
    other: Callable[[Section], None] | None = None,
) -> dict[str, Any]:
    """The object of each section by its name; sections that are missing or wrong are left out.

    `other` gets sections of other names; without it they are mistakes.  Of several sections of one name
    the first counts, as in Asterisk.
    """
    found: dict[str, Any] = {}
    seen: dict[str, Section] = {}
    for section in config.sections:
        kind = kinds.get(section.name)
        if kind is None:
            if other is None:
                what = f"unknown section [{section.name}]"
                problems.error(section.file, section.line, what, nearest(section.name, kinds))
            else:
                other(section)
        elif section.name in seen:
            what = f"[{section.name}] is ignored: the one at {seen[section.name].where} counts"
            problems.warning(section.file, section.line, what)
        else:
            seen[section.name] = section
            read = kind.reading(problems).read(section)
            if read is not None:
                found[section.name] = read
    return found
