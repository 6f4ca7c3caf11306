"""Options to replay a random scenario."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, default=None, help="play this one random scenario")
    parser.addoption("--seeds", type=int, default=None, help="play this many random scenarios")
