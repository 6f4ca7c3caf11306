"""Advice of charge: what AOCMessage says, as the phone reads it (send_aoc)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from offhook.api.ami.declare import ACTIONS, ActionError, Request
from offhook.api.ami.protocol import Message as Asked
from offhook.drivers.sip.charges import AOC_TYPE, document
from offhook.pbx.charges import Advice, Amount, Billing, Charge, Phase
from unit.drivers.node import Peer, Switch, phone

ANSWER = (
    "[default]\nexten => now,1,Answer()\n same => n,Echo()\nexten => later,1,Ringing()\n same => n,Wait(60)\n"
)


async def start(switch: Switch, options: str = "send_aoc=yes") -> Peer:
    await switch.start(phone("alice", options), ANSWER)
    return await switch.peer(name="alice")


def say(switch: Switch, *headers: tuple[str, str]) -> object:
    """AOCMessage for alice's channel."""
    from offhook.api.ami import actions

    actions.load()
    action = ACTIONS.get("AOCMessage")
    assert action is not None
    asked = Asked([("Action", "AOCMessage"), ("ChannelPrefix", "PJSIP/alice"), *headers])
    request = Request(asked, None, switch.node)  # type: ignore[arg-type]
    return action.func(request, **action.bind(asked))


MONEY = [("ChargeType", "Currency"), ("CurrencyAmount", "42"), ("CurrencyName", "EUR")]
D = [("MsgType", "D"), *MONEY, ("CurrencyMultiplier", "OneThousandth"), ("TotalType", "SubTotal")]
TARIFF = [
    ("MsgType", "S"),
    ("ChargedItem", "BasicCommunication"),
    ("RateType", "Duration"),
    ("CurrencyAmount", "1337"),
    ("CurrencyMultiplier", "OneTenth"),
    ("Time", "10"),
    ("TimeScale", "Minute"),
    ("ChargingType", "StepFunction"),
    ("Granularity", "1"),
    ("GranularityTimeScale", "Second"),
    ("ChargedItem", "CallAttempt"),
    ("RateType", "Flat"),
    ("CurrencyAmount", "5"),
    ("CurrencyName", "USD"),
    ("CurrencyMultiplier", "Ten"),
    ("ChargedItem", "CallSetup"),
    ("RateType", "Free"),
    ("ChargedItem", "SupplementaryService"),
    ("RateType", "SpecialCode"),
    ("Code", "7"),
    ("ChargedItem", "SpecialArrangement"),
    ("Code", "3"),
]
TARIFF_BODY = """<?xml version="1.0" encoding="UTF-8"?>
<aoc xmlns="http://uri.etsi.org/ngn/params/xml/simservs/aoc">
 <aoc-s>
  <special-arrangement>3</special-arrangement>
  <charged-items>
   <basic>
    <price-time>
     <currency-id>UNIT</currency-id>
     <currency-amount>133.7</currency-amount>
     <length-time-unit>
      <time-unit>10</time-unit>
      <scale>one-minute</scale>
     </length-time-unit>
     <charging-type>step-function</charging-type>
     <granularity>
      <time-unit>1</time-unit>
      <scale>one-second</scale>
     </granularity>
    </price-time>
   </basic>
   <communication-attempt>
    <flat-rate>
     <currency-id>USD</currency-id>
     <currency-amount>50</currency-amount>
    </flat-rate>
   </communication-attempt>
   <communication-setup>
    <free-charge />
   </communication-setup>
   <services>
    <special-code>7</special-code>
   </services>
  </charged-items>
 </aoc-s>
</aoc>
"""


async def test_during_the_call_and_once_more_as_the_total(switch: Switch) -> None:
    alice = await start(switch)
    dialog = await alice.call("now", body=(await switch.audio()).sdp())
    say(switch, *D)
    info = await alice.expect("INFO")
    assert info.content_type == AOC_TYPE
    assert b"<charging-info>subtotal</charging-info>" in info.body
    assert b"<currency-id>EUR</currency-id>\n    <currency-amount>0.042</currency-amount>" in info.body
    alice.answer(info, 200)
    alice.within(dialog, "BYE")
    over = await alice.expect(200, where=lambda message: message.method == "BYE")
    assert over.content_type == AOC_TYPE
    assert over.body == info.body.replace(b"subtotal", b"total")


