"""Writes the reference pages that follow from declarations: applications, functions, console commands.

    python scripts/applications.py           writes the pages in docs, and named.pyi
    python scripts/applications.py --check   exits with 1 when one of them is out of date

What a page says of an application or function is its signature and docstring, nothing else; what it says of
a console command is its declaration.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Iterable
from pathlib import Path

import named_stub
import offhook.apps
import offhook.functions
from ami_reference import ami_page
from offhook.api.agi.commands import COMMANDS as AGI_COMMANDS
from offhook.api.ari.operations import OPERATIONS
from offhook.api.ari.resources import load_resources
from offhook.api.console.all_commands import COMMANDS
from offhook.dialplan.declare import Application, Documentation, Function, applications, functions
from offhook.dialplan.signature import OptionSpec, Signature

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"

APPLICATIONS = """# Applications

This page is made from the code by `scripts/applications.py`; do not edit it.

Applications are what a priority of `extensions.conf` executes: `exten => 600,1,Playback(hello)`. Names may
be written in any case. `[...]` is optional, `&...` a list within one argument. An option letter that
is taken and does nothing yet says so.
"""

FUNCTIONS = """# Functions

This page is made from the code by `scripts/applications.py`; do not edit it.

Functions stand where a variable could: `${LEN(${NAME})}` reads one, `Set(CALLERID(num)=100)` writes one.
Those that take the *name* of a variable want `LIST`, not `${LIST}`.
"""

CONSOLE = """# Console commands

This page is made from the code by `scripts/applications.py`; do not edit it.

`offhook -rx "COMMAND"` has the running node carry out a command and prints its answer (see
[The console](console.md)). Words may be shortened as long as they stay unique:
`core sh ch` is `core show channels`.
"""


def load() -> None:
    """Have everything declared."""
    offhook.apps.load_applications()
    importlib.import_module("offhook.functions")
    importlib.import_module("offhook.api.agi")
    importlib.import_module("offhook.api.ari.stasis")


def escaped(text: str) -> str:
    """Text of a docstring as Markdown: single spaces, no accidental emphasis, `|` safe in tables."""
    pieces = re.split(r"(`[^`]*`)", re.sub(r"(?<=\S)[ \t]+", " ", text))
    safe = [
        piece if piece.startswith("`") else re.sub(r"([*_<>\[\]])", r"\\\1", piece)
        for piece in pieces
        if piece
    ]
    return "".join(safe).replace("|", "\\|")


def prose(text: str) -> str:
    """A description: its paragraphs, with indented blocks kept as they are."""
    lines = [line if line.startswith("    ") else escaped(line) for line in text.splitlines()]
    return "\n".join(lines)


def words_in_code() -> frozenset[str]:
    """Every name that stands behind a dot in the applications' code: option fields that are looked at."""
    folder = Path(inspect.getfile(offhook.apps)).parent
    text = "\n".join(path.read_text("utf-8") for path in sorted(folder.glob("*.py")))
    return frozenset(re.findall(r"\.([a-z_][a-z0-9_]*)", text))


def option_rows(specs: Iterable[OptionSpec], used: frozenset[str]) -> list[str]:
    """The table of option letters."""
    rows = ["", "| option | |", "|---|---|"]
    for spec in specs:
        argument = "(...)" if spec.takes_argument and spec.required else ""
        argument = argument or ("[(...)]" if spec.takes_argument else "")
        note = "" if spec.field in used else " *Taken, without effect yet.*"
        rows.append(f"| `{spec.letter}{argument}` | {escaped(spec.doc)}{note} |")
    return rows


def arguments(signature: Signature, documentation: Documentation, used: frozenset[str]) -> list[str]:
    """What each argument is."""
    lines: list[str] = []
    for parameter in signature.parameters:
        specs = parameter.options.specs() if parameter.options else {}
        said = documentation.arguments.get(parameter.name, "")
        if said or parameter.type_name not in ("text", "list", "options"):
            kind = f" ({parameter.type_name})" if parameter.type_name not in ("text", "options") else ""
            lines.append(f"- `{parameter.name}`{escaped(kind)}: {escaped(said)}".rstrip(": "))
        if specs:
            lines += [*option_rows(specs.values(), used), ""]
    return lines


def form(name: str, usage: str, synopsis: str) -> tuple[str, str]:
    """How it is written, and the synopsis.

    What takes its argument as one text has the grammar of that text at the end of its synopsis.
    """
    told = re.fullmatch(rf"(.*): ({name}\(.*\))\.?", synopsis, re.IGNORECASE)
    return (told[2], f"{told[1]}.") if told else (f"{name}({usage})", synopsis)


