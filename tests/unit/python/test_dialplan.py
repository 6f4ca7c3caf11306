"""Extensions in Python: matching, arguments, what they do, going back and forth between the languages."""

from __future__ import annotations

import asyncio
import logging

import pytest

from offhook import Call, Dialplan, DialStatus, errors
from offhook.api.python.steps import add_to


def build(office, script: Dialplan, conf: str = "[default]\n"):
    """A switch with a script beside extensions.conf."""
    o = office(conf)
    o.runner.install(add_to(o.runner.dialplan, [script], o.problems))
    assert not o.problems.errors
    return o


@pytest.fixture
def script():
    return Dialplan()


@pytest.fixture
def default(script):
    return script.context("default")


async def test_an_extension_answers_plays_and_ends(office, script, default):
    @default.extension("500")
    async def welcome(call: Call) -> None:
        call.answer()
        await call.play("welcome", "thanks")

    o = build(office, script)
    alice = o.call("500")
    await o.settle(1)
    assert alice.said == ["welcome", "thanks"]
    assert (alice.application, alice.application_data) == ("Playback", "welcome&thanks")
    await o.ended(alice)
    assert o.now == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize(
    ("pattern", "dialed", "expected"),
    [
        ("_9{number:X.}", "95551234", {"number": "5551234"}),
        ("_{area:0NX}{number:XXXX!}", "0301234567", {"area": "030", "number": "1234567"}),
        ("_6{line:[0-3]XX}", "6-101", {"line": "101"}),
        ("_+{country:XX}-{rest:X.}", "+49301", {"country": "49", "rest": "301"}),
    ],
)
async def test_parts_of_a_pattern_are_parameters(office, script, default, pattern, dialed, expected):
    got = {}
    names = list(expected)
    update = ", ".join(f"{name}={name}" for name in names)
    source = f"async def outside(call, {', '.join(names)}):\n    got.update({update})"
    scope = {"got": got, "__name__": "made"}
    exec(source, scope)
    default.extension(pattern)(scope["outside"])
    o = build(office, script)
    await o.ended(o.call(dialed))
    assert got == expected


async def test_a_lone_parameter_is_the_whole_number_and_int_is_converted(office, script, default):
    got = []

    @default.extension("_6XXX")
    async def whole(call: Call, number: str) -> None:
        got.append(number)

    @default.extension("_7{line:X.}")
    async def line(call: Call, line: int) -> None:
        got.append(line)

    @default.extension("i")
    async def invalid(call: Call) -> None:
        got.append("invalid " + call.variables["INVALID_EXTEN"])

    o = build(office, script)
    for number in ("6001", "7042", "7*1"):
        await o.ended(o.call(number))
    assert got == ["6001", 42, "invalid 7*1"]


def test_what_cannot_be_an_extension_is_refused_with_its_place(default):
    with pytest.raises(errors.DefinitionError, match="no coroutine"):

        @default.extension("1")
        def plain(call: Call) -> None: ...

    with pytest.raises(errors.DefinitionError, match="no parameter number") as refused:

        @default.extension("_9{number:X.}")
        async def outside(call: Call) -> None: ...

    assert refused.value.file == __file__
    assert refused.value.line > 0
    with pytest.raises(errors.DefinitionError, match="str or int"):

        @default.extension("_9X")
        async def wrong(call: Call, exten: float) -> None: ...

    with pytest.raises(errors.DefinitionError, match="no parts of the pattern"):

        @default.extension("_9X")
        async def two(call: Call, one: str, other: str) -> None: ...

    for pattern in ("_9{X.}", "_9{number:X", "_[12", "9{x:X}"):
        with pytest.raises(errors.DefinitionError):
            default.extension(pattern)(noop)
    default.extension("8")(noop)
    with pytest.raises(errors.DefinitionError, match=r"declared already, at .*test_dialplan\.py"):
        default.extension("8")(noop)


async def noop(call: Call) -> None: ...


async def test_dial_tells_what_came_of_it_and_the_flow_goes_on(office, script, default):
    results = []

    @default.extension("1")
    async def reception(call: Call) -> None:
        results.append(await call.dial("Fake/busy", timeout=20))
        results.append(await call.dial("Fake/nobody", timeout=20))
        results.append(await call.dial("Fake/bob", "Fake/nobody", timeout=20))
        await call.play("goodbye")

    o = build(office, script)
    o.phone("busy", refuses=(1, 17))
    o.phone("nobody", rings=1)
    o.phone("bob", answers=3, hangs_up=60)
    alice = o.call("1")
    await o.ended(alice)
    busy, nobody, bob = results
    assert (busy.status, busy.cause, bool(busy)) == (DialStatus.BUSY, 17, False)
    assert nobody.status is DialStatus.NOANSWER
    assert bob
    assert (bob.number, bob.talked) == ("bob", 60.0)
    assert bob.peer.startswith("Fake/bob-")
    assert o.now == pytest.approx(1 + 20 + 63 + 1, abs=0.2)


