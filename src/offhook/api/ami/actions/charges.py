"""AOCMessage: tell a party what its call costs."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, TypeVar

from offhook.api.ami.declare import ActionError, Request, action
from offhook.pbx.charges import (
    Advice,
    Amount,
    Billing,
    Charge,
    ChargedItem,
    Item,
    Phase,
    Rate,
    RateKind,
    Span,
)
from offhook.pbx.events import ChargeAdvised

if TYPE_CHECKING:
    from collections.abc import Iterable
    from enum import StrEnum

    from offhook.pbx.channel import Channel

__all__: list[str] = []

E = TypeVar("E", bound="StrEnum")

_MULTIPLIERS = {
    "onethousandth": Decimal("0.001"),
    "onehundredth": Decimal("0.01"),
    "onetenth": Decimal("0.1"),
    "one": Decimal(1),
    "ten": Decimal(10),
    "hundred": Decimal(100),
    "thousand": Decimal(1000),
}
_SCALES = ("OneHundredthSecond", "OneTenthSecond", "Second", "TenSeconds", "Minute", "Hour", "Day")
_UNIT_AMOUNT = re.compile(r"unitamount\(\d{1,4}\)", re.IGNORECASE)


@action("AOCMessage", "aoc", headers={"aoc_billing_id": "AOCBillingId"})
def advice_of_charge(
    request: Request,
    msg_type: str,
    channel: str = "",
    channel_prefix: str = "",
    charge_type: str = "",
    unit_amount: str = "",
    unit_type: str = "",
    currency_name: str = "",
    currency_amount: str = "",
    currency_multiplier: str = "",
    total_type: str = "",
    aoc_billing_id: str = "",
    charging_association_id: str = "",
    charging_association_number: str = "",
    charging_association_plan: str = "",
    charged_item: tuple[str, ...] = (),
    rate_type: tuple[str, ...] = (),
    time: tuple[str, ...] = (),
    time_scale: tuple[str, ...] = (),
    granularity: tuple[str, ...] = (),
    granularity_time_scale: tuple[str, ...] = (),
    charging_type: tuple[str, ...] = (),
    volume_unit: tuple[str, ...] = (),
    code: tuple[str, ...] = (),
) -> str:
    """Give a channel's party an advice of charge, where its technology has such a thing (send_aoc).

    Args:
        msg_type: S (tariff), D (charged so far) or E (charged at the end).
        channel: its name; or
        channel_prefix: the beginning of it: the first channel that begins so is meant.
        charge_type: D, E: NA, Free, Currency or Unit.
        unit_amount: D, E: `UnitAmount(0)`, `UnitAmount(1)` ...: numbers of charging units.
        unit_type: D, E: `UnitType(0)` ...: their types, which SIP has no word for.
        currency_name: three letters.
        currency_amount: a whole number; times
        currency_multiplier: OneThousandth, OneHundredth, OneTenth, One, Ten, Hundred or Thousand.
        total_type: D: Total or SubTotal.
        aoc_billing_id: Normal, ReverseCharge, CreditCard, CallFwdUnconditional, CallFwdBusy, CallFwdNoReply,
            CallDeflection or CallTransfer.
        charging_association_id: E: the call whose charges these are.
        charging_association_number: E: the same by its number.
        charging_association_plan: E: the numbering plan of that number.
        charged_item: S: begins an item: BasicCommunication, CallAttempt, CallSetup, SpecialArrangement,
            UserUserInfo, SupplementaryService or NA.  What follows up to the next one belongs to it.
        rate_type: S: NA, Free, FreeFromBeginning, Duration, Flat, Volume or SpecialCode.
        time: S, Duration: the length of a unit of time, in
        time_scale: OneHundredthSecond, OneTenthSecond, Second, TenSeconds, Minute, Hour or Day.
        granularity: S, Duration: the step of time that is charged, in
        granularity_time_scale: the same words.
        charging_type: S, Duration: ContinuousCharging or StepFunction.
        volume_unit: S, Volume: Octet, Segment or Message.
        code: S: the code of a SpecialCode or SpecialArrangement.
    """
    target = _target(request, channel, channel_prefix)
    phase = _word(Phase, "MsgType", msg_type)
    if phase is Phase.START:
        advice = Advice(phase, items=tuple(_items(request.message.headers)))
        if not advice.items:
            raise ActionError("ChargedItem not specified")
    else:
        units = [value for name, value in request.message.headers if _UNIT_AMOUNT.fullmatch(name)]
        money = (currency_name, currency_amount, currency_multiplier)
        advice = Advice(
            phase,
            _charge(charge_type, units, money),
            total_type.lower() == "total",
            _word(Billing, "AOCBillingId", aoc_billing_id) if aoc_billing_id else None,
            charging_association_number or charging_association_id,
        )
    told = target.advise_of_charge(advice)
    target.pbx.bus.emit(ChargeAdvised, target, advice, told)
    return "AOC Message successfully queued on channel"


def _target(request: Request, name: str, prefix: str) -> Channel:
    if not name and not prefix:
        raise ActionError("Channel and PartialChannel are not specified. Specify at least one of these.")
    found = request.pbx.channel(name) if name else None
    if found is None and prefix:
        found = next((one for key, one in request.pbx.channels.items() if key.startswith(prefix)), None)
    if found is None:
        raise ActionError("No such channel")
    return found


def _word(kind: type[E], header: str, text: str) -> E:
    for one in kind:
        if one.value.lower() == text.strip().lower():
            return one
    raise ActionError(f"Invalid {header}: {text!r} is none of {', '.join(one.value for one in kind)}")


def _number(header: str, text: str) -> Decimal:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number < 0 or number.adjusted() > 12:
        raise ActionError(f"Invalid {header}: {text!r}")
    return number


def _money(name: str, amount: str, multiplier: str) -> Amount:
    factor = _MULTIPLIERS.get(multiplier.strip().lower())
    if factor is None:
        raise ActionError(f"Invalid CurrencyMultiplier: {multiplier!r}")
    return Amount(_number("CurrencyAmount", amount) * factor, name.strip()[:10])


def _charge(kind: str, units: list[str], money: tuple[str, str, str]) -> Charge:
    match kind.strip().lower():
        case "na":
            return Charge()
        case "free":
            return Charge(free=True)
        case "currency":
            return Charge(_money(*money))
        case "unit":
            if not units:
                raise ActionError("UnitAmount(0) not specified")
            return Charge(Amount(sum((_number("UnitAmount", one) for one in units), Decimal(0))))
        case "":
            raise ActionError("ChargeType not specified")
        case _:
            raise ActionError(f"Invalid ChargeType: {kind!r}")


def _items(headers: Iterable[tuple[str, str]]) -> Iterable[ChargedItem]:
    """The items of a tariff: each begins with ChargedItem."""
    said: dict[str, str] | None = None
    for name, value in headers:
        if name.lower() == "chargeditem":
            if said is not None:
                yield _item(said)
            said = {}
        if said is not None:
            said[name.lower()] = value
    if said is not None:
        yield _item(said)


def _item(said: dict[str, str]) -> ChargedItem:
    item = _word(Item, "ChargedItem", said["chargeditem"])
    code = int(_number("Code", said["code"])) if said.get("code") else 0
    if item is Item.SPECIAL_ARRANGEMENT:
        return ChargedItem(item, Rate(RateKind.SPECIAL_CODE, code=code))
    kind = _word(RateKind, "RateType", said.get("ratetype", "NA"))
    price = per = granularity = None
    if kind in (RateKind.DURATION, RateKind.FLAT, RateKind.VOLUME):
        price = _money(
            said.get("currencyname", ""), said.get("currencyamount", ""), said.get("currencymultiplier", "")
        )
    if kind is RateKind.DURATION:
        per = _span(said, "time", "timescale")
        if per is None:
            raise ActionError("Time not specified")
        granularity = _span(said, "granularity", "granularitytimescale")
    steps = said.get("chargingtype", "").lower() == "stepfunction"
    return ChargedItem(item, Rate(kind, price, per, granularity, steps, said.get("volumeunit", ""), code))


def _span(said: dict[str, str], length: str, scale: str) -> Span | None:
    if not said.get(length):
        return None
    word = said.get(scale, "").strip().lower()
    for known in _SCALES:
        if known.lower() == word:
            return Span(int(_number(length, said[length])), known)
    raise ActionError(f"Invalid {scale}: {word!r} is none of {', '.join(_SCALES)}")
