"""AGI commands on a call, given by Async AGI: the same session as scripts have, without a process."""

from __future__ import annotations

from pathlib import Path

import pytest

from offhook.api.agi.async_agi import async_agi_of
from offhook.api.agi.events import AgiExecBegan, AgiExecEnded, AsyncAgiBegan, AsyncAgiEnded, AsyncAgiExecuted
from offhook.config.snapshot import read_config
from offhook.features.astdb import AstDb
from offhook.features.saying import Saying
from offhook.pbx.channel import ChannelState

DIALPLAN = """
[default]
exten => s,1,Answer()
 same => n,AGI(agi:async)
 same => n,Set(GLOBAL(status)=${AGISTATUS})
 same => n,Set(GLOBAL(after)=${EXTEN}/${CONTEXT})
exten => ring,1,AGI(agi:async)
exten => 200,1,Set(GLOBAL(went)=${EXTEN})
exten => 200,3,Set(GLOBAL(went)=three)
exten => h,1,Set(GLOBAL(h)=${AGISTATUS} ${RETURNED})
[sub]
exten => s,1,Set(RETURNED=${ARG1}-${ARG2})
 same => n,Return()
[elsewhere]
exten => 200,1,Set(GLOBAL(went)=elsewhere)
"""


class Agi:
    """Gives commands to the call that waits for them, and has the replies."""

    def __init__(self, office, exten: str = "s") -> None:
        self.office = o = office(DIALPLAN)
        self.replies: list[str] = []
        self.environment: dict[str, str] = {}
        self.over = False
        bus = o.pbx.bus
        bus.listen(AsyncAgiExecuted, lambda event: self.replies.append(event.reply))
        bus.listen(AsyncAgiBegan, self.began)
        bus.listen(AsyncAgiEnded, lambda event: setattr(self, "over", True))
        self.alice = o.call(exten)

    def began(self, event: AsyncAgiBegan) -> None:
        self.environment = dict(line.split(": ", 1) for line in event.environment)

    def give(self, line: str) -> None:
        found = async_agi_of(self.office.runner, self.alice)
        assert found is not None
        assert found.submit(line, "id")

    async def __call__(self, line: str, seconds: float = 0.0) -> str:
        count = len(self.replies)
        self.give(line)
        await self.office.settle(seconds)
        assert len(self.replies) == count + 1, f"no reply to {line!r}"
        return self.replies[-1].removeprefix("200 ")


@pytest.fixture
async def agi(office) -> Agi:
    made = Agi(office)
    await made.office.settle()
    return made


async def test_what_a_script_is_told_first(agi: Agi) -> None:
    told = agi.environment
    assert told["agi_request"] == "async"
    assert told["agi_channel"] == agi.alice.name
    assert (told["agi_callerid"], told["agi_calleridname"]) == ("6001", "Alice")
    assert (told["agi_context"], told["agi_extension"], told["agi_priority"]) == ("default", "s", "2")
    assert told["agi_rdnis"] == "unknown"
    assert told["agi_enhanced"] == "0.0"
    assert next(iter(told)) == "agi_request"


async def test_answer_and_status(office) -> None:
    agi = Agi(office, "ring")
    await agi.office.settle()
    assert await agi("CHANNEL STATUS") == "result=4"
    assert await agi("ANSWER") == "result=0"
    assert agi.alice.state is ChannelState.UP
    assert await agi(f"CHANNEL STATUS {agi.alice.name}") == "result=6"
    assert await agi("CHANNEL STATUS Fake/none") == "result=-1"


async def test_commands_that_are_none(agi: Agi) -> None:
    assert await agi("DANCE") == "510 Invalid or unknown command"
    assert (await agi("WAIT FOR DIGIT soon")).startswith("520-Invalid command syntax")
    assert "SAY NUMBER <number> <escape_digits> [gender]" in await agi("SAY NUMBER many 1")


async def test_variables(agi: Agi) -> None:
    assert await agi("GET VARIABLE COLOUR") == "result=0"
    assert await agi('SET VARIABLE COLOUR "dark red"') == "result=1"
    assert await agi("GET VARIABLE COLOUR") == "result=1 (dark red)"
    assert await agi("SET VARIABLE CALLERID(name) Bob") == "result=1"
    assert await agi("GET VARIABLE CALLERID(name)") == "result=1 (Bob)"
    assert await agi("GET VARIABLE EXTEN") == "result=1 (s)"
    assert await agi("GET FULL VARIABLE ${COLOUR:5}-${EXTEN}") == "result=1 (red-s)"
    assert await agi("GET FULL VARIABLE ${EXTEN} Fake/none") == "result=0"
    assert await agi(f"GET FULL VARIABLE ${{EXTEN}} {agi.alice.name}") == "result=1 (s)"
    assert await agi("SET VARIABLE NONE(x) y") == "result=1"  # logged, as in the dialplan


