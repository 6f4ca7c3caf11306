"""Writes docs/compatibility.md: what of Asterisk's configuration works, from the declarations in the code.

    python scripts/compatibility.py           writes the file
    python scripts/compatibility.py --check   exits with 1 when the file is out of date
    python scripts/compatibility.py --unread  lists options that are declared and that no code reads

A generator for another part of the page is a function that gives its Markdown; add it to SECTIONS.
"""

import ast
import importlib
import re
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, NamedTuple

import offhook.apps
import offhook.functions
from later_services import service_of
from offhook import _core
from offhook.api import modules as registry_of_modules
from offhook.api.agi.commands import COMMANDS as AGI_COMMANDS
from offhook.api.ami import actions, announce
from offhook.api.ami.declare import ACTIONS
from offhook.api.ari.operations import OPERATIONS
from offhook.api.ari.resources import load_resources
from offhook.api.ari.schema import sent_events
from offhook.api.console.all_commands import COMMANDS
from offhook.config.files import (
    ari,
    asterisk,
    ccss,
    cdr,
    confbridge,
    features,
    http,
    logger,
    modules,
    musiconhold,
    rtp,
)
from offhook.config.known import known_options
from offhook.config.pjsip import TYPES, UNSUPPORTED_TYPES
from offhook.config.schema import ObjectType
from offhook.dialplan.declare import applications, functions
from offhook.dialplan.known import DROPPED_APPLICATIONS, DROPPED_FUNCTIONS
from offhook.dialplan.registry import Registry

PAGE = Path(__file__).resolve().parent.parent / "docs" / "compatibility.md"

HEAD = """# What of Asterisk works

This page is made from the code by `scripts/compatibility.py`; do not edit it.

`offhook check CONFIG_DIR` reports each use of something that does not work yet, with file and line, and
so does the log at start and reload. Nothing is silently ignored.
"""

FILES: tuple[ObjectType[Any], ...] = (
    *asterisk.TYPES.values(),
    ari.GENERAL,
    ari.USER,
    ccss.GENERAL,
    cdr.GENERAL,
    cdr.CSV,
    confbridge.BRIDGE,
    confbridge.USER,
    features.GENERAL,
    features.FEATUREMAP,
    http.GENERAL,
    logger.GENERAL,
    modules.MODULES,
    musiconhold.GENERAL,
    musiconhold.CLASS,
    rtp.GENERAL,
)


def status(kind: ObjectType[Any], name: str) -> str:
    """What the table says of one option."""
    if name in kind.options:
        missing = kind.unsupported_values(name)
        return f"works, except {', '.join(missing)}" if missing else "works"
    if name in kind.fixed:
        return f"only `{kind.fixed[name]}` works yet"
    if name in kind.needless:
        return f"no effect: {kind.needless[name]}"
    return "not supported yet"


def table(kind: ObjectType[Any], title: str) -> str:
    """One object type."""
    names = sorted({*kind.known, *kind.options} - kind.ignored)
    works = sum(name in kind.options for name in names)
    rows = [
        f"### {title}",
        "",
        f"{works} of {len(names)} options work.",
        "",
        "| option | default | |",
        "|---|---|---|",
    ]
    for name in names:
        known = kind.known.get(name)
        default = f"`{known.default}`" if known and known.default else ""
        rows.append(f"| {name} | {default} | {status(kind, name)} |")
    return "\n".join(rows) + "\n"


def pjsip() -> str:
    """pjsip.conf, every option of every object type."""
    parts = ["## pjsip.conf\n"]
    parts += [table(kind, f"type={name}") for name, kind in sorted(TYPES.items())]
    parts.append("### Object types that do not work yet\n")
    rows = ["| type | options |", "|---|---|"]
    for name in sorted(UNSUPPORTED_TYPES):
        options = ", ".join(sorted(known_options("pjsip.conf", name).keys() - {"type"}))
        rows.append(f"| {name} | {options} |")
    parts.append("\n".join(rows) + "\n")
    return "\n".join(parts)


def files() -> str:
    """The other files that are read."""
    parts = ["## Other files\n"]
    parts += [
        table(kind, kind.file if kind.name == "(item)" else f"{kind.file} [{_section(kind)}]")
        for kind in FILES
    ]
    parts.append(
        "### Files with names of your own\n\n"
        "These work as a whole: acl.conf (`permit`, `deny`), indications.conf (every tone, `description`,\n"
        "`ringcadence`, `country`), and the `[logfiles]` of logger.conf.\n"
    )
    return "\n".join(parts)


# How much each is used by live dialplans, as counted in a hundred of them.
_TIERS = {
    "1": "used by most installations",
    "2": "commonly used",
    "3": "specialised",
    "4": "legacy, hardware, or a service that is gone",
}


