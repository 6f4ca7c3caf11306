"""Sending a caller to voicemail by REFER (Asterisk: res_pjsip_send_to_voicemail).

Phones with a key for that (Digium's) say so in the REFER: a Diversion with the reason `send_to_vm`, the
header `X-Digium-Call-Feature: feature_send_to_vm`, or both.  The dialplan of the one who is sent finds the
reason in REDIRECTING(reason) and the header in PJSIP_HEADER().
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from offhook.pbx.party import PartyId
from offhook.sip.identity import diversions

if TYPE_CHECKING:
    from offhook._core import Message
    from offhook.drivers.sip.channel import SipChannel
    from offhook.pbx.channel import Channel

__all__ = ["send_to_voicemail"]

_HEADER = "X-Digium-Call-Feature"
_FEATURE = "feature_send_to_vm"
_REASON = "send-to-vm"


def send_to_voicemail(transferor: SipChannel, refer: Message, transferee: Channel, number: str) -> None:
    """Tell the dialplan of a transferee that it is sent to voicemail, when the REFER says so."""
    from offhook.drivers.sip.channel import SipChannel  # which imports what imports this

    by_reason = any(one.reason.replace("_", "-") == _REASON for one in diversions(refer))
    by_feature = (refer.get(_HEADER) or "").strip().strip('"').lower() == _FEATURE
    if not by_reason and not by_feature:
        return
    before = transferee.redirecting
    by = transferor.caller or PartyId(transferor.dialed)
    transferee.redirecting = replace(
        before, by=by, to=PartyId(number), orig=before.orig or by, reason=_REASON, count=before.count + 1
    )
    if by_feature and isinstance(transferee, SipChannel):
        transferee.extra_headers.append((_HEADER, _FEATURE))
