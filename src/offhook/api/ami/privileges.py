"""Classes of actions and events, and who may use or see which (manager.conf `read`, `write`)."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["ALL", "CLASSES", "mask_of", "read_mask", "words_of"]

# Bits and order are Asterisk's: the order is that of the Privilege line.
CLASSES = {
    "system": 1 << 0,
    "call": 1 << 1,
    "log": 1 << 2,
    "verbose": 1 << 3,
    "command": 1 << 4,
    "agent": 1 << 5,
    "user": 1 << 6,
    "config": 1 << 7,
    "dtmf": 1 << 8,
    "reporting": 1 << 9,
    "cdr": 1 << 10,
    "dialplan": 1 << 11,
    "originate": 1 << 12,
    "agi": 1 << 13,
    "hookresponse": 1 << 14,
    "cc": 1 << 15,
    "aoc": 1 << 16,
    "test": 1 << 17,
    "security": 1 << 18,
    "message": 1 << 30,
}
ALL = sum(CLASSES.values())


def mask_of(classes: Iterable[str]) -> int:
    """The bits of classes that are known; `all` is every one, `none` none."""
    mask = 0
    for name in classes:
        name = name.strip().lower()
        if name == "all":
            return ALL
        mask |= CLASSES.get(name, 0)
    return mask


def words_of(mask: int) -> str:
    """The value of a Privilege line: `call,all`."""
    names = [name for name, bit in CLASSES.items() if mask & bit]
    return ",".join([*names, "all"]) if names else "<none>"


def read_mask(text: str) -> int | None:
    """What an EventMask says: on, off, classes, or a number; None when it is none of them."""
    text = text.strip().lower()
    if text in ("on", "yes", "true", "1", "y", "t", "all"):
        return ALL
    if text in ("off", "no", "false", "0", "n", "f", "none", ""):
        return 0
    if text.isascii() and text.isdigit():
        return int(text) & ALL
    names = [name.strip() for name in text.split(",")]
    mask = mask_of(names)
    return mask or None
