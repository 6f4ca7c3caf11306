"""Declare once: a configuration object is a frozen dataclass whose fields say how their options are read.

    @dataclass(frozen=True, slots=True)
    class Aor:
        name: str
        where: Where = field(compare=False)
        max_contacts: int = option(0, integer())
        contacts: tuple[str, ...] = repeated(words, name="contact")

    AOR = ObjectType("pjsip.conf", "aor", Aor)

From that follow what a section may say, what is reported as a mistake (with the nearest valid name), what is
reported as not supported yet (an option of Asterisk's that no field reads and that has another value than
its default), and the table in docs/compatibility.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, field, fields
from enum import StrEnum
from typing import Any, Generic, NamedTuple, TypeVar, cast

from offhook.config.errors import Problems
from offhook.config.known import KnownOption, known_options, same_value
from offhook.config.reader import Item, Section
from offhook.config.values import InvalidValueError, UnsupportedValueError, boolean

__all__ = ["ObjectType", "Reading", "folded", "option", "repeated", "shown"]

T = TypeVar("T")
_KEY = "offhook.option"

_Apply = Callable[[Any, str], Any]


class _Declaration(NamedTuple):
    """How the options of one field change its value; the name None stands for the field's own name."""

    names: Mapping[str | None, _Apply]
    essential: bool = False


def option(
    default: T,
    parse: Callable[[str], T],
    *,
    name: str | None = None,
    secret: bool = False,
    essential: bool = False,
) -> T:
    """A field that one option sets; of several lines the last counts.

    A secret one is left out of repr().  Where an essential one has a value that does not work yet there is
    no object; otherwise the default counts then.
    """

    def apply(_current: object, text: str) -> T:
        return parse(text)

    metadata = {_KEY: _Declaration({name: apply}, essential)}
    return field(default=default, repr=not secret, metadata=metadata)


def repeated(
    parse: Callable[[str], tuple[T, ...]], *, name: str | None = None, secret: bool = False
) -> tuple[T, ...]:
    """A field to which every line of its option adds."""

    def apply(current: tuple[T, ...], text: str) -> tuple[T, ...]:
        return (*current, *parse(text))

    metadata = {_KEY: _Declaration({name: apply})}
    return field(default=(), repr=not secret, metadata=metadata)


def folded(default: T, names: Mapping[str, Callable[[T, str], T]]) -> T:
    """A field that several options change in the order of their lines (allow and disallow)."""
    by_name: dict[str | None, _Apply] = {**names}
    return field(default=default, metadata={_KEY: _Declaration(by_name)})


def shown(thing: Any, name: str) -> str | None:
    """The value that an option has in a configuration object, as text; None when there is no such option.

    Lists are separated by commas; yes and no stand for booleans.
    """
    for one in fields(thing):
        declaration: _Declaration | None = one.metadata.get(_KEY)
        if declaration is None:
            continue
        names = [one.name if key is None else key for key in declaration.names]
        if name in names:
            return "" if one.repr is False else _text(getattr(thing, one.name))
    return None


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case StrEnum():
            return value.value
        case float():
            return f"{value:f}"
        case tuple() if type(cast(object, value)) is tuple:
            return ",".join(_text(one) for one in cast("tuple[object, ...]", value))
        case _:
            return str(getattr(value, "name", value))


class _Option(NamedTuple):
    field: str
    apply: _Apply
    default: Any
    essential: bool


class ObjectType(Generic[T]):
    """What a section of one type may say, and how it becomes an object."""

    def __init__(
        self,
        file: str,
        name: str,
        cls: type[T],
        *,
        ignored: Iterable[str] | None = None,
        needless: Mapping[str, str] | None = None,
        fixed: Mapping[str, str] | None = None,
    ) -> None:
        self.file = file
        self.name = name
        self.cls = cls
        self.ignored = frozenset((("type",) if file == "pjsip.conf" else ()) if ignored is None else ignored)
        self.needless = dict(needless or {})
        """Options without a meaning here, and why."""
        self.fixed = dict(fixed or {})
        """Options, yes or no, of which only the value here works, though Asterisk knows the other."""
        self.options: dict[str, _Option] = {}
        for declared in fields(cls):  # type: ignore[arg-type]  # cls is a dataclass
            declaration: _Declaration | None = declared.metadata.get(_KEY)
            if declaration is None:
                continue
            assert declared.default is not MISSING
            for option_name, apply in declaration.names.items():
                name_of = declared.name if option_name is None else option_name
                self.options[name_of] = _Option(declared.name, apply, declared.default, declaration.essential)
        self.known: dict[str, KnownOption] = known_options(file, name)

    @property
    def supported(self) -> tuple[str, ...]:
        """The names of the options that have an effect, sorted."""
        return tuple(sorted(self.options))

    def unsupported_values(self, name: str) -> tuple[str, ...]:
        """The values that Asterisk knows for an option that works and that do not work here yet."""
        found = self.options[name]
        known = self.known.get(name)
        result: list[str] = []
        for value in known.values.split() if known else ():
            try:
                found.apply(found.default, value)
            except UnsupportedValueError:
                result.append(value)
            except InvalidValueError:
                pass  # a word that stands for something: <hash>
        return tuple(result)

    def parse(self, name: str, text: str) -> Any:
        """The value of one option as a field has it.  Raises KeyError for no option, InvalidValueError."""
        found = self.options[name]
        return found.apply(found.default, text)

    def reading(self, problems: Problems) -> Reading[T]:
        """Begin to read sections of this type from one file."""
        return Reading(self, problems)

    def title(self, section: Section, key: str) -> str:
        """How a message names an option."""
        return (
            f"{key} in {self.name} [{section.name}]"
            if self.name != section.name
            else f"{key} in [{self.name}]"
        )


