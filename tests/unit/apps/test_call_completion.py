"""Call completion: Dial() offers it, the dialplan requests it, and the caller is called when it is time."""

from __future__ import annotations

import pytest

from offhook.config.files.ccss import CcssConf
from offhook.features.call_completion import events
from offhook.pbx.causes import Cause

PLAN = """
[default]
exten => _2XX,1,Set(CALLCOMPLETION(cc_agent_policy)=generic)
 same => n,Set(CALLCOMPLETION(cc_monitor_policy)=generic)
 same => n,ExecIf($["${SETTING}" != ""]?Set(CALLCOMPLETION(${CUT(SETTING,:,1)})=${CUT(SETTING,:,2)}))
 same => n,Dial(Fake/${EXTEN},20)
 same => n,Set(GLOBAL(status)=${DIALSTATUS})
 same => n,Hangup()
exten => 30,1,CallCompletionRequest()
 same => n,Set(GLOBAL(said)=${CC_REQUEST_RESULT} ${CC_REQUEST_REASON})
 same => n,Wait(2)
exten => 31,1,CallCompletionCancel()
 same => n,Set(GLOBAL(said)=${CC_CANCEL_RESULT} ${CC_CANCEL_REASON})
exten => 40,1,Wait(100000)
"""
NAMES = [name for name in events.__all__ if name != "CompletionAcknowledged"]


class Scene:
    """An office with phones, whose events are kept."""

    def __init__(self, office, plan: str = PLAN, **setting: str) -> None:
        self.o = office(plan)
        for name, value in setting.items():
            self.o.runner.globals["SETTING"] = f"{name}:{value}"
        self.told: list[tuple[str, ...]] = []
        for name in NAMES:
            self.o.pbx.bus.listen(getattr(events, name), self._tell)
        for number in ("100", "101", "102", "200", "201"):
            self.o.phone(number, rings=0.1)

    def _tell(self, event) -> None:
        values = [getattr(event, name) for name in event.__dataclass_fields__ if name != "core_id"]
        self.told.append((type(event).__name__, *map(str, values)))

    @property
    def names(self) -> list[str]:
        return [one[0] for one in self.told]

    def state(self, caller: str = "100") -> str:
        return next((one.state.value for one in self.o.completion if one.caller == f"Fake/{caller}"), "")

    async def dial(self, number: str, caller: str = "100", seconds: float = 1):
        channel = self.o.call(number, number=caller)
        await self.o.settle(seconds)
        return channel

    async def busy(self, number: str = "200"):
        """A phone is on another call, and refuses others."""
        self.o.phones[number].refuses = (0.1, Cause.USER_BUSY)
        return await self.dial("40", number)

    async def free(self, channel) -> None:
        """It hangs up, and would answer."""
        phone = self.o.phones[channel.device.partition("/")[2]]
        phone.refuses, phone.answers = None, 1
        channel.far_end_hung_up(16)
        await self.o.settle(0.5)

    async def fails(self, number: str = "200", caller: str = "100") -> None:
        """A call to a phone that is busy."""
        channel = await self.dial(number, caller)
        assert channel.ended

    async def request(self, caller: str = "100", seconds: float = 5) -> str:
        await self.dial("30", caller, seconds)
        return self.o.runner.globals["said"].strip()

    def leg(self, number: str):
        return self.o.phones[number].legs[-1]

    def is_called(self, number: str) -> bool:
        phone = self.o.phones[number]
        return bool(phone.legs) and not phone.legs[-1].ended


async def test_busy_then_called_back(office) -> None:
    s = Scene(office)
    bob = await s.busy()
    await s.fails()
    assert s.o.runner.globals["status"] == "BUSY"
    assert s.state() == "offered"
    assert await s.request() == "SUCCESS"
    assert s.state() == "active"
    await s.free(bob)
    alice = s.leg("100")
    assert s.is_called("100")
    assert alice.shown[-1].number == "200"  # her phone shows whom she wanted
    alice.answered()
    await s.o.settle(2)
    bob_leg = s.leg("200")
    assert alice.bridge.other(alice) is bob_leg
    assert bob_leg.connected.number == "100"
    assert (alice.variables["CC_EXTEN"], alice.variables["CC_CONTEXT"]) == ("200", "default")
    assert alice.variables["CC_INTERFACES"] == "Fake/200"
    assert s.told == [
        ("CompletionAvailable", "Fake/200", "CCBS"),
        ("CompletionOffered", "Fake/100", "20"),
        ("CompletionRequested", "Fake/100", "Fake/200"),
        ("CompletionRecalling", "Fake/100"),
        ("CompletionEnded", "Fake/100"),
        ("CompletionAvailable", "Fake/200", "CCNR"),  # of an answered call, too: it may be a machine
    ]
    alice.far_end_hung_up(16)
    await s.o.settle(30)
    assert s.state() == ""


