"""`make bench`: this machine's figures, in one run.

    python3 bench/run.py [--quick] [w1 w2 w7 ...]

Each workload of bench/harness is run against this checkout, server on core 0 and load on core 1; the
records go to bench/results/ and the tables to standard output.  bench/RESULTS.md keeps the figures
that were published, with the method.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent

# Arguments of bench/harness/bench.py for each workload; those of --quick behind.
WORKLOADS = {
    "w1": (
        ["--rates", "50,200", "--start", "300", "--seconds", "10"],
        ["--rates", "50", "--start", "400", "--seconds", "5"],
    ),
    "w2": (
        ["--users", "10000", "--rates", "500,2000", "--start", "3000", "--seconds", "10"],
        ["--users", "10000", "--rates", "1000", "--start", "4000", "--seconds", "5"],
    ),
    "w3": (["--n", "50,200,1000", "--seconds", "10"], ["--n", "50,200", "--seconds", "5"]),
    "w4": (
        ["--n", "100,250", "--seconds", "10", "--codecs", "ulaw,alaw,g722,gsm,opus"],
        ["--n", "100", "--seconds", "5"],
    ),
    "w5": (["--n", "50,200,1000", "--setup-rate", "100"], ["--n", "50,200", "--seconds", "5"]),
    "w6": (["--n", "200,2000", "--setup-rate", "200"], ["--n", "200", "--seconds", "5"]),
    "w7": ([], []),
    # Two hours at 60 % of a core; --quick: five minutes.  Only when it is named.
    "soak": (
        ["--n", "1100", "--setup-rate", "100", "--seconds", "7200"],
        ["--n", "1100", "--setup-rate", "100", "--seconds", "300"],
    ),
}


def main() -> int:
    """Run the workloads that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workloads", nargs="*", help="of: " + " ".join(WORKLOADS))
    parser.add_argument("--quick", action="store_true", help="short steps: for a look, not for publishing")
    parser.add_argument("--results", type=Path, default=HERE / "results")
    parser.add_argument("--label", default="")
    parser.add_argument("--server", default="pbx", help="pbx is Offhook; others as the harness knows them")
    parser.add_argument("--cdr", action="store_true", help="with call records on")
    parser.add_argument("--no-realtime", action="store_true", help="without SCHED_RR (when not root)")
    options = parser.parse_args()
    unknown = set(options.workloads) - set(WORKLOADS)
    if unknown:
        parser.error(f"no such workload: {' '.join(sorted(unknown))}")
    offhook = ROOT / ".venv" / "bin" / "offhook"
    environment = dict(os.environ)
    serve = f"{offhook} serve {{confdir}} --state {{workdir}}/state -q"
    if options.cdr:
        # The harness turns call records off; here they go to SQLite and Master.csv.
        serve = f"sh -c 'printf \"[general]\\nenable=yes\\n[csv]\\n\" > {{confdir}}/cdr.conf; exec {serve}'"
    environment["BENCH_PBX_CMD"] = serve
    environment["BENCH_PBX_ASK"] = "media show counters"
    failed = 0
    for workload in options.workloads or [name for name in WORKLOADS if name != "soak"]:
        arguments = WORKLOADS[workload][1 if options.quick else 0]
        with tempfile.TemporaryDirectory(prefix="offhook-bench-") as scratch:
            command = [
                sys.executable,
                str(HERE / "harness" / "bench.py"),
                *("--server", options.server, "--tmp", scratch, "--results", str(options.results)),
                *(["--label", options.label] if options.label else []),
                *([] if options.no_realtime or os.geteuid() else ["--realtime"]),
                *arguments,
                workload,
            ]
            failed += subprocess.run(command, env=environment, check=False).returncode != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
