"""Who a call is from, to and connected with (Asterisk's party ids, Q.951 presentation)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["NOBODY", "NOT_REDIRECTED", "PartyId", "Presentation", "Redirecting", "parse_caller_id"]


class Presentation(StrEnum):
    """Whether and how sure a number may be shown; the names of CALLERID(pres)."""

    ALLOWED_NOT_SCREENED = "allowed_not_screened"
    ALLOWED_PASSED_SCREEN = "allowed_passed_screen"
    ALLOWED_FAILED_SCREEN = "allowed_failed_screen"
    ALLOWED = "allowed"
    PROHIB_NOT_SCREENED = "prohib_not_screened"
    PROHIB_PASSED_SCREEN = "prohib_passed_screen"
    PROHIB_FAILED_SCREEN = "prohib_failed_screen"
    PROHIB = "prohib"
    UNAVAILABLE = "unavailable"

    @property
    def allowed(self) -> bool:
        """Whether the called party may see it."""
        return self.value.startswith("allowed")


@dataclass(frozen=True, slots=True)
class PartyId:
    """A name and number with their presentation; empty strings where unknown."""

    number: str = ""
    name: str = ""
    presentation: Presentation = Presentation.ALLOWED_NOT_SCREENED
    tag: str = ""

    def __bool__(self) -> bool:
        return bool(self.number or self.name)

    def __str__(self) -> str:
        """As in CALLERID(all): `"name" <number>`."""
        if self.name and self.number:
            return f'"{self.name}" <{self.number}>'
        return f"<{self.number}>" if self.number else f'"{self.name}"' if self.name else ""


NOBODY = PartyId()


@dataclass(frozen=True, slots=True)
class Redirecting:
    """How a call came to be diverted, as REDIRECTING() has it."""

    by: PartyId = NOBODY  # who diverted it last: REDIRECTING(from-...)
    to: PartyId = NOBODY  # whom it was diverted to
    orig: PartyId = NOBODY  # who was called first
    reason: str = ""  # of the last diversion, with SIP's words (RFC 5806): no-answer, user-busy ...
    orig_reason: str = ""  # of the first
    count: int = 0

    def __bool__(self) -> bool:
        return bool(self.by or self.to or self.orig)


NOT_REDIRECTED = Redirecting()

# `"name" <number>`, `name <number>`, `<number>`, `"name"`.
_CALLER_ID = re.compile(r'\s*(?:"((?:\\.|[^"\\])*)"|([^<"]*?))?\s*(?:<([^>]*)>?)?\s*', re.DOTALL)
_NUMBER = re.compile(r"[\d*#+().\- ]+")


def parse_caller_id(text: str) -> tuple[str, str]:
    """Name and number of a caller id written in one piece; a lone number counts as one."""
    found = _CALLER_ID.fullmatch(text)
    if found is None:
        return text.strip(), ""
    quoted, plain, number = found.groups()
    if quoted is not None:
        return re.sub(r"\\(.)", r"\1", quoted), (number or "").strip()
    name = (plain or "").strip()
    if number is None and name and _NUMBER.fullmatch(name):
        return "", name
    return name, (number or "").strip()
