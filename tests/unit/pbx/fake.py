"""The switch of offhook.testing, for the tests of the core and of applications."""

from __future__ import annotations

from offhook.testing.media import CLIP_SECONDS, FakeCore, FakeMedia, FakeSounds
from offhook.testing.switch import EPOCH, FakeChannel, FakeTechnology
from offhook.testing.switch import FakePhone as Phone
from offhook.testing.switch import FakeSwitch as Office

__all__ = [
    "CLIP_SECONDS",
    "EPOCH",
    "FakeChannel",
    "FakeCore",
    "FakeMedia",
    "FakeSounds",
    "FakeTechnology",
    "Office",
    "Phone",
]
