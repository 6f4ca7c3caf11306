"""From a Python signature to an argument parser: the types of the parameters say what the text must be.

Parameter types:

    str, int, float        one argument; `X | None` and defaults make it optional
    Literal["a", "b"]      one of these words, in whatever case
    Raw                    all that is left, as it stands, commas and quotes included (must be the last)
    Annotated[list[str], separated("&")]
                           one argument that is a list
    a subclass of Options  an options argument: letters, some with arguments in parentheses
    *args: str             any number of further arguments
"""

from __future__ import annotations

import dataclasses
import inspect
import math
import re
import sys
import types
import typing
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar, Union, cast

from offhook.config.errors import nearest
from offhook.dialplan.arguments import split_arguments, split_options, split_plain
from offhook.dialplan.errors import ArgumentError

__all__ = ["OptionSpec", "Options", "Parameter", "Raw", "Signature", "flag", "option", "separated"]


class _RawMark:
    """Marks a parameter that takes text as it stands."""


@dataclass(frozen=True, slots=True)
class Separator:
    """Marks a parameter that is a list within one argument."""

    character: str


Raw = Annotated[str, _RawMark()]


def separated(character: str) -> Separator:
    """Mark one argument as a list: see the module text."""
    return Separator(character)


# ---------------------------------------------------------------- options


def flag(letter: str, doc: str, *, supported: bool = True) -> bool:
    """An option letter without an argument; the field is True when it is given.

    One that is not `supported` is taken and does nothing yet; the linter says so.
    """
    found: Any = dataclasses.field(
        default=False, metadata={"letter": letter, "doc": doc, "supported": supported}
    )
    return cast(bool, found)


def option(
    letter: str, doc: str, *, required: bool = False, separator: str = "", supported: bool = True
) -> Any:
    """An option letter with an argument in parentheses; the field is None when it is not given.

    The field's type says what the argument is: `str | None`, `int | None`, `float | None`, or, with a
    separator, `tuple[str, ...] | None`.  Unless it is required, a letter without an argument gives "",
    0 or an empty tuple.
    """
    metadata = {
        "letter": letter,
        "doc": doc,
        "required": required,
        "separator": separator,
        "supported": supported,
    }
    return dataclasses.field(default=None, metadata=metadata)


@dataclass(frozen=True, slots=True)
class OptionSpec:
    """One option letter (or word, where an application has words) of an Options class."""

    letter: str
    field: str
    doc: str
    takes_argument: bool
    required: bool
    separator: str
    supported: bool
    convert: Callable[[str], object]


O = TypeVar("O", bound="Options")  # noqa: E741 - the letter for options


@dataclass(frozen=True, slots=True)
class Options:
    """Base of options classes: frozen dataclasses whose fields are `flag(...)` and `option(...)`."""

    @classmethod
    def specs(cls) -> dict[str, OptionSpec]:
        """The options by letter, in the order of their declaration."""
        found = _OPTION_SPECS.get(cls)
        if found is None:
            _OPTION_SPECS[cls] = found = {spec.letter: spec for spec in _option_specs(cls)}
        return found

    @classmethod
    def parse(cls: type[O], text: str, complaints: list[str] | None = None) -> O:
        """Read an options argument.  What can be ignored goes to `complaints`.

        Raises:
            ArgumentError: a letter without the argument that it needs, or a parenthesis left open.
        """
        specs = cls.specs()
        values: dict[str, object] = {}
        if any(len(letter) > 1 for letter in specs):
            lower = text.lower()
            for spec in specs.values():
                if spec.letter.lower() in lower:
                    values[spec.field] = True
            return cls(**values)
        for letter, argument in split_options(text):
            spec = specs.get(letter)
            if spec is None:
                if complaints is not None:
                    complaints.append(_unknown_option(letter, specs))
            elif not spec.takes_argument:
                values[spec.field] = True
            elif argument is None and spec.required:
                raise ArgumentError(f"option {letter} needs an argument: {letter}(...)")
            else:
                values[spec.field] = _option_value(spec, argument or "", complaints)
        return cls(**values)

    def letters(self) -> str:
        """The options as the dialplan writes them: `m(default)g`."""
        text = ""
        for spec in self.specs().values():
            value: object = getattr(self, spec.field)
            if value is True:
                text += spec.letter
            elif isinstance(value, tuple):
                text += f"{spec.letter}({spec.separator.join(map(str, cast('tuple[object, ...]', value)))})"
            elif value is not None and value is not False:
                text += f"{spec.letter}({value})" if value != "" else spec.letter
        return text

    @classmethod
    def unknown_letters(cls, text: str, unknown: str) -> list[str]:
        """Complaints about letters that there are not, in text with parts that are not known yet."""
        specs = cls.specs()
        if any(len(letter) > 1 for letter in specs):
            return []
        try:
            letters = dict.fromkeys(letter for letter, _ in split_options(text))
        except ArgumentError as error:
            return [str(error)]
        return [
            _unknown_option(letter, specs) for letter in letters if letter not in specs and letter != unknown
        ]

    @classmethod
    def unsupported(cls, text: str) -> list[OptionSpec]:
        """The options in `text` that are taken and do nothing yet.  What is wrong with it, `parse` says."""
        specs = cls.specs()
        if any(len(letter) > 1 for letter in specs):
            lower = text.lower()
            return [spec for spec in specs.values() if not spec.supported and spec.letter.lower() in lower]
        try:
            letters = dict.fromkeys(letter for letter, _ in split_options(text))
        except ArgumentError:
            return []
        return [specs[letter] for letter in letters if letter in specs and not specs[letter].supported]