async def test_a_sound_is_played_to_its_end(agi: Agi) -> None:
    assert (await agi('STREAM FILE welcome "12"', 2)).startswith("result=0 endpos=")
    assert agi.alice.said == ["welcome"]
    assert await agi("GET VARIABLE PLAYBACKSTATUS") == "result=1 (SUCCESS)"


async def test_a_key_ends_a_sound(agi: Agi) -> None:
    agi.give("STREAM FILE welcome 12")
    await agi.office.settle(0.5)
    agi.alice.press("93")
    await agi.office.settle()
    assert agi.replies == []
    agi.alice.press("2")
    await agi.office.settle()
    assert agi.replies[0].startswith(f"200 result={ord('2')} endpos=")
    assert agi.alice.core.playing is None


async def test_a_sound_that_is_missing(agi: Agi) -> None:
    assert await agi("STREAM FILE missing 1 400") == "result=0 endpos=400"
    assert await agi("GET VARIABLE PLAYBACKSTATUS") == "result=1 (FAILED)"
    assert await agi("GET OPTION missing 1") == "result=0 endpos=0"
    assert await agi("STREAM FILE unreadable 1") == "result=-1"


async def test_wait_for_digit(agi: Agi) -> None:
    assert await agi("WAIT FOR DIGIT 3000", 3.1) == "result=0"
    agi.give("WAIT FOR DIGIT -1")
    await agi.office.settle(100)
    agi.alice.press("#")
    await agi.office.settle()
    assert agi.replies[-1] == f"200 result={ord('#')}"


async def test_get_data(agi: Agi) -> None:
    agi.give("GET DATA enter 2000 5")
    await agi.office.settle(0.2)
    agi.alice.press("12")
    await agi.office.settle(1.9)
    agi.alice.press("3#")
    await agi.office.settle()
    assert agi.replies[-1] == "200 result=123"
    agi.give("GET DATA enter 2000 5")
    await agi.office.settle()
    agi.alice.press("12345")
    await agi.office.settle()
    assert agi.replies[-1] == "200 result=12345"
    assert await agi("GET DATA enter 2000", 3.1) == "result= (timeout)"


async def test_get_data_that_ends_by_time_has_what_was_typed(agi: Agi) -> None:
    agi.give("GET DATA enter 1500")
    await agi.office.settle()
    agi.alice.press("7")
    await agi.office.settle(1.6)
    assert agi.replies[-1] == "200 result=7 (timeout)"


async def test_get_option(agi: Agi) -> None:
    agi.give("GET OPTION enter 12 2000")
    await agi.office.settle(2.5)
    agi.alice.press("92")
    await agi.office.settle()
    assert agi.replies[-1].startswith(f"200 result={ord('2')} endpos=")
    assert (await agi("GET OPTION enter 12 2000", 3.1)).startswith("result=0 endpos=")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('SAY DIGITS 12 ""', ["digits/1", "digits/2"]),
        ('SAY NUMBER 21 ""', ["digits/20", "digits/1"]),
        ('SAY ALPHA a1 ""', ["letters/a", "digits/1"]),
        ('SAY PHONETIC b ""', ["phonetic/b_p"]),
        ('SAY DATETIME 1000000000 "" IMp UTC', ["digits/1", "digits/40", "digits/6", "digits/a-m"]),
        ('SAY DATETIME 1000000000 "" kM Europe/Berlin', ["digits/3", "digits/40", "digits/6"]),
    ],
)
async def test_saying(agi: Agi, line: str, said: list[str]) -> None:
    assert await agi(line, 5) == "result=0"
    assert agi.alice.said == said


async def test_a_date_and_a_time_of_day(agi: Agi) -> None:
    assert await agi('SAY DATE 1000000000 ""', 9) == "result=0"
    date = list(agi.alice.said)
    assert date[:2] in (["digits/day-0", "digits/mon-8"], ["digits/day-6", "digits/mon-8"])
    assert date[3:] == ["digits/2", "digits/thousand", "digits/1"]
    agi.alice.said.clear()
    assert await agi('SAY TIME 1000000000 ""', 9) == "result=0"
    assert agi.alice.said[-1] in ("digits/a-m", "digits/p-m")
    assert not [name for name in agi.alice.said if "day-" in name or "mon-" in name]
    assert (await agi("SAY TIME soon #")).startswith("520")
    assert (await agi('SAY DATETIME 1 # "" Nowhere/Land')).startswith("520")


