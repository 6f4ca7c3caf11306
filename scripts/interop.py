#!/usr/bin/env python3
"""The interop tests, and beside them the soak, which takes five minutes and little of the processor.

What the soak says is shown at the end.  Interrupted (or told to end), both end their programs first.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTEST = [sys.executable, "-m", "pytest"]
SOAK = "tests/interop/test_soak.py"


def main() -> int:
    """Run both; 0 when both have passed."""

    def end(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
    with tempfile.TemporaryFile() as output:
        # Sessions of their own: what interrupts the terminal's programs reaches each once, from here.
        soak = subprocess.Popen(
            [*PYTEST, SOAK, "-rP"], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        others = subprocess.Popen(
            [*PYTEST, "tests/interop", f"--ignore={SOAK}"], cwd=ROOT, start_new_session=True
        )
        try:
            failed = others.wait() != 0
            failed = soak.wait() != 0 or failed
        except KeyboardInterrupt:
            failed = True
        finally:
            for process in (others, soak):
                if process.poll() is None:
                    process.send_signal(signal.SIGINT)
            for process in (others, soak):
                process.wait()
            output.seek(0)
            sys.stdout.flush()
            sys.stdout.buffer.write(output.read())
            sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