async def test_at_the_end_in_our_bye(switch: Switch) -> None:
    alice = await start(switch)
    await alice.call("now", body=(await switch.audio()).sdp())
    say(switch, ("MsgType", "E"), ("ChargeType", "Free"), ("AOCBillingId", "CallTransfer"))
    (channel,) = switch.node.pbx.channels.values()
    channel.request_hangup()
    bye = await alice.expect("BYE")
    assert bye.content_type == AOC_TYPE
    assert b"<free-charge />" in bye.body
    assert b"<billing-id>call-transfer</billing-id>" in bye.body
    assert all(message.method != "INFO" for message in alice.got)


async def test_a_tariff_before_the_answer_goes_with_it(switch: Switch) -> None:
    alice = await start(switch)
    alice.request("INVITE", f"sip:later@{alice.server}", body=(await switch.audio()).sdp())
    await alice.expect(180)
    say(switch, *TARIFF)
    (channel,) = switch.node.pbx.channels.values()
    channel.answer()
    answer = await alice.expect(200)
    kinds = dict(answer.parts())
    assert set(kinds) == {"application/sdp", AOC_TYPE}
    assert b"m=audio" in kinds["application/sdp"]
    assert kinds[AOC_TYPE].decode().strip() == TARIFF_BODY.strip()


async def test_a_tariff_during_the_call(switch: Switch) -> None:
    alice = await start(switch)
    await alice.call("now", body=(await switch.audio()).sdp())
    say(switch, *TARIFF)
    assert (await alice.expect("INFO")).body.decode() == TARIFF_BODY


async def test_who_does_not_want_to_know(switch: Switch) -> None:
    alice = await start(switch, "")
    dialog = await alice.call("now", body=(await switch.audio()).sdp())
    say(switch, *D)
    alice.within(dialog, "BYE")
    over = await alice.expect(200, where=lambda message: message.method == "BYE")
    assert not over.body
    assert all(message.method != "INFO" for message in alice.got)


@pytest.mark.parametrize(
    "headers",
    [
        [("MsgType", "X")],
        [("MsgType", "D")],
        [("MsgType", "D"), ("ChargeType", "Gold")],
        [("MsgType", "D"), ("ChargeType", "Unit")],
        [("MsgType", "D"), *MONEY],
        [("MsgType", "D"), *MONEY, ("CurrencyMultiplier", "Twelve")],
        [*D[:2], ("CurrencyAmount", "many"), ("CurrencyMultiplier", "One")],
        [("MsgType", "S")],
        [("MsgType", "S"), ("ChargedItem", "Air")],
        [("MsgType", "S"), ("ChargedItem", "CallSetup"), ("RateType", "Duration")],
        [*D, ("AOCBillingId", "Somebody")],
    ],
)
async def test_refused(switch: Switch, headers: list[tuple[str, str]]) -> None:
    alice = await start(switch)
    await alice.call("now", body=(await switch.audio()).sdp())
    with pytest.raises(ActionError):
        say(switch, *headers)


async def test_nobody_to_tell(switch: Switch) -> None:
    await start(switch)
    with pytest.raises(ActionError, match="No such channel"):
        say(switch, *D)


def test_units_and_what_is_not_known() -> None:
    units = document(Advice(Phase.END, Charge(Amount(Decimal(314))), association="100"))
    assert b"<currency-id>UNIT</currency-id>" in units
    assert b"<charging-association-number>100</charging-association-number>" in units
    unknown = document(Advice(Phase.DURING, Charge(), total=True, billing=Billing.REVERSE))
    assert b"<not-available />" in unknown
    assert b"<charging-info>total</charging-info>" in unknown
    assert b"<billing-id>reverse-charging</billing-id>" in unknown
