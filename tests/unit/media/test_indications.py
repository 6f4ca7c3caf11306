import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.media.indications import (
    Indications,
    ToneSyntaxError,
    UnknownToneError,
    Zone,
    parse_tone_list,
)

BUILTIN = Indications.builtin()


def test_every_tone_of_every_country_can_be_read():
    assert len(BUILTIN.countries()) >= 41
    for country in BUILTIN.countries():
        zone = BUILTIN.zone(country)
        assert zone.country == country
        assert {"busy", "congestion", "dial", "ring"} <= set(zone.tones)
        for name in zone.tones:
            assert BUILTIN.tone(name, country)


def test_parts():
    assert parse_tone_list("440+480/2000,0/4000") == (
        (440.0, 480.0, False, 2000, False),
        (0.0, 0.0, False, 4000, False),
    )
    assert parse_tone_list("!950/330,425*25") == (
        (950.0, 0.0, False, 330, True),
        (425.0, 25.0, True, 0, False),
    )
    assert parse_tone_list(" M69 | 350 + 440 / 10 ") == (
        (440.0, 0.0, False, 0, False),
        (350.0, 440.0, False, 10, False),
    )
    assert parse_tone_list("350+375+400/10") == ((350.0, 375.0, False, 10, False),)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 0),
        ("440,", 4),
        ("440,,350", 4),
        ("440/2x", 5),
        ("440/0", 4),
        ("440+", 3),
        ("440,-5", 4),
        ("350+9999/10", 4),
        ("M128", 0),
        ("440 ,  x", 7),
        ("440/99999999999", 4),
        ("٤٤٠", 0),  # Arabic digits are no frequency
    ],
)
def test_errors_say_where(text, position):
    with pytest.raises(ToneSyntaxError) as caught:
        parse_tone_list(text)
    assert caught.value.position == position


@given(st.text(max_size=40))
def test_any_text_is_tones_or_a_typed_error(text):
    position = None
    tones = ()
    try:
        tones = parse_tone_list(text)
    except ToneSyntaxError as error:
        position = error.position
    assert position is None or 0 <= position <= len(text)
    assert all(0 <= first < 4000 and 0 <= second < 4000 for first, second, *_ in tones)


FREQUENCY = st.integers(0, 3999)


@given(
    st.lists(
        st.tuples(FREQUENCY, st.sampled_from("+*"), FREQUENCY, st.integers(1, 60000), st.booleans()),
        min_size=1,
        max_size=20,
    )
)
def test_what_is_written_is_read(parts):
    text = ",".join(f"{'!' if once else ''}{a}{how}{b}/{ms}" for a, how, b, ms, once in parts)
    assert parse_tone_list(text) == tuple((a, b, how == "*", ms, once) for a, how, b, ms, once in parts)


def test_countries_and_defaults():
    assert BUILTIN.tone("ring", "de") == ((425.0, 0.0, False, 1000, False), (0.0, 0.0, False, 4000, False))
    assert BUILTIN.zone("GB").country == "uk"
    assert BUILTIN.zone("atlantis").country == "us"
    assert Indications.builtin("de").zone().country == "de"
    # France has no tone "unobtainable"; nobody has "nonsense"
    assert BUILTIN.tone("stutter", "fr")
    assert BUILTIN.tone("nonsense") is None
    assert BUILTIN.zone("de").ring_cadence_ms == (1000, 4000)


def test_thailand_waits_ten_seconds():
    # the common samples say 10000 Hz for 0.4 s where, as with other tones, a pause of 10 s must be meant
    assert BUILTIN.zone("th").tones["callwaiting"] == "1000/400,0/10000,1000/400"


def test_us_has_its_present_and_its_old_tones():
    assert BUILTIN.zone("us").tones["dial"] == "350+440"
    assert BUILTIN.zone("us-old").tones["dial"] == "600*120"


def test_what_playtones_is_given():
    assert BUILTIN.resolve("busy") == BUILTIN.tone("busy", "us")
    assert BUILTIN.resolve("Busy@de", "fr") == BUILTIN.tone("busy", "de")
    assert BUILTIN.resolve("ring", "fr") == BUILTIN.tone("ring", "fr")
    assert BUILTIN.resolve("!440/10") == ((440.0, 0.0, False, 10, True),)
    assert BUILTIN.resolve("m60/10")[0][0] == pytest.approx(261.63, abs=0.01)
    with pytest.raises(UnknownToneError, match="bussy"):
        BUILTIN.resolve("bussy")
    with pytest.raises(ToneSyntaxError):
        BUILTIN.resolve("440/x")


def test_configuration_replaces_zones():
    mine = Indications.builtin().with_zones([Zone("xx", "Elsewhere", (), {"busy": "1000/5"})], "xx")
    assert mine.resolve("busy") == ((1000.0, 0.0, False, 5, False),)
    # what it does not have comes from nowhere else but its own default, then nobody
    assert mine.tone("dial") is None
    assert mine.tone("dial", "de") == BUILTIN.tone("dial", "de")