async def test_no_answer_then_the_phone_is_used(office) -> None:
    s = Scene(office)
    await s.dial("200", seconds=25)
    assert s.o.runner.globals["status"] == "NOANSWER"
    assert await s.request() == "SUCCESS"
    await s.o.settle(100)
    assert s.state() == "active"  # free, but nobody is there
    bob = await s.dial("40", "200")
    await s.free(bob)
    assert s.state() == "recalling"
    s.leg("100").answered()
    await s.o.settle(2)
    assert s.names[-2:] == ["CompletionEnded", "CompletionAvailable"]


async def test_the_caller_gives_up_while_it_rings(office) -> None:
    s = Scene(office)
    alice = await s.dial("200", seconds=3)
    alice.far_end_hung_up(16)
    await s.o.settle(1)
    assert s.told[-2:] == [
        ("CompletionAvailable", "Fake/200", "CCNR"),
        ("CompletionOffered", "Fake/100", "20"),
    ]


async def test_nothing_without_policies(office) -> None:
    for line in (
        "Set(CALLCOMPLETION(cc_agent_policy)=generic)",
        "Set(CALLCOMPLETION(cc_monitor_policy)=generic)",
    ):
        s = Scene(office, PLAN.replace(line, "NoOp()"))
        await s.busy()
        await s.fails()
        assert await s.request() == "FAIL NO_CORE_INSTANCE"
        assert s.told == []


async def test_disabled(office) -> None:
    s = Scene(office)
    s.o.completion.use(CcssConf(enabled=False))
    await s.busy()
    await s.fails()
    assert s.told == []


@pytest.mark.parametrize(
    "cause", [Cause.UNALLOCATED, Cause.NORMAL_CIRCUIT_CONGESTION, Cause.SUBSCRIBER_ABSENT]
)
async def test_what_cannot_be_reached_cannot_be_waited_for(office, cause: Cause) -> None:
    s = Scene(office)
    s.o.phone("200", refuses=(0.1, cause))
    await s.fails()
    assert s.told == []


async def test_a_destination_that_is_refused_as_busy_without_a_leg(office) -> None:
    s = Scene(office)
    s.o.phone("200", cannot=Cause.USER_BUSY)
    await s.fails()
    assert s.told[0] == ("CompletionAvailable", "Fake/200", "CCBS")


async def test_the_offer_ends(office) -> None:
    s = Scene(office, cc_offer_timer="5")
    await s.busy()
    await s.fails()
    await s.o.settle(6)
    assert await s.request() == "FAIL NO_CORE_INSTANCE"
    assert s.told[-1] == ("CompletionFailed", "Fake/100", "the caller did not request it in time")


async def test_requested_in_the_same_call(office) -> None:
    s = Scene(office, PLAN.replace(" same => n,Hangup()\n", " same => n,Goto(30,1)\n"))
    bob = await s.busy()
    alice = await s.dial("200", seconds=1)
    assert not alice.ended
    assert s.state() == "active"
    await s.o.settle(5)
    await s.free(bob)
    assert s.is_called("100")


async def test_cancelled_by_the_caller(office) -> None:
    s = Scene(office)
    bob = await s.busy()
    await s.fails()
    await s.request()
    await s.dial("31")
    assert s.o.runner.globals["said"].strip() == "SUCCESS"
    await s.free(bob)
    assert s.o.phones["100"].legs == []
    await s.dial("31")
    assert s.o.runner.globals["said"] == "FAIL NO_CORE_INSTANCE"