class Name(NamedTuple):
    """Something that Asterisk has: scripts/asterisk_names.tsv."""

    kind: str
    name: str
    tier: str
    modules: list[str]


def asterisk_names() -> list[Name]:
    """All of it."""
    lines = (PAGE.parent.parent / "scripts" / "asterisk_names.tsv").read_text("utf-8").splitlines()[1:]
    return [Name(*line.split("\t")[:3], line.split("\t")[3].split()) for line in lines]  # type: ignore[misc]


def load() -> None:
    """Have everything declared."""
    offhook.apps.load_applications()
    for elsewhere in ("offhook.api.agi", "offhook.api.ari.stasis"):
        importlib.import_module(elsewhere)
    actions.load()
    announce.load()
    load_resources()


def here(kind: str) -> Collection[str] | Registry[Any]:
    """The names of a kind that there are, as Asterisk writes them."""
    load()
    match kind:
        case "application":
            return applications
        case "function":
            return functions
        case "action":
            return {one.name for one in ACTIONS.all()}
        case "event":
            return {*ACTIONS.sent(), *(name for one in announce.SHOWN for name in one.names)}
        case "agi":
            return {" ".join(words).lower() for words in AGI_COMMANDS}
        case "operation":
            # the WebSocket of events is a GET that asks for another protocol
            return {"GET /events", *(f"{one.method} {one.path}" for one in OPERATIONS)}
        case "ari_event":
            return sent_events()
        case _:
            return {command.pattern for command in COMMANDS.all()}


def missing(kind: str) -> list[Name]:
    """What Asterisk has of a kind and we have not."""
    names = here(kind)
    if kind == "event":  # documents and wire differ in case: NewExten
        names = {name.lower() for name in names}
        return [one for one in asterisk_names() if one.kind == kind and one.name.lower() not in names]
    return [one for one in asterisk_names() if one.kind == kind and one.name not in names]


INTERFACES = {
    "action": "AMI actions",
    "event": "AMI events",
    "agi": "AGI commands",
    "operation": "ARI operations",
    "ari_event": "ARI events",
    "command": "Console commands",
}


def interfaces() -> str:
    """What programs and operators talk to: counts, and what the rest waits for."""
    parts = ["## Interfaces", ""]
    parts += [
        "Console commands are counted with the module that they belong to; those of Asterisk's core have",
        "no rank (`-`). A name that is missing stands with the service that it is a part of and waits for;",
        "which that is, is said in `scripts/later_services.py`.",
        "",
    ]
    for kind, title in INTERFACES.items():
        names = [one for one in asterisk_names() if one.kind == kind]
        gone = missing(kind)
        parts += [f"### {title}", "", "| Asterisk's | there are | missing |", "|---|---|---|"]
        for tier, meaning in (*_TIERS.items(), ("-", "-")):
            of = [one for one in names if one.tier == tier]
            if of:
                without = sum(one.tier == tier for one in gone)
                parts.append(f"| {meaning} | {len(of) - without} of {len(of)} | {without or ''} |")
        waiting: dict[str, list[str]] = {}
        for one in gone:
            if one.tier != "4":
                waiting.setdefault(service_of(one.kind, one.name, one.modules) or "?", []).append(one.name)
        if waiting:
            parts += ["", "| waits for | missing, without what is legacy |", "|---|---|"]
            for service, those in sorted(waiting.items()):
                parts.append(f"| {service} | {', '.join(f'`{_cell(name)}`' for name in those)} |")
        parts.append("")
    return "\n".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


EXAM = PAGE.parent / "exam-results.md"


def suite() -> str:
    """What became of the Asterisk Test Suite's tests: the totals of docs/exam-results.md."""
    text = EXAM.read_text("utf-8")
    totals = re.search(r"^\*\*(\d+) of (\d+) passed\*\*; (.*)$", text, re.MULTILINE)
    if totals is None:
        raise SystemExit(f"{EXAM} has no totals")
    rows = re.findall(r"^\| (\S+) \| (\d+) \| (\d+) \| \d+ \| \d+ \| \d+ \|$", text, re.MULTILINE)
    parts = [
        "## The Asterisk Test Suite",
        "",
        f"**{totals[1]} of {totals[2]}** of its tests that were tried pass; {totals[3].rstrip('.')}.",
        "[Each test, and why it fails](exam-results.md).",
        "",
        "| area | tests | passed |",
        "|---|---|---|",
        *(f"| {area} | {tests} | {passed} |" for area, tests, passed in rows),
        "",
    ]
    return "\n".join(parts)