async def test_hanging_up_cancels_and_cleans_up(office, script, default):
    seen = []

    @default.extension("1")
    async def flow(call: Call) -> None:
        try:
            await call.play("long")
            await call.wait(1000)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise
        finally:
            seen.append("finally")

    @default.extension("h")
    async def gone(call: Call) -> None:
        seen.append(("h", call.is_hung_up))

    o = build(office, script)
    alice = o.call("1")
    await o.settle(5)
    alice.far_end_hung_up(16)
    await o.ended(alice)
    assert seen == ["cancelled", "finally", ("h", True)]


async def test_a_flow_that_swallows_its_cancellation_does_not_go_on(office, script, default):
    seen = []

    @default.extension("1")
    async def stubborn(call: Call) -> None:
        while True:
            try:
                await call.wait(10)
            except asyncio.CancelledError:
                seen.append(1)
                if len(seen) > 1:
                    raise

    o = build(office, script)
    alice = o.call("1")
    await o.settle(5)
    alice.far_end_hung_up(16)
    await o.ended(alice)
    assert len(seen) == 2


async def test_goto_and_hangup_end_the_flow(office, script, default):
    seen = []

    @default.extension("1")
    async def one(call: Call) -> None:
        try:
            async with asyncio.timeout(100):
                await call.goto("conf", "s", "label")
        finally:
            seen.append("left 1")
        raise AssertionError("never here")

    @default.extension("2")
    async def two(call: Call) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(call.hangup(17))
            group.create_task(asyncio.sleep(1000))

    conf = "[conf]\nexten => s,1,NoOp\n same => n(label),Goto(default,2,1)\n"
    o = build(office, script, conf)
    alice = o.call("1")
    await o.ended(alice)
    assert seen == ["left 1"]
    assert alice.released == 17
    assert o.now < 1


async def test_both_languages_include_and_call_each_other(office, script):
    phones = script.context("phones", includes=["conf"])
    services = script.context("services")
    seen = []

    @services.extension("600")
    async def echo(call: Call) -> None:
        seen.append(await call.gosub("subs", "twice", "ab"))

    @services.subroutine("greet")
    async def greet(call: Call, name: str, times: int = 1) -> str:
        return name * times

    conf = """
[conf]
exten => 700,1,Gosub(services,greet,1(hi,3))
 same => n,Set(GLOBAL(got)=${GOSUB_RETVAL})
 same => n,Goto(phones,600,1)
[users]
include => phones
include => services
[subs]
exten => twice,1,Return(${ARG1}${ARG1}/${ARGC})
"""
    o = build(office, script, conf)
    assert phones.name == "phones"
    alice = o.call("700", context="users")
    await o.ended(alice)
    assert o.runner.globals["got"] == "hihihi"
    assert seen == []  # 600 is not in phones: services is included by users alone
    alice = o.call("600", context="users")
    await o.ended(alice)
    assert seen == ["abab/1"]


async def test_read_and_keys(office, script, default):
    got = []

    @default.extension("1")
    async def menu(call: Call) -> None:
        got.append(await call.read("enter", max_digits=4, timeout=5))
        got.append(await call.read("enter", timeout=5))
        got.append(await call.play("menu", stop="12"))
        got.append(await call.read_key(timeout=3, keys="9"))
        got.append("DIGITS" in call.variables)

    o = build(office, script)
    alice = o.call("1")
    await o.settle(0.5)
    alice.press("1234")
    await o.settle(0.5)
    alice.press("77#")
    await o.settle(0.5)
    alice.press("2")
    await o.settle(0.5)
    alice.press("19")
    await o.ended(alice)
    assert got == ["1234", "77", "2", "9", False]


async def test_errors_are_typed_and_lead_to_e(office, script, default, caplog):
    seen = []

    @default.extension("1")
    async def broken(call: Call) -> None:
        with pytest.raises(errors.SoundNotFoundError):
            await call.play("missing-prompt")
        with pytest.raises(errors.UnknownApplicationError, match="did you mean"):
            await call.run("Playbak", "x")
        with pytest.raises(errors.ApplicationError):
            await call.dial("Fake/x", options="S")
        raise KeyError("bug")

    @default.extension("e")
    async def exception(call: Call) -> None:
        seen.append(call.variables["EXCEPTION(reason)"])

    o = build(office, script)
    with caplog.at_level(logging.WARNING):
        await o.ended(o.call("1"))
    assert seen == ["ERROR"]
    assert "test_dialplan.py" in caplog.text
    assert "KeyError: 'bug'" in caplog.text


