"""Two baresip phones at the demo office: they call each other, and what they hear is measured."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable
from pathlib import Path

from baresip import Baresip, Recording, tone_file
from program import Program, wait_for
from prompts import MUSIC, PITCHES, names_heard

import audio

MakePhone = Callable[..., Baresip]
MakeOffice = Callable[..., Program]

LEAD = (audio.silence(600), audio.chirp(), audio.silence(300))
LEAD_MS = 1300.0


def place_of_chirp(samples: array[int], who: str) -> float:
    """Milliseconds from the beginning to the chirp, which comes within the first seconds."""
    place, likeness = audio.delay_ms(audio.chirp(), samples[: round(1.9 * audio.RATE)])
    assert likeness > 0.9, f"{who} does not have the chirp in it"
    return place


def delay_between(sent: Recording, heard: Recording) -> float:
    """Seconds from one phone's encoder to the other's decoder."""
    first = sent.time_of(round(place_of_chirp(sent.samples, "what was sent") * 8))
    return heard.time_of(round(place_of_chirp(heard.samples, "what was heard") * 8)) - first


def call(caller: Baresip, callee: Baresip, number: str) -> None:
    """A call up to the answer."""
    caller.dial(number)
    callee.expect("CALL_INCOMING")
    caller.expect("CALL_RINGING")
    callee.accept()
    callee.expect("CALL_ESTABLISHED")
    caller.expect("CALL_ESTABLISHED")


def heard_seconds(phone: Baresip) -> float:
    return len(phone.heard()) / audio.RATE


def test_two_phones_hear_each_other(office: Program, make_phone: MakePhone, folder: Path) -> None:
    """Tone in = tone out: pitch, level, no gap, no lost sample, little delay, both ways at once."""
    tones = {"6001": (1000.0, -13.0), "6002": (620.0, -20.0)}
    phones = {
        user: make_phone(
            office, user, source=tone_file(folder / f"{user}.wav", *LEAD, audio.sine(tone[0], 2500, tone[1]))
        )
        for user, tone in tones.items()
    }
    reception, sales = phones.values()
    reception.watch()
    sales.watch()
    call(reception, sales, "6002")
    assert office.channels() == 2
    wait_for("3.8 s of audio", lambda: min(heard_seconds(phone) for phone in phones.values()) > 3.75, 8)
    reception.hangup()
    sales.expect("CALL_CLOSED")
    tracks = {user: phone.stop_watching() for user, phone in phones.items()}
    for talker, listener in (("6001", "6002"), ("6002", "6001")):
        frequency, level = tones[talker]
        sent, heard = tracks[talker]["enc"], tracks[listener]["dec"]
        delay = delay_between(sent, heard)
        start = place_of_chirp(heard.samples, listener) + LEAD_MS - 600
        report = audio.measure_tone(heard.samples[round((start - 100) * 8) :], frequency)
        print(f"{talker} -> {listener}: {report}; delay {delay * 1000:.1f} ms")
        assert report.found
        assert abs(report.frequency - frequency) < 1
        assert abs(report.level_dbm0 - level) < 1
        assert report.noise_dbm0 < level - 30
        assert report.length_ms > 2400
        assert not report.gaps
        assert not report.jumps
        assert delay < 0.1
    (record,) = wait_for("a CDR", office.cdrs)
    assert (record["src"], record["dst"], record["disposition"]) == ("6001", "6002", "ANSWERED")
    assert record["billsec"] in (3, 4)


def test_a_law_and_mu_law_are_transcoded(
    make_office: MakeOffice, make_phone: MakePhone, folder: Path
) -> None:
    """One phone speaks only A-law, the other only mu-law."""
    office = make_office()
    one = make_phone(
        office,
        "6001",
        source=tone_file(folder / "a.wav", *LEAD, audio.sine(1000, 4000)),
        account=";audio_codecs=pcma/8000/1",
    )
    other = make_phone(
        office,
        "6002",
        source=tone_file(folder / "b.wav", *LEAD, audio.sine(700, 4000)),
        account=";audio_codecs=pcmu/8000/1",
    )
    call(one, other, "6002")
    wait_for("audio", lambda: min(heard_seconds(one), heard_seconds(other)) > 2.6, 8)
    one.hangup()
    other.expect("CALL_CLOSED")
    assert "encoder: PCMA" in one.log()
    assert "encoder: PCMU" in other.log()
    for phone, frequency in ((one, 700), (other, 1000)):
        heard = phone.heard()
        start = place_of_chirp(heard, phone.user) + LEAD_MS - 700
        report = audio.measure_tone(heard[round(start * 8) :], frequency)
        assert report.found, report
        assert abs(report.level_dbm0 + 13) < 1, report
        assert not report.gaps, report
        assert not report.jumps, report


def test_phones_on_tcp_and_udp(office: Program, make_phone: MakePhone) -> None:
    """A phone on a TCP connection calls and is called."""
    one, other = make_phone(office, "6001", transport="tcp"), make_phone(office, "6002")
    for caller, callee, number in ((one, other, "6002"), (other, one, "6001")):
        call(caller, callee, number)
        callee.hangup()
        caller.expect("CALL_CLOSED")


def packets_a_second(office: Program) -> float:
    """What the media engine sends."""
    first, start = office.media()["tx_packets"], time.monotonic()
    time.sleep(0.5)
    return (office.media()["tx_packets"] - first) / (time.monotonic() - start)


def test_hold_and_resume(office: Program, make_phone: MakePhone, folder: Path) -> None:
    """The one who is held hears music, then the other again; nothing is sent to the one who holds.

    What the one who holds hears afterwards is counted as packets: baresip 1.0 does not take up its decoder
    again after a hold, not between two of its own either.
    """
    one = make_phone(office, "6001", source=tone_file(folder / "a.wav", audio.sine(1000, 30_000)))
    other = make_phone(office, "6002", source=tone_file(folder / "b.wav", audio.sine(700, 30_000)))
    tones = (("one", 1000.0), ("other", 700.0))
    for holder, held, tone in ((one, other, "one"), (other, one, "other")):
        call(one, other, "6002")
        wait_for("the tone", lambda h=held, t=tone: names_heard(h.heard()[-8000:], tones) == [t])
        for _ in range(2):
            holder.command("hold")
            wait_for("music", lambda h=held: names_heard(h.heard()[-4000:], tones) == [MUSIC])
            assert 40 < packets_a_second(office) < 60
            holder.command("resume")
            wait_for("the tone again", lambda h=held, t=tone: names_heard(h.heard()[-4000:], tones) == [t])
            assert 85 < packets_a_second(office) < 115
        assert names_heard(held.heard(), tones) == [tone, MUSIC, tone, MUSIC, tone]
        one.hangup()
        other.expect("CALL_CLOSED")


def test_hang_up_while_held(office: Program, make_phone: MakePhone) -> None:
    """Either side may end a call that is on hold."""
    one, other = make_phone(office, "6001"), make_phone(office, "6002")
    for ends in (one, other):
        call(one, other, "6002")
        one.command("hold")
        wait_for("music", lambda: names_heard(other.heard()[-4000:]) == [MUSIC])
        ends.hangup()
        (other if ends is one else one).expect("CALL_CLOSED")
        office.assert_idle()


def test_busy(office: Program, make_phone: MakePhone) -> None:
    """The called phone refuses: the caller is told 486."""
    one, other = make_phone(office, "6001"), make_phone(office, "6002")
    one.dial("6002")
    other.expect("CALL_INCOMING")
    other.hangup()
    assert "486" in one.expect("CALL_CLOSED")["param"]
    (record,) = wait_for("a CDR", office.cdrs)
    assert record["disposition"] == "BUSY"


def test_nobody_answers(make_office: MakeOffice, make_phone: MakePhone) -> None:
    """After RINGTIME the caller hears that nobody is there, the phone stops ringing."""
    office = make_office(changes={"RINGTIME=25": "RINGTIME=1"})
    one, other = make_phone(office, "6001"), make_phone(office, "6002")
    one.dial("6002")
    other.expect("CALL_INCOMING")
    one.expect("CALL_RINGING")
    other.expect("CALL_CLOSED")
    one.expect("CALL_ESTABLISHED")
    one.expect("CALL_CLOSED")
    assert names_heard(one.heard()) == ["vm-nobodyavail"]


def test_the_caller_gives_up(office: Program, make_phone: MakePhone) -> None:
    """CANCEL on the way in is CANCEL on the way out."""
    one, other = make_phone(office, "6001"), make_phone(office, "6002")
    one.dial("6002")
    other.expect("CALL_INCOMING")
    one.expect("CALL_RINGING")
    one.hangup()
    other.expect("CALL_CLOSED", timeout=2)
    office.assert_idle()
    (record,) = wait_for("a CDR", office.cdrs)
    assert record["disposition"] == "NO ANSWER"


def test_a_phone_that_is_not_registered(office: Program, make_phone: MakePhone) -> None:
    """The caller hears so without being answered, then the call is refused."""
    one = make_phone(office, "6001")
    one.dial("6003")
    one.expect("CALL_PROGRESS")
    assert "503" in one.expect("CALL_CLOSED")["param"]
    assert names_heard(one.heard()) == ["vm-isunavail"]


def test_a_number_that_does_not_exist(office: Program, make_phone: MakePhone) -> None:
    """404."""
    one = make_phone(office, "6001")
    one.dial("77")
    assert "404" in one.expect("CALL_CLOSED")["param"]


def test_a_wrong_password_is_refused(office: Program, make_phone: MakePhone) -> None:
    """403 for the registration, and nothing is bound."""
    phone = make_phone(office, "6002", password="not this one", registered=False)
    wait_for("the refusal", lambda: "403 Forbidden" in phone.log())
    assert "6002/" not in office.ask("pjsip show contacts")
    assert office.counters()["access_rejected"] >= 1


def test_echo(office: Program, make_phone: MakePhone, folder: Path) -> None:
    """600: what is said comes back, as loud; `#` ends it."""
    phone = make_phone(office, "6001", source=tone_file(folder / "a.wav", audio.sine(1000, 8000)))
    phone.dial("600")
    phone.expect("CALL_ESTABLISHED")
    tones = (("own", 1000.0),)
    wait_for(
        "the echo", lambda: names_heard(phone.heard(), tones) == ["demo-echotest", "own"] or None, timeout=5
    )
    wait_for("2 s of it", lambda: heard_seconds(phone) > 2.5)
    report = audio.measure_tone(phone.heard()[-12000:], 1000)
    assert abs(report.level_dbm0 + 13) < 1, report
    assert not report.gaps, report
    assert not report.jumps, report
    phone.press("#")
    phone.expect("CALL_CLOSED")
    assert names_heard(phone.heard(), tones) == ["demo-echotest", "own", "demo-echodone"]


def test_a_message_is_played(office: Program, make_phone: MakePhone) -> None:
    """8xx: the message, then the number is said."""
    phone = make_phone(office, "6001")
    phone.dial("805")
    phone.expect("CALL_ESTABLISHED")
    phone.expect("CALL_CLOSED", timeout=10)
    assert names_heard(phone.heard()) == ["tt-monkeys", "digits/8", "digits/0", "digits/5"]


def test_a_recorded_voice_arrives_as_it_is(make_office: MakeOffice, make_phone: MakePhone) -> None:
    """8xx with the prompt that is installed: what is heard is that recording, sample by sample."""
    office = make_office(prompts=False)
    file = next(Path("/usr/share/asterisk/sounds").glob("en*/tt-monkeys.wav"), None)
    assert file is not None, "the English prompts are not installed (asterisk-core-sounds-en-wav)"
    phone = make_phone(office, "6001")
    phone.dial("800")
    phone.expect("CALL_ESTABLISHED")
    wait_for("2 s of audio", lambda: heard_seconds(phone) > 2.0)
    phone.hangup()
    original = audio.read(file)[0][4000:10000]
    _, likeness = audio.delay_ms(original, phone.heard()[:16000])
    assert likeness > 0.99


def test_music(office: Program, make_phone: MakePhone) -> None:
    """601: music without end and without a seam."""
    phone = make_phone(office, "6001")
    phone.dial("601")
    phone.expect("CALL_ESTABLISHED")
    wait_for("2.5 s of music", lambda: heard_seconds(phone) > 2.5)
    phone.hangup()
    report = audio.measure_tone(phone.heard(), PITCHES[MUSIC])
    assert report.found, report
    assert not report.gaps, report
    assert not report.jumps, report
