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
from typing import Any, Generic, NamedTuple, TypeVar

from offhook.config.errors import Problems, nearest
from offhook.config.known import KnownOption, known_options
from offhook.config.reader import Item, Section
from offhook.config.values import InvalidValueError, UnsupportedValueError

__all__ = ["ObjectType", "folded", "option", "repeated"]

T = TypeVar("T")
_KEY = "offhook.option"

_Apply = Callable[[Any, str], Any]


class _Declaration(NamedTuple):
    """How the options of one field change its value; the name None stands for the field's own name."""

    names: Mapping[str | None, _Apply]


def option(default: T, parse: Callable[[str], T], *, name: str | None = None, secret: bool = False) -> T:
    """A field that one option sets; of several lines the last counts.  A secret one is left out of repr()."""

    def apply(_current: object, text: str) -> T:
        return parse(text)

    return field(default=default, repr=not secret, metadata={_KEY: _Declaration({name: apply})})


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


class _Option(NamedTuple):
    field: str
    apply: _Apply
    default: Any


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
    ) -> None:
        self.file = file
        self.name = name
        self.cls = cls
        self.ignored = frozenset((("type",) if file == "pjsip.conf" else ()) if ignored is None else ignored)
        self.needless = dict(needless or {})
        """Options without a meaning here, and why."""
        self.options: dict[str, _Option] = {}
        for declared in fields(cls):  # type: ignore[arg-type]  # cls is a dataclass
            declaration: _Declaration | None = declared.metadata.get(_KEY)
            if declaration is None:
                continue
            assert declared.default is not MISSING
            for option_name, apply in declaration.names.items():
                name_of = declared.name if option_name is None else option_name
                self.options[name_of] = _Option(declared.name, apply, declared.default)
        self.known: dict[str, KnownOption] = known_options(file, name)
        self._memo: dict[tuple[str, Any, str], Any] = {}

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

    def forget(self) -> None:
        """Drop the values kept for sharing; call it when a file has been read."""
        self._memo.clear()

    def read(self, section: Section, problems: Problems, **given: object) -> T | None:
        """The object that a section describes, or None after a mistake in it was reported.

        Equal values are one object in memory: ten thousand phones share their codec lists.
        """
        values: dict[str, Any] = {"name": section.name, "where": section.where, **given}
        options, memo = self.options, self._memo
        valid = True
        for item in section.items:
            key, text = item[0], item[1]
            found = options.get(key)
            if found is None:
                found = options.get(key.lower())
                if found is None:
                    valid = self._other(section, item, problems) and valid
                    continue
            name, apply, default = found
            current = values.get(name, default)
            known = (key, current, text)
            try:
                if known in memo:
                    values[name] = memo[known]
                else:
                    values[name] = memo[known] = apply(current, text)
            except UnsupportedValueError as problem:
                problems.unsupported(item.file, item.line, f"{problem.what} of {self.title(section, key)}")
                valid = False
            except InvalidValueError as problem:
                what = f"{self.title(section, key)}: {problem.what}"
                problems.error(item.file, item.line, what, problem.suggestion)
                valid = False
        return self.cls(**values) if valid else None

    def title(self, section: Section, key: str) -> str:
        """How a message names an option."""
        return (
            f"{key} in {self.name} [{section.name}]"
            if self.name != section.name
            else f"{key} in [{self.name}]"
        )

    def _other(self, section: Section, item: Item, problems: Problems) -> bool:
        """An option that no field reads; False when it is a mistake."""
        key = item.key.lower()
        if key in self.ignored:
            return True
        known = self.known.get(key)
        if known is not None:
            if not known.is_default(item.value):
                what = f"{self.title(section, item.key)}"
                reason = self.needless.get(key)
                what += f" has no effect: {reason}" if reason else f" = {item.value}"
                problems.unsupported(item.file, item.line, what)
            return True
        if key.startswith("@"):
            problems.unsupported(item.file, item.line, f"{self.title(section, item.key)}: data of one's own")
            return True
        what = f"unknown option {self.title(section, item.key)}"
        problems.error(item.file, item.line, what, nearest(key, {*self.known, *self.options} - self.ignored))
        return False