async def test_applications_and_functions_by_name(office, script, default):
    got = []

    @default.extension("1")
    async def flow(call: Call) -> None:
        await call.apps.Playback(["a", "b"])
        await call.apps.Playback("c&d", options="noanswer")
        call.functions.CALLERID.set("4711", "num")
        got.append(call.functions.CALLERID("num"))
        got.append(call.functions.LEN("abcd"))
        got.append(call.caller_id.number)
        with pytest.raises(TypeError, match="Playback: it has no parameter colour"):
            await call.apps.Playback("a", colour="red")
        with pytest.raises(errors.UnknownFunctionError):
            call.functions.NOSUCH("x")
        await call.apps.Gosub("default,sub,1(x)")
        got.append(call.variables["GOSUB_RETVAL"])
        await call.apps.Goto("default,2,1")
        got.append("never")

    @default.extension("2")
    async def two(call: Call) -> None:
        got.append("two")

    o = build(office, script, "[default]\nexten => sub,1,Return(<${ARG1}>)\n")
    alice = o.call("1")
    await o.settle(3.5)
    await o.settle(10)
    assert got == ["4711", "4", "4711", "<x>", "two"]
    assert alice.ended


async def test_music_hold_tones_and_recordings_last_as_long_as_their_block(office, script, default, tmp_path):
    @default.extension("1")
    async def flow(call: Call) -> None:
        call.answer()
        async with call.recording(tmp_path / "deep" / "it.wav") as path:
            async with call.hold("jazz"):
                await call.wait(5)
            async with call.tone("dial"):
                await call.wait(5)
        assert path == tmp_path / "deep" / "it.wav"
        with pytest.raises(errors.ApplicationError, match="recordings are"):
            async with call.recording("x.mp3"):
                pass

    o = build(office, script)
    alice = o.call("1")
    await o.settle(1)
    assert [name for _, name in o.music] == ["jazz"]
    assert alice.did[-1] == "hold"
    assert alice.core.recordings
    await o.settle(5)
    assert o.music == []
    assert alice.did[-1] == "unhold"
    assert alice.tone
    await o.ended(alice)
    assert o.media.recorded[0][0].endswith("it.wav")


async def test_variables(office, script, default):
    got = []

    @default.extension("1")
    async def flow(call: Call) -> None:
        variables = call.variables
        variables["X"] = "5"
        variables["CALLERID(name)"] = "Zoe"
        got.extend([variables["X"], variables["EXTEN"], variables["CALLERID(name)"], variables.get("Y")])
        got.append(call.evaluate("$[${X} + 1]"))
        del variables["X"]
        got.append("X" in variables)
        call.globals["G"] = "1"

    o = build(office, script)
    await o.ended(o.call("1"))
    assert got == ["5", "1", "Zoe", None, "6", False]
    assert o.runner.globals["G"] == "1"


async def test_record_and_say(office, script, default):
    got = []

    @default.extension("1")
    async def flow(call: Call) -> None:
        got.append(await call.record("message.wav", max_seconds=3, beep=True))
        await call.say_number(42)
        await call.say_digits("07")

    o = build(office, script)
    alice = o.call("1")
    await o.settle(4.5)
    assert got[0].status == "TIMEOUT"
    assert got[0].file.endswith("message")
    await o.settle(3.2)
    assert alice.said == ["beep", "digits/40", "digits/2", "digits/0", "digits/7"]


async def test_a_call_record_says_the_same_as_for_extensions_conf(office, script, default):
    @default.extension("1")
    async def flow(call: Call) -> None:
        await call.dial("Fake/bob", timeout=20)

    o = build(office, script)
    o.phone("bob", answers=1, hangs_up=1)
    alice = o.call("1")
    await o.settle(1.5)
    assert (alice.application, alice.application_data) == ("Dial", "Fake/bob,20,g")


async def test_contexts_appear_as_any_other(office, script, default):
    default.extension("500", hint="Fake/bob")(noop)
    from offhook.config.errors import Problems
    from offhook.dialplan import text
    from offhook.dialplan.reader import read_dialplan_text

    dialplan = add_to(read_dialplan_text("[conf]\ninclude => default\n"), [script], Problems())
    step = dialplan.find("conf", "500")
    assert step.is_native
    shown = text.show(dialplan, "default")
    assert "1. Python(test_dialplan.noop)" in shown
    assert "hint: Fake/bob" in shown
    assert f"[test_dialplan.py:{noop.__code__.co_firstlineno}]" in shown
    assert dialplan.hint("conf", "500") == "Fake/bob"
    assert "Python" not in text.as_conf(dialplan, {})
