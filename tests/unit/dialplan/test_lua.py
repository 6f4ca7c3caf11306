"""The dialplan in Lua."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from offhook.config.errors import Problems
from offhook.dialplan.load import load_dialplan
from offhook.dialplan.model import Dialplan
from offhook.dialplan.runner import Runner
from unit.dialplan.conftest import Desk

pytest.importorskip("lupa")


def read(folder: Path, text: str, conf: str = "") -> tuple[Dialplan, list[str]]:
    (folder / "extensions.lua").write_text(text)
    if conf:
        (folder / "extensions.conf").write_text(conf)
    problems = Problems()
    dialplan = load_dialplan(folder, problems)
    assert dialplan is not None
    return dialplan, [str(one).replace(str(folder), "") for one in problems]


def desk_of(folder: Path, text: str, conf: str = "") -> Desk:
    dialplan, problems = read(folder, text, conf)
    assert problems == []
    d = Desk("[default]\n", loop=asyncio.get_running_loop())
    d.runner = Runner(dialplan)
    d.pbx.dialplan = d.runner
    return d


async def run(folder: Path, body: str, more: str = "", conf: str = "") -> Desk:
    text = (
        f"extensions = {{}}\nextensions.a = {{}}\n{more}\nextensions.a['1'] = function(c, e)\n{body}\nend\n"
    )
    d = desk_of(folder, text, conf)
    await d.run("1", "a")
    return d


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('app.testsay(c .. " " .. e)', ["a 1"]),
        ('app.TestSay("a", nil, 5, true)', ["a,,5,true"]),
        ('channel.X = "5"; app.testsay(channel.X:get())', ["5"]),
        ('channel.X:set("6"); app.testsay(channel.X)', ["6"]),
        ('local v = channel.X; v:set("7"); app.testsay(v.value)', ["7"]),
        ('channel["Y"] = 7; app.testsay(channel["Y"]:get())', ["7"]),
        ('app.testsay(channel.CALLERID("num"):get())', ["6001"]),
        ('channel.CALLERID("name"):set("Bob"); app.testsay(channel["CALLERID(name)"]:get())', ["Bob"]),
        ('app.testsay(channel.EXTEN:get() .. channel.NOSUCH:get() .. ".")', ["1."]),
        ('for i = 1, 3 do app.testsay(i) end', ["1", "2", "3"]),
        ('app["goto"]("a", "2", 1); app.testsay("never")', ["two"]),
        ('pcall(app["goto"], "a", "2", 1); app.testsay("never")', ["two"]),
        ('app.gosub("sub", "s", "1(x)"); app.testsay("back " .. channel.GOSUB_RETVAL:get())',
         ["sub x", "back done"]),
        ('app.testhangup(); app.testsay("never")', []),
        ('local ok, why = pcall(app["no" .. "such"]); app.testsay(tostring(ok))', ["false"]),
        ('channel.FROM = "lua"; app["goto"]("conf", "s", 1)', ["conf lua"]),
        ('autoservice_start(); app.testsay(tostring(autoservice_status()))', ["true"]),
        ('local f = coroutine.wrap(function(x) local y = coroutine.yield(x + 1); app.testsay(y) end); '
         'app.testsay(f(1)); f("again")', ["2", "again"]),
        ('counter = 1; app["goto"]("a", "3", 1)', ["counter 1"]),
        ('app.testsay("\u00fcml\u00e4ut")', ["\u00fcml\u00e4ut"]),
        ('app.testsay(helper(4))', ["16"]),
        ('app["goto"]("a", "_4X", 1)', ["pattern 1"]),
    ],
)  # fmt: skip
async def test_what_a_script_does(tmp_path: Path, spoken: list[str], body: str, expected: list[str]) -> None:
    await run(
        tmp_path,
        body,
        more="""
