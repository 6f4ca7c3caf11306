"""Writes docs/exam-results.md: what became of tests of the Asterisk Test Suite, run against Offhook.

    python scripts/exam_results.py TESTS RESULTS...

TESTS has the tests' names, one a line; RESULTS are `results.jsonl` files of the runner, later ones counting
more.  A test passed, failed (with the reason), or cannot pass yet: it needs a part of Asterisk that is not
here as a whole (`module show` lists those that are).
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "exam-results.md"

HEAD = """# The Asterisk Test Suite

This page is made by `scripts/exam_results.py` from the results of a run.

The Asterisk project tests Asterisk with a suite of its own, which drives a server from outside: through SIP,
the manager interface, ARI, AGI and its files. The same tests run against Offhook, started by
`contrib/asterisk`. They show what scripts and clients written for Asterisk will find. Test events
(`TestEvent`), which Asterisk has in test builds only, are switched on for it by `OFFHOOK_TEST_EVENTS=1`.

"""


def short(reasons: list[str]) -> str:
    """Why a test failed, in one line that is safe in a table."""
    wanted = [reason for reason in reasons if "waitfullybooted" not in reason] or reasons
    text = re.sub(r"^[WE] \S+:\d+ \w+: ", "", wanted[0]) if wanted else ""
    text = re.sub(r"[\s|<>`]+", " ", text).strip()
    return text[:110]


def main(words: list[str]) -> int:
    if len(words) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    names = [line.split()[0] for line in Path(words[0]).read_text().splitlines() if line.strip()]
    names = [name.removeprefix("tests/") for name in names if not name.startswith("#")]
    found: dict[str, dict[str, object]] = {}
    for path in words[1:]:
        for line in Path(path).read_text().splitlines():
            record = json.loads(line)
            found[record["test"].removeprefix("tests/")] = record
    areas: dict[str, Counter[str]] = defaultdict(Counter)
    rows: list[str] = []
    for name in sorted(names):
        area = name.split("/")[0] if not name.startswith("channels/") else "/".join(name.split("/")[:2])
        record = found.get(name)
        reasons = [str(one) for one in record["why"]] if record else []
        match record and record["result"]:
            case "pass" | "flaky":
                kind, said = "passed", ""
            case None:
                kind, said = "not run", ""
            case "skip":
                kind = "not yet"
                said = ", ".join(re.sub(r"needs (asterisk:)?", "", one) for one in reasons)
            case _:
                kind, said = "failed", short(reasons)
        areas[area][kind] += 1
        rows.append(f"| {name} | {kind} | {said} |")
    total = sum(areas.values(), Counter[str]())
    lines = [
        HEAD,
        f"**{total['passed']} of {len(names)} passed**; {total['failed']} failed, "
        f"{total['not yet']} cannot pass yet, {total['not run']} were not run.\n",
        "| area | tests | passed | failed | not yet | not run |",
        "|---|---|---|---|---|---|",
    ]
    for area, counts in sorted(areas.items()):
        numbers = " | ".join(str(counts[kind]) for kind in ("passed", "failed", "not yet", "not run"))
        lines.append(f"| {area} | {counts.total()} | {numbers} |")
    lines += ["\n## Each test\n", "| test | | reason, or what is missing |", "|---|---|---|", *rows]
    PAGE.write_text("\n".join(lines) + "\n", "utf-8")
    print(f"{total['passed']} of {len(names)} passed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
