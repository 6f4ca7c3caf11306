"""The options that Asterisk's files have: names, types, defaults and values, as facts in data/*.tsv.

They tell an option that does not work yet from a mistake, and fill docs/compatibility.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from offhook.config.values import InvalidValueError, boolean

__all__ = ["KnownOption", "known_objects", "known_options", "same_value"]

_DATA = Path(__file__).parent / "data"


class KnownOption(NamedTuple):
    """One option of one object type of one file."""

    file: str
    object: str
    name: str
    type: str
    default: str
    values: str

    def is_default(self, value: str) -> bool:
        """Whether a value says what is so anyway; of an option without a default, only the empty one."""
        return not value or same_value(value, self.default) or (not self.default and value.lower() == "no")


@cache
def _all() -> dict[str, dict[str, dict[str, KnownOption]]]:
    table: dict[str, dict[str, dict[str, KnownOption]]] = {}
    for known in _lines():
        table.setdefault(known.file, {}).setdefault(known.object, {})[known.name.lower()] = known
    return table


def _lines() -> Iterator[KnownOption]:
    for name in ("pjsip_options.tsv", "file_options.tsv"):
        with (_DATA / name).open(encoding="utf-8") as lines:
            next(lines)
            for line in lines:
                yield KnownOption(*line.rstrip("\n").split("\t"))


def known_objects(file: str) -> tuple[str, ...]:
    """The object types of a file."""
    return tuple(_all().get(file, ()))


def known_options(file: str, name: str) -> dict[str, KnownOption]:
    """The options of an object type by their names in lower case; empty for a type that nobody knows."""
    return _all().get(file, {}).get(name, {})


def same_value(left: str, right: str) -> bool:
    """Whether two texts mean the same: the same words, the same yes or no, the same number."""
    left, right = left.replace(" ", "").lower(), right.replace(" ", "").lower()
    if left == right:
        return True
    try:
        return boolean(left) is boolean(right)
    except InvalidValueError:
        pass
    try:
        return float(left) == float(right)
    except ValueError:
        return False
