"""The Python in the documentation runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from offhook.api.extensions import load_extensions
from offhook.config.errors import Problems
from offhook.config.snapshot import read_config
from offhook.dialplan.lint import lint
from unit.docs.doc_blocks import ROOT, blocks_of
from unit.drivers.node import free_port


def python_blocks(page: str) -> list[str]:
    text = (ROOT / "docs" / page).read_text()
    return [block.text for block in blocks_of(text, page) if block.language == "python"]


def run(*words: str | Path, cwd: Path) -> str:
    environment = {**os.environ, "PYTEST_ADDOPTS": "-p no:cacheprovider"}
    command = [sys.executable, *map(str, words)]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=cwd, env=environment, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_python(tmp_path: Path) -> None:
    """All blocks of the page are one extensions.py."""
    (tmp_path / "extensions.py").write_text("\n".join(python_blocks("python.md")))
    problems = Problems()
    dialplan = load_extensions(read_config(tmp_path), problems)
    lint(dialplan, problems)
    assert [str(one) for one in problems] == []
    assert {name for name, _ in dialplan.contexts["office"].extensions} >= {
        "500",
        "_9X.",
        "_7XX",
        "greet",
        "503",
    }


@pytest.mark.slow
def test_testing(tmp_path: Path) -> None:
    (tmp_path / "test_page.py").write_text("\n\n".join(python_blocks("testing.md")))
    said = run("-m", "offhook.cli.main", "test", "--config", ROOT / "examples/office", tmp_path, cwd=ROOT)
    assert "3 passed" in said


@pytest.mark.slow
@pytest.mark.parametrize("number", range(3))
def test_embedding(number: int, tmp_path: Path) -> None:
    """Each block is a program."""
    blocks = python_blocks("embedding.md")
    assert len(blocks) == 3
    (tmp_path / "program.py").write_text(blocks[number].replace(":5060", f":{free_port()}"))
    said = run("program.py", cwd=tmp_path)
    expected = ("has ended", "there is no application Anser", "no extension 's' in context 'nowhere'")
    assert expected[number] in said
