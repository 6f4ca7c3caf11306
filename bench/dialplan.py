"""How fast the dialplan is: load, look-up, priorities a second, substitution.  No network, one core.

    python bench/dialplan.py [--extensions 100000]

Prints one line a figure; the bars are in brackets.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import random
import resource
import sys
import time
from collections.abc import Callable

import offhook.apps.control
import offhook.functions  # noqa: F401 - both declare what the dialplan calls
from offhook.api.python.call import Call as PythonCall
from offhook.api.python.dialplan import Dialplan as PythonDialplan
from offhook.api.python.steps import add_to
from offhook.config.errors import Problems
from offhook.dialplan.call import Call
from offhook.dialplan.lint import lint
from offhook.dialplan.model import Dialplan
from offhook.dialplan.reader import read_dialplan_text
from offhook.dialplan.runner import Runner
from offhook.pbx.channel import Channel
from offhook.pbx.events import NewExtension
from offhook.pbx.party import PartyId
from offhook.pbx.pbx import Pbx

SEED = 20260101


class SilentChannel(Channel):
    """A channel that does nothing."""

    technology = "Bench"
    __slots__ = ()

    def _place(self) -> None:
        pass

    def _answer(self) -> None:
        pass

    def _release(self, cause: int) -> None:
        pass


def rss_mib() -> float:
    """Resident memory now."""
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize() / 2**20


def best(measure: Callable[[], float], times: int = 3) -> float:
    """The least of several measurements: what disturbs only adds."""
    return min(measure() for _ in range(times))


def large_dialplan(count: int, *, patterns: bool) -> str:
    """`count` extensions of one or two priorities; as literals, or as patterns."""
    lines = ["[default]"]
    for number in range(count):
        name = f"_{number:06d}X." if patterns else f"{number:06d}"
        lines.append(f"exten => {name},1,NoOp(${{EXTEN}})")
        if number % 2:
            lines.append(f" same => n,Goto(other,{number:06d},1)")
    return "\n".join(lines)


def bench_load(count: int, *, patterns: bool) -> Dialplan:
    """Load a large dialplan; prints time and memory."""
    text = large_dialplan(count, patterns=patterns)
    kind = "patterns" if patterns else "extensions"
    gc.collect()
    before = rss_mib()
    begun = time.process_time()
    problems = Problems()
    dialplan = read_dialplan_text(text, problems=problems)
    dialplan.prepare()
    seconds = time.process_time() - begun
    assert not list(problems)
    print(f"load {count} {kind}: {seconds:.2f} s [< 3], {rss_mib() - before:.0f} MiB")
    begun = time.process_time()
    lint(dialplan, Problems())
    print(f"lint {count} {kind}: {time.process_time() - begun:.2f} s")
    return dialplan


def bench_lookup(dialplan: Dialplan, count: int, *, patterns: bool) -> None:
    """Look up random extensions, without what the dialplan remembers of earlier look-ups."""
    rng = random.Random(SEED)
    length = 10_000
    tail = "55" if patterns else ""
    numbers = [f"{rng.randrange(count):06d}{tail}" for _ in range(length)]
    kind = "pattern" if patterns else "literal"

    def once(lookup: Callable[[str], object]) -> float:
        begun = time.process_time()
        for number in numbers:
            lookup(number)
        return (time.process_time() - begun) / length * 1e6

    def cold(number: str) -> object:
        dialplan.forget()
        return dialplan.match("default", number)

    print(f"look-up, {kind}, first time: {best(lambda: once(cold)):.2f} us [< 20]")
    warm = best(lambda: once(lambda number: dialplan.match("default", number)))
    print(f"look-up, {kind}, again: {warm:.2f} us [< 20]")
    more = best(lambda: once(lambda number: dialplan.match_more("default", number[:4])))
    print(f"match_more, {kind}: {more:.2f} us [< 20]")


PRIORITIES = {
    "NoOp": "NoOp(hello)",
    "NoOp with ${EXTEN}": "NoOp(${EXTEN} ${X})",
    "Set constant": "Set(X=1)",
    "Set with expression": "Set(Y=$[${X} + 1])",
    "GotoIf, false": 'GotoIf($["${X}" = "2"]?nowhere)',
    "Set function": "Set(Y=${CALLERID(num)})",
    "Verbose": "Verbose(5,x)",
}
LOOP = 100
ROUNDS = 300


async def bench_priorities(name: str, line: str) -> None:
    """Run a loop of `LOOP` times the same priority."""
    body = "\n".join(f" same => n,{line}" for _ in range(LOOP))
    text = (
        f"[default]\nexten => s,1,Set(X=1)\n same => n,Set(N=0)\n same => n(again),NoOp()\n{body}\n"
        f" same => n,Set(N=$[${{N}} + 1])\n same => n,GotoIf($[${{N}} < {ROUNDS}]?again)\n"
        " same => n(nowhere),NoOp()\n"
    )
    runner = Runner(read_dialplan_text(text))
    pbx = Pbx(loop=asyncio.get_running_loop(), dialplan=runner)

    async def once() -> float:
        channel = SilentChannel(pbx, "Bench/1", outgoing=False)
        channel.caller = PartyId("6001", "Alice")
        begun = time.process_time()
        channel.start_dialplan("default", "s")
        assert channel.task is not None
        await channel.task
        return time.process_time() - begun

    seconds = min([await once() for _ in range(3)])
    count = LOOP * ROUNDS
    print(f"{name}: {seconds / count * 1e6:.2f} us, {count / seconds:,.0f} priorities/s [> 200,000]")


async def bench_evaluate() -> None:
    """Substitution alone."""
    runner = Runner(read_dialplan_text("[default]\nexten => s,1,NoOp()\n"))
    pbx = Pbx(loop=asyncio.get_running_loop(), dialplan=runner)
    channel = SilentChannel(pbx, "Bench/1", outgoing=False)
    channel.caller = PartyId("6001", "Alice")
    channel.exten = "6002"
    channel.variables["X"] = "5"
    call = Call(channel, runner, runner.dialplan)
    for text in (
        "${X}",
        "PJSIP/${EXTEN}",
        "${EXTEN:1:2}",
        "$[${X} + 1]",
        '$["${CALLERID(num)}" = "6001"]',
        "${LEN(abc)}",
        "${CUT(X,-,1)}",
        "${IF($[${X} > 3]?yes:no)}",
    ):
        template = call.template(text)
        begun = time.process_time()
        for _ in range(20_000):
            template.render(call)
        print(f"evaluate {text}: {(time.process_time() - begun) / 20_000 * 1e6:.2f} us")
    channel.hangup()


# What a call through a grown dialplan executes before it dials: 30 priorities, two subroutines.
THIRTY_STEPS = """
[from-internal]
include => features
include => local
[features]
exten => _*XX,1,NoOp()
[local]
exten => _6XXX,1,Set(TRIES=0)
 same => n,Set(__FROM=${CALLERID(num)})
 same => n,Gosub(user,s,1(${CALLERID(num)}))
 same => n,GotoIf($["${BLOCKED}" = "1"]?blocked)
 same => n,Set(RING=${IF($[${LEN(${EXTEN})} = 4]?25:40)})
 same => n,Set(CDR_NOTE=${EXTEN:0:2}-${EXTEN:-2})
 same => n,ExecIf($["${LANG}" = "de"]?Set(CHANNEL(language)=de))
 same => n,Gosub(record,s,1(${EXTEN},${FROM}))
 same => n,GotoIf($[${ROUTE} > 0 & "${FROM}" != ""]?go)
 same => n(blocked),Hangup()
 same => n(go),Set(HASH(call,from)=${FROM})
 same => n,Set(HASH(call,to)=${EXTEN})
 same => n,Set(TRIES=$[${TRIES} + 1])
 same => n,GotoIf($[${TRIES} < 2]?go)
 same => n,NoOp(${EXTEN})
 same => n,Set(A=${TRIES})
 same => n,Set(B=$[${A} + 1])
 same => n,GotoIf($[${B} = 99]?blocked)
 same => n,Set(CHANNEL(accountcode)=${FROM})
 same => n,Verbose(4,${HASH(call,from)} to ${HASH(call,to)}, ${RING} s)
