"""musiconhold.conf: the classes of music on hold."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from offhook.config.errors import Problems, Where
from offhook.config.files.sections import read_sections
from offhook.config.reader import ConfigFile, Section
from offhook.config.schema import ObjectType, option, repeated
from offhook.config.values import InvalidValueError, absolute_path, boolean, choice, integer

__all__ = [
    "CLASS",
    "GENERAL",
    "Format",
    "KillMethod",
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
    CUSTOM = "custom"


class Sort(StrEnum):
    """The order of the files."""

    NONE = ""
    ALPHA = "alpha"
    RANDOM = "random"
    RANDSTART = "randstart"


class Format(StrEnum):
    """What a program writes: samples (16 bits, as the machine keeps them, mono) at a rate, or G.711."""

    SLIN = "slin"
    SLIN12 = "slin12"
    SLIN16 = "slin16"
    SLIN24 = "slin24"
    SLIN32 = "slin32"
    SLIN44 = "slin44"
    SLIN48 = "slin48"
    ULAW = "ulaw"
    ALAW = "alaw"


class KillMethod(StrEnum):
    """Who is sent the signals that end a program."""

    PROCESS_GROUP = "process_group"
    PROCESS = "process"


_LATER = ("mp3", "mp3nb", "quietmp3", "quietmp3nb")


def _command(value: str) -> tuple[str, ...]:
    try:
        found = tuple(shlex.split(value))
    except ValueError as error:
        raise InvalidValueError(f"'{value}': {error}") from None
    if not found or not found[0].startswith("/"):
        raise InvalidValueError(f"'{value}' does not begin with the path of a program from / on")
    return found


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
    """Relative to the data folder.  Of mode custom: where the program runs; the files in it are arguments."""
    entries: tuple[str, ...] = repeated(_entry, name="entry")
    """Of mode playlist: files in their order, with or without extension, and addresses of web servers."""
    sort: Sort = option(
        Sort.NONE, choice(Sort, aliases={"alphabetical": Sort.ALPHA, "alphabetic": Sort.ALPHA})
    )
    application: tuple[str, ...] = option((), _command)
    """Of mode custom: a program and its arguments, which writes music to its standard output."""
    format: Format = option(Format.SLIN, choice(Format))
    """What it writes."""
    kill_escalation_delay: int = option(100, integer(0, 60_000))
    """ms between SIGHUP, SIGTERM and SIGKILL, which end it."""
    kill_method: KillMethod = option(KillMethod.PROCESS_GROUP, choice(KillMethod))
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
        elif read.mode is Mode.CUSTOM and not read.application:
            problems.error(section.file, section.line, f"class [{read.name}] has no application")
        else:
            classes[read.name] = read

    general = read_sections(config, problems, {"general": GENERAL}, other=other).get("general", MohGeneral())
    return MusicOnHoldConf(general, classes)
