"""Fixtures of tests of channel technologies: a node on loopback."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from unit.drivers.node import Switch


@pytest_asyncio.fixture
async def switch() -> AsyncIterator[Switch]:
    """A node to be started with a configuration; it is empty at the end."""
    folder = Path(tempfile.mkdtemp(prefix="oh-"))  # short: the console's socket takes 107 bytes
    made = Switch(folder)
    yield made
    await made.close()
    shutil.rmtree(folder, ignore_errors=True)