_OPTION_SPECS: dict[type[Options], dict[str, OptionSpec]] = {}


def _unknown_option(letter: str, specs: Iterable[str]) -> str:
    if letter == ",":
        return "there are more arguments than it takes"
    return f"there is no option {letter!r} (there are: {' '.join(specs)})"


def _option_value(spec: OptionSpec, argument: str, complaints: list[str] | None) -> object:
    if spec.separator:
        return tuple(part.strip() for part in argument.split(spec.separator)) if argument else ()
    try:
        return spec.convert(argument)
    except ValueError as error:
        if spec.required:
            raise ArgumentError(f"option {spec.letter}: {error}") from None
        if complaints is not None and argument:
            complaints.append(f"option {spec.letter}: {error}")
        return spec.convert("0")


def _option_specs(cls: type[Options]) -> Iterable[OptionSpec]:
    scope = vars(sys.modules[cls.__module__])
    for field in dataclasses.fields(cls):
        if "letter" not in field.metadata:
            raise TypeError(f"{cls.__name__}.{field.name} is no flag() and no option()")
        kind = _resolve(field.type, scope)
        base, _ = _optional(kind)
        takes_argument = base is not bool
        convert: Callable[[str], object] = str
        if takes_argument and base in _CONVERTERS:
            convert = _CONVERTERS[base]
        yield OptionSpec(
            letter=field.metadata["letter"],
            field=field.name,
            doc=field.metadata["doc"],
            takes_argument=takes_argument,
            required=field.metadata.get("required", False),
            separator=field.metadata.get("separator", ""),
            supported=field.metadata.get("supported", True),
            convert=convert,
        )


# ---------------------------------------------------------------- conversions


_DECIMAL = re.compile(r"[+-]?\d+\.\d*")


def _whole_number(text: str) -> int:
    try:
        return int(text.strip()[:40])
    except ValueError:
        # Answer(0.5) is 0 there; people write it.
        if _DECIMAL.fullmatch(text.strip()[:40]):
            return int(float(text))
        raise ValueError(f"{text.strip()!r} is not a whole number") from None


def _number(text: str) -> float:
    try:
        value = float(text.strip())
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{text.strip()!r} is not a number")
    return value


_CONVERTERS: dict[object, Callable[[str], object]] = {str: str, int: _whole_number, float: _number}


def _choice(words: tuple[str, ...]) -> Callable[[str], object]:
    by_lower = {word.lower(): word for word in words}

    def convert(text: str) -> str:
        found = by_lower.get(text.strip().lower())
        if found is None:
            hint = nearest(text.strip(), words)
            meant = f"; did you mean {hint}?" if hint else ""
            raise ValueError(f"{text.strip()!r} is none of {', '.join(words)}{meant}")
        return found

    return convert


