"""extensions.py beside extensions.conf: read, refused with file and line, read anew while calls run."""

from __future__ import annotations

import gc
import sys

import pytest

from offhook.api.extensions import load_extensions
from offhook.api.python.loader import read_scripts
from offhook.config.errors import Problems
from offhook.config.snapshot import read_config
from offhook.dialplan.lint import lint

GOOD = """
from offhook import Call, Dialplan

dialplan = Dialplan(globals={"RECEPTION": "6001"})
office = dialplan.context("office", includes=["services"])

@office.extension("500")
async def welcome(call: Call) -> None:
    await call.play("welcome")
"""


def load(folder):
    problems = Problems()
    dialplan = load_extensions(read_config(folder), problems)
    if dialplan is not None:
        lint(dialplan, problems)
    return dialplan, [str(one) for one in problems]


def modules():
    return {name for name in sys.modules if name.startswith("offhook_scripts_")}


def test_it_is_read_with_extensions_conf(tmp_path):
    (tmp_path / "extensions.conf").write_text(
        "[services]\nexten => 600,1,NoOp()\n[phones]\ninclude => office\n"
    )
    (tmp_path / "extensions.py").write_text(GOOD)
    dialplan, problems = load(tmp_path)
    assert problems == []
    assert dialplan.find("phones", "500").arguments == "extensions.welcome"
    assert dialplan.find("office", "600").application == "NoOp"
    assert dialplan.global_variables["RECEPTION"] == "6001"
    assert not (tmp_path / "__pycache__").exists()


def test_alone_it_is_a_dialplan_too(tmp_path):
    (tmp_path / "extensions.py").write_text(GOOD)
    dialplan, problems = load(tmp_path)
    assert dialplan.find("office", "500")
    assert len(problems) == 1
    assert "[office] includes [services], which does not exist" in problems[0]
    assert "extensions.py:5" in problems[0]


def test_modules_conf_can_leave_it_out(tmp_path):
    (tmp_path / "extensions.py").write_text(GOOD)
    (tmp_path / "modules.conf").write_text("[modules]\nnoload=pbx_python.so\n")
    assert load(tmp_path) == (None, [])


@pytest.mark.parametrize(
    ("source", "line", "what"),
    [
        ("x = (\n", 1, "SyntaxError"),
        ("import os\nimport no_such_module\n", 2, "ModuleNotFoundError: No module named 'no_such_module'"),
        ("a = 1\n\n\n1 / 0\n", 4, "ZeroDivisionError"),
        ("import sys\nsys.exit(3)\n", 2, "SystemExit: 3"),
        ("from . import other\n", 3, "NameError"),
        ("import other\n", 1, "files of this folder are imported with `from . import other`"),
        (GOOD + "\n@office.extension('_9{')\nasync def wrong(call): ...\n", 11, "named part"),
        ("from offhook import Dialplan\nd = Dialplan().context('a')\nd.include('b', 'nonsense')\n", 3, ""),
    ],
)
def test_a_mistake_has_its_place(tmp_path, source, line, what):
    (tmp_path / "other.py").write_text("\n\nmissing\n")
    (tmp_path / "extensions.py").write_text(source)
    before = modules()
    problems = Problems()
    assert read_scripts(tmp_path, problems) is None
    (problem,) = problems
    assert problem.line == line
    assert what in problem.what
    assert problem.file == str(tmp_path / ("other.py" if what == "NameError" else "extensions.py"))
    assert modules() == before


def test_an_extension_that_extensions_conf_has_is_refused(tmp_path):
    (tmp_path / "extensions.conf").write_text(
        "[services]\nexten => 1,1,NoOp()\n[office]\nexten => 500,1,NoOp()\n"
    )
    (tmp_path / "extensions.py").write_text(GOOD)
    _, problems = load(tmp_path)
    assert len(problems) == 1
    assert "extensions.py:7: 500@office is there already, at " in problems[0]
    assert "extensions.conf:4" in problems[0]


def test_files_beside_it_are_read_anew_and_old_ones_go(tmp_path):
    folder = tmp_path
    (folder / "extensions.py").write_text("from .menu import dialplan\n")
    (folder / "menu.py").write_text(GOOD)
    gc.collect()
    before = modules()
    first = read_scripts(folder, Problems())
    (folder / "menu.py").write_text(GOOD.replace("500", "501"))  # as many bytes, in the same second
    second = read_scripts(folder, Problems())
    assert list(first.dialplans[0].contexts["office"].extensions) == [("500", None)]
    assert list(second.dialplans[0].contexts["office"].extensions) == [("501", None)]
    assert {str(folder / "menu.py"), str(folder / "extensions.py")} == set(second.files)
    assert len(modules() - before) == 6
    del first, second
    gc.collect()
    assert modules() == before
