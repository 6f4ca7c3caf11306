"""Advice of charge: what a call costs, as a party is told (ISDN's AOC-S, AOC-D and AOC-E; 3GPP TS 24.647).

S at the beginning or when the tariff changes: what is charged and at which rates.  D during the call: what
has been charged so far.  E at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

__all__ = [
    "Advice",
    "Amount",
    "Billing",
    "Charge",
    "ChargedItem",
    "Item",
    "Phase",
    "Rate",
    "RateKind",
    "Span",
]


class Phase(StrEnum):
    """When an advice is given."""

    START = "S"
    DURING = "D"
    END = "E"


class Billing(StrEnum):
    """Who or what makes a call cost something else than usual."""

    NORMAL = "Normal"
    REVERSE = "ReverseCharge"
    CREDIT_CARD = "CreditCard"
    FORWARD_UNCONDITIONAL = "CallFwdUnconditional"
    FORWARD_BUSY = "CallFwdBusy"
    FORWARD_NO_REPLY = "CallFwdNoReply"
    DEFLECTION = "CallDeflection"
    TRANSFER = "CallTransfer"


class Item(StrEnum):
    """What is charged."""

    NOT_AVAILABLE = "NA"
    SPECIAL_ARRANGEMENT = "SpecialArrangement"
    BASIC = "BasicCommunication"
    ATTEMPT = "CallAttempt"
    SETUP = "CallSetup"
    USER_INFO = "UserUserInfo"
    SERVICE = "SupplementaryService"


class RateKind(StrEnum):
    """How it is charged."""

    NOT_AVAILABLE = "NA"
    FREE = "Free"
    FREE_FROM_BEGINNING = "FreeFromBeginning"
    DURATION = "Duration"
    FLAT = "Flat"
    VOLUME = "Volume"
    SPECIAL_CODE = "SpecialCode"


@dataclass(frozen=True, slots=True)
class Amount:
    """So much of a currency; of charging units when it has no name."""

    amount: Decimal
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Charge:
    """What has been charged: an amount, nothing (`free`), or it is not known."""

    amount: Amount | None = None
    free: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """So many units of time, of a scale by Asterisk's name: Second, TenSeconds, Minute ..."""

    length: int
    scale: str


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate of a tariff."""

    kind: RateKind
    price: Amount | None = None  # DURATION, FLAT, VOLUME
    per: Span | None = None  # DURATION
    granularity: Span | None = None
    steps: bool = False  # charged in steps, not continuously
    unit: str = ""  # VOLUME: Octet, Segment, Message
    code: int = 0  # SPECIAL_CODE, and SPECIAL_ARRANGEMENT


@dataclass(frozen=True, slots=True)
class ChargedItem:
    """One item of a tariff."""

    item: Item
    rate: Rate


@dataclass(frozen=True, slots=True)
class Advice:
    """One advice of charge."""

    phase: Phase
    charge: Charge = Charge()  # D and E
    total: bool = False  # D: this is all there will be
    billing: Billing | None = None
    association: str = ""  # E: the number, or id, of the call whose charges these are
    items: tuple[ChargedItem, ...] = ()  # S
