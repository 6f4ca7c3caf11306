"""Logs: takes what the loggers `offhook` and `asyncio` are told and has threads write it.

The event loop never waits for a disk or a terminal: a line is put into a queue of limited length
(logger_queue_limit); when that is full, lines are dropped and counted, and the log says how many.
The console has a thread of its own, so that one that is stuck keeps nothing from the files.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from offhook import levels
from offhook.features.logs.destinations import (
    Destination,
    FileDestination,
    SinkDestination,
    StreamDestination,
    SyslogDestination,
)
from offhook.features.logs.lines import OWN_DATE, DateFormat, Form, Line
from offhook.features.logs.rotation import rotate
from offhook.features.logs.writer import Writer

if TYPE_CHECKING:
    from offhook.config.files.logger import LogFile, LoggerConf

__all__ = ["Logs"]

_USUAL_DATE = "%b %e %T"
_LOGGERS = ("offhook", "asyncio")
_OFF = logging.CRITICAL + 1
_USUAL = frozenset(("notice", "warning", "error", "security", "verbose", "debug", "trace"))
_QUIET = frozenset(("warning", "error", "security"))


class Logs:
    """The log of one process."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """`stream`: the console; None when this process' console is somebody else's."""
        self.stream = stream
        self.verbose = 0
        self.debug = 0
        self.trace = 0
        self.debugged: dict[str, int] = {}
        """Loggers below `offhook` whose DEBUG lines are said whatever `debug` is, and their depth."""
        self.quiet = False
        self.limit = 1000
        self.whose: Callable[[], str] = _nobody
        """Gives the channel that a line is about, asked in the thread that says it."""
        self.hides: Callable[[str], bool] | None = None
        """Whether lines of a call are kept from consoles; None: those of no call."""
        self.destinations: Sequence[Destination] = ()
        self.refused: dict[str, str] = {}
        """The files of logger.conf that cannot be written, and why."""
        self._file_date = _USUAL_DATE
        self._calls = True
        self._strategy = "sequential"
        self._shown = _USUAL  # what interactive consoles see
        self._base: Sequence[Destination] = ()  # of logger.conf
        self._attached: list[SinkDestination] = []
        self._added: dict[str, tuple[LogFile, Path, FileDestination]] = {}
        self._on_demand = False  # started for an interactive console alone
        self._console = Writer("console")
        self._files = Writer("files")
        self._handler: _Handler | None = None
        self._before: dict[str, tuple[int, bool]] = {}
        self._own: set[logging.Logger] = set()  # loggers of kinds, whose level was set
        self._raised: set[logging.Logger] = set()  # those with a level of their own
        self._least: dict[str, int] = {}

    @property
    def dropped(self) -> int:
        """Lines that could not be written, because there were too many."""
        return self._console.dropped + self._files.dropped

    @property
    def writers(self) -> tuple[Writer, Writer]:
        """The threads that write, with their queues."""
        return self._console, self._files

    # ------------------------------------------------------------ life

    def start(self, *, verbose: int = 0, debug: int = 0, quiet: bool = False) -> None:
        """Take over the loggers; until apply() everything goes to the console."""
        self.verbose, self.debug, self.quiet = verbose, debug, quiet
        self._handler = _Handler(self)
        for name in _LOGGERS:
            logger = logging.getLogger(name)
            self._before[name] = logger.level, logger.propagate
            logger.addHandler(self._handler)
            if self.stream is not None:
                logger.propagate = False
        self._use(self._console_alone())

    def close(self) -> None:
        """Write what is left and give the loggers back.  Idempotent."""
        handler, self._handler = self._handler, None
        if handler is None:
            return
        for name, (level, propagate) in self._before.items():
            logger = logging.getLogger(name)
            logger.removeHandler(handler)
            logger.setLevel(level)
            logger.propagate = propagate
        for logger in self._own:
            logger.setLevel(logging.NOTSET)
        self._own.clear()
        for logger in self._raised:
            logger.setLevel(logging.NOTSET)
        self._raised.clear()
        self._files.close()
        self._console.close()
        self.destinations = self._base = ()
        self._added.clear()

    # ------------------------------------------------------------ what goes where

    def apply(self, conf: LoggerConf, folder: Path) -> list[str]:
        """Use logger.conf; files are below `folder`, and opened anew.  What could not be, in words.

        Without [logfiles] everything goes to the console.
        """
        if self._handler is None:
            return []  # the loggers are somebody else's (a node within another program)
        general = conf.general
        self.limit = general.logger_queue_limit
        levels.name_levels(general.custom_levels)
        self._file_date, self._calls = general.dateformat, general.use_callids
        self._strategy = general.rotatestrategy
        console = conf.files.get("console")
        self._shown = console.levels if console is not None else _USUAL
        for one in self._attached:
            one.kinds = self._shown
        for name, (added, path, _) in list(self._added.items()):
            with contextlib.suppress(OSError):  # what cannot be opened anew goes on in the old file
                self._added[name] = (added, path, self._opened(added, path))
        if not conf.files:
            self._use(self._console_alone())
            return []
        found: list[Destination] = []
        wrong: list[str] = []
        self.refused.clear()
        for file in conf.files.values():
            form = Form(file.format, DateFormat(general.dateformat), calls=general.use_callids)
            try:
                destination = self._destination(file, form, folder, general.appendhostname)
            except (OSError, ValueError) as error:
                reason = error.strerror if isinstance(error, OSError) else str(error)
                self.refused[file.name] = reason or ""
                wrong.append(f"{file.where}: the log {file.name} cannot be opened: {reason}")
                continue
            if destination is not None:
                found.append(destination)
        self._use(found)
        return wrong

    def _destination(self, file: LogFile, form: Form, folder: Path, append_host: bool) -> Destination | None:
        name, depth = file.name, file.verbose
        if name == "console":
            if self.stream is None:
                return None
            return StreamDestination(self.stream, name, form, self._loud(file.levels), depth)
        if name.startswith("syslog."):
            return SyslogDestination(name.removeprefix("syslog."), form, file.levels, depth)
        if append_host:
            name = f"{name}.{socket.gethostname()}"
        return FileDestination(folder / name, form, file.levels, depth)

    def _console_alone(self) -> list[Destination]:
        if self.stream is None:
            return []
        form = Form("own", DateFormat(OWN_DATE))
        return [StreamDestination(self.stream, "console", form, self._loud(_USUAL), None)]

    def _loud(self, kinds: frozenset[str]) -> frozenset[str]:
        return kinds & _QUIET if self.quiet else kinds

    @property
    def files(self) -> list[Path]:
        """The files that are written."""
        return [Path(one.name) for one in self.destinations if isinstance(one, FileDestination)]

    # ------------------------------------------------------------ consoles and files beside logger.conf

    def attach(
        self, sink: Callable[[str, str], None], depth: int, *, stamped: bool = False
    ) -> SinkDestination:
        """Have an interactive console see the log: `sink(kind, text)` is called in the log's thread.

        It sees what logger.conf says of `console`, VERBOSE lines up to `depth`.
        """
        if self._handler is None:
            self.start(verbose=self.verbose, debug=self.debug)
            self._on_demand = True
        form = Form("console", DateFormat(self._file_date), calls=self._calls, stamped=stamped)
        one = SinkDestination(sink, f"console {len(self._attached) + 1}", form, self._shown, depth)
        self._attached.append(one)
        self._use(self._base)
        return one

    def detach(self, one: SinkDestination) -> None:
        """The console is gone.  Idempotent."""
        if one not in self._attached:
            return
        self._attached.remove(one)
        self._use(self._base)
        if self._on_demand and not self._attached:
            self._on_demand = False
            self.close()

    def add(self, file: LogFile, path: Path) -> None:
        """Write a file besides those of logger.conf, until remove() or the end.

        Raises ValueError when there is one of this name, OSError when it cannot be opened.
        """
        if self._handler is None:
            raise ValueError("the log is somebody else's")
        if any(one.name == str(path) for one in self.destinations):
            raise ValueError(f"{file.name} is written already")
        self._added[file.name] = (file, path, self._opened(file, path))
        self._use(self._base)

    def _opened(self, file: LogFile, path: Path) -> FileDestination:
        form = Form(file.format, DateFormat(self._file_date), calls=self._calls)
        return FileDestination(path, form, file.levels, file.verbose)

    def remove(self, name: str) -> bool:
        """Write a file no more that add() began.  False when there is none such."""
        found = self._added.pop(name, None) is not None
        self._use(self._base)
        return found

    def leave_out(self, name: str) -> bool:
        """Write no more to a destination of logger.conf until that is read anew; False when there is none."""
        rest = [one for one in self._base if not one.is_called(name)]
        if len(rest) == len(self._base):
            return False
        self._use(rest)
        return True

    def rotate(self, name: str) -> bool:
        """Give a file its name as one of the past (rotatestrategy), and begin anew; False: no such file.

        Raises OSError.
        """
        for one in self.destinations:
            if isinstance(one, FileDestination) and one.is_called(name):
                rotate(Path(one.name), self._strategy, time.time())
                fresh = one.opened_anew()
                for key, (file, path, added) in self._added.items():
                    if added is one:
                        self._added[key] = (file, path, fresh)
                self._use([fresh if it is one else it for it in self._base])
                return True
        return False

    def wait(self) -> None:
        """Wait until what has been said so far is in its files.  Not for the loop."""
        self._files.wait()

    def review(self) -> None:
        """Levels of consoles have changed."""
        self._set_levels()

    def _use(self, base: Sequence[Destination]) -> None:
        self._base = tuple(base)
        self.destinations = destinations = (
            *base,
            *(one for _, _, one in self._added.values()),
            *self._attached,
        )
        consoles = [one for one in destinations if isinstance(one, StreamDestination | SinkDestination)]
        files = [one for one in destinations if not isinstance(one, StreamDestination | SinkDestination)]
        self._console.use(consoles)
        self._files.use(files)
        self._set_levels()

    def _kinds_of(self, destinations: Sequence[Destination]) -> frozenset[str]:
        kinds = frozenset[str]().union(*(destination.kinds for destination in destinations))
        if not self.debug and not self.debugged:
            kinds -= {"debug"}
        return kinds if self.debug or self.trace else kinds - {"trace"}

    def set_verbose(self, depth: int) -> None:
        """Up to which number VERBOSE lines are written, where logger.conf does not say."""
        self.verbose = depth
        self._set_levels()

    def set_debug(self, depth: int) -> None:
        """Whether DEBUG lines are said at all: more than 0."""
        self.debug = depth
        self._set_levels()

    def set_trace(self, depth: int) -> None:
        """Whether TRACE lines are said without DEBUG lines: more than 0."""
        self.trace = depth
        self._set_levels()

    def set_debug_of(self, logger: str, depth: int) -> None:
        """Have one logger, and those below it, say DEBUG lines whatever `debug` is; 0: no more."""
        if depth:
            self.debugged[logger] = depth
        else:
            self.debugged.pop(logger, None)
        self._set_levels()

    def set_least_of(self, logger: str, number: int | None) -> None:
        """Have one logger say nothing below a level of Python's; None: as all others."""
        if number is None:
            self._least.pop(logger, None)
        else:
            self._least[logger] = number
        self._set_levels()

    def _set_levels(self) -> None:
        """Have the loggers make only the records that somebody wants."""
        for writer in (self._console, self._files):
            writer.verbose, writer.limit = self.verbose, self.limit
            writer.kinds = self._kinds_of(writer.destinations)
        kinds = self._console.kinds | self._files.kinds
        number = _OFF
        for kind, level in (("error", logging.ERROR), ("warning", logging.WARNING), ("notice", logging.INFO)):
            if kind in kinds:
                number = level
        for destination in self.destinations:
            if "verbose" in destination.kinds:
                depth = self.verbose if destination.depth is None else destination.depth
                number = min(number, levels.verbose(depth))
        raised = 1 if self.trace and "trace" in kinds else logging.DEBUG
        if "debug" in kinds and self.debug:
            number = logging.DEBUG
        if "trace" in kinds:
            number = 1
        for logger in self._raised:
            logger.setLevel(logging.NOTSET)
        self._raised = {logging.getLogger(name) for name in self.debugged} if "debug" in kinds else set()
        for logger in self._raised:
            logger.setLevel(min(raised, number))
        for name, least in self._least.items():
            logger = logging.getLogger(name)
            logger.setLevel(max(least, number))
            self._raised.add(logger)
        for name in _LOGGERS:
            logging.getLogger(name).setLevel(number)
        for logger in self._own:
            logger.setLevel(_OFF)
        for kind in ("dtmf", "fax", "security", *(kinds - set(levels.KINDS))):
            logger = levels.logger_of(kind)
            logger.setLevel(1 if kind in kinds else _OFF)
            self._own.add(logger)

    # ------------------------------------------------------------ lines

    def say(self, record: logging.LogRecord) -> None:
        """Hand a record on to those who want it."""
        kind, depth = levels.kind_of(record.name, record.levelno)
        for_console, for_files = kind in self._console.kinds, kind in self._files.kinds
        if not for_console and not for_files:
            return
        text = record.getMessage()
        if record.exc_info and record.exc_info[0] is not None:
            text += "\n" + "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
        call = self.whose()
        if for_console and call and self.hides is not None and self.hides(call):
            for_console = False
        line = Line(
            record.created,
            kind,
            depth,
            record.name,
            record.filename,
            record.lineno,
            record.funcName or "",
            text,
            call,
        )
        if for_console:
            self._console.put(line)
        if for_files:
            self._files.put(line)


class _Handler(logging.Handler):
    """From Python's logging to Logs; has no lock, as the queue needs none."""

    def __init__(self, logs: Logs) -> None:
        super().__init__()
        self._logs = logs

    def createLock(self) -> None:  # noqa: N802  # the name is logging's
        """Part of logging.Handler: there is nothing to protect."""
        self.lock = None

    def handle(self, record: logging.LogRecord) -> bool:
        """Part of logging.Handler."""
        self.emit(record)
        return True

    def emit(self, record: logging.LogRecord) -> None:
        """Part of logging.Handler."""
        try:
            self._logs.say(record)
        except Exception:  # a wrong format string must not take its caller with it
            self.handleError(record)


def _nobody() -> str:
    return ""
