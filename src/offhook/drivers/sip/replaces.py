"""Replaces (RFC 3891): one leg takes the place of another, which is named by its dialog."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from offhook.sip.invite import InviteSession

if TYPE_CHECKING:
    from offhook.drivers.sip.calls import Calls
    from offhook.drivers.sip.channel import SipChannel

__all__ = ["Replaces", "find_replaced"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Replaces:
    """A Replaces header, seen from the side that has the dialog."""

    call_id: str
    local_tag: str  # to-tag
    remote_tag: str  # from-tag
    early_only: bool = False

    @staticmethod
    def parse(text: str) -> Replaces:
        """Raises ValueError for what is none."""
        call_id, *parts = (part.strip() for part in text.split(";"))
        tags: dict[str, str] = {}
        for part in parts:
            name, _, value = part.partition("=")
            tags[name.strip().lower()] = value.strip()
        if not call_id or not tags.get("to-tag") or not tags.get("from-tag"):
            raise ValueError("Replaces names no dialog")
        return Replaces(call_id, tags["to-tag"], tags["from-tag"], "early-only" in tags)

    def __str__(self) -> str:
        early = ";early-only" if self.early_only else ""
        return f"{self.call_id};to-tag={self.local_tag};from-tag={self.remote_tag}{early}"


def find_replaced(calls: Calls, replaces: Replaces) -> SipChannel | None:
    """The channel whose dialog is named; None when there is none."""
    from offhook.drivers.sip.channel import SipChannel

    usage = calls.driver.ua.find_dialog(replaces.call_id, replaces.local_tag)
    if not isinstance(usage, InviteSession) or not isinstance(usage.listener, SipChannel):
        return None
    dialog = usage.dialog
    if dialog is None or dialog.remote_tag != replaces.remote_tag:
        return None
    channel = usage.listener
    return None if channel.ended else channel
