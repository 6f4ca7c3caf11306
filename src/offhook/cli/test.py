"""`offhook test FOLDER`: runs the tests of a dialplan with pytest, on a switch that needs no network."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str]) -> int:
    """The sub-command; the exit status is pytest's."""
    parser = argparse.ArgumentParser(
        prog="offhook test",
        description="Run the tests of a dialplan: see docs/testing.md.",
        epilog="Everything else goes to pytest: -k NAME, -x, -v ...",
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="files or folders with tests")
    parser.add_argument(
        "--config", metavar="DIR", help="the configuration folder; the one above the tests if not given"
    )
    given, rest = parser.parse_known_args(arguments)
    try:
        import pytest
    except ImportError:
        print("offhook test: pytest is needed: pip install pytest", file=sys.stderr)
        return 2
    options = ["-p", "offhook.testing.plugin"] if not _is_installed() else []
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # offhook is imported already
    if given.config is not None:
        options += ["-o", f"offhook_config={given.config}"]
    return int(pytest.main([*options, *given.paths, *rest]))


def _is_installed() -> bool:
    """Whether pytest finds the plugin by itself."""
    from importlib.metadata import entry_points

    return any(one.value == "offhook.testing.plugin" for one in entry_points(group="pytest11"))