class Reading(Generic[T]):
    """Reads the sections of one type in one file; shares equal values and says each mistake once."""

    def __init__(self, kind: ObjectType[T], problems: Problems) -> None:
        self.kind = kind
        self.problems = problems
        self._memo: dict[tuple[str, Any, str], Any] = {}
        self._reported: set[tuple[str, int]] = set()

    def read(self, section: Section) -> T | None:
        """The object that a section describes, or None after a mistake in it was reported.

        Equal values are one object in memory: ten thousand phones share their codec lists.  A value that
        does not work yet is reported and leaves the default, or, of an essential option, no object.
        """
        kind, memo = self.kind, self._memo
        values: dict[str, Any] = {"name": section.name, "where": section.where}
        options = kind.options
        valid = True
        for item in section.items:
            key, text = item[0], item[1]
            found = options.get(key)
            if found is None:
                found = options.get(key.lower())
                if found is None:
                    valid = self._other(section, item) and valid
                    continue
            name, apply, default, essential = found
            current = values.get(name, default)
            known = (key, current, text)
            try:
                if known in memo:
                    values[name] = memo[known]
                else:
                    values[name] = memo[known] = apply(current, text)
            except UnsupportedValueError as problem:
                self._unsupported_value(section, item, problem, essential)
                valid = valid and not essential
            except InvalidValueError as problem:
                if self._is_first(item):
                    what = f"{kind.title(section, key)}: {problem.what}"
                    self.problems.error(item.file, item.line, what, problem.suggestion)
                valid = False
        return kind.cls(**values) if valid else None

    def _unsupported_value(
        self, section: Section, item: Item, problem: UnsupportedValueError, essential: bool
    ) -> None:
        if self._is_first(item):
            instead = f"[{section.name}] is left out" if essential else "the default counts"
            what = f"{problem.what} of {self.kind.title(section, item.key)}, {instead}"
            self.problems.unsupported(item.file, item.line, what)

    def _other(self, section: Section, item: Item) -> bool:
        """An option that no field reads; False when it is a mistake."""
        kind, problems = self.kind, self.problems
        key = item.key.lower()
        if key in kind.ignored:
            return True
        known = kind.known.get(key)
        title = kind.title(section, item.key)
        if key in kind.fixed:
            return self._fixed(item, title, kind.fixed[key])
        if known is not None:
            if not known.is_default(item.value) and self._is_first(item):
                reason = kind.needless.get(key)
                what = f"{title} has no effect: {reason}" if reason else f"{title} = {item.value}"
                problems.unsupported(item.file, item.line, what)
            return True
        if key.startswith("@"):
            if self._is_first(item):
                problems.unsupported(item.file, item.line, f"{title}: data of one's own")
            return True
        if self._is_first(item):
            names = {*kind.known, *kind.options} - kind.ignored
            problems.error(item.file, item.line, f"unknown option {title}", problems.nearest(key, names))
        return False

    def _fixed(self, item: Item, title: str, works: str) -> bool:
        """An option of which one value works; False when its value is none at all."""
        try:
            boolean(item.value)
        except InvalidValueError as problem:
            if self._is_first(item):
                what = f"{title}: {problem.what}"
                self.problems.error(item.file, item.line, what, problem.suggestion)
            return False
        if not same_value(item.value, works) and self._is_first(item):
            what = f"{title} = {item.value}: only {works} works"
            self.problems.unsupported(item.file, item.line, what)
        return True

    def _is_first(self, item: Item) -> bool:
        """Whether nothing was said of this line yet: what a template says wrong is one mistake."""
        place = (item.file, item.line)
        if place in self._reported:
            return False
        self._reported.add(place)
        return True