async def test_numbers_and_dates_are_said_by_say_conf_where_that_is_on(agi: Agi, tmp_path: Path) -> None:
    (tmp_path / "say.conf").write_text(
        "[general]\nmode=new\n[en]\n_[n]um:XX => mine/${SAY}\n_date:Y:. => mine/year-${SAY:0:4}\n"
        "_date::. => date:Y:${SAY}\n_time::. => mine/time\n_datetime::. => mine/both\n"
    )
    agi.office.pbx.add_service(Saying(read_config(tmp_path).say))
    for line, sound in (
        ('SAY NUMBER 21 ""', "mine/21"),
        ('SAY DATE 1000000000 ""', "mine/year-2001"),
        ('SAY TIME 1000000000 ""', "mine/time"),
        ('SAY DATETIME 1000000000 ""', "mine/both"),
        ('SAY DATETIME 1000000000 "" Y UTC', "mine/year-2001"),
        ('SAY DIGITS 1 ""', "digits/1"),
    ):
        assert await agi(line, 5) == "result=0"
        assert agi.alice.said[-1] == sound
    await agi('SAY NUMBER 5 ""', 5)  # there is no rule for it
    assert agi.alice.said[-1] == "digits/5"


async def test_the_database(agi: Agi) -> None:
    database = AstDb()
    agi.office.pbx.add_service(database)
    assert await agi("DATABASE GET office open") == "result=0"
    assert await agi('DATABASE PUT office open "until six"') == "result=1"
    assert await agi("DATABASE GET office open") == "result=1 (until six)"
    assert await agi("database put office door/back shut") == "result=1"
    assert await agi('DATABASE PUT "" "" x') == "result=0"
    assert await agi("DATABASE DEL office open") == "result=1"
    assert await agi("DATABASE DEL office open") == "result=0"
    assert await agi("DATABASE DELTREE office window") == "result=0"
    assert await agi('DATABASE DELTREE ""') == "result=0"
    assert database.get("office", "door/back") == "shut"
    assert await agi("DATABASE DELTREE office door") == "result=1"
    assert len(database) == 0


async def test_a_key_ends_saying(agi: Agi) -> None:
    agi.give("SAY DIGITS 123 #")
    await agi.office.settle(0.5)
    agi.alice.press("#")
    await agi.office.settle()
    assert agi.replies[-1] == f"200 result={ord('#')}"


async def test_recording(agi: Agi, tmp_path) -> None:
    path = tmp_path / "said"
    assert await agi(f'RECORD FILE {path} wav "#" 4000', 4.1) == "result=0 (timeout) endpos=8000"
    assert agi.office.media.recorded[-1][:2] == (f"{path}.wav", "wav")
    agi.give(f"RECORD FILE {path} ulaw #* -1 0 BEEP s=3")
    await agi.office.settle(1.5)
    assert agi.alice.said == ["beep"]
    agi.alice.press("1*")
    await agi.office.settle()
    assert agi.replies[-1] == f"200 result={ord('*')} (dtmf) endpos=8000"
    assert agi.office.media.recorded[-1][2]["silence_ms"] == 3000
    assert await agi(f"RECORD FILE {path} doc # 1000") == "result=-1 (writefile)"
    assert (await agi(f"RECORD FILE {path} wav # 1000 what")).startswith("520-")
    agi.give(f"RECORD FILE {path} wav # {'3' * 1000}")  # some scripts mean "without end" by that
    await agi.office.settle(1.5)
    agi.alice.press("#")
    await agi.office.settle()
    assert agi.replies[-1] == f"200 result={ord('#')} (dtmf) endpos=8000"


async def test_a_recording_that_the_hang_up_ends(agi: Agi, tmp_path) -> None:
    ended = []
    agi.office.pbx.bus.listen(AgiExecEnded, lambda event: ended.append(event.reply))
    agi.give(f"RECORD FILE {tmp_path / 'said'} wav # -1")
    await agi.office.settle(1)
    agi.alice.request_hangup()
    await agi.office.settle(1)
    assert ended == ["200 result=-1 (hangup) endpos=8000"]
    assert agi.office.runner.globals["h"] == "HANGUP "


async def test_exec(agi: Agi) -> None:
    assert await agi("EXEC Playback welcome", 2) == "result=0"
    assert agi.alice.said == ["welcome"]
    assert await agi("EXEC NoSuch") == "result=-2"
    assert await agi('EXEC Set "A=1"') == "result=0"
    assert await agi("GET VARIABLE A") == "result=1 (1)"


async def test_gosub(agi: Agi) -> None:
    assert await agi("GOSUB sub s 1 one,two") == "result=0 Gosub complete"
    assert await agi("GET VARIABLE RETURNED") == "result=1 (one-two)"
    assert await agi("GOSUB sub none 1") == "result=-1 Gosub label not found"
    assert await agi("GET VARIABLE EXTEN") == "result=1 (s)"


