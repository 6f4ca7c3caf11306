"""The log: which line goes where, in which form, and that nobody waits for it."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import socket
import syslog
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from offhook import levels
from offhook.config.snapshot import read_config
from offhook.features.logs import Logs
from offhook.features.logs.lines import DateFormat

log = logging.getLogger("offhook.drivers.sip.calls")
MOMENT = 1_767_225_600.123456


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[Callable[..., Logs]]:
    """Starts a log with the [logfiles] and [general] of a logger.conf; closes it at the end."""
    made: list[Logs] = []

    def start(logfiles: str = "", general: str = "", **options: int) -> Logs:
        one = Logs(io.StringIO())
        made.append(one)
        one.start(**options)  # type: ignore[arg-type]
        configure(one, tmp_path, logfiles, general)
        return one

    yield start
    for one in made:
        one.close()
    assert not [one for one in logging.getLogger("offhook").handlers if "logs" in type(one).__module__]


def configure(logs: Logs, folder: Path, logfiles: str, general: str = "") -> list[str]:
    (folder / "logger.conf").write_text(f"[general]\n{general}\n[logfiles]\n{logfiles}\n")
    snapshot = read_config(folder)
    assert [str(problem) for problem in snapshot.problems] == []
    return logs.apply(snapshot.logger, folder / "log")


def say_everything() -> None:
    log.debug("a debug")
    log.info("a notice")
    log.warning("a warning")
    log.error("an error")
    log.log(levels.verbose(0), "verbose zero")
    log.log(levels.verbose(3), "verbose three")
    log.log(levels.verbose(5), "verbose five")
    levels.logger_of("dtmf").info("a digit")
    levels.logger_of("fax").info("a fax")
    levels.logger_of("security").warning("an attack")
    levels.logger_of("important").info("a level of my own")


def texts(path: Path) -> list[str]:
    return [line.split(": ", 1)[1] for line in path.read_text().splitlines()]


@pytest.mark.parametrize(
    ("wanted", "options", "expected"),
    [
        ("error", {}, ["an error"]),
        ("warning,error", {}, ["a warning", "an error"]),
        ("notice", {}, ["a notice"]),
        ("debug", {}, []),
        ("debug", {"debug": 1}, ["a debug"]),
        ("verbose", {}, ["verbose zero"]),
        ("verbose", {"verbose": 3}, ["verbose zero", "verbose three"]),
        ("verbose(5)", {}, ["verbose zero", "verbose three", "verbose five"]),
        ("verbose(1)", {"verbose": 9}, ["verbose zero"]),
        ("dtmf", {}, ["a digit"]),
        ("security", {}, ["an attack"]),
        ("fax,important", {}, ["a fax", "a level of my own"]),
        ("*", {"debug": 1, "verbose": 5}, 11),
    ],
)
def test_levels(logs, tmp_path: Path, wanted: str, options: dict[str, int], expected: object) -> None:
    one = logs(f"full.txt => {wanted}", "custom_levels=important", **options)
    say_everything()
    one.close()
    found = texts(tmp_path / "log/full.txt")
    assert (len(found) if isinstance(expected, int) else found) == expected


def test_what_nobody_wants_is_not_even_made(logs) -> None:
    one = logs("a.txt => warning")
    assert not log.isEnabledFor(logging.INFO)
    assert not log.isEnabledFor(levels.verbose(0))
    assert not levels.logger_of("dtmf").isEnabledFor(logging.INFO)
    one.set_verbose(9)
    assert not log.isEnabledFor(levels.verbose(0))


def test_the_console_commands_change_what_files_get_that_follow_them(logs, tmp_path: Path) -> None:
    one = logs("a.txt => verbose,debug\nb.txt => verbose(0)")
    say_everything()
    one.set_verbose(3)
    one.set_debug(1)
    log.log(levels.verbose(3), "now")
    log.debug("and this")
    one.close()
    assert texts(tmp_path / "log/a.txt") == ["verbose zero", "now", "and this"]
    assert texts(tmp_path / "log/b.txt") == ["verbose zero"]


def test_a_file_for_attacks_of_its_own(logs, tmp_path: Path) -> None:
    one = logs("security => security\nmessages => notice,warning,error")
    say_everything()
    one.close()
    assert texts(tmp_path / "log/security") == ["an attack"]
    assert texts(tmp_path / "log/messages") == ["a notice", "a warning", "an error"]
    assert oct((tmp_path / "log/security").stat().st_mode & 0o777) == "0o640"


# ---------------------------------------------------------------- formats


def test_the_default_format(logs, tmp_path: Path) -> None:
    one = logs("a.txt => *")
    one.whose = lambda: "PJSIP/6001-00000001"
    log.warning("no %s", "codec")
    one.whose = lambda: ""
    log.warning("again")
    one.close()
    first, second = (tmp_path / "log/a.txt").read_text().splitlines()
    date = r"\[[A-Z][a-z]{2} [ 0-9]\d \d\d:\d\d:\d\d\] "
    pid = os.getpid()
    assert re.fullmatch(rf"{date}WARNING\[{pid}\]\[PJSIP/6001-00000001\] drivers.sip.calls: no codec", first)
    assert re.fullmatch(rf"{date}WARNING\[{pid}\] drivers.sip.calls: again", second)


def test_use_callids_no(logs, tmp_path: Path) -> None:
    one = logs("a.txt => *\nb.txt => [json]*", "use_callids=no")
    one.whose = lambda: "PJSIP/6001-00000001"
    log.warning("no codec")
    one.close()
    assert "6001" not in (tmp_path / "log/a.txt").read_text() + (tmp_path / "log/b.txt").read_text()


def test_plain_says_where_in_the_code(logs, tmp_path: Path) -> None:
    one = logs("a.txt => [plain]*")
    log.warning("x")
    one.close()
    assert re.search(
        r"\]: test_logs.py:\d+ in test_plain_says_where_in_the_code: x\n",
        (tmp_path / "log/a.txt").read_text(),
    )


def test_json_is_one_object_a_line(logs, tmp_path: Path) -> None:
    one = logs("a.txt => [json]*", "dateformat=%s")
    one.whose = lambda: "Local/1@a-00000000;2"
    log.warning('two\nlines "quoted"')
    one.close()
    (line,) = (tmp_path / "log/a.txt").read_text().splitlines()
    found = json.loads(line)
    assert found["hostname"] == socket.gethostname()
    assert abs(int(found["timestamp"]) - time.time()) < 60
    assert found["identifiers"] == {"lwp": os.getpid(), "callid": "Local/1@a-00000000;2"}
    message = found["logmsg"]
    assert (message["level"], message["message"]) == ("WARNING", 'two\nlines "quoted"')
    assert message["location"]["filename"] == "test_logs.py"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%F %T", "2026-01-01 00:00:00"),
        ("%F %T.%3q", "2026-01-01 00:00:00.123"),
        ("%T.%q", "00:00:00.123"),
        ("%1q %6q", "1 123456"),
        ("%%q", "%q"),
        ("", ""),
    ],
)
def test_dateformat(monkeypatch: pytest.MonkeyPatch, text: str, expected: str) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    try:
        date = DateFormat(text)
        assert date(MOMENT) == expected
        assert date(MOMENT) == expected
        assert date(MOMENT + 1) != expected or "%T" not in text
    finally:
        monkeypatch.undo()
        time.tzset()


def test_appendhostname(logs, tmp_path: Path) -> None:
    logs("a.txt => *", "appendhostname=yes").close()
    assert [path.name for path in (tmp_path / "log").iterdir()] == [f"a.txt.{socket.gethostname()}"]


def test_a_traceback_is_part_of_the_line(logs, tmp_path: Path) -> None:
    one = logs("a.txt => error")
    try:
        raise RuntimeError("why")
    except RuntimeError:
        log.exception("it failed")
    one.close()
    text = (tmp_path / "log/a.txt").read_text()
    assert "it failed\nTraceback" in text
    assert text.endswith("RuntimeError: why\n")


def test_a_line_that_cannot_be_made_harms_nobody(logs, tmp_path: Path, capsys) -> None:
    one = logs("a.txt => error")
    log.error("%d", "no number")
    log.error("\udcff \x01")
    one.close()
    assert texts(tmp_path / "log/a.txt") == ["\\udcff \x01"]
    assert "Logging error" in capsys.readouterr().err


# ---------------------------------------------------------------- console and syslog


def test_the_console_without_logfiles(logs, tmp_path: Path) -> None:
    one = logs()
    console = one.stream
    say_everything()
    one.set_debug(1)
    say_everything()
    one.close()
    said = [line.split(": ", 1)[1] for line in console.getvalue().splitlines()]
    usual = ["a notice", "a warning", "an error", "verbose zero", "an attack"]
    assert said == [*usual, "a debug", *usual]


def test_a_quiet_console(logs) -> None:
    one = logs("console => *", quiet=True)
    say_everything()
    one.close()
    assert len(one.stream.getvalue().splitlines()) == 3


def test_a_console_that_is_not_named_is_silent(logs) -> None:
    one = logs("a.txt => *")
    say_everything()
    one.close()
    assert one.stream.getvalue() == ""


def test_a_program_s_own_console_is_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    one = Logs()
    one.start()
    configure(one, tmp_path, "console => *\na.txt => warning")
    log.warning("for both")
    one.close()
    assert texts(tmp_path / "log/a.txt") == ["for both"]
    assert caplog.messages == ["for both"]


def test_syslog(logs, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[int, str]] = []
    monkeypatch.setattr(syslog, "syslog", lambda priority, text: sent.append((priority, text)))
    one = logs("syslog.local0 => warning,security")
    say_everything()
    one.close()
    warning = syslog.LOG_WARNING | syslog.LOG_LOCAL0
    assert sent == [(warning, "WARNING: a warning"), (warning, "SECURITY: an attack")]


# ---------------------------------------------------------------- reload, and what goes wrong


def test_files_are_opened_anew_and_nothing_is_lost(logs, tmp_path: Path) -> None:
    one = logs("a.txt => warning")
    log.warning("before")
    (tmp_path / "log/a.txt").rename(tmp_path / "log/a.txt.1")
    configure(one, tmp_path, "a.txt => warning,notice")
    log.info("after")
    one.close()
    assert texts(tmp_path / "log/a.txt.1") == ["before"]
    assert texts(tmp_path / "log/a.txt") == ["after"]


def test_a_file_that_cannot_be_opened_is_said_and_the_others_are(logs, tmp_path: Path) -> None:
    one = logs()
    (tmp_path / "log").mkdir()
    (tmp_path / "log/a.txt").mkdir()
    (wrong,) = configure(one, tmp_path, "a.txt => *\nb.txt => *")
    assert wrong == f"{tmp_path}/logger.conf:4: the log a.txt cannot be opened: Is a directory"
    log.warning("x")
    one.close()
    assert texts(tmp_path / "log/b.txt") == ["x"]


def test_a_full_disk_is_told_once(logs, tmp_path: Path, capfd) -> None:
    one = logs("/dev/full => *")
    for _ in range(3):
        log.warning("x" * 10_000)
    time.sleep(0.05)
    log.warning("y")
    one.close()
    assert capfd.readouterr().err.count("cannot be written: [Errno 28]") == 1


def test_nobody_waits_for_a_console_that_is_stuck_and_files_go_on(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    stream = os.fdopen(writing, "w")
    one = Logs(stream)
    one.start()
    configure(one, tmp_path, "console => warning\na.txt => error", "logger_queue_limit=50")
    start = time.perf_counter()
    for number in range(2000):
        log.warning("%d %s", number, "x" * 1000)
    assert time.perf_counter() - start < 30
    assert one.dropped > 1500
    log.error("it is stuck")
    file = tmp_path / "log/a.txt"
    while not file.read_text():
        time.sleep(0.01)
        assert time.perf_counter() - start < 5
    got = bytearray()

    def drain() -> None:
        while piece := os.read(reading, 65536):
            got.extend(piece)

    draining = threading.Thread(target=drain)
    draining.start()
    one.close()
    stream.close()
    draining.join()
    os.close(reading)
    assert texts(file) == ["it is stuck"]
    missing = re.findall(r"(\d+) lines are missing here", got.decode())
    assert sum(map(int, missing)) == one.dropped > 1500


def test_levels_are_those_of_the_configuration() -> None:
    assert levels.kind_of("offhook.x", levels.verbose(2)) == ("verbose", 2)
    assert levels.kind_of("offhook.x", levels.verbose(50)) == ("verbose", 9)
    assert levels.kind_of("offhook.security.x", logging.WARNING) == ("security", 0)
    assert levels.kind_of("offhook.x", 5) == ("trace", 0)
    assert {levels.kind_of("offhook.x", number)[0] for number in range(60)} < set(levels.KINDS)