[user]
exten => s,1,Set(LOCAL(who)=${ARG1})
 same => n,Set(ROUTE=${IF($["${who}" =~ "^6[0-9]+"]?1:0)})
 same => n,Set(BLOCKED=${BLOCKED_${who}})
 same => n,Return()
[record]
exten => s,1,GotoIf($["${GLOBAL(RECORDING)}" = "yes"]?on)
 same => n,Set(RECORD=no)
 same => n,Return()
 same => n(on),Set(RECORD=${ARG1}-${ARG2})
 same => n,Return()
"""


async def bench_calls() -> None:
    """Whole calls, from the channel to its end, through a dialplan of 30 steps."""
    runner = Runner(read_dialplan_text(THIRTY_STEPS))
    pbx = Pbx(loop=asyncio.get_running_loop(), dialplan=runner)
    steps = 0

    def count(event: NewExtension) -> None:
        nonlocal steps
        steps += 1

    stop = pbx.bus.listen(NewExtension, count)

    async def once(calls: int) -> float:
        begun = time.process_time()
        for number in range(calls):
            channel = SilentChannel(pbx, f"Bench/{number}", outgoing=False)
            channel.caller = PartyId("6001", "Alice")
            channel.start_dialplan("from-internal", "6002")
            assert channel.task is not None
            await channel.task
        return time.process_time() - begun

    await once(1)
    stop()
    seconds = min([await once(500) for _ in range(3)])
    print(f"{steps}-step dialplan: {500 / seconds:,.0f} calls/s, {seconds / 500 * 1e6:.0f} us a call")


FLOW_STEPS = 100


async def bench_python() -> None:
    """A call flow in Python: a step by an application's name, by a method, and a variable."""
    script = PythonDialplan()
    context = script.context("default")

    @context.extension("1")
    async def by_name(call: PythonCall) -> None:
        for _ in range(FLOW_STEPS):
            await call.run("NoOp", "hello")

    @context.extension("2")
    async def by_attribute(call: PythonCall) -> None:
        for _ in range(FLOW_STEPS):
            await call.apps.NoOp("hello")

    @context.extension("3")
    async def variables(call: PythonCall) -> None:
        for number in range(FLOW_STEPS):
            call.variables["X"] = str(number)

    @context.extension("4")
    async def functions(call: PythonCall) -> None:
        for _ in range(FLOW_STEPS):
            call.variables["CALLERID(num)"]

    @context.extension("5")
    async def nothing(call: PythonCall) -> None:
        pass

    problems = Problems()
    dialplan = add_to(read_dialplan_text("[default]\n"), [script], problems)
    assert not problems.errors, problems.errors
    runner = Runner(dialplan)
    pbx = Pbx(loop=asyncio.get_running_loop(), dialplan=runner)

    async def once(exten: str, calls: int) -> float:
        begun = time.process_time()
        for number in range(calls):
            channel = SilentChannel(pbx, f"Bench/{number}", outgoing=False)
            channel.caller = PartyId("6001", "Alice")
            channel.start_dialplan("default", exten)
            assert channel.task is not None
            await channel.task
        return (time.process_time() - begun) / calls

    empty = min([await once("5", 300) for _ in range(3)])
    print(f"Python: a call through an empty flow: {empty * 1e6:.0f} us")
    names = {
        "1": 'call.run("NoOp")',
        "2": "call.apps.NoOp()",
        "3": "call.variables[X] = ...",
        "4": "a function",
    }
    for exten, name in names.items():
        seconds = min([await once(exten, 100) for _ in range(3)]) - empty
        print(f"Python: {name}: {seconds / FLOW_STEPS * 1e6:.2f} us")


async def bench_running() -> None:
    await bench_calls()
    await bench_python()
    for name, line in PRIORITIES.items():
        await bench_priorities(name, line)
    await bench_evaluate()


def main() -> None:
    """Measure all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--extensions", type=int, default=100_000)
    count = parser.parse_args().extensions
    print(f"Python {sys.version.split()[0]}")
    asyncio.run(bench_running())
    for patterns in (False, True):
        dialplan = bench_load(count, patterns=patterns)
        bench_lookup(dialplan, count, patterns=patterns)
        del dialplan


if __name__ == "__main__":
    main()