async def test_caller_id(agi: Agi) -> None:
    assert await agi('SET CALLERID "\\"Carol\\" <6009>"') == "result=1"
    assert (agi.alice.caller.name, agi.alice.caller.number) == ("Carol", "6009")
    assert await agi("SET CALLERID 6010") == "result=1"
    assert (agi.alice.caller.name, agi.alice.caller.number) == ("Carol", "6010")


async def test_music(agi: Agi) -> None:
    assert await agi("SET MUSIC ON jazz") == "result=0"
    assert agi.office.music == [(agi.alice.name, "jazz")]
    assert await agi("SET MUSIC OFF") == "result=0"
    assert agi.office.music == []
    assert (await agi("SET MUSIC LOUD")).startswith("520-")


async def test_the_script_ends_and_the_dialplan_goes_on(agi: Agi) -> None:
    assert await agi("ASYNCAGI BREAK") == "result=0"
    assert agi.over
    assert agi.office.runner.globals["status"] == "SUCCESS"
    assert agi.office.runner.globals["after"] == "s/default"


async def test_where_it_goes_on_can_be_set(agi: Agi) -> None:
    assert await agi("SET CONTEXT default") == "result=0"
    assert await agi("SET EXTENSION 200") == "result=0"  # the next priority there
    assert await agi("ASYNCAGI BREAK") == "result=0"
    assert agi.office.runner.globals["went"] == "three"


async def test_context_extension_and_priority(agi: Agi) -> None:
    await agi("SET CONTEXT elsewhere")
    await agi("SET EXTENSION 200")
    assert await agi("SET PRIORITY 1") == "result=0"
    await agi("ASYNCAGI BREAK")
    assert agi.office.runner.globals["went"] == "elsewhere"


async def test_autohangup(agi: Agi) -> None:
    assert await agi("SET AUTOHANGUP 5") == "result=0"
    await agi.office.settle(4)
    assert not agi.alice.ended
    await agi.office.settle(2)
    assert agi.alice.ended
    assert agi.over


async def test_hangup(agi: Agi) -> None:
    bob = agi.office.call("ring")
    await agi.office.settle()
    assert await agi(f"HANGUP {bob.name}") == "result=1"
    assert bob.ended
    assert await agi("HANGUP Fake/none") == "result=-1"
    assert await agi("HANGUP") == "result=1"
    await agi.office.settle()
    assert agi.alice.ended
    assert agi.over
    assert agi.office.runner.globals["h"] == "HANGUP "


async def test_a_redirect_takes_the_call_away(agi: Agi) -> None:
    agi.give("WAIT FOR DIGIT -1")
    await agi.office.settle()
    agi.alice.redirect("default", "200")
    await agi.office.settle()
    assert agi.over
    assert agi.office.runner.globals["went"] == "200"


async def test_commands_are_announced(agi: Agi) -> None:
    seen = []
    bus = agi.office.pbx.bus
    bus.listen(AgiExecBegan, lambda event: seen.append((event.command, event.command_id)))
    bus.listen(AgiExecEnded, lambda event: seen.append((event.reply, event.command_id)))
    await agi("NOOP hello")
    assert seen == [("NOOP hello", "id"), ("200 result=0", "id")]


async def test_too_many_commands_are_refused(agi: Agi) -> None:
    agi.give("WAIT FOR DIGIT -1")
    await agi.office.settle()
    found = async_agi_of(agi.office.runner, agi.alice)
    assert found is not None
    assert sum(found.submit("NOOP", "") for _ in range(1001)) == 1000


async def test_a_sound_is_wound_halted_and_ended(agi: Agi) -> None:
    agi.give('CONTROL STREAM FILE welcome "12" 400 6 4 5')
    await agi.office.settle(0.5)
    for key, seconds in (("4", 0.1), ("5", 3), ("5", 0.1)):
        agi.alice.press(key)
        await agi.office.settle(seconds)
    assert agi.replies == []
    agi.alice.press("2")
    await agi.office.settle()
    result, endpos = agi.replies[0].split(" endpos=")
    assert result == f"200 result={ord('2')}"
    assert int(endpos) / 8 == pytest.approx(300, abs=100)
    assert await agi("GET VARIABLE CPLAYBACKSTATUS") == "result=1 (USERSTOPPED)"


async def test_a_sound_to_wind_that_is_missing(agi: Agi) -> None:
    assert await agi("CONTROL STREAM FILE missing 1") == "result=-1"
    assert await agi("GET VARIABLE CPLAYBACKSTATUS") == "result=1 (ERROR)"
