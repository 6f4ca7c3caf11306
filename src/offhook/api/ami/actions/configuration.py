"""Actions that read and change configuration files, as web front ends do: GetConfig, UpdateConfig ...

Only files of the configuration folder (and below it) can be named.  A change is made to the whole file or,
when one step of it cannot be done, not at all.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from offhook.api.ami.declare import ActionError, Reply, Request, action
from offhook.api.ami.protocol import Message, field
from offhook.config.edit import Category, EditableFile, EditError
from offhook.config.errors import Severity

__all__: list[str] = []

_locks: dict[Path, asyncio.Lock] = {}


def _path(request: Request, name: str, *, must_exist: bool = True) -> Path:
    folder = request.node.snapshot.folder.resolve()
    path = folder / name
    # What a link in the folder points to was put there by the administrator; what the name says is not.
    if Path(name).is_absolute():
        path = Path(name)
    if ".." in path.parts or not path.is_relative_to(folder):
        raise ActionError("File requires escalated priveledges")
    if must_exist and not path.is_file():
        raise ActionError("Config file not found")
    return path


async def _load(request: Request, name: str) -> EditableFile:
    path = _path(request, name)
    try:
        return await asyncio.to_thread(EditableFile.load, path)
    except OSError as error:
        raise ActionError(f"Config file has invalid format: {error.strerror}") from None


def _matches(expression: str, category: Category, file: EditableFile) -> bool:
    """Whether a category passes a filter: `name=regex,...`, of which TEMPLATES is a word of its own."""
    with_templates = False
    for part in filter(None, expression.split(",")):
        name, _, pattern = part.partition("=")
        if name.upper() == "TEMPLATES":
            if pattern.lower() == "restrict":
                if not category.is_template:
                    return False
            elif pattern.lower() != "include":
                raise ActionError("Invalid filter")
            with_templates = True
            continue
        try:
            wanted = re.compile(pattern)
        except re.error:
            raise ActionError("Invalid filter") from None
        values = [value for key, value in file.effective(category) if key == name]
        if not any(wanted.search(value) for value in values):
            return False
    return with_templates or not category.is_template


def _chosen(file: EditableFile, category: str, expression: str) -> list[Category]:
    found = [one for one in file.named() if not category or one.name == category]
    found = [one for one in found if _matches(expression, one, file)]
    if category and not found:
        raise ActionError("No categories found")
    return found


@action("GetConfig", "system", "config", missing="Filename not specified")
async def get_config(request: Request, filename: str, category: str = "", filter: str = "") -> Reply:
    """Read a configuration file.

    Args:
        filename: its name in the configuration folder.
        category: only this category.
        filter: `name=regular expression`, separated by commas: categories with such values; TEMPLATES=include
            or restrict shows templates, too, or only them.
    """
    file = await _load(request, filename)
    lines = ""
    for number, one in enumerate(_chosen(file, category, filter)):
        lines += field(f"Category-{number:06d}", one.name)
        if one.is_template:
            lines += field(f"IsTemplate-{number:06d}", 1)
        if one.parents:
            lines += field(f"Templates-{number:06d}", ",".join(one.parents))
        for index, (name, value) in enumerate(file.effective(one)):
            lines += field(f"Line-{number:06d}-{index:06d}", f"{name}={value}")
    if not lines and not file.named():
        lines = "No categories found\r\n"
    return Reply(fields=lines)


@action("GetConfigJSON", "system", "config", missing="Filename not specified")
async def get_config_json(request: Request, filename: str, category: str = "", filter: str = "") -> Reply:
    """Read a configuration file, as JSON in one line.

    Args:
        filename: its name in the configuration folder.
        category: only this category.
        filter: as with GetConfig.
    """
    file = await _load(request, filename)
    found: dict[str, dict[str, object]] = {}
    for one in _chosen(file, category, filter):
        values: dict[str, object] = {}
        if one.is_template:
            values["istemplate"] = 1
        if one.parents:
            values["templates"] = list(one.parents)
        found[one.name] = values | dict(file.effective(one))
    return Reply(fields=f"JSON: {json.dumps(found, separators=(',', ':'))}\r\n")


@action("ListCategories", "config", missing="Filename not specified")
async def list_categories(request: Request, filename: str) -> Reply:
    """List the categories of a configuration file.

    Args:
        filename: its name in the configuration folder.
    """
    file = await _load(request, filename)
    names = [one.name for one in file.named()]
    lines = "".join(field(f"Category-{number:06d}", name) for number, name in enumerate(names))
    return Reply(fields=lines or "Error: no categories found\r\n")


@action("CreateConfig", "config", missing="Filename not specified")
async def create_config(request: Request, filename: str) -> str:
    """Make an empty configuration file.

    Args:
        filename: its name in the configuration folder.
    """
    path = _path(request, filename, must_exist=False)

    def create() -> None:
        with path.open("x"):
            path.chmod(0o640)

    try:
        await asyncio.to_thread(create)
    except OSError as error:
        raise ActionError(error.strerror or str(error)) from None
    return "New configuration file created successfully"


_STEP = re.compile(r"(action|cat|var|value|match|line|options)-(\d{6})", re.IGNORECASE)


def _steps(message: Message) -> Iterable[dict[str, str]]:
    """The numbered steps of UpdateConfig, in their order."""
    found: dict[str, dict[str, str]] = {}
    for name, value in message.headers:
        part = _STEP.fullmatch(name)
        if part is not None:
            found.setdefault(part[2], {}).setdefault(part[1].lower(), value)
    return (found[number] for number in sorted(found) if found[number].get("action"))


@action("UpdateConfig", "config", missing="Filename not specified")
async def update_config(
    request: Request,
    src_filename: str,
    dst_filename: str = "",
    reload: str = "",
    preserve_effective_context: bool = True,
) -> str:
    """Change a configuration file by numbered steps: `Action-000000`, `Cat-000000`, `Var-`, `Value-` ...

    The steps are NewCat, RenameCat, DelCat, EmptyCat, Update, Delete, Append and Insert.

    Args:
        src_filename: the file to read.
        dst_filename: the file to write.
        reload: yes, or the name of a module: read the configuration anew afterwards.
        preserve_effective_context: where a template changes, the categories that inherit from it keep what it
            said before, as lines of their own.  With no they follow it, and lose lines that repeat it.
    """
    if not dst_filename:
        raise ActionError("Filename not specified")
    source = _path(request, src_filename)
    target = _path(request, dst_filename, must_exist=False)
    async with _locks.setdefault(target, asyncio.Lock()):
        file = await _load(request, source.name if source == target else src_filename)
        inherited = file.inherited()
        for step in _steps(request.message):
            _take_step(file, step)
        if preserve_effective_context:
            file.keep_inherited(inherited)
        else:
            file.drop_repeated(inherited)
        try:
            await asyncio.to_thread(file.save, target)
        except OSError as error:
            raise ActionError(f"Save of config failed: {error.strerror or error}") from None
    if reload and reload.lower() not in ("no", "false", "0"):
        name = "All" if reload.lower() in ("yes", "true", "1") else reload
        problems = await request.node.reload(name)
        errors = [one for one in problems if one.severity is Severity.ERROR]
        if errors:
            raise ActionError(f"The file is written, but not used: {errors[0]}")
    return ""


def _take_step(file: EditableFile, step: dict[str, str]) -> None:
    act = step["action"].lower()
    do = _STEPS.get(act)
    if do is None:
        raise ActionError("Unknown action command")
    category = step.get("cat", "")
    if not category:
        raise ActionError("Category not specified")
    try:
        do(file, category, step)
    except EditError as error:
        raise ActionError(f"{_FAILED[act]}: {error}") from None


def _value(step: dict[str, str]) -> tuple[str, bool]:
    """A value, and whether it is written with `=>` (it begins with `>`)."""
    value = step.get("value", "")
    return (value[1:].lstrip(), True) if value.startswith(">") else (value, False)


def _variable(step: dict[str, str]) -> str:
    name = step.get("var", "")
    if not name:
        raise ActionError("Variable not specified")
    return name


def _new_category(file: EditableFile, name: str, step: dict[str, str]) -> None:
    said = [part.strip() for part in step.get("options", "").split(",") if part.strip()]
    header: list[str] = []
    before, may_exist = "", False
    for part in said:
        key, equals, value = part.partition("=")
        match key.lower():
            case "template":
                header.insert(0, "!")
            case "allowdups":
                may_exist = True
            case "inherit" if equals:
                for parent in value.strip('"').split(":"):
                    file.find(parent)
                    header.append(parent)
            case "catfilter" if equals:
                continue
            case _:
                raise EditError(f"unknown option {part}")
    if step.get("match"):
        before = step["match"]
    if "line" in step:
        raise EditError("Line has no meaning with NewCat")
    file.new(name, ",".join(header), before=before, may_exist=may_exist)


def _rename(file: EditableFile, name: str, step: dict[str, str]) -> None:
    to = step.get("value", "")
    if not to:
        raise EditError("Value is the new name")
    file.rename(name, to)


def _empty(file: EditableFile, name: str, step: dict[str, str]) -> None:
    category = file.find(name)
    category.lines = [line for line in category.lines if not line.name]


def _update(file: EditableFile, name: str, step: dict[str, str]) -> None:
    value, is_object = _value(step)
    file.find(name).update(_variable(step), value, step.get("match", ""), is_object=is_object)


def _delete(file: EditableFile, name: str, step: dict[str, str]) -> None:
    number = step.get("line", "")
    variable = step.get("var", "")
    if not variable and not number.isdecimal():
        raise ActionError("Variable or Line not specified")
    at = int(number) if number.isdecimal() else None
    file.find(name).delete(variable, step.get("match", ""), at)


def _append(file: EditableFile, name: str, step: dict[str, str]) -> None:
    value, is_object = _value(step)
    file.find(name).append(_variable(step), value, is_object=is_object)


def _insert(file: EditableFile, name: str, step: dict[str, str]) -> None:
    number = step.get("line", "")
    if not number.isdecimal():
        raise ActionError("Line not specified")
    value, is_object = _value(step)
    file.find(name).insert(int(number), _variable(step), value, is_object=is_object)


_STEPS: dict[str, Callable[[EditableFile, str, dict[str, str]], None]] = {
    "newcat": _new_category,
    "renamecat": _rename,
    "delcat": lambda file, name, step: file.drop(name),
    "emptycat": _empty,
    "update": _update,
    "delete": _delete,
    "append": _append,
    "insert": _insert,
}
_FAILED = {
    "newcat": "Create category did not complete successfully",
    "renamecat": "Rename category did not complete successfully",
    "delcat": "Delete category did not complete successfully",
    "emptycat": "Empty category did not complete successfully",
    "update": "Update did not complete successfully",
    "delete": "Delete did not complete successfully",
    "append": "Append did not complete successfully",
    "insert": "Insert did not complete successfully",
}