def application(found: Application, used: frozenset[str]) -> str:
    """One application."""
    documentation = found.documentation
    written, synopsis = form(found.name, found.signature.usage(), documentation.synopsis)
    lines = [f"## {found.name}", "", f"`{written}`", "", escaped(synopsis)]
    if documentation.description:
        lines += ["", prose(documentation.description)]
    told = arguments(found.signature, documentation, used)
    if told:
        lines += ["", *told]
    if documentation.variables:
        lines += ["", "Sets:", ""]
        lines += [f"- `{name}`: {escaped(text)}" for name, text in documentation.variables.items()]
    return "\n".join(lines).rstrip() + "\n"


def function(found: Function[...]) -> str:
    """One function."""
    documentation = found.documentation
    lines = [f"## {found.name}", ""]
    synopsis = documentation.synopsis
    if found.read is not None:
        written, synopsis = form(found.name, found.read_signature.usage(), synopsis)
        lines.append(f"`${{{written}}}`")
    if found.write is not None:
        if found.read is not None:
            lines.append("")
        lines.append(f"`Set({found.name}({found.write_signature.usage()})=value)`")
    lines += ["", escaped(synopsis)]
    if documentation.description:
        lines += ["", prose(documentation.description)]
    signature = found.read_signature if found.read is not None else found.write_signature
    told = arguments(signature, documentation, frozenset())
    if told:
        lines += ["", *told]
    return "\n".join(lines).rstrip() + "\n"


def contents(names: Iterable[str]) -> str:
    """A line of links to what follows."""
    return ", ".join(f"[{name}](#{name.lower()})" for name in names) + "\n"


def applications_page() -> str:
    """docs/applications.md."""
    used = words_in_code()
    names = applications.names()
    found = [entry for entry in (applications.get(name) for name in names) if entry is not None]
    return "\n".join([APPLICATIONS, contents(names), *(application(entry, used) for entry in found)])


def functions_page() -> str:
    """docs/functions.md."""
    names = functions.names()
    found = [entry for entry in (functions.get(name) for name in names) if entry is not None]
    return "\n".join([FUNCTIONS, contents(names), *(function(entry) for entry in found)])


def console_page() -> str:
    """docs/console-commands.md."""
    rows = ["| command | |", "|---|---|"]
    for command in COMMANDS.all():
        typed = command.whole.replace("|", "\\|")
        rows.append(f"| `{typed}` | {escaped(command.help.partition(chr(10))[0])} |")
    return CONSOLE + "\n" + "\n".join(rows) + "\n"


AGI = """# AGI commands

This page is made from the code by `scripts/applications.py`; do not edit it.

What a script of [AGI](agi.md) may ask for. Commands that work when the caller has hung up are marked; the
others are answered with `511` then. Arguments with spaces stand in double quotes; `""` is an empty one.
"""


def agi_page() -> str:
    """docs/agi-commands.md."""
    parts = [AGI]
    for key in sorted(AGI_COMMANDS):
        command = AGI_COMMANDS[key]
        dead = " Works without a caller." if command.dead else ""
        parts.append(f"## {command.name}\n\n`{command.usage}`\n\n{prose(command.help)}{dead}\n")
    return "\n".join(parts)


ARI = """# ARI operations

This page is made from the code by `scripts/applications.py`; do not edit it.

Everything stands below `/ari` ([ARI](ari.md)). Parameters in brackets may be left out.
"""


def ari_page() -> str:
    """docs/ari-operations.md."""
    load_resources()
    parts = [ARI]
    for resource in sorted({one.resource for one in OPERATIONS}):
        parts.append(f"## {resource}\n\n| operation | parameters | |\n|---|---|---|")
        for one in sorted((one for one in OPERATIONS if one.resource == resource), key=lambda one: one.path):
            names = [
                f"`{found.name}`" if found.required else f"[`{found.name}`]"
                for found in one.parameters
                if not found.in_path
            ]
            parts.append(f"| `{one.method} {one.path}` | {' '.join(names)} | {escaped(one.summary)} |")
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"


def pages() -> dict[Path, str]:
    """Each page's text, by its path."""
    load()
    return {
        DOCS / "applications.md": applications_page(),
        DOCS / "functions.md": functions_page(),
        DOCS / "console-commands.md": console_page(),
        DOCS / "agi-commands.md": agi_page(),
        DOCS / "ari-operations.md": ari_page(),
        DOCS / "ami-reference.md": ami_page(),
        named_stub.STUB: named_stub.stub(),
    }


def main(words: list[str]) -> int:
    stale = [path for path, text in pages().items() if not path.exists() or path.read_text("utf-8") != text]
    if words == ["--check"]:
        for path in stale:
            print(f"{path} is out of date: run scripts/applications.py", file=sys.stderr)
        return 1 if stale else 0
    for path, text in pages().items():
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
