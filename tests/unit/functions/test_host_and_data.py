"""VERSION, SYSINFO, IFMODULE, MASTER_CHANNEL, EXPORT, DIALGROUP, REDIRECTING, JSON_DECODE and others."""

from __future__ import annotations

import pytest

from offhook.features.astdb import AstDb
from unit.functions.saying import evaluated, spoken

JSON = (
    '{"name": "Bob", "n": 5, "pi": 2.5, "yes": true, "no": null, "tags": ["a", {"b": "c"}],'
    ' "x.y": 1, "O": {"p": ""}}'
)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("JSON_DECODE(J,name)", "Bob"),
        ("JSON_DECODE(J,NAME)", ""),
        ("JSON_DECODE(J,NAME,,c)", "Bob"),
        ("JSON_DECODE(J,n)", "5"),
        ("JSON_DECODE(J,pi)", "2.5"),
        ("JSON_DECODE(J,yes)", "1"),
        ("JSON_DECODE(J,no)", ""),
        ("JSON_DECODE(J,tags)", '["a",{"b":"c"}]'),
        ("JSON_DECODE(J,tags.0)", "a"),
        ("JSON_DECODE(J,tags.1.b)", "c"),
        ("JSON_DECODE(J,tags.7)", ""),
        ("JSON_DECODE(J,x.y)", ""),
        ("JSON_DECODE(J,x.y,/)", "1"),
        ("JSON_DECODE(J,O/p,/)", ""),
        ("JSON_DECODE(NOTHING,a)", ""),
        ("JSON_DECODE(BAD,a)", ""),
        ("BASENAME(/a/b.wav)", "b.wav"),
        ("DIRNAME(/a/b.wav)", "/a"),
        ("DIRNAME(b)", "."),
        ("SQL_ESC(O'Neil)", "O''Neil"),
        (r"SQL_ESC_BACKSLASHES(a\b)", r"a\\b"),
        ("SAYFILES(12,digits)", "digits/1&digits/2"),
        ("SAYFILES(21,number)", "digits/20&digits/1"),
        ("SAYFILES(a)", "letters/a"),
        ("SAYFILES(b,phonetic)", "phonetic/b_p"),
        ("SAYFILES(x,number)", ""),
        ("ICONV(utf-8,ascii//TRANSLIT,aüb)", "ab"),
        ("ICONV(nosuch,ascii,a)", ""),
        ("VERSION(ASTERISK_VERSION_NUM)", "240000"),
        ("VERSION(NOTHING)", ""),
        ("SYSINFO(nothing)", ""),
        ("IFMODULE(app_dial.so)", "1"),
        ("IFMODULE(app_nothing.so)", "0"),
        ("EVAL_EXTEN(calc,5,1)", "5 and 6001"),
        ("EVAL_EXTEN(calc,none,1)", ""),
        ("EVAL_EXTEN(calc,5,nolabel)", ""),
        ("EVAL_SUB(calc,6,1(7))", "<7>"),
        ("EVAL_SUB(calc,9,1)", ""),
    ],
)
async def test_value(office, expression: str, expected: str) -> None:
    o = office(
        "[default]\nexten => s,1,Set(GLOBAL(r)=${" + expression + "})\n"
        "[calc]\nexten => 5,1,Return(5 and ${CALLERID(num)})\nexten => 6,1,Return(<${ARG1}>)\n"
    )
    o.runner.has_module = lambda name: name == "app_dial.so"
    o.runner.globals.update(J=JSON, BAD='{"a":')
    alice = o.call()
    await o.settle(5)
    assert alice.ended
    assert o.runner.globals["r"] == expected


async def test_about_the_machine(office) -> None:
    found = await evaluated(
        office(),
        *("${SYSINFO(" + what + ")}" for what in ("loadavg", "numcalls", "uptime", "totalram", "numprocs")),
    )
    assert float(found[0]) >= 0
    assert found[1] == "1"
    assert all(one.isdigit() for one in found[2:])


async def test_version(office) -> None:
    assert (await evaluated(office(), "${VERSION()}"))[0].startswith("Offhook ")


async def test_master_channel(office) -> None:
    o = office(
        "[default]\nexten => s,1,Set(SECRET=1)\n same => n,Dial(Fake/bob,,b(mark^s^1))\n"
        "[mark]\nexten => s,1,Set(MASTER_CHANNEL(GOT)=${MASTER_CHANNEL(SECRET)}${CHANNEL(name):5:3})\n"
        " same => n,Return()\n"
    )
    o.phone("bob", answers=1)
    alice = o.call()
    await o.settle(2)
    assert alice.get_variable("GOT") == "1bob"
    alice.far_end_hung_up(16)
    await o.settle(1)


async def test_export(office) -> None:
    o = office("[default]\nexten => s,1,Wait(60)\n")
    other = o.call()
    await o.settle(1)
    o.runner.call_on(other).assign(f"EXPORT({other.name},X)", "7")
    assert other.get_variable("X") == "7"
    found = await evaluated(o, "<${EXPORT(x,y)}>")
    assert found == ["<>"]
    other.far_end_hung_up(16)
    await o.settle(1)


async def test_dial_group(office) -> None:
    o = office()
    o.pbx.add_service(AstDb())
    found = await evaluated(
        o,
        "${DIALGROUP(sales)}",
        "${DIALGROUP(nobody)}",
        before=(
            "Set(DIALGROUP(sales)=PJSIP/1&PJSIP/2)",
            "Set(DIALGROUP(sales,add)=PJSIP/3)",
            "Set(DIALGROUP(sales,add)=PJSIP/3)",
            "Set(DIALGROUP(sales,del)=PJSIP/1)",
        ),
    )
    assert found == ["PJSIP/2&PJSIP/3", ""]
    assert o.pbx.service(AstDb).get("dialgroup", "sales") == "PJSIP/2&PJSIP/3"
    await spoken(o, "Set(DIALGROUP(sales)=)")
    assert o.pbx.service(AstDb).get("dialgroup", "sales") is None


async def test_redirecting(office) -> None:
    found = await evaluated(
        office(),
        "${REDIRECTING(from-num)}|${REDIRECTING(from-name)}|${REDIRECTING(from-all)}",
        "${REDIRECTING(reason)}|${REDIRECTING(count)}|${CALLERID(rdnis)}",
        "${REDIRECTING(orig-num)}|${REDIRECTING(to-num)}|${REDIRECTING(orig-reason)}|${REDIRECTING(priv-from-num)}",
        "<${REDIRECTING(nothing)}${REDIRECTING(who-num)}>",
        before=(
            "Set(REDIRECTING(from-num)=300)",
            "Set(REDIRECTING(from-name,i)=Bob)",
            "Set(REDIRECTING(reason)=cfb)",
            "Set(REDIRECTING(orig-num)=400)",
            "Set(REDIRECTING(orig-reason)=dnd)",
            "Set(REDIRECTING(count)=3)",
            "Set(REDIRECTING(reason)=becauseisayso)",
        ),
    )
    assert found == ['300|Bob|"Bob" <300>', "cfb|3|300", "400||dnd|", "<>"]


async def test_hash_from_names_that_a_query_left(office) -> None:
    found = await evaluated(
        office(), "${HASH(h,b)}|${HASHKEYS(h)}", before=("Set(~ODBCFIELDS~=a,b)", r'Set(HASH(h)=1,"2,3")')
    )
    assert found == ["2,3|a,b"]
