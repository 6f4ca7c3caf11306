"""A dialplan as text: as `dialplan show` prints it, and as extensions.conf (`dialplan save`)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping

from offhook.dialplan.model import Context, Dialplan, Extension, Step

__all__ = ["as_conf", "show", "show_index"]


def _place(context: Context, file: str, line: int) -> str:
    if file == "CLI" or not line:
        return f"[{context.registrar}]"
    return f"[{os.path.basename(file)}:{line}]"


def _line(left: str, right: str, where: str) -> str:
    return f"  {left:<17} {right:<45} {where}\n"


def _title(extension: Extension) -> str:
    if extension.caller is None:
        return f"'{extension.name}' =>"
    return f"'{extension.name}' (CID match '{extension.caller}') =>"


def _extension(context: Context, extension: Extension) -> Iterator[str]:
    first = _title(extension)
    if extension.hint:
        yield _line(first, f"hint: {extension.hint}",
                    _place(context, extension.file, extension.hint_line))  # fmt: skip
        first = ""
    for number in sorted(extension.steps):
        step = extension.steps[number]
        where = _place(context, step.file, step.line)
        call = f"{number}. {step.application}({step.arguments})"
        if first:
            # A label has a line of its own when the extension's name takes its place.
            yield _line(first, f"[{step.label}] {call}" if step.label else call, where)
            first = ""
        else:
            yield _line(f"   [{step.label}]" if step.label else "", call, where)


def _matching(context: Context, exten: str) -> list[Extension]:
    if not exten:
        return sorted(context.extensions.values(), key=_order)
    named = [one for one in context.extensions.values() if one.name == exten]
    if named:
        return named
    return list(dict.fromkeys((*context.hints.matches(exten), *context.index.matches(exten))))


def _order(extension: Extension) -> tuple[object, ...]:
    pattern = extension.pattern
    order = () if pattern is None else pattern.order
    return (pattern is not None, order, extension.name, extension.caller or "")


def show_index(dialplan: Dialplan, context: str = "") -> str:
    """How numbers are looked for in all contexts or one, in the layout of `dialplan debug`."""
    if context and context not in dialplan.contexts:
        return f"There is no existence of '{context}' context\n"
    out: list[str] = []
    for one in [dialplan.contexts[context]] if context else dialplan.contexts.values():
        out.append(f"\n     In-mem exten Trie for Fast Extension Pattern Matching, context {one.name}:\n\n")
        for depth, compared, found in one.index.describe():
            names = ", ".join(f"{each.name}{f'/{each.caller}' if each.caller else ''}" for each in found)
            out.append(f"  {'  ' * depth}{compared}{f'  => {names}' if names else ''}\n")
    return "".join(out)


def show(dialplan: Dialplan, context: str = "", exten: str = "") -> str:
    """The dialplan, one context of it, or one extension, in the layout of `dialplan show`.

    Includes of the context are followed where one extension is asked for.
    """
    if context:
        if context not in dialplan.contexts:
            return f"There is no existence of '{context}' context\n"
        contexts: Iterable[Context] = dialplan.tree(context) if exten else [dialplan.contexts[context]]
    else:
        contexts = dialplan.contexts.values()
    out: list[str] = []
    extensions = priorities = shown = 0
    for one in contexts:
        found = _matching(one, exten)
        if exten and not found:
            continue
        shown += 1
        out.append(f"[ Context '{one.name}' created by '{one.registrar}' ]\n")
        if one.name in dialplan.settings.autohints:
            out.append("Autohints support enabled\n")
        for extension in found:
            out += _extension(one, extension)
            extensions += 1
            priorities += len(extension.steps) + bool(extension.hint)
        if not exten:
            if found and (one.includes or one.ignore or one.switches):
                out.append("\n")
            out += (
                f"  {'Include =>':<17} {quoted(each.text):<45} {_place(one, each.file, each.line)}\n"
                for each in one.includes
            )
            out += (
                f"  {'Ignore pattern =>':<17} {quoted(each):<45} [{one.registrar}]\n" for each in one.ignore
            )
            out += (
                f"  {'Alt. Switch =>':<17} {quoted(f'{each.name}/{each.data}'):<45} "
                f"{_place(one, each.file, each.line)}\n"
                for each in one.switches
            )
        out.append("\n")
    if exten and not shown:
        where = f" in '{context}' context" if context else ""
        return f"There is no existence of {exten}@{context or '(any)'} extension{where}\n"
    counted = (
        f"{extensions} extension{'' if extensions == 1 else 's'} "
        f"({priorities} {'priority' if priorities == 1 else 'priorities'}) "
        f"in {shown} context{'' if shown == 1 else 's'}"
    )
    out.append(f"-= {counted}. =-\n")
    return "".join(out)


def quoted(text: str) -> str:
    """Text in single quotes."""
    return f"'{text}'"


# ---------------------------------------------------------------- extensions.conf


def as_conf(dialplan: Dialplan, global_variables: Mapping[str, str]) -> str:
    """What extensions.conf made of the dialplan, as extensions.conf again; comments are gone."""
    settings = dialplan.settings
    out = ["[general]\n"]
    for key, value in (
        ("static", settings.static),
        ("writeprotect", settings.write_protect),
        ("autofallthrough", settings.autofallthrough),
        ("clearglobalvars", settings.clear_globals),
        ("extenpatternmatchnew", settings.extenpatternmatchnew),
    ):
        out.append(f"{key}={'yes' if value else 'no'}\n")
    if settings.override_switch is not None:
        out.append(f"overrideswitch={settings.override_switch.name}/{settings.override_switch.data}\n")
    out.append("\n[globals]\n")
    out += (f"{name} => {_escape(value)}\n" for name, value in global_variables.items())
    for context in dialplan.contexts.values():
        if context.registrar != "pbx_config":
            continue
        out.append(f"\n[{context.name}]\n")
        if context.name in settings.autohints:
            out.append("autohints=yes\n")
        out += (f"include => {_escape(each.text)}\n" for each in context.includes)
        out += (f"ignorepat => {_escape(each)}\n" for each in context.ignore)
        out += (f"{each.kind} => {_escape(f'{each.name}/{each.data}')}\n" for each in context.switches)
        for extension in context.extensions.values():
            if any(step.is_native for step in extension.steps.values()):
                continue  # a script's, which stands in its file
            name = extension.name if extension.caller is None else f"{extension.name}/{extension.caller}"
            if extension.hint:
                out.append(f"exten => {name},hint,{_escape(extension.hint)}\n")
            out += (_step(name, extension.steps[number]) for number in sorted(extension.steps))
    return "".join(out)


def _step(name: str, step: Step) -> str:
    label = f"({step.label})" if step.label else ""
    return f"exten => {name},{step.priority}{label},{step.application}({_escape(step.arguments)})\n"


def _escape(text: str) -> str:
    return text.replace(";", "\\;")
