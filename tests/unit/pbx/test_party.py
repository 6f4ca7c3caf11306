"""Party identities."""

from __future__ import annotations

import pytest

from offhook.pbx.party import NOBODY, PartyId, Presentation


@pytest.mark.parametrize(
    ("party", "text"),
    [
        (PartyId("6001", "Alice"), '"Alice" <6001>'),
        (PartyId("6001"), "<6001>"),
        (PartyId(name="Alice"), '"Alice"'),
        (NOBODY, ""),
    ],
)
def test_written_in_one_piece(party: PartyId, text: str) -> None:
    assert str(party) == text
    assert bool(party) == bool(text)


def test_who_may_be_shown() -> None:
    assert {one for one in Presentation if one.allowed} == {
        Presentation.ALLOWED,
        Presentation.ALLOWED_FAILED_SCREEN,
        Presentation.ALLOWED_NOT_SCREENED,
        Presentation.ALLOWED_PASSED_SCREEN,
    }
