"""A folder's dialplan of several languages."""

from __future__ import annotations

from pathlib import Path

from offhook.config.errors import Problems
from offhook.config.snapshot import read_config
from offhook.dialplan.load import load_dialplan, load_snapshot


def test_files_add_to_each_other(tmp_path: Path) -> None:
    (tmp_path / "extensions.conf").write_text("[globals]\nA=1\n[a]\ninclude => b\nexten => 1,1,NoOp(conf)\n")
    (tmp_path / "extensions.ael").write_text(
        "globals { B=${A}2; }\ncontext a { 1 => NoOp(ael); 2 => NoOp(ael); }\ncontext b { 3 => NoOp(ael); }\n"
    )
    problems = Problems()
    dialplan = load_dialplan(tmp_path, problems)
    assert dialplan is not None
    where = f"{tmp_path}/extensions"
    assert [str(one) for one in problems] == [
        f"{where}.ael:2: warning: extension 1 of a is already defined at {where}.conf:5"
    ]
    assert dialplan.global_variables == {"A": "1", "B": "12"}
    found = {number: dialplan.find("a", number) for number in "123"}
    assert {number: step.arguments for number, step in found.items() if step} == {
        "1": "conf", "2": "ael", "3": "ael",
    }  # fmt: skip


def test_modules_decide(tmp_path: Path) -> None:
    (tmp_path / "extensions.ael").write_text("context a { 1 => NoOp(); }\n")
    (tmp_path / "modules.conf").write_text("[modules]\nautoload=yes\nnoload=pbx_ael.so\n")
    dialplan = load_snapshot(read_config(tmp_path), Problems())
    assert dialplan is not None
    assert dict(dialplan.contexts) == {}


def test_nothing_to_read(tmp_path: Path) -> None:
    assert load_dialplan(tmp_path, Problems()) is None
