"""The console's socket gets a hundred thousand random lines: what the unit test does with a few thousand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.interop

TESTS = Path(__file__).parents[1]


def test_a_hundred_thousand_lines_on_the_console() -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"),
            f"{TESTS / 'unit' / 'api' / 'test_console_hostile.py'}::test_random_lines_do_no_harm",
        ],
        cwd=TESTS.parent,
        env=os.environ | {"OFFHOOK_CONSOLE_LINES": "100000"},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "1 passed" in done.stdout or done.stdout.lstrip().startswith(".")