async def test_cancelled_while_the_caller_is_called(office) -> None:
    s = Scene(office)
    bob = await s.busy()
    await s.fails()
    await s.request()
    await s.free(bob)
    assert s.is_called("100")
    [one] = s.o.completion
    assert s.o.completion.cancel_core(one.core_id)
    await s.o.settle(0.1)
    assert not s.is_called("100")
    assert not s.o.completion.cancel_core(one.core_id)


@pytest.mark.parametrize("timer", ["ccbs", "ccnr"])
async def test_the_called_party_is_never_free(office, timer: str) -> None:
    s = Scene(office, **{f"{timer}_available_timer": "600"})
    if timer == "ccbs":
        await s.busy()
    await s.dial("200", seconds=25 if timer == "ccnr" else 1)
    assert await s.request(seconds=0.5) == "SUCCESS"
    s.told.clear()
    await s.o.settle(599)
    assert s.told == []
    await s.o.settle(1)
    assert s.told == [
        ("MonitorFailed", "Fake/200"),
        ("CompletionFailed", "Fake/100", "no called party was free in time"),
    ]


async def test_the_caller_is_busy_when_it_is_time(office) -> None:
    s = Scene(office)
    bob = await s.busy()
    await s.fails()
    await s.request()
    alice = await s.dial("40")
    await s.free(bob)
    assert s.state() == "caller_busy"
    assert s.o.phones["100"].legs == []
    alice.far_end_hung_up(16)
    await s.o.settle(0.5)
    assert s.is_called("100")
    assert s.names[-3:] == ["MonitoringCallerBegan", "MonitoringCallerEnded", "CompletionRecalling"]


async def test_the_caller_does_not_answer(office) -> None:
    s = Scene(office, cc_recall_timer="8")
    bob = await s.busy()
    await s.fails()
    await s.request()
    await s.free(bob)
    await s.o.settle(7)
    assert s.is_called("100")
    await s.o.settle(1)
    assert not s.is_called("100")
    assert s.told[-1] == ("CompletionFailed", "Fake/100", "the caller did not answer the recall (NOANSWER)")


async def test_the_callers_phone_refuses_as_busy(office) -> None:
    s = Scene(office)
    bob = await s.busy()
    await s.fails()
    await s.request()
    s.o.phones["100"].refuses = (0.2, Cause.USER_BUSY)
    await s.free(bob)
    await s.o.settle(60)
    assert len(s.o.phones["100"].legs) == 1
    assert s.state() == "caller_busy"
    alice = await s.dial("40")
    s.o.phones["100"].refuses = None
    alice.far_end_hung_up(16)
    await s.o.settle(1)
    assert s.is_called("100")


async def test_the_caller_cannot_be_recalled(office) -> None:
    s = Scene(office, cc_agent_dialstring="Nothing/100")
    bob = await s.busy()
    await s.fails()
    await s.request()
    await s.free(bob)
    assert s.told[-1][:2] == ("CompletionFailed", "Fake/100")
    assert "Nothing" in s.told[-1][2]


async def test_busy_again_at_the_recall(office) -> None:
    s = Scene(office)
    bob = await s.busy()
    await s.fails()
    await s.request()
    await s.free(bob)
    s.told.clear()
    s.o.phones["200"].refuses = (0.1, Cause.USER_BUSY)
    s.leg("100").answered()
    await s.o.settle(1)
    assert s.told == [
        ("CompletionFailed", "Fake/100", "the called party did not answer the recall"),
        ("CompletionAvailable", "Fake/200", "CCBS"),
        ("CompletionOffered", "Fake/100", "20"),
    ]
    assert await s.request() == "SUCCESS"  # once more


async def test_the_caller_hangs_up_before_the_other_is_called(office) -> None:
    s = Scene(office, PLAN.replace("exten => _2XX,1,", "exten => _2XX,1,Wait(${CC_EXTEN:2}3)\n same => n,"))
    bob = await s.busy()
    await s.dial("200", seconds=5)
    await s.request()
    await s.free(bob)
    alice = s.leg("100")
    alice.answered()
    await s.o.settle(1)
    alice.far_end_hung_up(16)
    await s.o.settle(1)
    assert s.told[-1] == (
        "CompletionFailed", "Fake/100", "the caller hung up before the called party was called",
    )  # fmt: skip
    assert s.o.phones["200"].legs[-1].ended


