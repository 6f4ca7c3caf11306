"""offhook.testing: phones in virtual time, and what they say when a test is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from offhook import Call, Dialplan
from offhook.testing import Office

ROOT = Path(__file__).resolve().parents[3]

CONF = """
[default]
exten => 500,1,Answer()
 same => n,Wait(0.5)
 same => n,Background(welcome&menu)
 same => n,WaitExten(5)
 same => n,Playback(goodbye)
exten => 1,1,Dial(PJSIP/bob,20,m(jazz))
 same => n,Playback(nobody)
exten => 2,1,Wait(2)
 same => n,Playback(late)
exten => 3,1,Dial(PJSIP/5551234@trunk&SIP/bob)
exten => 4,1,Answer()
 same => n,PlayTones(dial)
 same => n,Wait(100)
"""


async def test_a_menu_with_its_calls(request):
    office = Office(extensions=CONF)
    alice, bob = office.phone("alice", number="6001"), office.phone("bob")
    await alice.dial("500")
    assert office.now == pytest.approx(2.5, abs=0.01)
    alice.hears("welcome", "menu")
    alice.hears_nothing_more()
    await alice.presses("1")
    alice.hears_music("jazz")
    bob.rings(caller="6001")
    assert not bob.is_in_call
    await bob.answers()
    alice.talks_to(bob)
    assert alice.is_in_call
    await bob.hangs_up()
    alice.hears_nothing_more()
    alice.was_hung_up()
    await office.everybody_hangs_up()


async def test_time_goes_by_only_as_far_as_asked():
    office = Office(extensions=CONF)
    alice = office.phone("alice")
    await alice.dial("500", until="menu")
    await alice.waits(1)
    await alice.waits(10, until="goodbye")
    alice.hears("welcome", "menu", "goodbye")
    assert office.now < 8
    await office.waits(60)
    assert 60 < office.now < 70
    await alice.dial("2")
    with pytest.raises(
        AssertionError, match=r"alice should hear late and has heard nothing; .* 2@default:1, Wait\(2\)"
    ):
        alice.hears("late")
    await alice.waits(2)
    alice.hears("late")
    await office.everybody_hangs_up()


async def test_parties_do_what_they_are_told():
    office = Office(extensions=CONF)
    alice, bob = office.phone("alice"), office.phone("bob")
    for set_up, cause in ((bob.will_be_busy, 17), (bob.will_reject, 21), (bob.will_be_unreachable, 20)):
        set_up()
        await alice.dial("1")
        await alice.waits(5)
        alice.hears("nobody")
        await office.waits(30)
        assert bob.call.hangup_cause in (cause, 0) or set_up == bob.will_be_unreachable
    bob.will_answer(after=3, hang_up_after=10)
    await alice.dial("1")
    await office.waits(4)
    alice.talks_to(bob)
    await office.waits(10)
    alice.was_hung_up()
    await office.everybody_hangs_up()


async def test_trunks_and_technologies():
    office = Office(extensions=CONF)
    alice, bob, trunk = office.phone("alice"), office.phone("bob"), office.phone("trunk")
    await alice.dial("3")
    bob.rings()
    trunk.rings()
    assert trunk.calls == ["5551234"]
    assert bob.call.name.startswith("SIP/bob-")
    await trunk.rejects()
    await bob.rejects()
    alice.was_hung_up()
    await alice.dial("4")
    alice.hears_tone()
    await office.everybody_hangs_up()


async def test_wrong_expectations_are_told():
    office = Office(extensions=CONF)
    alice, bob = office.phone("alice"), office.phone("bob")
    with pytest.raises(AssertionError, match="nobody has called bob"):
        bob.rings()
    with pytest.raises(AssertionError, match="alice has made no call"):
        alice.hears("x")
    await alice.dial("500")
    for check, message in (
        (lambda: alice.hears("menu", "welcome"), "should hear menu, welcome and has heard welcome, menu"),
        (alice.hears_nothing_more, "has also heard welcome, menu"),
        (alice.hears_music, "hears no music"),
        (alice.hears_tone, "hears no tone"),
        (alice.was_hung_up, "has not been hung up; its call is at 500@default:4"),
    ):
        with pytest.raises(AssertionError, match=message):
            check()
    with pytest.raises(AssertionError, match="hang up first"):
        await alice.dial("1")
    await alice.hangs_up()
    with pytest.raises(AssertionError, match="with cause"):
        alice.was_hung_up(17)
    with pytest.raises(AssertionError, match="has no call any more"):
        await alice.presses("1")
    await office.everybody_hangs_up()


async def test_dialplans_in_python_are_taken_directly():
    dialplan = Dialplan()

    @dialplan.context("default").extension("_9{number:X.}")
    async def outside(call: Call, number: str) -> None:
        if not await call.dial(f"PJSIP/{number}@trunk", timeout=5):
            await call.play("sorry")

    office = Office(scripts=[dialplan])
    alice, trunk = office.phone("alice"), office.phone("trunk")
    await alice.dial("9123")
    await alice.waits(6)
    alice.hears("sorry")
    assert trunk.calls == ["123"]
    await office.everybody_hangs_up()


async def test_what_a_call_leaves_behind_is_told():
    office = Office(extensions=CONF)
    office.switch.media.open_port()
    with pytest.raises(AssertionError, match="left when everybody has hung up: port"):
        await office.everybody_hangs_up()


def test_mistakes_in_a_configuration_are_told(tmp_path):
    (tmp_path / "extensions.conf").write_text("[default]\nexten => 1,1,Set(A=${)\n")
    (tmp_path / "test_it.py").write_text("async def test_it(office):\n    pass\n")
    done = run("test", str(tmp_path))
    assert done.returncode == 1
    assert "extensions.conf:2" in done.stdout


def run(*words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTEST_ADDOPTS": "-p no:cacheprovider"}
    return subprocess.run(
        [sys.executable, "-m", "offhook.cli.main", *words],
        capture_output=True, text=True, cwd=ROOT, env=environment, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_the_command(tmp_path):
    (tmp_path / "test_it.py").write_text(
        "async def test_wrong(office):\n    alice = office.phone('6001')\n"
        "    await alice.dial('500')\n    alice.hears('nothing')\n"
        "class TestIt:\n    async def test_right(self, make_office):\n"
        "        office = make_office(extensions='[default]\\nexten => 1,1,Playback(hi)\\n')\n"
        "        alice = office.phone('alice')\n        await alice.dial('1')\n        alice.hears('hi')\n"
    )
    done = run("test", "--config", "examples/office", "examples/office/tests", str(tmp_path))
    assert "1 failed, 12 passed" in done.stdout, done.stdout + done.stderr
    assert "6001 should hear nothing and has heard demo-congrats" in done.stdout
    assert done.returncode == 1


@pytest.mark.slow
def test_the_office_in_python_behaves_as_the_other_one():
    """The same tests, with the other folder's configuration."""
    done = run("test", "--config", "examples/office-python", "examples/office/tests")
    assert "11 passed" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0
