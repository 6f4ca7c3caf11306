"""Which of Asterisk's modules are said to be here."""

from __future__ import annotations

from pathlib import Path

import offhook
from offhook.api.modules import LIMITS, PROVIDED, find, known

ROOT = Path(offhook.__file__).parents[2]


def test_what_is_claimed_is_a_module_and_names_what_is_here():
    for name, said in PROVIDED.items():
        assert name in known(), name
        path = said.partition(" (")[2].rstrip(")").rpartition(", ")[2]
        if "/" in path:
            assert (ROOT / path).exists() or (ROOT / "src/offhook" / path).exists(), (name, path)


def test_what_is_missing_is_said_of_modules_that_are_here():
    for name in LIMITS:
        module = find(name)
        assert module is not None
        assert module.is_provided, name
        assert "without" in module.description


def test_a_module_of_applications_is_here_when_all_of_them_are():
    for name in ("app_record", "app_chanspy", "app_dumpchan"):
        module = find(name + ".so")
        assert module is not None
        assert module.is_provided, module.missing
    for name in ("chan_iax2", "app_voicemail"):
        module = find(name)
        assert module is not None
        assert not module.is_provided