function helper(x) return x * x end
extensions.a[2] = function() app.testsay("two") end
extensions.a["3"] = function() app.testsay("counter " .. tostring(counter)) end
extensions.a._4X = function(c, e) app.testsay("pattern 1") end
""",
        conf="[sub]\nexten => s,1,TestSay(sub ${ARG1})\n same => n,Return(done)\n"
        "[conf]\nexten => s,1,TestSay(conf ${FROM})\n",
    )
    assert spoken == expected


def test_what_it_defines(tmp_path: Path) -> None:
    dialplan, problems = read(
        tmp_path,
        """extensions = {
    users = {
        [100] = function() end;
        ["_2XX"] = function() end;
    };
    default = { include = {"users", "night,18:00-08:00,*,*,*"} };
    night = {};
}
hints = { default = { ["100"] = "PJSIP/100&PJSIP/101" }, users = { [100] = "PJSIP/100" } }
""",
    )
    assert problems == []
    users = dialplan.contexts["users"]
    assert {name for name, _ in users.extensions} == {"100", "_2XX"}
    assert users.registrar == "pbx_lua"
    step = users.extensions["100", None].steps[1]
    assert (step.line, step.application, step.arguments) == (3, "Lua", "users,100")
    assert [one.text for one in dialplan.contexts["default"].includes] == ["users", "night,18:00-08:00,*,*,*"]
    assert dialplan.hint("users", "100") == "PJSIP/100"
    assert dialplan.hint("default", "100") == "PJSIP/100&PJSIP/101"
    assert dialplan.find("default", "250") is not None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = = 1", "/extensions.lua:1: unexpected symbol near '='"),
        ("\nerror('no')", "/extensions.lua:2: no"),
        ("extensions = 5", "/extensions.lua: extensions is no table"),
        ("extensions = {a = {b = 5}}", "/extensions.lua: extensions.a[b] is no function"),
        ("extensions = {a = {['_[1'] = function() end}}", "/extensions.lua:1: _[1: a [ is never closed"),
        ("channel.X = 1", "/extensions.lua: there is no call while the script is read"),
        ("extensions = {a = {include = {'b,25:00'}}}",
         "/extensions.lua: include b,25:00: '25:00' is not a time of day (hh:mm)"),
        ("function f()\n app.testsayy()\n end",
         "/extensions.lua:2: there is no application testsayy (did you mean TestSay?)"),
        ("-- app.nothing()\nx = 'app.nothing()' app_x = 1\nfunction f() app.queue('x') end",
         "/extensions.lua:3: not supported yet: the application queue"),
        ("function f() return channel.CALERID('num'):get() end",
         "/extensions.lua:1: there is no function CALERID (did you mean CALLERID?)"),
        ("os.exit()", "/extensions.lua:1: os.exit is not for scripts: app.hangup() ends the call"),
        ("x = {} while true do x[#x + 1] = ('y'):rep(1e6) .. #x end",
         "/extensions.lua: it takes more than 64 MiB of memory"),
    ],
)  # fmt: skip
def test_mistakes(tmp_path: Path, text: str, expected: str) -> None:
    assert read(tmp_path, text)[1] == [expected]


def test_a_script_that_never_ends_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("offhook.dialplan.lua.reader.LOAD_SECONDS", 0.2)
    _, problems = read(tmp_path, "while true do pcall(function() while true do end end) end")
    assert len(problems) == 1
    assert "the call has ended" in problems[0] or "takes more than" in problems[0]


async def test_an_endless_script_keeps_nobody_waiting_and_ends_with_its_call(
    tmp_path: Path, spoken: list[str]
) -> None:
    d = desk_of(
        tmp_path,
        "local function f() while true do end end\n"
        "extensions = {a = {['1'] = function() while true do pcall(f) end end,\n"
        "['2'] = function() app.testsay('two') end,\n"
        "['3'] = function() local co = coroutine.create(f)\n"
        "  while true do coroutine.resume(co) end end}}",
    )
    for exten in ("1", "3"):
        channel = d.channel()
        channel.start_dialplan("a", exten)
        await asyncio.sleep(0.05)
        begun = time.monotonic()
        await d.run("2", "a")
        channel.request_hangup()
        assert channel.task is not None
        await asyncio.wait_for(channel.task, 5)
        assert time.monotonic() - begun < 4
    assert spoken == ["two", "two"]


async def test_hanging_up_cancels_what_a_script_waits_for(tmp_path: Path, spoken: list[str]) -> None:
    d = desk_of(
        tmp_path,
        "extensions = {a = {['1'] = function() app.testwait() app.testsay('never') end,\n"
        "h = function(c, e) app.testsay('gone ' .. tostring(x) .. e) end}}\nx = 5",
    )
    channel = d.channel()
    channel.start_dialplan("a", "1")
    await asyncio.sleep(0.1)
    assert spoken == []
    channel.request_hangup()
    assert channel.task is not None
    await asyncio.wait_for(channel.task, 5)
    assert spoken == ["gone 5h"]


async def test_a_failing_script_goes_to_e(tmp_path: Path, spoken: list[str]) -> None:
    await run(
        tmp_path,
        "local x = nil; x()",
        more="extensions.a.e = function() app.testsay(channel.EXCEPTION('reason'):get()) end",
    )
    assert spoken == ["ERROR"]


async def test_many_calls_at_once(tmp_path: Path, spoken: list[str]) -> None:
    d = desk_of(
        tmp_path,
        "extensions = {a = {['_X'] = function(c, e) n = (n or 0) + 1 app.testwait(0.01)"
        " app.testsay(e .. n) end}}",
    )
    await asyncio.gather(*(d.run(str(number), "a") for number in range(10)))
    assert sorted(spoken) == [f"{number}1" for number in range(10)]


def test_without_lupa(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "lupa.lua51", None)
    _, problems = read(tmp_path, "extensions = {}")
    assert problems == [
        "/extensions.lua: extensions.lua needs the Python package lupa (pip install 'offhook[lua]')"
    ]
