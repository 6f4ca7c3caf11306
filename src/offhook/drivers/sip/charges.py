"""Advice of charge to SIP phones (send_aoc; 3GPP TS 24.647): XML in INFO, in the answer, in and after BYE.

S goes with the 2xx of the INVITE when the call has not been answered, else in an INFO.  D goes in an INFO at
once, and what was told last once more, as the total, when the call ends.  E is told when it ends: in our BYE
or in the answer to the peer's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from offhook.pbx.charges import Amount, Billing, Item, Phase, RateKind

if TYPE_CHECKING:
    from offhook.pbx.charges import Advice, Charge, Rate, Span
    from offhook.sip.invite import InviteSession

__all__ = ["AOC_TYPE", "ToldCharges", "document"]

AOC_TYPE = "application/vnd.etsi.aoc+xml"

_NAMESPACE = "http://uri.etsi.org/ngn/params/xml/simservs/aoc"
_BILLING = {
    Billing.NORMAL: "normal-charging",
    Billing.REVERSE: "reverse-charging",
    Billing.CREDIT_CARD: "credit-card-charging",
    Billing.FORWARD_UNCONDITIONAL: "call-forwarding-unconditional",
    Billing.FORWARD_BUSY: "call-forwarding-busy",
    Billing.FORWARD_NO_REPLY: "call-forwarding-no-reply",
    Billing.DEFLECTION: "call-deflection",
    Billing.TRANSFER: "call-transfer",
}
_SCALES = {
    "OneHundredthSecond": "one-hundredth-second",
    "OneTenthSecond": "one-tenth-second",
    "Second": "one-second",
    "TenSeconds": "ten-seconds",
    "Minute": "one-minute",
    "Hour": "one-hour",
    "Day": "twenty-four-hours",
}
_ITEMS = {
    Item.BASIC: "basic",
    Item.ATTEMPT: "communication-attempt",
    Item.SETUP: "communication-setup",
    Item.SERVICE: "services",
}


def document(advice: Advice) -> bytes:
    """An advice as the phone reads it."""
    root = ElementTree.Element("aoc", {"xmlns": _NAMESPACE})
    if advice.phase is Phase.START:
        _tariff(_child(root, "aoc-s"), advice)
    elif advice.phase is Phase.DURING:
        body = _child(root, "aoc-d")
        _child(body, "charging-info", "total" if advice.total else "subtotal")
        _recorded(body, advice.charge)
        _billing(body, advice)
    else:
        body = _child(root, "aoc-e")
        _recorded(body, advice.charge)
        _billing(body, advice)
        if advice.association:
            _child(_child(body, "charging-association"), "charging-association-number", advice.association)
    ElementTree.indent(root, " ")
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def _child(parent: ElementTree.Element, name: str, text: str | None = None) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, name)
    element.text = text
    return element


def _amount(parent: ElementTree.Element, amount: Amount) -> None:
    _child(parent, "currency-id", amount.currency or "UNIT")
    _child(parent, "currency-amount", format(amount.amount, "f"))


def _recorded(parent: ElementTree.Element, charge: Charge) -> None:
    recorded = _child(parent, "recorded-charges")
    if charge.free:
        _child(recorded, "free-charge")
    elif charge.amount is None:
        _child(recorded, "not-available")
    else:
        _amount(_child(recorded, "recorded-currency-units"), charge.amount)


def _billing(parent: ElementTree.Element, advice: Advice) -> None:
    if advice.billing is not None:
        _child(parent, "billing-id", _BILLING[advice.billing])


def _tariff(parent: ElementTree.Element, advice: Advice) -> None:
    for one in advice.items:
        if one.item is Item.SPECIAL_ARRANGEMENT:
            _child(parent, "special-arrangement", str(one.rate.code))
    charged = [one for one in advice.items if one.item in _ITEMS]
    if charged:
        items = _child(parent, "charged-items")
        for one in charged:
            _rate(_child(items, _ITEMS[one.item]), one.rate)


def _rate(parent: ElementTree.Element, rate: Rate) -> None:
    price = rate.price
    match rate.kind:
        case RateKind.FREE | RateKind.FREE_FROM_BEGINNING:
            _child(parent, "free-charge")
        case RateKind.SPECIAL_CODE:
            _child(parent, "special-code", str(rate.code))
        case RateKind.FLAT if price is not None:
            _amount(_child(parent, "flat-rate"), price)
        case RateKind.DURATION if price is not None and rate.per is not None:
            timed = _child(parent, "price-time")
            _amount(timed, price)
            _span(timed, "length-time-unit", rate.per)
            _child(timed, "charging-type", "step-function" if rate.steps else "continuous")
            if rate.granularity is not None:
                _span(timed, "granularity", rate.granularity)
        case _:
            _child(parent, "not-available")


def _span(parent: ElementTree.Element, name: str, span: Span) -> None:
    element = _child(parent, name)
    _child(element, "time-unit", str(span.length))
    _child(element, "scale", _SCALES[span.scale])


class ToldCharges:
    """What the peer of one leg has been told, and is still to be told."""

    def __init__(self) -> None:
        self.waiting: Advice | None = None  # an S that came before the answer

    def tell(self, session: InviteSession, advice: Advice) -> None:
        """Tell the peer at once what can be told at once, and the rest when its time comes."""
        match advice.phase:
            case Phase.START if not session.answered:
                self.waiting = advice
            case Phase.END:
                session.farewell = AOC_TYPE, document(advice)
            case _:
                if session.answered:
                    session.send_info(AOC_TYPE, document(advice))
                if advice.phase is Phase.DURING:
                    session.farewell = AOC_TYPE, document(replace(advice, total=True))

    def with_the_answer(self) -> tuple[str, bytes] | None:
        """What goes with the 2xx of an incoming call."""
        advice, self.waiting = self.waiting, None
        return None if advice is None else (AOC_TYPE, document(advice))

    def answered(self, session: InviteSession) -> None:
        """An outgoing call was answered: what waited is told."""
        advice, self.waiting = self.waiting, None
        if advice is not None:
            self.tell(session, advice)
