"""What is wrong with a configuration is in the log, at a start as at a reload."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from offhook.api.configuration import Configuration, NodeOptions, report


def test_a_start_logs_every_problem(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "pjsip.conf").write_text("[a]\ntype=endpoint\nallow=ulaw\nice_support=yes\nnosuch=1\n")
    (tmp_path / "extensions.conf").write_text("[c]\nexten => 1,1,Playbak(x)\n")
    with caplog.at_level(logging.WARNING, "offhook"):
        report(Configuration.read(NodeOptions(tmp_path, state=tmp_path / "state")).problems)
    said = [record.getMessage().partition(f"{tmp_path}/")[2].split(": ")[0] for record in caplog.records]
    assert said == ["pjsip.conf:4", "pjsip.conf:5", "extensions.conf:2"]