# ---------------------------------------------------------------- parameters


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an application or function."""

    name: str
    type_name: str
    required: bool
    default: object
    convert: Callable[[str], object]
    options: type[Options] | None = None
    is_raw: bool = False
    is_variadic: bool = False
    separator: str = ""

    def read(self, text: str, position: int, complaints: list[str] | None) -> object:
        """The value of the argument `text`."""
        if self.options is not None:
            return self.options.parse(text, complaints)
        if self.is_raw:
            return text
        if self.separator:
            return [part.strip() for part in text.split(self.separator) if part.strip()]
        try:
            return self.convert(text)
        except ValueError as error:
            what = f"argument {position} ({self.name}): {error}"
            if self.required:
                raise ArgumentError(what) from None
            if complaints is not None:
                complaints.append(what)
            return self.default


class Signature:
    """The parameters of a declared function without the first ones, and how to fill them from text."""

    __slots__ = ("_fixed", "at_most", "free_text", "parameters", "variadic")

    def __init__(self, parameters: tuple[Parameter, ...]) -> None:
        self.parameters = parameters
        self.variadic = parameters[-1] if parameters and parameters[-1].is_variadic else None
        self._fixed = parameters[:-1] if self.variadic else parameters
        self.at_most = 0 if self.variadic else len(parameters)
        self.free_text = bool(parameters) and parameters[-1].is_raw

    @classmethod
    def of(cls, func: Callable[..., object], skip: int) -> Signature:
        """The signature of `func` without its first `skip` parameters.

        Raises:
            TypeError: a parameter whose type the dialplan has no text for.
        """
        declared = list(inspect.signature(func).parameters.values())[skip:]
        # Only what the dialplan fills is resolved: the rest may be known to type checkers alone.
        scope = _globals_of(func)
        return cls(tuple(_parameter(one, scope, func) for one in declared))

    def bind(self, text: str, complaints: list[str] | None = None) -> tuple[object, ...]:
        """The values for the text between the parentheses.  What can be ignored goes to `complaints`.

        Raises:
            ArgumentError: an argument is missing, or a required one is not what it must be.
        """
        fixed = self._fixed
        if not fixed and self.variadic is None:
            if complaints is not None and text.strip():
                complaints.append("it takes no arguments")
            return ()
        arguments = split_arguments(text, limit=self.at_most)
        values: list[object] = []
        count = len(arguments)
        for index, parameter in enumerate(fixed):
            argument = arguments[index] if index < count else ""
            if argument and (parameter.is_raw or not argument.isspace()):
                values.append(parameter.read(argument, index + 1, complaints))
            elif parameter.required:
                raise ArgumentError(f"it needs argument {index + 1} ({parameter.name})")
            else:
                values.append(parameter.default)
        if self.variadic is not None:
            values += (
                self.variadic.read(arguments[index], index + 1, complaints)
                for index in range(len(fixed), count)
            )
        return tuple(values)

    def check(self, text: str) -> list[str]:
        """What is wrong with constant text, for the linter: all that `bind` finds, and too many arguments."""
        complaints: list[str] = []
        try:
            self.bind(text, complaints)
        except ArgumentError as error:
            complaints.append(str(error))
        if self.at_most and not self.free_text:
            count = len(split_plain(text))
            if count > self.at_most:
                complaints.append(f"it takes at most {self.at_most} arguments, here are {count}")
        return list(dict.fromkeys(complaints))

    def check_partly(self, text: str, unknown: str) -> list[str]:
        """What is wrong with text in which `unknown` stands for what is not known yet, for the linter.

        An unknown part may bring arguments of its own, so one that stands for a whole argument at the end
        excuses those that are missing.
        """
        complaints: list[str] = []
        arguments = split_arguments(text, limit=self.at_most)
        for index, parameter in enumerate(self._fixed):
            argument = arguments[index] if index < len(arguments) else ""
            if unknown in argument:
                if parameter.options is not None and argument.strip() != unknown:
                    complaints += parameter.options.unknown_letters(argument, unknown)
                elif argument.strip() == unknown:
                    break  # it may be several
                continue
            if not argument.strip():
                if parameter.required:
                    complaints.append(f"it needs argument {index + 1} ({parameter.name})")
                continue
            try:
                parameter.read(argument, index + 1, complaints)
            except ArgumentError as error:
                complaints.append(str(error))
        if self.at_most and not self.free_text:
            count = len(split_plain(text))
            if count > self.at_most:
                complaints.append(f"it takes at most {self.at_most} arguments, here are {count}")
        return list(dict.fromkeys(complaints))

    def options(self) -> list[OptionSpec]:
        """All options, those of every argument that has some."""
        of = [parameter.options for parameter in self._fixed if parameter.options is not None]
        return [spec for one in of for spec in one.specs().values()]

    def unsupported(self, text: str) -> list[OptionSpec]:
        """The options in text that are taken and do nothing yet, for the linter."""
        found: list[OptionSpec] = []
        arguments = split_arguments(text, limit=self.at_most)
        for parameter, argument in zip(self._fixed, arguments, strict=False):
            if parameter.options is not None:
                found += parameter.options.unsupported(argument)
        return found

    def usage(self) -> str:
        """The parameters as documentation writes them: `filename[,timeout[,options]]`."""
        text, open_brackets = "", 0
        for index, parameter in enumerate(self.parameters):
            name = f"{parameter.name}{parameter.separator}..." if parameter.separator else parameter.name
            piece = f",{name}" if index else name
            if parameter.is_variadic:
                piece += ",..."
            if not parameter.required:
                piece = "[" + piece
                open_brackets += 1
            text += piece
        return text + "]" * open_brackets


def _resolve(annotation: object, scope: dict[str, Any]) -> object:
    """An annotation as an object; `from __future__ import annotations` makes them text."""
    # The text is a type in our own source code, never input.
    return eval(annotation, scope) if isinstance(annotation, str) else annotation


def _globals_of(func: Callable[..., object]) -> dict[str, Any]:
    """The names that a function's annotations may use."""
    return cast("dict[str, Any]", getattr(inspect.unwrap(func), "__globals__", {}))


