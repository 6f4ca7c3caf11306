"""The limit of open files, in a process of its own: it cannot be raised again once it was lowered hard."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import resource
from offhook.cli.limits import raise_open_files
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard} or hard))
print(raise_open_files({wanted}), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


@pytest.mark.parametrize(
    ("soft", "hard", "wanted", "then"),
    [
        (128, 0, 512, 512),  # as far as wanted
        (128, 300, 512, 300),  # as far as allowed
        (256, 300, 200, 256),  # never down
    ],
)
def test_open_files(soft: int, hard: int, wanted: int, then: int) -> None:
    program = PROGRAM.format(soft=soft, hard=hard, wanted=wanted)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=20
    )
    assert done.stdout.split() == [str(then), str(then)]
