"""offhook dial: the command line, what is printed, and the exit status."""

import io
import json
import re
import shlex
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from offhook.cli import dial
from offhook.cli.dial_output import Printer, Signalling, stats_text
from offhook.cli.dial_run import exit_status
from offhook.cli.phone_call import CallEnd
from offhook.sip.network import Hop
from offhook.sip.reason import EndedBy, EndReason

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _nobody_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OFFHOOK_PASSWORD", raising=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO())


def parser():
    import argparse

    commands = argparse.ArgumentParser(prog="offhook").add_subparsers()
    return dial.add_parser(commands)


def options(*words: str) -> dial.DialOptions:
    return dial.read_options(parser().parse_args(words))


def refusal(*words: str) -> str:
    with pytest.raises(dial.DialUsageError) as error:
        options(*words)
    return str(error.value)


# ---------------------------------------------------------------- whom and where


@pytest.mark.parametrize(
    ("words", "target"),
    [
        ("sip:600@pbx.example", "sip:600@pbx.example"),
        ("sips:600@pbx.example:5071", "sips:600@pbx.example:5071"),
        ("600@pbx.example", "sip:600@pbx.example"),
        ("600@[::1]:5062", "sip:600@[::1]:5062"),
        ("--user 6001@pbx.example 600", "sip:600@pbx.example"),
        ("--user 6001@pbx.example:5070 --register 192.0.2.1 *97", "sip:*97@pbx.example:5070"),
        ("--user 6001 --register 192.0.2.1:5070 600", "sip:600@192.0.2.1:5070"),
        ("--user 6001@pbx.example tel:+4930123;phone-context=x", "sip:+4930123@pbx.example"),
        ("pbx.example", "sip:pbx.example"),
    ],
)
def test_whom_to_call(words: str, target: str) -> None:
    assert str(options(*words.split()).target) == target


@pytest.mark.parametrize(
    ("words", "registrar", "domain"),
    [
        ("--user 6001 --register sip:500@127.0.0.1:5070", "sip:127.0.0.1:5070", "127.0.0.1"),
        ("--user 6001 --register --dtmf 4 sip:500@127.0.0.1:5070", "sip:127.0.0.1:5070", "127.0.0.1"),
        ("--user 6001 --register pbx.example sip:500@elsewhere.example", "sip:pbx.example", "pbx.example"),
        ("--user 6001@home.example --register -q sip:500@away.example", "sip:home.example", "home.example"),
        (
            "--user 6001@home.example --register sip:a@edge.example sip:5@x",
            "sip:edge.example",
            "home.example",
        ),
        ("--user 6001@home.example:5070 --register --answer", "sip:home.example:5070", "home.example"),
        (
            "--user 6001 --register -q sip:5@x.example;transport=tcp",
            "sip:x.example;transport=tcp",
            "x.example",
        ),
        ("--user 6001 sip:500@pbx.example", "None", "pbx.example"),
        ("sip:500@pbx.example", "None", ""),
    ],
)
def test_where_to_register_and_whose_domain_it_is(words: str, registrar: str, domain: str) -> None:
    found = options(*words.split())
    assert str(found.registrar) == registrar
    assert found.phone.domain == domain


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ([], "whom to call"),
        (["600"], "does not say where"),
        (["sip:@@"], "is no SIP URI"),
        (["--answer", "sip:600@pbx.example"], "takes no URI"),
        (["--answer-after", "3", "sip:600@x"], "goes with --answer"),
        (["--register", "x.example", "600"], "needs --user"),
        (["--register", "--answer", "--user", "6001"], "register where"),
        (["--user", "@x", "sip:600@x"], "has no name"),
        (["--answer", "--transport", "tls"], "needs --register"),
        (["--play", "nowhere.wav", "sip:600@x"], "no such file"),
        (["--play", __file__, "sip:600@x"], "can be played"),
        (["--record", "/nowhere/x.wav", "sip:600@x"], "cannot be written"),
        (["--record", "x.mp3", "sip:600@x"], "can be written"),
        (["--dtmf", "12x", "sip:600@x"], "digits are"),
        (["--codec", "ulaw,nosuch", "sip:600@x"], "'nosuch' is none of"),
        (["--codec", ",", "sip:600@x"], "names none"),
        (["--bind", "localhost", "sip:600@x"], "no IP address"),
        (["--bind", "127.0.0.1:99999", "sip:600@x"], "no port"),
        (["--proxy", "sip:", "sip:600@x"], "--proxy"),
        (["--from", "Ann <6001", "sip:600@x"], "is no address"),
        (["--from", "Ann\r\nX: y", "sip:600@x"], "control character"),
        (["--tls-ca", "nowhere.pem", "sip:600@x"], "no such file"),
    ],
)
def test_what_cannot_be_is_refused(words: list[str], what: str) -> None:
    assert what in refusal(*words)


def test_play_and_tone_exclude_each_other(tmp_path: Path) -> None:
    sound = tmp_path / "a.wav"
    sound.write_bytes(b"")
    assert "exclude" in refusal("--play", str(sound), "--tone", "440", "sip:600@x")