def _optional(kind: object) -> tuple[object, bool]:
    """`X | None` is (X, True)."""
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is Union:
        rest = [one for one in typing.get_args(kind) if one is not types.NoneType]
        if len(rest) == 1:
            return rest[0], True
    return kind, False


def _parameter(declared: inspect.Parameter, scope: dict[str, Any], func: Callable[..., object]) -> Parameter:
    kind, is_optional = _optional(_resolve(declared.annotation, scope))
    marks: tuple[object, ...] = ()
    if typing.get_origin(kind) is Annotated:
        kind, *rest = typing.get_args(kind)
        marks = tuple(rest)
    is_variadic = declared.kind is inspect.Parameter.VAR_POSITIONAL
    has_default = declared.default is not inspect.Parameter.empty
    required = not (has_default or is_optional or is_variadic)
    default: object = declared.default if has_default else None
    separator = next((mark.character for mark in marks if isinstance(mark, Separator)), "")
    is_raw = any(isinstance(mark, _RawMark) for mark in marks)
    options: type[Options] | None = None
    convert: Callable[[str], object] = str
    type_name = "text"
    if isinstance(kind, type) and issubclass(kind, Options):
        options, type_name = kind, "options"
        if not has_default:
            required, default = False, kind()
    elif typing.get_origin(kind) is Literal:
        words = cast("tuple[str, ...]", typing.get_args(kind))
        convert, type_name = _choice(words), "|".join(words)
    elif separator:
        type_name = "list"
    elif kind in _CONVERTERS:
        convert = _CONVERTERS[kind]
        type_name = "whole number" if kind is int else "number" if kind is float else "text"
    else:
        raise TypeError(
            f"{func.__module__}.{func.__qualname__}: {declared.name} has no type for the dialplan"
        )
    return Parameter(
        name=declared.name,
        type_name=type_name,
        required=required,
        default=default,
        convert=convert,
        options=options,
        is_raw=is_raw,
        is_variadic=is_variadic,
        separator=separator,
    )
