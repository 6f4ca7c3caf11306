"""What the dialplan sets for one SIP channel: digits, music, codecs, the status of a refusal."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from offhook.config.pjsip.endpoint import DtmfMode
from offhook.pbx.pickup_groups import NO_GROUPS, PickupGroups

if TYPE_CHECKING:
    from offhook.config.pjsip import Endpoint
    from offhook.drivers.sip.channel import SipChannel

__all__ = ["groups_of", "read_setting", "status_named", "write_setting"]

# RFC 3261's names, besides those that HTTP has as well.
_NAMES = {
    "temporarily unavailable": 480,
    "call/transaction does not exist": 481,
    "loop detected": 482,
    "too many hops": 483,
    "address incomplete": 484,
    "ambiguous": 485,
    "busy here": 486,
    "request terminated": 487,
    "not acceptable here": 488,
    "request pending": 491,
    "server internal error": 500,
    "server time-out": 504,
    "busy everywhere": 600,
    "decline": 603,
    "does not exist anywhere": 604,
}


def status_named(text: str) -> int:
    """A status from 400 to 699 by number or name.  ValueError for what is none."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        status = int(text[:4])
    else:
        name = text.lower().replace("_", " ")
        status = _NAMES.get(name, 0) or next(
            (one.value for one in HTTPStatus if one.phrase.lower() == name), 0
        )
    if not 400 <= status <= 699:
        raise ValueError(f"{text!r} is no SIP status from 400 to 699")
    return status


def read_setting(channel: SipChannel, name: str) -> str:
    """One of dtmf_mode, moh_passthrough, transfer_handling, media_offer."""
    match name:
        case "dtmf_mode":
            return channel.endpoint.dtmf_mode.value
        case "moh_passthrough":
            return "yes" if channel.music_passes else "no"
        case "media_offer":
            return ",".join(channel.leg_media.offered_names)
        case _:
            return "ari-only" if channel.asks_program else "core"


def write_setting(channel: SipChannel, name: str, value: str) -> None:
    """Change one for this channel.  ValueError for what it cannot be."""
    match name:
        case "dtmf_mode":
            channel.endpoint = replace(channel.endpoint, dtmf_mode=DtmfMode(value.lower()))
            channel.choose_digits()
        case "moh_passthrough":
            if value.lower() not in ("yes", "no", "true", "false", "1", "0", "on", "off"):
                raise ValueError(f"{value!r} is neither yes nor no")
            channel.music_passes = value.lower() in ("yes", "true", "1", "on")
        case "media_offer":
            names = [one.strip().lower() for one in value.split(",") if one.strip() not in ("", "!all")]
            if not names:
                raise ValueError("a codec is needed")
            channel.leg_media.offer_only(names)
        case _:
            if value.lower() not in ("core", "ari-only"):
                raise ValueError(f"transfers are carried out by core or ari-only, not by {value!r}")
            channel.asks_program = value.lower() == "ari-only"


def groups_of(endpoint: Endpoint) -> PickupGroups:
    """Whose calls it may pick up, and who may pick up its own."""
    found = PickupGroups(
        endpoint.call_group,
        endpoint.pickup_group,
        endpoint.named_call_group,
        endpoint.named_pickup_group,
    )
    return found if any(found) else NO_GROUPS
