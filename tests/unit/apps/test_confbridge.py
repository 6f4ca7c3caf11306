"""ConfBridge: who hears whom, marked users, PINs, menus, announcements, recordings; in virtual time."""

from __future__ import annotations

from pathlib import Path

import pytest

from offhook.config.errors import Problems
from offhook.config.files.confbridge import ConfbridgeConf, read_confbridge_conf
from offhook.config.reader import read_text
from offhook.features import conference_events as happened
from offhook.media.taps import Effects
from offhook.pbx import events
from unit.pbx.fake import FakeChannel, Office

PLAN = """
[default]
exten => s,1,ConfBridge(1)
 same => n,Set(GLOBAL(result)=${CONFBRIDGE_RESULT})
 same => n,Wait(100)
exten => h,1,Set(GLOBAL(h)=${CONFBRIDGE_RESULT})
exten => menu,1,ConfBridge(1,,,keys)
 same => n,Set(GLOBAL(result)=${CONFBRIDGE_RESULT})
exten => _p.,1,ConfBridge(1,,${EXTEN:1},keys)
 same => n,Set(GLOBAL(result)=${CONFBRIDGE_RESULT})
exten => visit,1,Set(GLOBAL(visited)=${CHANNEL})
 same => n,Wait(5)
 same => n,Return()
"""


def settings(text: str) -> ConfbridgeConf:
    problems = Problems()
    conf = read_confbridge_conf(read_text(text, file="confbridge.conf", problems=problems), problems)
    assert not problems.errors, problems.errors
    return conf


def room_of(o: Office):
    return o.conferences.rooms["1"]


def taking(o: Office, leg: FakeChannel):
    return room_of(o).bridge.mix.taking(leg)


def members(o: Office) -> set[str]:
    return {core.face.listener.name for core in o.media.rooms[-1].members if core.face.listener is not None}


async def test_from_the_first_to_the_last(office) -> None:
    o = office(PLAN)
    seen: list[str] = []
    for kind in (happened.ConferenceStarted, happened.ConferenceJoined, happened.ConferenceLeft):
        o.pbx.bus.listen(kind, lambda event: seen.append(type(event).__name__[10:]))
    o.pbx.bus.listen(happened.ConferenceEnded, lambda event: seen.append("Ended"))
    o.pbx.bus.listen(happened.ConferenceStateChanged, lambda event: seen.append(event.new))
    alice = o.call()
    await o.settle(2)
    assert alice.said == ["conf-onlyperson"]
    bob = o.call()
    await o.settle(2)
    assert members(o) == {alice.name, bob.name}
    assert room_of(o).bridge.technology == "softmix"
    bob.far_end_hung_up(16)
    await o.settle(2)
    alice.far_end_hung_up(16)
    await o.settle(1)
    assert seen == [
        "Started",
        "SINGLE",
        "Joined",
        "MULTI",
        "Joined",
        "Left",
        "SINGLE",
        "Left",
        "EMPTY",
        "Ended",
    ]
    assert o.conferences.rooms == {}
    assert o.runner.globals["h"] == "HANGUP"
    assert all(room.closed for room in o.media.rooms)


async def test_quiet_users_are_not_announced(office) -> None:
    o = office(PLAN)
    o.conferences.settings = settings("[default_user]\ntype=user\nquiet=yes\n")
    alice, bob = o.call(), o.call()
    await o.settle(2)
    assert alice.said == bob.said == []
    assert len(o.media.ports) == 2, "no pipe for announcements"


async def test_everybody_hears_who_joins_but_one_who_does_not_want_to(office) -> None:
    o = office(PLAN)
    o.conferences.settings = settings("[default_user]\ntype=user\nhear_own_join_sound=no\n")
    o.call()
    await o.settle(3)
    bob = o.call()
    await o.settle(0.5)
    assert taking(o, bob).deaf
    await o.settle(2)
    assert not taking(o, bob).deaf
    said = [name for port in o.media.ports.values() if port.listener is None for name in port.core.said]
    assert said == ["confbridge-join"]


async def test_wait_for_the_marked_one_and_what_follows(office) -> None:
    o = office(PLAN)
    o.conferences.settings = settings(
        "[waits]\ntype=user\nwait_marked=yes\nmusic_on_hold_when_empty=yes\n"
        "[leaves]\ntype=user\nwait_marked=yes\nend_marked=yes\n[boss]\ntype=user\nmarked=yes\n"
        "[keys]\ntype=menu\n1=no_op\n"
    )
    states: list[str] = []
    o.pbx.bus.listen(happened.ConferenceStateChanged, lambda event: states.append(f"{event.old} {event.new}"))
    alice, bob = o.call(exten="pwaits"), o.call(exten="pleaves")
    await o.settle(3)
    assert alice.said == bob.said == ["conf-waitforleader"]
    assert taking(o, alice).muted
    assert taking(o, alice).deaf
    assert o.music == [(alice.name, "")]
    boss = o.call(exten="pboss")
    await o.settle(3)
    assert not taking(o, alice).muted
    assert not taking(o, bob).deaf
    assert o.music == []
    assert alice.said[1:] == ["conf-placeintoconf"]
    boss.far_end_hung_up(16)
    await o.settle(3)
    assert taking(o, alice).muted
    assert alice.said[2:] == ["conf-leaderhasleft"]
    assert bob.ended
    assert o.runner.globals["result"] == "ENDMARKED"
    assert states == ["EMPTY INACTIVE", "INACTIVE MULTI_MARKED", "MULTI_MARKED INACTIVE"]


