from __future__ import annotations


async def test_a_call_from_start_to_end(desk, spoken):
    d = desk("""
[globals]
PLACE=office
[default]
exten => s,1,Set(X=1)
 same => n(again),TestSay(${EXTEN}@${CONTEXT}:${PRIORITY} ${PLACE} $[${X} + 1])
 same => n,Set(X=$[${X} + 1])
 same => n,GotoIf($[${X} < 3]?again)
 same => n,Gosub(sub,s,1(a,"b,c"))
 same => n,TestSay(back ${GOSUB_RETVAL} ${ARG1})
[sub]
exten => s,1,TestSay(${ARGC} ${ARG1} ${ARG2})
 same => n,Return(done)
""")
    channel = await d.run()
    assert spoken == [
        "s@default:2 office 2",
        "s@default:2 office 3",
        "2 a b,c",
        "back done ",
    ]
    assert channel.ended
    assert list(d.problems) == []
