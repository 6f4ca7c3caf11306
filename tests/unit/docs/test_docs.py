"""The documentation's examples are tried: configuration with `offhook check`, commands with their parsers."""

from __future__ import annotations

import asyncio
import importlib
import io
import os
import re
import shlex
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from doc_blocks import PAGES, ROOT, Block, Value, all_blocks, all_values

import offhook.functions  # noqa: F401 - declares them
from offhook.api.console.all_commands import COMMANDS
from offhook.apps import load_applications
from offhook.cli import asterisk, check
from offhook.dialplan.call import Call
from offhook.dialplan.declare import applications
from offhook.dialplan.reader import read_dialplan_text
from offhook.dialplan.runner import Runner
from offhook.dialplan.templates import compile_template
from offhook.pbx.channel import Channel
from offhook.pbx.pbx import Pbx

BLOCKS = all_blocks()
INI = [block for block in BLOCKS if block.language == "ini" or block.marker == "check"]
CONSOLE = [block for block in BLOCKS if block.language == "console"]
PROBLEMS = [block for block in BLOCKS if block.marker == "problems"]

load_applications()


def _folders() -> dict[str, list[Block]]:
    """The files of each folder: those of a group, or a single one."""
    folders: dict[str, list[Block]] = {}
    for block in INI:
        group = block.options.get("group")
        folders.setdefault(f"{block.page} {group}" if group else block.where, []).append(block)
    return folders


FOLDERS = _folders()
WRONG_ON_PURPOSE = {f"{block.page} {block.options['group']}" for block in PROBLEMS}


def _write(folder: Path, blocks: list[Block]) -> None:
    for block in blocks:
        with (folder / block.argument).open("a") as file:
            file.write(block.text)


def _check(folder: Path) -> tuple[int, list[str]]:
    said = io.StringIO()
    with redirect_stdout(said):
        status = check.main(["--strict", str(folder)])
    return status, said.getvalue().replace(str(folder), "FOLDER").splitlines()


@pytest.mark.parametrize("block", INI, ids=lambda block: block.where)
def test_configuration_says_which_file_it_is(block: Block) -> None:
    assert block.marker == "check", "write <!-- check: FILE --> before the block"
    assert block.argument.endswith((".conf", ".ael", ".lua"))


@pytest.mark.parametrize("name", [name for name in FOLDERS if name not in WRONG_ON_PURPOSE])
def test_configuration_has_no_mistakes(name: str, tmp_path: Path) -> None:
    _write(tmp_path, FOLDERS[name])
    status, said = _check(tmp_path)
    assert (status, said[:-1]) == (0, [])


@pytest.mark.parametrize("block", PROBLEMS, ids=lambda block: block.where)
def test_mistakes_are_reported_as_the_page_says(block: Block, tmp_path: Path) -> None:
    _write(tmp_path, FOLDERS[f"{block.page} {block.options['group']}"])
    assert _check(tmp_path)[1][:-1] == block.text.splitlines()


@pytest.mark.parametrize("folder", sorted((ROOT / "examples").iterdir()), ids=lambda folder: folder.name)
def test_examples_have_no_mistakes(folder: Path) -> None:
    assert _check(folder)[1][:-1] == []


# ---------------------------------------------------------------- values


class _Channel(Channel):
    technology = "Test"
    __slots__ = ()

    def _place(self) -> None: ...
    def _answer(self) -> None: ...
    def _release(self, cause: int) -> None: ...


@pytest.mark.parametrize("value", all_values(), ids=lambda value: value.where)
async def test_values(value: Value) -> None:
    dialplan = read_dialplan_text("[default]\nexten => s,1,NoOp()\n")
    runner = Runner(dialplan)
    pbx = Pbx(loop=asyncio.get_running_loop(), dialplan=runner)
    call = Call(_Channel(pbx, "Test/1", outgoing=False), runner, dialplan)
    for name, text in value.variables.items():
        call.set_variable(name, text)
    assert compile_template(value.text).render(call) == value.value


def test_there_are_values() -> None:
    assert len(all_values()) > 10


# ---------------------------------------------------------------- commands


def _commands(block: Block) -> list[str]:
    """The command lines of a block: those behind `$`, in a script those of offhook."""
    lines = block.text.replace("\\\n", " ").splitlines()
    if block.language == "sh":
        return [line for line in lines if line.startswith("offhook ")]
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]


COMMANDS_SHOWN = [
    pytest.param(line, id=f"{block.where} {line[:50]}")
    for block in BLOCKS
    if block.language in ("console", "sh")
    for line in _commands(block)
]
# Programs of others that the pages may use; what they do is not ours to test.
OTHERS = {"git", "cd", "cp", "cat", "kill", "mv", "sqlite3", "sudo", "cargo", "python", "uv"}


def _parsed_by_argparse(words: list[str]) -> None:
    """Have a sub-command read its options and stop there: with --help behind them it does nothing else."""
    module = importlib.import_module(
        {
            "serve": "offhook.cli.serve",
            "check": "offhook.cli.check",
            "dial": "offhook.cli.dial",
            "test": "offhook.cli.test",
        }[words[0]]
    )
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said), pytest.raises(SystemExit) as ended:
        module.main([*words[1:], "--help"])
    assert ended.value.code == 0, said.getvalue()


def _offhook(words: list[str]) -> None:
    if words[0] == "--version":
        return
    if not words[0].startswith("-"):
        _parsed_by_argparse(words)
        return
    flags = asterisk.parse(words)
    if flags.command is not None:
        found = COMMANDS.find(flags.command)
        assert found is not None, f"there is no console command {flags.command!r}"


@pytest.mark.parametrize("line", COMMANDS_SHOWN)
def test_commands_exist(line: str) -> None:
    words = shlex.split(line)
    while re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words.pop(0)
    program = Path(words[0])
    if program.name == "offhook":
        _offhook(words[1:])
    elif program.name == "make":
        targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert next(word for word in words[1:] if "=" not in word) in targets
    elif program.parts[:2] in ((".venv", "bin"), ("scripts",)) or words[0].startswith("scripts/"):
        assert program.parts[0] == ".venv" or (ROOT / program).exists()
    else:
        assert program.name in OTHERS


def test_every_console_block_has_a_command() -> None:
    assert all(block.text.startswith("$ ") for block in CONSOLE)
    assert len(COMMANDS_SHOWN) > 20


# ---------------------------------------------------------------- the rest


def test_the_application_of_contributing_is_one() -> None:
    (block,) = [b for b in BLOCKS if b.language == "python" and b.page == "CONTRIBUTING.md"]
    imports = (
        "from dataclasses import dataclass\n"
        "from offhook.dialplan.call import Call\n"
        "from offhook.dialplan.declare import Options, application, flag\n"
        "from offhook.pbx.listening import listen_for\n"
    )
    exec(compile(imports + block.text, block.where, "exec"), {"__name__": __name__})
    try:
        found = applications.get("Greet")
        assert found is not None
        assert found.documentation.variables == {"GREETED": "the name."}
    finally:
        applications.remove("Greet")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Links between pages, and to files of the project; mkdocs checks headings too (`make docs`)."""
    prose = re.sub(r"```.*?```|`[^`]*`", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", prose):
        if not target.startswith(("http:", "https:", "mailto:")):
            assert (page.parent / target).exists(), target


def test_reference_pages_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts/applications.py"), "--check"],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    assert (done.returncode, done.stderr.decode()) == (0, "")