async def test_all_are_told_that_the_last_marked_one_has_left_and_tests_of_what_is_heard(office) -> None:
    o = office(PLAN)
    o.conferences.settings = settings("[boss]\ntype=user\nmarked=yes\n[keys]\ntype=menu\n1=no_op\n")
    told: list[tuple[str, ...]] = []
    o.pbx.bus.listen(
        events.TestEvent,
        lambda event: told.append(tuple(dict(event.headers).values())) if event.state == "PLAYBACK" else None,
    )
    alice = o.call()
    await o.settle(3)
    boss, other = o.call(exten="pboss"), o.call(exten="pboss")
    await o.settle(5)
    boss.far_end_hung_up(16)
    await o.settle(3)
    assert "conf-leaderhasleft" not in alice.said
    other.far_end_hung_up(16)
    await o.settle(3)
    assert alice.said[-1] == "conf-leaderhasleft"
    assert ("conf-leaderhasleft", alice.name) in told
    assert [said for said in told if said[0] == "confbridge-join"] == [("confbridge-join", "CBAnn/1")] * 3


async def test_a_pin(office) -> None:
    o = office(PLAN)
    o.conferences.settings = settings("[default_user]\ntype=user\npin=1234\nannounce_only_user=no\n")
    alice, mallory = o.call(), o.call()
    await o.settle(1.5)
    assert alice.said == ["conf-getpin"]
    alice.press("1234")
    await o.settle(1)
    assert len(room_of(o).participants) == 1
    for wrong in ("99#", "4321", "#"):
        mallory.press(wrong)
        await o.settle(1.5)
    await o.settle(3)
    assert mallory.said == ["conf-getpin", "conf-invalidpin", "conf-invalidpin", "conf-invalidpin"]
    assert o.runner.globals["result"] == "FAILED"


async def test_menu_keys(office) -> None:
    o = office(PLAN)
    o.conferences.settings = settings(
        "[default_user]\ntype=user\nquiet=yes\n[keys]\ntype=menu\n1=toggle_mute\n2=increase_talking_volume\n"
        "22=reset_talking_volume\n3=playback_and_continue(a&b)\n4=participant_count\n5=dialplan_exec(default,visit,1)\n"
        "6=decrease_listening_volume\n8=admin_toggle_conference_lock\n9=leave_conference\n"
    )
    alice, bob = o.call(exten="menu"), o.call(exten="menu")
    await o.settle(1)
    alice.press("1")
    await o.settle(2)
    assert taking(o, alice).muted
    assert alice.said == ["conf-muted"]
    alice.press("1")
    await o.settle(2)
    assert not taking(o, alice).muted
    alice.press("2")
    await o.settle(1)
    assert taking(o, alice).gain_in == 1.0, "22 may follow"
    await o.settle(2)
    assert taking(o, alice).gain_in == 2.0
    alice.press("22")
    alice.press("6")
    await o.settle(1)
    assert (taking(o, alice).gain_in, taking(o, alice).gain_out) == (1.0, 0.5)
    alice.press("3")
    await o.settle(0.5)
    alice.press("4")
    await o.settle(2)
    assert alice.said[-3:] == ["a", "b", "conf-onlyone"]
    alice.press("8")
    await o.settle(2)
    assert alice.said[-1] == "conf-errormenu"
    assert not room_of(o).locked
    alice.press("5")
    await o.settle(1)
    assert o.runner.globals["visited"] == alice.name
    assert members(o) == {bob.name}
    await o.settle(6)
    assert members(o) == {alice.name, bob.name}
    alice.press("9")
    await o.settle(1)
    assert alice.ended
    assert o.runner.globals["result"] == "DTMF"


async def test_administrators(office) -> None:
    o = office(PLAN)
    o.conferences.settings = settings(
        "[default_user]\ntype=user\n[boss]\ntype=user\nadmin=yes\n[default_bridge]\ntype=bridge\nmax_members=3\n"
        "[keys]\ntype=menu\n1=admin_toggle_conference_lock\n2=admin_kick_last\n3=admin_toggle_mute_participants\n"
    )
    boss, bob = o.call(exten="pboss"), o.call()
    await o.settle(3)
    boss.press("1")
    await o.settle(2)
    late = o.call()
    await o.settle(3)
    assert late.said == ["conf-locked"]
    assert boss.said[-1] == "conf-lockednow"
    boss.press("1")
    boss.press("3")
    await o.settle(3)
    assert taking(o, bob).muted
    assert not taking(o, boss).muted
    boss.press("2")
    await o.settle(0.5)
    assert bob.said[-1] == "conf-kicked"
    await o.settle(1)
    assert o.runner.globals["result"] == "KICKED"
    for _ in range(3):
        o.call()
    await o.settle(3)
    assert len(room_of(o).participants) == 3


