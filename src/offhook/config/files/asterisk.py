"""asterisk.conf: folders, options of the process, the control socket."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass, field

from offhook.config.errors import Problems, Where
from offhook.config.files.sections import read_sections
from offhook.config.reader import ConfigFile
from offhook.config.schema import ObjectType, option
from offhook.config.values import InvalidValueError, absolute_path, boolean, integer, number, text

__all__ = ["TYPES", "AsteriskConf", "ControlSocket", "Folders", "Options", "read_asterisk_conf"]


@dataclass(frozen=True, slots=True)
class Folders:
    """[directories], as they stand in the file; `offhook.config.paths` makes paths of them."""

    name: str = "directories"
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    astetcdir: str = option("", absolute_path)
    astvarlibdir: str = option("", absolute_path)
    astdbdir: str = option("", absolute_path)
    astkeydir: str = option("", absolute_path)
    astdatadir: str = option("", absolute_path)
    astagidir: str = option("", absolute_path)
    astspooldir: str = option("", absolute_path)
    astrundir: str = option("", absolute_path)
    astlogdir: str = option("", absolute_path)
    astcachedir: str = option("", absolute_path)


def _level(value: str) -> int:
    """A number, or yes for 1 and no for 0."""
    try:
        return integer(0, 100)(value)
    except InvalidValueError:
        return int(boolean(value))


def _entity(value: str) -> str:
    """Six octets in hexadecimal."""
    parts = value.lower().split(":")
    if len(parts) != 6 or not all(len(part) == 2 and set(part) <= _HEXADECIMAL for part in parts):
        raise InvalidValueError(f"{value!r} is not six octets like 00:11:22:33:44:55")
    return ":".join(parts)


_HEXADECIMAL = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Options:
    """[options]."""

    name: str = "options"
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    verbose: int = option(0, _level)
    debug: int = option(0, _level)
    quiet: bool = option(False, boolean)
    execincludes: bool = option(False, boolean)
    live_dangerously: bool = option(False, boolean)
    """Whether AMI and ARI may use functions that reach out of the dialplan: FILE(), SHELL(), CURL() ..."""
    systemname: str = option("", text)
    """Put in front of unique ids."""
    entityid: str = option("", _entity)
    """What ${ENTITYID} shows: six octets, 00:11:22:33:44:55; the machine's address if not given."""
    defaultlanguage: str = option("en", text)
    autosystemname: bool = option(False, boolean)
    """The machine's name is the system name, where none is given."""
    maxcalls: int = option(0, integer())
    """Calls at once; 0 as many as there are."""
    maxload: float = option(0.0, number())
    """No calls are taken while the load average of the last minute is above this; 0: always."""
    minmemfree: int = option(0, integer())
    """No calls are taken while fewer MiB of memory are free; 0: always."""
    maxfiles: int = option(0, integer())
    """Open files; 0: as many as the system allows, at most 65,536."""
    runuser: str = option("", text)
    """Whose rights the process has once it has started as root."""
    rungroup: str = option("", text)
    nocolor: bool = option(False, boolean)
    """`offhook -r` without colours."""
    timestamp: bool = option(False, boolean)
    """`offhook -r` shows the time of VERBOSE lines."""
    hideconnect: bool = option(False, boolean)
    """Say nothing when a console connects or leaves."""
    disable_remote_console_shell: bool = option(False, boolean)
    """`!command` does nothing in `offhook -r`."""

    @property
    def system_name(self) -> str:
        """What is put in front of unique ids."""
        return self.systemname or (socket.gethostname() if self.autosystemname else "")


def _permissions(value: str) -> int:
    """A file mode in octal digits: 0660."""
    if not re.fullmatch(r"0?[0-7]{3}", value):
        raise InvalidValueError(f"{value!r} is not a file mode like 0660")
    return int(value, 8)


@dataclass(frozen=True, slots=True)
class ControlSocket:
    """[files]: the Unix socket of `offhook -rx`."""

    name: str = "files"
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    astctl: str = option("asterisk.ctl", absolute_path)
    astctlpermissions: int = option(0o600, _permissions)
    """Who may use the console: the file mode of the socket, in octal digits."""
    astctlowner: str = option("", text)
    """The socket's user; only root can give it away."""
    astctlgroup: str = option("", text)


_FOREGROUND = "the process stays in the foreground"

TYPES: dict[str, ObjectType[Folders] | ObjectType[Options] | ObjectType[ControlSocket]] = {
    "directories": ObjectType(
        "asterisk.conf",
        "directories",
        Folders,
        needless={
            "astmoddir": "all modules are part of the program",
            "astsbindir": "the program knows where it is",
        },
    ),
    "options": ObjectType(
        "asterisk.conf",
        "options",
        Options,
        ignored=("documentation_language",),
        needless={
            "alwaysfork": _FOREGROUND,
            "console": _FOREGROUND,
            "nofork": _FOREGROUND,
            "initcrypto": "keys need no passphrase at start",
            "refdebug": "there are no reference counts to watch",
            "cache_pools": "memory is not pooled",
            "lockmode": "nothing is locked",
            "lightbackground": "the terminal has the colours that it has",
            "forceblackbackground": "the terminal has the colours that it has",
            "highpriority": "the service manager says how a process is scheduled (systemd: Nice=)",
            "lockconfdir": "nothing writes to the configuration unasked",
            "stdexten": "there is no Macro() for it",
            "channel_storage_backend": "channels are kept in one way",
            "cache_media_frames": "frames are not objects that could be cached",
            "dumpcore": "core files are the system's business (ulimit -c)",
        },
    ),
    "files": ObjectType("asterisk.conf", "files", ControlSocket),
}


@dataclass(frozen=True, slots=True)
class AsteriskConf:
    """What asterisk.conf says."""

    directories: Folders = Folders()
    options: Options = Options()
    files: ControlSocket = ControlSocket()


def read_asterisk_conf(config: ConfigFile, problems: Problems) -> AsteriskConf:
    """The typed content of asterisk.conf."""
    return AsteriskConf(**read_sections(config, problems, TYPES))
