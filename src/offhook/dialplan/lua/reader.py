"""extensions.lua: from the tables `extensions` and `hints` of a script to contexts and extensions.

The script is run once to see what it defines, with a limit of time, and again for each call that comes to
one of its extensions.
"""

from __future__ import annotations

import logging
import re
import time
from pathlib import Path

from offhook.config.errors import Problems
from offhook.dialplan.declare import applications, functions
from offhook.dialplan.errors import ApplicationError, PatternError, TimingError
from offhook.dialplan.known import ASTERISK_APPLICATIONS, ASTERISK_FUNCTIONS
from offhook.dialplan.lua.calls import LuaScript, bind
from offhook.dialplan.lua.state import Entry, LuaError, LuaState
from offhook.dialplan.model import Context, Extension, Include, Step
from offhook.dialplan.timing import parse_time_condition

__all__ = ["read_lua"]

log = logging.getLogger(__name__)

REGISTRAR = "pbx_lua"
APPLICATION = "Lua"
"""What `dialplan show` shows for a function of a script."""
LOAD_SECONDS = 10.0
_PLACE = re.compile(r"(?P<file>[^\n]*?):(?P<line>\d+): (?P<what>.*)", re.DOTALL)
_NAMES = re.compile(r"""\b(app|channel)\s*(?:\.\s*([A-Za-z_]\w*)|\[\s*["']([\w ]+?)["']\s*\])\s*(\(?)""")
_STRING_OR_COMMENT = re.compile(
    r"""--\[\[.*?\]\]|--[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL
)


def read_lua(path: Path, contexts: dict[str, Context], problems: Problems) -> None:
    """Add what a script defines to contexts; mistakes go to `problems`.  OSError when it cannot be read."""
    source = path.read_bytes()
    file = str(path)
    until = time.monotonic() + LOAD_SECONDS

    def no_call(*arguments: str) -> str:
        raise ApplicationError("there is no call while the script is read")

    def run(name: str, arguments: str) -> None:
        no_call()

    try:
        state = LuaState(
            source,
            file,
            run=run,
            get=no_call,
            set_value=run,
            log=lambda text: log.info("%s: %s", file, text),
            must_end=lambda: f"it takes more than {LOAD_SECONDS:.0f} s" if time.monotonic() > until else "",
        )
        entries = state.contents()
    except LuaError as error:
        place = _PLACE.match(str(error))
        if place is not None:
            where = file if place["file"] == path.name else place["file"]
            problems.error(where, int(place["line"]), place["what"])
        else:
            problems.error(file, 0, str(error))
        return
    _names(source, file, problems)
    script = LuaScript(file, source)
    for kind, context, name, value, line in sorted(entries, key=_order):
        if kind == "error":
            problems.error(file, line, value)
            continue
        into = contexts.get(context)
        if into is None:
            contexts[context] = into = Context(context, file, line, registrar=REGISTRAR)
        match kind:
            case "exten":
                where = value.removeprefix("@")
                _extension(script, into, name, file if where == path.name else where, line, problems)
            case "include":
                _include(into, name, file, problems)
            case "hint":
                _hint(into, name, value, file, problems)
            case _:
                pass


def _order(entry: Entry) -> tuple[object, ...]:
    """The order of the script; that of what includes name is theirs."""
    kind, context, name, _, line = entry
    return line, context, kind, "" if kind == "include" else name


def _extension(
    script: LuaScript, context: Context, name: str, file: str, line: int, problems: Problems
) -> None:
    known = context.extensions.get((name, None))
    if known is not None and known.steps:
        what = f"extension {name} of {context.name} is already defined at {known.file}:{known.line}"
        problems.warning(file, line, what)  # the other file's is what counts, as in Asterisk
        return
    try:
        made = Extension.make(name, None, file, line)
    except PatternError as error:
        problems.error(file, line, str(error))
        return
    step = Step(1, "", APPLICATION, f"{context.name},{name}", file, line)
    step.execute = bind(script, context.name, name)
    step.is_native = True
    made.add(step)
    if known is not None:
        made.hint, made.hint_line = known.hint, known.hint_line
    context.add(made)


def _include(context: Context, text: str, file: str, problems: Problems) -> None:
    name, _, times = text.partition(",")
    try:
        condition = parse_time_condition(times) if times else None
    except TimingError as error:
        problems.error(file, 0, f"include {text}: {error}")
        return
    context.includes.append(Include(name.strip(), condition, file, 0, times=times))


def _hint(context: Context, name: str, devices: str, file: str, problems: Problems) -> None:
    extension = context.extensions.get((name, None))
    if extension is None:
        try:
            extension = Extension.make(name, None, file, 0)
        except PatternError as error:
            problems.error(file, 0, str(error))
            return
    extension.hint = devices
    context.add(extension)


def _names(source: bytes, file: str, problems: Problems) -> None:
    """Applications and functions that a script names and that do not exist."""
    text = source.decode("utf-8", "surrogateescape")
    kept = _STRING_OR_COMMENT.sub(_blank, text)
    known_applications = {name.lower() for name in ASTERISK_APPLICATIONS}
    known_functions = {name.lower() for name in ASTERISK_FUNCTIONS}
    for found in _NAMES.finditer(text):
        if kept[found.start() : found.start() + 3].isspace():
            continue  # it stands in a comment or string
        kind, name = found[1], found[2] or found[3] or ""
        line = text.count("\n", 0, found.start()) + 1
        if kind == "app":
            if name in applications:
                continue
            if name.lower() in known_applications:
                problems.unsupported(file, line, f"the application {name}")
            else:
                problems.error(file, line, f"there is no application {name}", applications.nearest(name))
        elif found[4] and name not in functions:
            if name.lower() in known_functions:
                problems.unsupported(file, line, f"the function {name}")
            else:
                problems.error(file, line, f"there is no function {name}", functions.nearest(name))


def _blank(found: re.Match[str]) -> str:
    return "".join("\n" if char == "\n" else " " for char in found[0])
