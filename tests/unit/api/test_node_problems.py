"""What is wrong with a configuration is in the log, at a start as at a reload."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from offhook.api.configuration import Configuration, NodeOptions, report


def test_a_start_logs_every_problem(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "pjsip.conf").write_text(
        "[a]\ntype=endpoint\nallow=ulaw\nasymmetric_rtp_codec=yes\nnosuch=1\n"
    )
    (tmp_path / "extensions.conf").write_text("[c]\nexten => 1,1,Playbak(x)\n")
    with caplog.at_level(logging.WARNING, "offhook"):
        report(Configuration.read(NodeOptions(tmp_path, state=tmp_path / "state")).problems)
    said = [record.getMessage().partition(f"{tmp_path}/")[2].split(": ")[0] for record in caplog.records]
    assert said == ["pjsip.conf:4", "pjsip.conf:5", "extensions.conf:2"]


def test_what_only_a_call_would_run_into_refuses_no_reload(tmp_path: Path) -> None:
    (tmp_path / "pjsip.conf").write_text("")
    (tmp_path / "extensions.conf").write_text("[c]\nexten => 1,1,Playbak(x)\n same => n,Goto(nowhere,1,1)\n")
    found = Configuration.read(NodeOptions(tmp_path, state=tmp_path / "state"))
    assert [problem.line for problem in found.problems] == [2, 3]
    assert found.is_usable
    (tmp_path / "extensions.conf").write_text("[c]\nexten => 1,x,NoOp()\n")
    assert not Configuration.read(NodeOptions(tmp_path, state=tmp_path / "state")).is_usable
