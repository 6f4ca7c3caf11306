"""Bodies of several parts (RFC 2046 section 5.1, RFC 5621)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from offhook._core import new_call_id

if TYPE_CHECKING:
    from offhook._core import Message

__all__ = ["multipart", "required_types"]

_BOUNDARY = re.compile(r"boundary\s*=\s*(?:\"([^\"]+)\"|([^\s;\"]+))", re.IGNORECASE)
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_MOST_PARTS = 32


def multipart(parts: Sequence[tuple[str, bytes]]) -> tuple[str, bytes]:
    """Content-Type and body that carry `parts`; all but the first need not be understood."""
    boundary = f"part-{new_call_id('')}"
    lines: list[bytes] = []
    for index, (kind, body) in enumerate(parts):
        lines.append(f"--{boundary}\r\nContent-Type: {kind}\r\n".encode())
        if index:
            lines.append(b"Content-Disposition: render;handling=optional\r\n")
        lines += [b"\r\n", body, b"\r\n"]
    lines.append(f"--{boundary}--\r\n".encode())
    return f'multipart/mixed;boundary="{boundary}"', b"".join(lines)


def required_types(message: Message) -> Iterator[str]:
    """The types of the parts of a body that must be understood because they say so (`handling=required`)."""
    found = _BOUNDARY.search(message.get("Content-Type") or "")
    if found is None:
        return
    boundary = b"--" + (found[1] or found[2]).encode()
    for chunk in message.body.split(boundary, _MOST_PARTS)[1:]:
        head = _END_OF_HEAD.split(chunk, maxsplit=1)[0].decode("latin-1")
        lines = {name.strip().lower(): value.strip() for name, _, value in map(_split, head.splitlines())}
        if "handling=required" in lines.get("content-disposition", "").replace(" ", "").lower():
            yield lines.get("content-type", "text/plain").partition(";")[0].strip().lower()


def _split(line: str) -> tuple[str, str, str]:
    return line.partition(":")
