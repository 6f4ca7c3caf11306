"""The virtual loop itself: if it lies about time or leftovers, everything built on it does."""

import asyncio
import os
import time

import pytest

from calls.network import Link, SimulatedNetwork
from calls.parties import Party
from calls.virtual_loop import DeadlockError, LeftoverError, VirtualLoop, run


def test_an_hour_takes_no_time():
    async def main(loop):
        before = loop.time()
        await asyncio.sleep(3600)
        return loop.time() - before

    started = time.perf_counter()
    assert run(main) == pytest.approx(3600, abs=1e-6)
    assert time.perf_counter() - started < 1


def test_days_are_jumped_whole():
    async def main(loop):
        before = loop.time()
        await asyncio.sleep(30 * 86400)  # asyncio's own select never waits longer than a day
        return loop.time() - before

    assert run(main) == pytest.approx(30 * 86400, abs=1e-3)


def test_timers_come_in_order_and_never_early():
    seen = []

    async def main(loop):
        start = loop.time()
        for number in (5, 1, 4, 2, 3):
            loop.call_at(start + number * 0.1, lambda n=number: seen.append((n, loop.time())))
        await asyncio.sleep(1)
        return start

    start = run(main)
    assert [n for n, _ in seen] == [1, 2, 3, 4, 5]
    assert all(at >= start + n * 0.1 - 1e-9 for n, at in seen)


def test_timeouts_cancel_what_waits():
    async def main(loop):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30):
                await asyncio.Event().wait()
        return loop.time()

    assert run(main) == pytest.approx(1030)


def test_a_deadlock_names_the_tasks():
    async def waits_for_ever():
        await asyncio.Event().wait()

    async def main(loop):
        task = asyncio.create_task(waits_for_ever(), name="the-stuck-one")
        await task

    with pytest.raises(DeadlockError, match=r"the-stuck-one: .*waits_for_ever"):
        run(main)


def test_a_left_task_is_a_failure():
    kept = []

    async def main(loop):
        kept.append(asyncio.create_task(asyncio.sleep(10), name="orphan"))

    with pytest.raises(LeftoverError, match="orphan"):
        run(main)


def test_a_left_timer_is_a_failure_only_after_settling():
    def again(loop):
        loop.call_later(60, again, loop)

    async def main(loop):
        again(loop)

    run(main)
    with pytest.raises(LeftoverError, match="timer"):
        run(main, settle=600)


def test_settling_lets_timers_run_out():
    seen = []

    async def main(loop):
        loop.call_later(32, lambda: loop.call_later(32, seen.append, "end"))
        loop.call_later(40, seen.append, "cancelled").cancel()

    run(main, settle=100)
    assert seen == ["end"]


def test_an_error_in_a_callback_is_a_failure():
    async def main(loop):
        loop.call_soon(lambda: 1 / 0)
        await asyncio.sleep(1)

    with pytest.raises(LeftoverError, match="ZeroDivisionError"):
        run(main)


def test_executors_run_at_once():
    async def main(loop):
        before = loop.time()
        assert await asyncio.to_thread(lambda: 42) == 42
        with pytest.raises(KeyError):
            await loop.run_in_executor(None, {}.__getitem__, "x")
        return loop.time() - before

    assert run(main) == 0


def test_sockets_are_refused():
    async def main(loop):
        with pytest.raises(RuntimeError, match="virtual time"):
            await asyncio.open_connection("192.0.2.1", 5060)

    run(main)


def test_a_watched_descriptor_is_seen_before_time_jumps():
    async def main(loop: VirtualLoop):
        reading, writing = os.pipe()
        try:
            got = loop.create_future()
            loop.add_reader(reading, lambda: got.done() or got.set_result(os.read(reading, 10)))
            os.write(writing, b"x")
            before = loop.time()
            assert await asyncio.wait_for(got, 100) == b"x"
            assert loop.time() == before
            loop.remove_reader(reading)
        finally:
            os.close(reading)
            os.close(writing)

    run(main)


def test_calls_on_the_simulated_network_as_tasks():
    """A task calls, a task answers; the network's clock is the loop's."""

    async def main(loop: VirtualLoop):
        network = SimulatedNetwork(loop, 5, Link(delay=0.02, jitter=0.01, loss=0.05, duplicate=0.05))
        alice, bob = Party(network, "alice", "192.0.2.1"), Party(network, "bob", "192.0.2.2")
        tasks = []

        async def answer(call):
            call.ring()
            await asyncio.sleep(3)
            call.accept()

        async def dial():
            call = alice.call(bob.uri)
            answered, ended = loop.create_future(), loop.create_future()
            call.when["answered"] = lambda: answered.set_result(None)
            call.when["ended"] = lambda: ended.set_result(None)
            await asyncio.wait_for(answered, 30)
            await asyncio.sleep(60)
            call.hangup()
            await ended

        bob.on_call = lambda call: tasks.append(asyncio.create_task(answer(call)))
        with network.explained():
            await asyncio.gather(*(dial() for _ in range(20)))
            await asyncio.gather(*tasks)
            await asyncio.sleep(100)
            assert alice.leftovers() + bob.leftovers() == []
            assert [call.answered for call in alice.calls] == [1] * 20
        return loop.time()

    assert run(main, settle=100) > 1160
