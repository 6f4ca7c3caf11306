"""The types of `call.apps` and `call.functions`: named.pyi, made from the declarations of both.

Written and checked by scripts/applications.py together with the reference pages.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

from offhook.dialplan.declare import applications, functions
from offhook.dialplan.signature import Parameter, Signature

__all__ = ["STUB", "stub"]

STUB = Path(__file__).resolve().parent.parent / "src/offhook/api/python/named.pyi"

HEAD = '''"""Applications and functions by name; made by scripts/applications.py, do not edit it.

A text is read as the dialplan would read it: `Playback("a&b")` is `Playback(["a", "b"])`.
"""

from collections.abc import Sequence
'''

BASE = '''
Text = str | int | float

class Applications:
    """Every application as a method."""

    def __init__(self, call: Call) -> None: ...
'''


class Stub:
    """Collects what has to be imported while it writes."""

    def __init__(self) -> None:
        self.imports: dict[str, set[str]] = {
            "offhook.api.python.call": {"Call"},
            "offhook.dialplan.call": {"Call as DialplanCall"},
        }

    def kind(self, parameter: Parameter) -> str:
        """The type of a parameter."""
        if parameter.options is not None:
            self.imports.setdefault(parameter.options.__module__, set()).add(parameter.options.__name__)
            return f"{parameter.options.__name__} | str"
        if parameter.separator:
            return "Sequence[str] | str"
        match parameter.type_name:
            case "whole number":
                return "int | str"
            case "number":
                return "float | str"
            case "text":
                return "Text"
            case words:
                self.imports.setdefault("typing", set()).add("Literal")
                return f"Literal[{', '.join(repr(word) for word in words.split('|'))}] | str"

    def parameters(self, signature: Signature, skip: str = "self") -> str:
        """What stands between the parentheses."""
        found = [skip]
        optional = False
        for one in signature.parameters:
            optional = optional or not one.required
            if one.is_variadic:
                found.append(f"*{one.name}: {self.kind(one)}")
            elif not optional:
                found.append(f"{one.name}: {self.kind(one)}")
            else:
                empty = " | None" if one.default is None else ""
                found.append(f"{one.name}: {self.kind(one)}{empty} = ...")
        return ", ".join(found)


def _docstring(func: Callable[..., object] | None, indent: str) -> list[str]:
    text = inspect.cleandoc(func.__doc__ or "") if func is not None else ""
    if not text:
        return [f"{indent}..."]
    lines = text.replace("\\", "\\\\").replace('"""', "'''").splitlines()
    if len(lines) == 1:
        return [f'{indent}"""{lines[0]}"""']
    return [f'{indent}"""{lines[0]}', *(f"{indent}{line}".rstrip() for line in lines[1:]), f'{indent}"""']


def stub() -> str:
    """The text of named.pyi; all applications and functions must have been declared."""
    made = Stub()
    methods: list[str] = []
    for name in applications.names():
        found = applications.get(name)
        if found is not None and name.isidentifier():
            methods.append(f"    async def {name}({made.parameters(found.signature)}) -> None:")
            methods += [*_docstring(found.func, "        "), ""]
    members: list[str] = []
    classes: list[str] = []
    for name in functions.names():
        one = functions.get(name)
        if one is None or not name.isidentifier():
            continue
        classes += ["", f"class _{name}:", *_docstring(one.read or one.write, "    ")]
        if one.read is not None:
            classes.append(f"    def __call__({made.parameters(one.read_signature)}) -> str: ...")
        if one.write is not None:
            parameters = made.parameters(one.write_signature, "self, new_value: object")
            classes.append(f"    def set({parameters}) -> None: ...")
        members += ["    @property", f"    def {name}(self) -> _{name}:"]
        members += _docstring(one.read or one.write, "        ")
    imports = [
        f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(made.imports.items())
    ]
    functions_class = [
        "",
        "class Functions:",
        '    """Every function as a member: call it to read, `.set(value, ...)` to write."""',
        "",
        "    def __init__(self, call: DialplanCall) -> None: ...",
        *members,
    ]
    text = [HEAD, *imports, BASE, *methods, *classes, *functions_class]
    return "\n".join(text).rstrip() + "\n"