@pytest.mark.parametrize(
    "words",
    [
        "--tone 4000 sip:600@x",
        "--tone 0 sip:600@x",
        "--tone 440+ sip:600@x",
        "--level 10 sip:600@x",
        "--level nan sip:600@x",
        "--duration -1 sip:600@x",
        "--duration inf sip:600@x",
        "--rtp-ports 40000 sip:600@x",
        "--rtp-ports 50000-40000 sip:600@x",
        "--transport sctp sip:600@x",
        "--nonsense sip:600@x",
    ],
)
def test_wrong_values_are_usage_errors(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as error:
        parser().parse_args(words.split())
    assert error.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_a_wrong_command_line_is_one_line_and_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert dial.main(["600"]) == 2
    assert capsys.readouterr().err.startswith("offhook dial: '600' does not say where")


# ---------------------------------------------------------------- who


@pytest.mark.parametrize(
    ("given", "user", "display_name", "from_"),
    [
        ([], "offhook", "", ""),
        (["--user", "6001"], "6001", "", ""),
        (["--from", "4711"], "4711", "", ""),
        (["--from", "Front door"], "offhook", "Front door", ""),
        (["--from", '"Ann" <4711>'], "4711", "Ann", ""),
        (["--from", "Ann B <4711>"], "4711", "Ann B", ""),
        (["--user", "6001", "--from", '"Ann"'], "6001", "Ann", ""),
        (["--user", "6001", "--from", "Ann <4711>"], "6001", "Ann", '"Ann" <sip:4711@x.example>'),
        (["--user", "6001", "--from", "4711"], "6001", "", "sip:4711@x.example"),
        (["--from", "Ann <sip:a@b.example>"], "offhook", "", '"Ann" <sip:a@b.example>'),
        (["--from", "sip:a@b.example"], "offhook", "", "<sip:a@b.example>"),
    ],
)
def test_who_calls(given: list[str], user: str, display_name: str, from_: str) -> None:
    phone = options(*given, "sip:600@x.example").phone
    assert (phone.user, phone.display_name, phone.from_) == (user, display_name, from_)


def test_the_password_is_given_or_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert options("--user", "a", "sip:600@x").phone.password is None
    monkeypatch.setenv("OFFHOOK_PASSWORD", "from the environment")
    assert options("--user", "a", "sip:600@x").phone.password == "from the environment"
    assert options("--user", "a", "--password", "given", "sip:600@x").phone.password == "given"


def test_the_password_is_asked_for_at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return "typed"

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", ask)
    assert options("sip:600@x").phone.password is None  # nobody who could have one
    assert options("--user", "a", "--auth-user", "b", "sip:600@x").phone.password == "typed"
    assert asked == ["Password of b (Enter for none): "]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", ("192.0.2.1", 0)),
        ("192.0.2.1:5062", ("192.0.2.1", 5062)),
        ("::1", ("::1", 0)),
        ("[::1]", ("::1", 0)),
        ("[::1]:5062", ("::1", 5062)),
    ],
)
def test_where_to_bind(text: str, address: tuple[str, int]) -> None:
    phone = options("--bind", text, "sip:600@x").phone
    assert (phone.bind_host, phone.bind_port) == address


def test_times_tones_and_codecs() -> None:
    calling = options("--tone", "350+440", "--level", "-20", "--codec", "alaw, ulaw,alaw", "sip:600@x")
    assert calling.tone == (350.0, 440.0)
    assert calling.level == -20
    assert calling.phone.codecs == ("alaw", "ulaw")
    assert calling.ring_timeout == 60
    assert options("--answer").ring_timeout == 0
    assert options("--answer", "--ring-timeout", "5").ring_timeout == 5


# ---------------------------------------------------------------- help and documentation


def commands_in(text: str) -> list[list[str]]:
    lines = [line.strip() for line in text.splitlines()]
    return [shlex.split(line)[2:] for line in lines if line.startswith("offhook dial ")]


def test_the_examples_of_help_and_documentation_are_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("greeting.wav").write_bytes(b"")
    examples = commands_in(parser().format_help()) + commands_in((ROOT / "docs/dial.md").read_text())
    welcome = (ROOT / "src/offhook/cli/welcome.py").read_text()
    shown = re.search(r"offhook dial ([^\"]*)", welcome)
    assert shown is not None
    examples.append(shlex.split(shown[1].replace("{port}", "5060")))
    assert len(examples) > 10
    for words in examples:
        options(*words)


def test_every_option_is_documented() -> None:
    text = (ROOT / "docs/dial.md").read_text()
    missing = [
        option
        for action in parser()._actions
        for option in action.option_strings
        if option not in ("-h", "--help") and f"`{option}" not in text
    ]
    assert not missing


