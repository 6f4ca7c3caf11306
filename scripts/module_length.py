"""Fails when a source file exceeds 600 lines without a written reason.

The reason stands in the file itself, in a comment `module-length: <why this is one thing>`.
"""

import subprocess
import sys
from pathlib import Path

MOST = 600
REASON = "module-length:"


def main() -> int:
    """Print each offending file; 1 when there is one."""
    root = Path(__file__).parent.parent
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py", "*.rs", "*.ts"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    bad = 0
    for name in listed:
        path = root / name
        if not path.exists():
            continue
        text = path.read_text()
        lines = text.count("\n")
        if lines > MOST and REASON not in text:
            print(f"{name}: {lines} lines (at most {MOST}, or write `{REASON} <why>` into it)")
            bad += 1
    return min(bad, 1)


if __name__ == "__main__":
    sys.exit(main())
