"""musiconhold.conf: the classes of music on hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from offhook.config.errors import Problems, Where
from offhook.config.files.sections import read_sections
from offhook.config.reader import ConfigFile, Section
from offhook.config.schema import ObjectType, option, repeated
from offhook.config.values import InvalidValueError, absolute_path, boolean, choice

__all__ = [
    "CLASS",
    "GENERAL",
    "Mode",
    "MohClass",
    "MohGeneral",
    "MusicOnHoldConf",
    "Sort",
    "read_musiconhold_conf",
]


class Mode(StrEnum):
    """Where the music of a class is from."""

    FILES = "files"
    PLAYLIST = "playlist"


class Sort(StrEnum):
    """The order of the files."""

    NONE = ""
    ALPHA = "alpha"
    RANDOM = "random"
    RANDSTART = "randstart"


_LATER = ("custom", "mp3", "mp3nb", "quietmp3", "quietmp3nb")


def _entry(value: str) -> tuple[str, ...]:
    if value.startswith(("http://", "https://")):
        return (value,)
    if not value.startswith("/"):
        raise InvalidValueError(f"'{value}' is neither a path from / on nor a URL")
    return (absolute_path(value),)


@dataclass(frozen=True, slots=True)
class MohClass:
    """A class of music."""

    name: str
    where: Where = field(compare=False, repr=False)
    mode: Mode = option(Mode.FILES, choice(Mode, later=_LATER), essential=True)
    directory: str = option("", absolute_path)
    """Relative to the data folder."""
    entries: tuple[str, ...] = repeated(_entry, name="entry")
    """Of mode playlist: files in their order, with or without extension, and addresses of web servers."""
    sort: Sort = option(
        Sort.NONE, choice(Sort, aliases={"alphabetical": Sort.ALPHA, "alphabetic": Sort.ALPHA})
    )
    answeredonly: bool = option(False, boolean)
    """Callers who have not been answered hear nothing of it."""


CLASS = ObjectType("musiconhold.conf", "(item)", MohClass)


@dataclass(frozen=True, slots=True)
class MohGeneral:
    """[general]."""

    name: str = "general"
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    preferchannelclass: bool = option(True, boolean)
    """The class that was set for a channel counts more than that of an application or of who holds it."""


GENERAL = ObjectType("musiconhold.conf", "general", MohGeneral)


@dataclass(frozen=True, slots=True)
class MusicOnHoldConf:
    """What musiconhold.conf says."""

    general: MohGeneral = MohGeneral()
    classes: Mapping[str, MohClass] = field(default_factory=lambda: dict[str, MohClass]())


def read_musiconhold_conf(config: ConfigFile, problems: Problems) -> MusicOnHoldConf:
    """The typed content of musiconhold.conf."""
    classes: dict[str, MohClass] = {}
    reading = CLASS.reading(problems)

    def other(section: Section) -> None:
        read = reading.read(section)
        if read is None:
            return
        if read.name in classes:
            what = f"class [{read.name}] is already defined at {classes[read.name].where}"
            problems.error(section.file, section.line, what)
        elif read.mode is Mode.FILES and not read.directory:
            problems.error(section.file, section.line, f"class [{read.name}] has no directory")
        elif read.mode is Mode.PLAYLIST and not read.entries:
            problems.error(section.file, section.line, f"class [{read.name}] has no entry")
        else:
            classes[read.name] = read

    general = read_sections(config, problems, {"general": GENERAL}, other=other).get("general", MohGeneral())
    return MusicOnHoldConf(general, classes)