def test_a_wrong_command_line_and_help_load_no_library() -> None:
    code = (
        "import sys\nfrom offhook.cli import dial\n"
        "try: dial.main(['--help'])\nexcept SystemExit: pass\n"
        "sys.exit(any(name in sys.modules for name in ('asyncio', 'offhook.sip', 'offhook.media')))"
    )
    assert subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL).returncode == 0


# ---------------------------------------------------------------- what is printed


def printer(**how: bool) -> tuple[Printer, io.StringIO, io.StringIO]:
    out, errors = io.StringIO(), io.StringIO()
    return Printer(out, errors, now=lambda: datetime(2026, 1, 2, 3, 4, 5, 678901), **how), out, errors


def test_a_step_is_a_line_with_its_time() -> None:
    say, out, errors = printer()
    say("dtmf", "received DTMF 5", digit="5")
    say("error", "it broke")
    assert out.getvalue() == "03:04:05.678 received DTMF 5\n"
    assert errors.getvalue() == "offhook dial: it broke\n"


def test_json_has_the_facts_too() -> None:
    say, out, errors = printer(as_json=True)
    say("dtmf", "received DTMF 5", digit="5")
    say("error", "it broke")
    first, second = (json.loads(line) for line in out.getvalue().splitlines())
    assert first["event"] == "dtmf"
    assert first["digit"] == "5"
    assert datetime.fromisoformat(first["time"]).replace(tzinfo=None) == datetime(2026, 1, 2, 3, 4, 5, 678000)
    assert second["text"] == "it broke"
    assert not errors.getvalue()


def test_quiet_says_errors_only() -> None:
    say, out, errors = printer(quiet=True)
    say("dtmf", "received DTMF 5")
    say.message("INVITE")
    say("error", "it broke")
    assert not out.getvalue()
    assert errors.getvalue()


def test_a_peer_cannot_steer_the_terminal() -> None:
    say, out, _ = printer()
    say("incoming", "call from \x1b[2J\r\nforged")
    say.message("Subject: \x1b]0;x\x07")
    assert "\x1b" not in out.getvalue()
    assert len(out.getvalue().splitlines()) == 2


class NoFlows:
    def flow(self, number: int) -> None:
        return None


def test_messages_are_said_and_repetitions_marked() -> None:
    say, out, _ = printer(as_json=True)
    log = Signalling(NoFlows(), say, verbose=False)  # type: ignore[arg-type]
    hop = Hop(1, "192.0.2.1", 5060)
    busy = b"SIP/2.0 486 Busy Here\r\nCSeq: 1 INVITE\r\n\r\nCSeq: 2 BYE\r\n"
    log(True, hop, b"INVITE sip:a@b SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\n")
    log(False, hop, busy)
    log(False, hop, busy)
    log(False, hop, b"\xff nonsense\r\n\r\n")
    sent, first, again = (json.loads(line) for line in out.getvalue().splitlines()[:3])
    assert sent["text"] == "sent INVITE sip:a@b to ? 192.0.2.1:5060"
    assert first["status"] == 486
    assert first["method"] == "INVITE"
    assert not first["again"]
    assert again["again"]


STATS: dict[str, int | float | str] = {
    "tx_packets": 100,
    "rx_packets": 95,
    "rx_lost": 5,
    "rx_jitter_ms": 1.25,
    "rtt_ms": 20.0,
    "remote_lost": 2,
}


def test_figures_of_the_audio() -> None:
    assert stats_text(STATS) == (
        "RTP: sent 100 packets; received 95, lost 5 (5.0 %), jitter 1.2 ms; round trip 20.0 ms; "
        "the far end lost 2"
    )
    nothing = stats_text({**STATS, "rx_packets": 0, "rx_lost": 0, "rtt_ms": -1.0, "remote_lost": 0})
    assert nothing == "RTP: sent 100 packets; received 0, lost 0 (0.0 %); round trip not measured"


# ---------------------------------------------------------------- exit status


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (CallEnd(EndReason(EndedBy.REMOTE, 200, answered=True)), 0),
        (CallEnd(EndReason(EndedBy.LOCAL, 200, answered=True)), 0),
        (CallEnd(EndReason(EndedBy.REMOTE, 486)), 1),
        (CallEnd(EndReason(EndedBy.REMOTE, 408)), 1),
        (CallEnd(EndReason(EndedBy.NETWORK, 408)), 3),
        (CallEnd(EndReason(EndedBy.NETWORK, 408, answered=True)), 3),
        (CallEnd(EndReason(EndedBy.EXPIRED, 408, answered=True)), 3),
        (CallEnd(EndReason(EndedBy.PROTOCOL, 488, answered=True)), 3),
        (CallEnd(EndReason(EndedBy.REMOTE, 200, answered=True), failure="disk full"), 3),
        (CallEnd(None), 3),
    ],
)
def test_exit_status(end: CallEnd, status: int) -> None:
    assert exit_status(end) == status


def test_nobody_answered_is_3() -> None:
    assert exit_status(CallEnd(EndReason(EndedBy.LOCAL, 487)), timed_out=True) == 3