async def test_two_callers_wait_for_one(office) -> None:
    s = Scene(office)
    bob = await s.busy()
    for caller in ("100", "101"):
        await s.fails(caller=caller)
        await s.request(caller)
    await s.free(bob)
    assert s.is_called("100")
    assert s.o.phones["101"].legs == []
    s.leg("100").answered()
    await s.o.settle(3)
    assert s.o.phones["101"].legs == []  # they talk
    s.leg("100").far_end_hung_up(16)
    await s.o.settle(1)
    assert s.is_called("101")
    s.leg("101").answered()
    await s.o.settle(2)
    assert s.leg("101").bridge.other(s.leg("101")) is s.leg("200")


async def test_limits(office) -> None:
    s = Scene(office, cc_max_monitors="1")
    s.o.completion.use(CcssConf(cc_max_requests=1))
    await s.busy()
    await s.busy("201")
    await s.fails()
    await s.fails("201", "101")
    assert await s.request() == "SUCCESS"
    assert await s.request("101") == "FAIL TOO_MANY_REQUESTS"
    s.told.clear()
    await s.fails("200", "102")  # one waits for 200 already
    await s.fails("201", "100")  # and 100 has a request
    assert s.told == []
    assert await s.request("100") == "FAIL UNSPECIFIED"


async def test_the_callback_subroutine_and_macro(office) -> None:
    more = """
[said]
exten => s,1,Set(GLOBAL(sub)=${ARG1} ${CC_EXTEN} ${CC_CONTEXT} ${CC_INTERFACES})
 same => n,Return()
[macro-back]
exten => s,1,Set(GLOBAL(macro)=${CALLERID(num)})
"""
    lines = (
        "Set(CALLCOMPLETION(cc_callback_sub)=said,s,1(hello))",
        "Set(CALLCOMPLETION(cc_callback_macro)=back)",
    )
    plan = PLAN.replace(
        " same => n,Dial(", "".join(f" same => n,{one}\n" for one in lines) + " same => n,Dial("
    )
    s = Scene(office, plan + more)
    bob = await s.busy()
    await s.fails()
    await s.request()
    await s.free(bob)
    s.leg("100").answered()
    await s.o.settle(2)
    assert s.o.runner.globals["sub"] == "hello 200 default Fake/200"
    assert s.o.runner.globals["macro"] == "100"
    assert s.leg("100").bridge is not None


async def test_a_callback_subroutine_that_hangs_up(office) -> None:
    s = Scene(office, PLAN + "[no]\nexten => s,1,Hangup()\n", cc_callback_sub="no,s,1")
    bob = await s.busy()
    await s.fails()
    await s.request()
    await s.free(bob)
    s.leg("100").answered()
    await s.o.settle(1)
    assert s.leg("100").ended
    assert s.told[-1][0] == "CompletionFailed"


async def test_the_recall_goes_where_was_dialled_not_into_subroutines(office) -> None:
    more = "[sub]\nexten => s,1,Dial(Fake/${ARG1},20)\n same => n,Return()\n"
    more += "[macro-sub]\nexten => s,1,Gosub(sub,s,1(${ARG1}))\n"
    for how in ("Gosub(sub,s,1(${EXTEN}))", "Macro(sub,${EXTEN})"):
        s = Scene(office, PLAN.replace("Dial(Fake/${EXTEN},20)", how) + more)
        await s.busy()
        await s.fails()
        [one] = s.o.completion
        assert (one.agent.context, one.agent.exten) == ("default", "200")


async def test_through_local_channels(office) -> None:
    more = """
exten => 300,1,Set(CALLCOMPLETION(cc_agent_policy)=generic)
 same => n,Set(CALLCOMPLETION(cc_monitor_policy)=always)
 same => n,Set(there=${CC_INTERFACES})
 same => n,Dial(${IF($["${CC_INTERFACES}" = ""]?Local/7200@inner&Fake/102:${CC_INTERFACES})},20)
[inner]
exten => _7XXX,1,Set(GLOBAL(inner)=${CC_INTERFACES})
 same => n,Dial(Fake/${EXTEN:1}&Fake/201,20)
"""
    s = Scene(office, PLAN + more)
    bob, carol = await s.busy(), await s.busy("201")
    s.o.phone("102", refuses=(0.1, Cause.UNALLOCATED))
    await s.dial("300")
    assert s.told[:2] == [
        ("CompletionAvailable", "Fake/200", "CCBS"),
        ("CompletionAvailable", "Fake/201", "CCBS"),
    ]
    await s.request()
    await s.free(carol)
    s.leg("100").answered()
    await s.o.settle(3)
    assert s.leg("100").variables["CC_INTERFACES"] == "Local/7200@inner"
    assert s.o.runner.globals["inner"] == "Fake/200&Fake/201"
    assert s.leg("201").bridge is not None
    assert s.names.count("CompletionEnded") == 1
    bob.far_end_hung_up(16)


