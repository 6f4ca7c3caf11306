"""Writes docs/compatibility.md: what of Asterisk's configuration works, from the declarations in the code.

    python scripts/compatibility.py           writes the file
    python scripts/compatibility.py --check   exits with 1 when the file is out of date
    python scripts/compatibility.py --unread  lists options that are declared and that no code reads

A generator for another part of the page is a function that gives its Markdown; add it to SECTIONS.
"""

import ast
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import offhook.apps
import offhook.functions
from offhook import _core
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


def dialplan() -> str:
    """Applications and functions: how many of Asterisk's there are, and which are missing."""
    offhook.apps.load_applications()
    for elsewhere in ("offhook.api.agi", "offhook.api.ari.stasis"):
        importlib.import_module(elsewhere)
    lines = (PAGE.parent.parent / "scripts" / "asterisk_names.tsv").read_text("utf-8").splitlines()[1:]
    rows = [line.split("\t") for line in lines]
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


SECTIONS: list[Callable[[], str]] = [dialplan, pjsip, files]


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
