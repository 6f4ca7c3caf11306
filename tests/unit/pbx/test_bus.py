"""Announcements."""

from __future__ import annotations

from dataclasses import dataclass

from offhook.pbx.bus import Bus


@dataclass
class Spoken:
    what: str


@dataclass
class Louder(Spoken):
    pass


def test_listeners_are_called_in_order_with_exactly_their_type() -> None:
    bus = Bus()
    heard: list[str] = []
    bus.listen(Spoken, lambda event: heard.append(f"1 {event.what}"))
    bus.listen(Spoken, lambda event: heard.append(f"2 {event.what}"))
    bus.emit(Spoken, "a")
    bus.emit(Louder, "b")
    assert heard == ["1 a", "2 a"]


def test_no_event_is_built_for_nobody() -> None:
    def never(*args: object) -> object:
        raise AssertionError("built")

    bus = Bus()
    bus.emit(never, 1, 2)
    assert not bus.wanted(Spoken)


def test_a_listener_that_stops_hears_nothing_more_and_leaves_nothing() -> None:
    bus = Bus()
    heard: list[str] = []
    stop = bus.listen(Spoken, lambda event: heard.append(event.what))
    other = bus.listen(Spoken, lambda event: None)
    bus.emit(Spoken, "a")
    stop()
    stop()
    bus.emit(Spoken, "b")
    assert heard == ["a"]
    assert bus.wanted(Spoken)
    other()
    assert not bus.wanted(Spoken)


def test_one_listener_may_stop_another_while_an_event_is_told() -> None:
    bus = Bus()
    heard: list[str] = []
    stops = []
    bus.listen(Spoken, lambda event: stops[0]())
    stops.append(bus.listen(Spoken, lambda event: heard.append(event.what)))
    bus.emit(Spoken, "a")  # it was still a listener when this began
    bus.emit(Spoken, "b")
    assert heard == ["a"]


def test_a_listener_that_fails_hurts_nobody(caplog) -> None:
    def fail(event: Spoken) -> None:
        raise RuntimeError("no")

    bus = Bus()
    heard: list[str] = []
    bus.listen(Spoken, fail)
    bus.listen(Spoken, lambda event: heard.append(event.what))
    bus.emit(Spoken, "a")
    assert heard == ["a"]
    assert "Spoken" in caplog.text


def test_who_reports_is_told_when_that_is_wanted() -> None:
    bus = Bus()
    wanted: list[bool] = []
    bus.watch(Spoken, lambda: wanted.append(bus.wanted(Spoken)))
    stop = bus.listen(Spoken, lambda event: None)
    bus.listen(Louder, lambda event: None)
    stop()
    assert wanted == [True, False]
    bus.listen(Spoken, lambda event: None)
    late: list[bool] = []
    bus.watch(Spoken, lambda: late.append(True))
    assert late == [True]
