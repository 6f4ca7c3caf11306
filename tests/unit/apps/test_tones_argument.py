"""PlayTones takes a list with commas as one argument, as indications.conf writes it."""

from __future__ import annotations

import pytest

from offhook.apps import load_applications
from offhook.dialplan.declare import applications

load_applications()


@pytest.mark.parametrize("tones", ["busy", "440/500,0/500", "!350+440/100,!0/100,350+440"])
def test_the_whole_text_is_the_list(tones: str) -> None:
    application = applications.get("PlayTones")
    assert application is not None
    assert application.signature.check(tones) == []
    assert application.bind(tones) == (tones,)
