"""What `offhook dial` prints: each step as a line or as JSON, and SIP as it goes by."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, TextIO

from offhook.sip.network import format_host_port

if TYPE_CHECKING:
    from offhook.cli.phone_call import Stats
    from offhook.sip.network import Hop
    from offhook.sip.ua import UserAgent

__all__ = ["Printer", "Signalling", "StepLog", "stats_text"]

_CSEQ = re.compile(rb"(?im)^CSeq[ \t]*:[ \t]*\d+[ \t]+([A-Za-z]+)")
# Repetitions are byte for byte the same; this many messages are remembered to tell them.
_REMEMBERED = 512
_LEVELS = {
    "offhook": logging.WARNING,
    "offhook.sip.transport": logging.DEBUG,
    "offhook.sip.resolver": logging.INFO,
}


class Printer:
    """Implements `Report`: one line a step, at once."""

    def __init__(
        self,
        out: TextIO,
        errors: TextIO,
        *,
        as_json: bool = False,
        quiet: bool = False,
        now: Callable[[], datetime] = datetime.now,
    ) -> None:
        """`quiet`: errors only, to `errors`; JSON goes to `out` whole, as scripts want it."""
        self._out = out
        self._errors = errors
        self._json = as_json
        self._quiet = quiet
        self._now = now

    def __call__(self, event: str, text: str, /, **facts: object) -> None:
        """Part of Report."""
        if self._json:
            if not self._quiet or event in ("error", "end"):
                record = {"time": self._now().astimezone().isoformat(timespec="milliseconds"), "event": event}
                self._write(self._out, json.dumps({**record, "text": text, **facts}))
        elif event == "error":
            self._write(self._errors, f"offhook dial: {printable(text)}")
        elif not self._quiet:
            self._write(self._out, f"{self._now():%H:%M:%S.%f}"[:12] + " " + printable(text))

    def message(self, lines: str) -> None:
        """A whole SIP message; in text only (JSON has it among the facts)."""
        if lines and not self._json and not self._quiet:
            self._write(self._out, "\n".join(f"    {printable(line)}" for line in lines.splitlines()))

    def _write(self, out: TextIO, line: str) -> None:
        try:
            print(line, file=out, flush=True)
        except (BrokenPipeError, ValueError):
            # `offhook dial ... | head`: the call goes on, nobody reads about it, and Python's own
            # flush at the end must not complain either
            self._quiet = True
            with contextlib.suppress(OSError, ValueError), open(os.devnull, "w") as nowhere:
                os.dup2(nowhere.fileno(), out.fileno())


class Signalling:
    """Says each SIP message that goes by: `UserAgent.message_log`."""

    def __init__(self, ua: UserAgent, printer: Printer, *, verbose: bool) -> None:
        self._ua = ua
        self._printer = printer
        self._verbose = verbose
        self._seen: set[int] = set()

    def __call__(self, sent: bool, hop: Hop, data: bytes) -> None:
        """Part of MessageLog."""
        first, _, rest = data.partition(b"\r\n")
        words = first.decode("utf-8", "replace").split(" ", 2)
        if len(words) < 3:
            return
        found = _CSEQ.search(rest)
        method = found[1].decode("ascii") if found is not None else ""
        response = words[0].startswith("SIP/")
        flow = self._ua.flow(hop.flow)
        where = (
            f"{flow.transport.lower() if flow is not None else '?'} {format_host_port(hop.host, hop.port)}"
        )
        fingerprint = hash(data)
        again = fingerprint in self._seen
        if len(self._seen) >= _REMEMBERED:
            self._seen.clear()
        self._seen.add(fingerprint)
        text = f"{words[1]} {words[2]} ({method})" if response else f"{words[0]} {words[1]}"
        text = f"sent {text} to {where}" if sent else f"received {text} from {where}"
        facts: dict[str, object] = {"sent": sent, "method": method, "where": where, "again": again}
        if response:
            facts["status"] = int(words[1]) if words[1].isdigit() else 0
        message = data.decode("utf-8", "replace") if self._verbose else ""
        if message:
            facts["message"] = message
        self._printer("sip", text + (", again" if again else ""), **facts)
        self._printer.message(message)


class StepLog(logging.Handler):
    """Log lines of the library as steps, without tracebacks unless they were asked for."""

    def __init__(self, printer: Printer, *, verbose: bool) -> None:
        super().__init__()
        self._printer = printer
        self._verbose = verbose
        self._levels: list[tuple[logging.Logger, int]] = []

    def start(self) -> None:
        """Listen: to all of it, or to warnings and to why a connection or a look-up failed."""
        levels = {"offhook": logging.DEBUG} if self._verbose else _LEVELS
        for name, level in levels.items():
            logger = logging.getLogger(name)
            self._levels.append((logger, logger.level))
            logger.setLevel(level)
        logging.getLogger("offhook").addHandler(self)

    def stop(self) -> None:
        """Leave the loggers as they were."""
        logging.getLogger("offhook").removeHandler(self)
        for logger, level in self._levels:
            logger.setLevel(level)

    def emit(self, record: logging.LogRecord) -> None:
        """Part of logging.Handler."""
        text = record.getMessage()
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            text += f": {type(error).__name__}: {error}"
        if record.levelno >= logging.ERROR:
            self._printer("error", text)
        else:
            self._printer("log", text, level=record.levelname.lower())
        if self._verbose and record.exc_info:
            self._printer.message(logging.Formatter().formatException(record.exc_info))


def stats_text(stats: Stats) -> str:
    """The figures of an audio stream in a line."""
    received, lost = int(stats["rx_packets"]), int(stats["rx_lost"])
    share = 100 * lost / (received + lost) if received + lost else 0.0
    rtt = float(stats["rtt_ms"])
    text = f"RTP: sent {stats['tx_packets']} packets; received {received}, lost {lost} ({share:.1f} %)"
    if received:
        text += f", jitter {float(stats['rx_jitter_ms']):.1f} ms"
    text += f"; round trip {f'{rtt:.1f} ms' if rtt >= 0 else 'not measured'}"
    if int(stats["remote_lost"]):
        text += f"; the far end lost {stats['remote_lost']}"
    return text


def printable(text: str) -> str:
    """What a peer sent must not steer the terminal."""
    return "".join(char if char.isprintable() or char == "\t" else repr(char)[1:-1] for char in text)