async def test_names_are_recorded_and_played(office, tmp_path: Path) -> None:
    o = office(PLAN)
    o.pbx.recordings = tmp_path
    o.conferences.settings = settings("[default_user]\ntype=user\nannounce_join_leave=yes\n")
    alice = o.call()
    await o.settle(12)
    bob = o.call()
    await o.settle(2.5)
    bob.press("#")
    await o.settle(4)
    assert len(room_of(o).participants) == 2
    said = [name for port in o.media.ports.values() if port.listener is None for name in port.core.said]
    assert said[0] == "confbridge-join"
    assert said[-1] == "conf-hasjoin"
    assert alice.said[:2] == ["vm-rec-name", "beep"]


async def test_recording_and_what_the_dialplan_sets(office, tmp_path: Path) -> None:
    o = office(
        "[default]\nexten => s,1,Set(CONFBRIDGE(bridge,record_conference)=yes)\n"
        " same => n,Set(CONFBRIDGE(bridge,record_file)=meeting.wav)\n"
        " same => n,Set(CONFBRIDGE(bridge,record_file_timestamp)=no)\n"
        " same => n,Set(CONFBRIDGE(user,startmuted)=yes)\n same => n,Set(CONFBRIDGE(user,quiet)=yes)\n"
        " same => n,Set(CONFBRIDGE(menu,7)=leave_conference)\n same => n,ConfBridge(9)\n"
    )
    o.pbx.recordings = tmp_path
    alice = o.call()
    await o.settle(1)
    room = o.conferences.rooms["9"]
    assert o.media.recorded[0][:2] == (str(tmp_path / "meeting.wav"), "wav")
    assert room.recording == str(tmp_path / "meeting.wav")
    assert room.bridge.mix.taking(alice).muted
    alice.press("7")
    await o.settle(2)
    assert alice.ended


async def test_functions_kicks_and_a_time_limit(office) -> None:
    o = office(
        "[default]\nexten => s,1,Set(CONFBRIDGE(user,timeout)=30)\n same => n,ConfBridge(1)\n"
        " same => n,Set(GLOBAL(result)=${CONFBRIDGE_RESULT})\n"
        "exten => ask,1,Set(GLOBAL(asked)=${CONFBRIDGE_INFO(parties,1)} ${CONFBRIDGE_INFO(locked,1)} "
        "${CONFBRIDGE_INFO(admins,none)} ${CONFBRIDGE_CHANNELS(active,1)})\n"
        "exten => kick,1,ConfKick(1)\n same => n,Set(GLOBAL(kicked)=${CONFKICKSTATUS})\n"
        " same => n,ConfKick(none)\n same => n,Set(GLOBAL(missed)=${CONFKICKSTATUS})\n"
    )
    alice = o.call()
    await o.settle(10)
    await o.ended(o.call(exten="ask"))
    assert o.runner.globals["asked"] == f"1 0 0 {alice.name}"
    await o.settle(25)
    assert o.runner.globals["result"] == "TIMEOUT"
    bob = o.call()
    await o.settle(2)
    await o.ended(o.call(exten="kick"))
    assert (o.runner.globals["kicked"], o.runner.globals["missed"]) == ("SUCCESS", "FAILURE")
    await o.settle(2)
    assert bob.ended


async def test_talking_is_announced_on_the_bus(office) -> None:
    o = office(PLAN)
    o.conferences.settings = settings("[default_user]\ntype=user\ntalk_detection_events=yes\nquiet=yes\n")
    heard: list[bool] = []
    o.pbx.bus.listen(happened.ConferenceTalking, lambda event: heard.append(event.on))
    alice = o.call()
    await o.settle(1)
    assert taking(o, alice).report_talking
    for on in (True, True, False):
        alice.on_talking(alice.media, on)
    await o.settle(1)
    assert heard == [True, False]


async def test_noise_is_taken_out_of_what_a_user_says(office) -> None:
    o = office(PLAN)
    o.conferences.settings = settings("[default_user]\ntype=user\ndenoise=yes\nquiet=yes\n")
    alice = o.call()
    await o.settle(1)
    assert alice.core.effects == {False: Effects(denoise=True)}


@pytest.mark.parametrize("line", ["1=fly", "1=playback", "1=playback(a", "1=", "x=no_op"])
def test_menus_that_are_wrong(line: str) -> None:
    problems = Problems()
    read_confbridge_conf(
        read_text(f"[m]\ntype=menu\n{line}\n", file="confbridge.conf", problems=problems), problems
    )
    assert problems.errors


def test_profiles_that_are_wrong() -> None:
    problems = Problems()
    text = "[a]\nmarked=yes\n[b]\ntype=car\n[c]\ntype=bridge\nmixing_interval=30\n[d]\ntype=user\nmaked=yes\n"
    read_confbridge_conf(read_text(text, file="confbridge.conf", problems=problems), problems)
    assert len(problems.errors) == 4
