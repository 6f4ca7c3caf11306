"""Header fields that a dialled URI asks for: `sip:carol@example.com?Replaces=...` (RFC 3261 19.1.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook._core import Uri

__all__ = ["headers_of"]

_TAKEN = frozenset(
    [
        "alert-info",
        "call-info",
        "join",
        "priority",
        "reason",
        "replaces",
        "require",
        "subject",
        "user-to-user",
    ]
)


def headers_of(uri: Uri) -> list[tuple[str, str]]:
    """What is taken from a URI into the request.

    Those that say who calls, where the request goes or what it carries are not: the URI may be of a stranger
    (Refer-To).
    """
    return [
        (name, value)
        for name, value in uri.headers()
        if (name.lower() in _TAKEN or name.lower().startswith("x-")) and value.isprintable()
    ]
