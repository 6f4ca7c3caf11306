"""The same tests as those of examples/office."""

import pytest


async def test_a_colleague_is_called(office):
    alice, bob = office.phone("6001"), office.phone("6002")
    await alice.dial("6002")
    bob.rings(caller="6001")
    await bob.answers()
    alice.talks_to(bob)
    await alice.hangs_up()
    bob.was_hung_up()


async def test_the_menu_connects(office):
    alice, bob = office.phone("6001"), office.phone("6002")
    await alice.dial("500", until="demo-congrats")
    await alice.presses("2")
    alice.hears("demo-congrats", "transfer")
    alice.hears_music()
    await bob.answers()
    alice.talks_to(bob)


async def test_the_menu_says_a_number_back(office):
    alice = office.phone("6001")
    await alice.dial("500")
    await alice.presses("4")
    alice.hears("vm-enter-num-to-call")
    await alice.presses("417#")
    alice.hears("you-entered", "digits/4", "digits/1", "digits/7")


async def test_the_menu_gives_up(office):
    alice = office.phone("6001")
    await alice.dial("500")
    await alice.waits(30)
    alice.hears("demo-congrats")
    alice.hears("demo-congrats")
    alice.hears("demo-congrats", "vm-goodbye")
    alice.was_hung_up()


async def test_a_wrong_key(office):
    alice = office.phone("6001")
    await alice.dial("500")
    await alice.presses("9")
    alice.hears("pbx-invalid", "demo-congrats")


@pytest.mark.parametrize(
    ("set_up", "heard"),
    [("will_ring", "vm-nobodyavail"), ("will_be_unreachable", "vm-isunavail")],
)
async def test_nobody_answers(office, set_up, heard):
    alice, bob = office.phone("6001"), office.phone("6002")
    getattr(bob, set_up)()
    await alice.dial("6002")
    await alice.waits(26)
    alice.hears(heard)


async def test_busy(office):
    alice, bob = office.phone("6001"), office.phone("6002")
    bob.will_be_busy()
    await alice.dial("6002")
    await alice.waits(11)
    alice.was_hung_up(17)


async def test_out_through_the_trunk(office):
    alice, trunk = office.phone("6001"), office.phone("trunk")
    trunk.will_answer(after=3)
    await alice.dial("95551234")
    await alice.waits(4)
    alice.talks_to(trunk)
    assert trunk.calls == ["5551234"]


async def test_in_through_the_trunk(office):
    trunk, bob = office.phone("trunk"), office.phone("6002")
    await trunk.dial("+1555123002")
    bob.rings()
    await trunk.hangs_up()
    bob.does_not_ring()
    await trunk.dial("+15551230")
    trunk.hears("demo-congrats")


async def test_no_such_number(office):
    alice = office.phone("6001")
    await alice.dial("7777")
    alice.was_hung_up(1)
