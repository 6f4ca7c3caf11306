import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook._core import Message
from offhook.sip.reason import EndedBy, EndReason, Reason


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Q.850;cause=16", Reason("Q.850", 16)),
        ('q.850 ; cause = 16 ; text = "Normal call clearing"', Reason("Q.850", 16, "Normal call clearing")),
        ('SIP;cause=200;text="Call completed elsewhere"', Reason("SIP", 200, "Call completed elsewhere")),
        ('SIP;text="a \\"b\\"; cause=9";cause=487', Reason("SIP", 487, 'a "b"; cause=9')),
        ("preemption;cause=1", Reason("preemption", 1)),
    ],
)
def test_parse(value, expected):
    assert Reason.parse(value) == expected


@pytest.mark.parametrize(
    "value", ["", "Q.850", "SIP;text=busy", "SIP;cause=", "SIP;cause=x", "SIP;cause=99999"]
)
def test_no_cause_is_no_reason(value):
    assert Reason.parse(value) is None


@given(
    st.sampled_from(["Q.850", "SIP"]),
    st.integers(0, 999),
    st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"]), max_size=60),
)
def test_what_is_written_is_read(protocol, cause, text):
    reason = Reason(protocol, cause, text)
    assert Reason.parse(str(reason)) == reason


def test_long_text_is_cut():
    assert len(Reason.parse(f'SIP;cause=1;text="{"x" * 1000}"').text) == 128


def test_several_values_and_lines():
    message = Message.request("BYE", "sip:a@b")
    message.add("Reason", 'SIP;cause=600;text="a, b", Q.850;cause=17')
    message.add("Reason", "X;cause=2")
    assert [one.cause for one in Reason.of(message)] == [600, 17, 2]
    assert Reason.of(None) == ()


def test_causes_of_an_end():
    end = EndReason(EndedBy.REMOTE, 487, reasons=(Reason.sip(200), Reason.q850(26)))
    assert (end.q850, end.sip) == (26, 200)
    assert EndReason(EndedBy.NETWORK, 408).q850 is None