async def test_recalled_by_another_dial_string(office) -> None:
    more = "[back]\nexten => 100,1,Dial(Fake/101,20)\n"
    s = Scene(office, PLAN + more, cc_agent_dialstring="Local/100@back")
    bob = await s.busy()
    await s.fails()
    await s.request()
    await s.free(bob)
    assert s.is_called("101")
    s.leg("101").answered()
    await s.o.settle(3)
    assert s.leg("200").bridge is not None
    assert "CompletionEnded" in s.names


async def test_settings_of_the_called_party_count_more(office) -> None:
    more = "[its]\nexten => s,1,Set(CALLCOMPLETION(cc_monitor_policy)=never)\n same => n,Return()\n"
    s = Scene(office, PLAN.replace(",20)", ",20,b(its^s^1))") + more)
    await s.busy()
    await s.fails()
    assert s.told == []


async def test_a_phone_that_diverts(office) -> None:
    s = Scene(office)
    s.o.phone("200", forwards=(0.1, ("Fake/201",)))
    await s.busy("201")
    await s.fails()
    assert s.told[0] == ("CompletionAvailable", "Fake/200", "CCNR")
    assert "Fake/201" not in str(s.told)


async def test_only_the_first_dial_of_an_extension(office) -> None:
    s = Scene(office, PLAN.replace(" same => n,Hangup()\n", " same => n,Dial(Fake/201,20)\n"))
    await s.busy()
    await s.busy("201")
    await s.fails()
    assert [one for one in s.told if one[0] == "CompletionAvailable"] == [
        ("CompletionAvailable", "Fake/200", "CCBS")
    ]


async def test_the_state_is_a_device(office) -> None:
    s = Scene(office, PLAN + "exten => *100,hint,ccss:Fake/100\n")
    s.o.completion.use(CcssConf(cc_offered_devstate="RINGING", cc_failed_devstate="BUSY"))
    seen: list[str] = []
    s.o.hints.watch("*100", "default", lambda hint: seen.append(hint.state.text))
    assert s.o.devices.state("ccss:Fake/100").name == "UNKNOWN"
    bob = await s.busy()
    await s.fails()
    await s.request()
    alice = await s.dial("40")
    await s.free(bob)
    alice.far_end_hung_up(16)
    await s.o.settle(30)  # she does not answer
    assert seen == ["Ringing", "Idle", "InUse", "Hold", "InUse", "Ringing", "Busy"]
    s.o.completion.use(CcssConf())
    assert seen[-1] == "Idle"


async def test_the_end_of_the_node(office) -> None:
    s = Scene(office)
    bob = await s.busy()
    await s.fails()
    await s.request()
    await s.free(bob)
    assert s.is_called("100")
    await s.o.completion.close()
    assert not s.is_called("100")
    assert (list(s.o.completion), s.o.devices.followed) == ([], ())


async def test_the_function(office) -> None:
    s = Scene(office)
    alice = await s.dial("40")
    call = s.o.runner.call_on(alice)
    assert call.get("CALLCOMPLETION(cc_agent_policy)") == "never"
    assert call.get("CALLCOMPLETION(ccnr_available_timer)") == "7200"
    call.assign("CALLCOMPLETION(CC_Offer_Timer)", "33")
    assert call.get("CALLCOMPLETION(cc_offer_timer)") == "33"
    for name, value in (("cc_offer_timr", "1"), ("cc_offer_timer", "soon"), ("cc_agent_policy", "sometimes")):
        with pytest.raises(Exception, match="CALLCOMPLETION"):
            call.assign(f"CALLCOMPLETION({name})", value)
    alice.far_end_hung_up(16)
    await s.o.ended(alice)