def dialplan() -> str:
    """Applications and functions: how many of Asterisk's there are, and which are missing."""
    load()
    rows = [(one.kind, one.name, one.tier) for one in asterisk_names()]
    parts = ["## Dialplan", ""]
    kinds: tuple[tuple[str, Registry[Any], Any], ...] = (
        ("application", applications, DROPPED_APPLICATIONS),
        ("function", functions, DROPPED_FUNCTIONS),
    )
    for kind, registry, dropped in kinds:
        parts += [f"### {kind.capitalize()}s", "", "| Asterisk's | there are | missing |", "|---|---|---|"]
        for tier, meaning in _TIERS.items():
            names = [name for of, name, number in rows if of == kind and number == tier]
            missing = [name for name in names if name not in registry]
            parts.append(
                f"| {meaning} | {len(names) - len(missing)} of {len(names)} | {', '.join(missing)} |"
            )
        old = [name for name in dropped if name in registry]
        parts += ["", f"Dropped by Asterisk and still there: {', '.join(old)}.", ""]
    return "\n".join(parts)


def _section(kind: ObjectType[Any]) -> str:
    # Asterisk's own documents call [general] of features.conf "globals".
    return "general" if kind is features.GENERAL else kind.name


def modules_here() -> str:
    """Modules of Asterisk that are here, and what of them is not."""
    load()
    found = registry_of_modules.provided()
    parts = [
        "## Modules",
        "",
        f"{len(found)} of Asterisk's {len(registry_of_modules.known())} modules are here (`module show`).",
        "Of these something is missing:",
        "",
        "| module | without |",
        "|---|---|",
        *(f"| {one.name} | {', '.join(one.limits)} |" for one in found if one.limits),
        "",
    ]
    return "\n".join(parts)


SECTIONS: list[Callable[[], str]] = [dialplan, interfaces, modules_here, suite, pjsip, files]


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(section() for section in SECTIONS)])


# What holds an object of a type where the code reads it: `endpoint.context`, `self._endpoint.context`.
HOLDERS = {
    "transport": {"transport"},
    "endpoint": {"endpoint"},
    "aor": {"aor"},
    "auth": {"auth"},
    "identify": {"identify"},
    "registration": {"options", "registration"},
    "acl": {"acl"},
    "global": {"general", "before"},
    "system": {"system"},
    "directories": {"named"},
    "options": {"options", "said"},
    "files": {"files"},
    "general": {"general", "rtp", "conf"},
    "user": {"user"},
    "globals": {"general", "settings", "said"},
    "featuremap": {"featuremap", "codes"},
    "csv": {"csv"},
    "modules": {"modules"},
    "(item)": {"moh"},
    "bridge_profile": {"profile"},
    "user_profile": {"profile"},
}


class _Reads(ast.NodeVisitor):
    """Where attributes are read, and which reads only hand a value on: `Class(name=thing.field)`."""

    def __init__(self) -> None:
        self.reads: list[tuple[str, str, str]] = []  # holder, field, handed on as (or "")
        self._as = ""

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        makes = name[:1].isupper() and name not in vars(_core)
        self.visit(node.func)
        for argument in node.args:
            self.visit(argument)
        before = self._as
        for keyword in node.keywords:
            self._as = keyword.arg or "" if makes else before
            self.visit(keyword.value)
        self._as = before

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.ctx, ast.Load):
            of = node.value
            holder = of.attr if isinstance(of, ast.Attribute) else getattr(of, "id", "")
            self.reads.append((holder.lstrip("_"), node.attr, self._as))
        self.visit(node.value)


def unread() -> list[str]:
    """Options that are declared to work, and whose field nothing but the declarations reads.

    A field that is only handed on to another object counts as read when the field there is.
    """
    source = PAGE.parent.parent / "src" / "offhook"
    config = source / "config"
    files = [path for path in source.rglob("*.py") if config not in path.parents]
    files += [config / "paths.py", config / "snapshot.py"]
    found = _Reads()
    for path in files:
        found.visit(ast.parse(path.read_text(encoding="utf-8")))
    used = {field for _, field, handed_on in found.reads if handed_on != field}
    own: set[str] = set()  # what methods of the declarations read that somebody calls: Auth.own_digests
    for path in config.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name in used:
                method = _Reads()
                method.visit(node)
                own |= {field for holder, field, _ in method.reads if holder == "self"}

    def is_read(kind: ObjectType[Any], field: str) -> bool:
        holders = HOLDERS[kind.name]
        return field in own or any(
            holder in holders and name == field and (not handed_on or handed_on in used)
            for holder, name, handed_on in found.reads
        )

    return [
        f"{kind.file} {kind.name} {name}"
        for kind in (*TYPES.values(), *FILES)
        for name, option in kind.options.items()
        if not is_read(kind, option.field)
    ]


def main(arguments: list[str]) -> int:
    if arguments == ["--unread"]:
        print("\n".join(unread()))
        return 0
    text = page()
    if arguments == ["--check"]:
        if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text:
            return 0
        print(f"{PAGE} is out of date: run scripts/compatibility.py", file=sys.stderr)
        return 1
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
