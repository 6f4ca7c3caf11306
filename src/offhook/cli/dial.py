"""`offhook dial URI`: a terminal phone made of our own SIP library and media engine.

Here is the command line: what may be asked for and what it means.  `dial_run` carries it out,
`phone` and `phone_call` are the phone itself; they are imported when the command line is right.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook._core import Uri
    from offhook.cli.phone import PhoneSettings

__all__ = ["DialOptions", "DialUsageError", "add_parser", "main", "read_options", "run"]

_HELP = "a terminal phone: call a SIP URI"
_DESCRIPTION = """\
Call a SIP URI, or wait for a call and answer it.  Prints each step with its time: what is sent and
received, where the audio goes, digits, and at the end how the audio got through.  Ctrl-C hangs up."""
_EPILOG = """\
examples:
  offhook dial sip:600@pbx.example
  offhook dial --user 6001 --register --dtmf ww123# --record heard.wav --duration 20 sip:500@pbx.example
  offhook dial --user 6002@pbx.example --register --answer --play greeting.wav --auto-hangup
  offhook dial --transport tls --tone 1000 --duration 5 --json sip:echo@pbx.example

exit status:
  0  the call was answered and ended normally
  1  it was refused: busy, not found, wrong credentials ...
  2  the command line is wrong
  3  nobody answered in time, the network failed, or the call broke off
  130  interrupted by Ctrl-C (128 + the number of the signal)
"""

_DIGITS = re.compile(r"[0-9A-Da-d*#wW,]+\Z")
_NUMBER = re.compile(r"[\w+*#.!~'()&=$;?/-]+\Z", re.ASCII)
_NAME_AND_NUMBER = re.compile(r'\s*(?:"(?P<quoted>[^"]*)"|(?P<name>[^<"]*?))\s*<(?P<inner>[^<>]+)>\s*\Z')
_TONE = re.compile(r"(?P<first>\d+(?:\.\d+)?)(?:\+(?P<second>\d+(?:\.\d+)?))?\Z", re.ASCII)
_HIGHEST_HZ = 4000  # half the sample rate of G.711
_LEVELS = (-60.0, 3.0)  # dBm0; a sine of full scale is +3.17
_LONGEST = 7 * 24 * 3600.0


class DialUsageError(Exception):
    """The command line asks for what cannot be."""


@dataclass(frozen=True, slots=True)
class DialOptions:
    """What one run is to do."""

    phone: PhoneSettings
    target: Uri | None
    """Whom to call; None waits for a call."""
    registrar: Uri | None = None
    answer_after: float = 0.0
    ring_timeout: float = 0.0
    """Seconds; 0 waits for ever."""
    duration: float = 0.0
    auto_hangup: bool = False
    dtmf: str = ""
    play: str = ""
    record: str = ""
    tone: tuple[float, float] | None = None
    level: float = -13.0
    quiet: bool = False
    json: bool = False
    verbose: bool = False


def add_parser(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],  # pyright: ignore[reportPrivateUsage]
) -> argparse.ArgumentParser:
    """Add the sub-command `dial` to a command line; its `run` carries it out."""
    parser = commands.add_parser(
        "dial",
        help=_HELP,
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _arguments(parser)
    parser.set_defaults(run=run)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """The command by itself; the exit status."""
    parser = argparse.ArgumentParser(
        prog="offhook dial",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _arguments(parser)
    return run(parser.parse_args(arguments))


def run(arguments: argparse.Namespace) -> int:
    """Carry out what was parsed; the exit status."""
    try:
        options = read_options(arguments)
    except DialUsageError as error:
        print(f"offhook dial: {error}", file=sys.stderr)
        return 2
    from offhook.cli.dial_run import dial

    return dial(options)


def _arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "uri",
        nargs="?",
        metavar="URI",
        help="whom to call: sip:600@pbx.example, or a number at the registrar",
    )
    add("--answer", action="store_true", help="wait for a call and answer it, instead of calling")
    add("--answer-after", type=_seconds, default=0.0, metavar="SECONDS", help="let it ring so long first")

    who = parser.add_argument_group("who calls").add_argument
    who("--user", metavar="NAME[@DOMAIN]", help="the account; its domain is the registrar's unless given")
    who(
        "--password",
        metavar="PASSWORD",
        help="its password; else OFFHOOK_PASSWORD is used, else it is asked for",
    )
    who("--auth-user", metavar="NAME", help="the name to authenticate with, where it is not the account's")
    who("--from", dest="from_", metavar="WHO", help="number, name, '\"name\" <number>' or URI to call as")
    who(
        "--register",
        nargs="?",
        const="",
        metavar="REGISTRAR",
        help="register first, at the host of the URI or of --user unless REGISTRAR is given",
    )

    way = parser.add_argument_group("which way").add_argument
    way("--proxy", metavar="URI", help="send everything through this proxy")
    way(
        "--transport",
        choices=("udp", "tcp", "tls"),
        help="for URIs that name none (default: what DNS says, UDP)",
    )
    way("--bind", metavar="ADDRESS[:PORT]", help="the phone's own address (default: all, a free port)")
    way("--rtp-ports", type=_ports, default=(40000, 49999), metavar="FIRST-LAST", help="default: 40000-49999")
    way(
        "--tls-ca",
        default="",
        metavar="FILE",
        help="the CA of the server's certificate (default: the system's)",
    )
    way("--tls-insecure", action="store_true", help="take any certificate")
    way("--codec", default="ulaw,alaw", metavar="LIST", help="in order of preference (default: ulaw,alaw)")

    what = parser.add_argument_group("what to do when the call is answered").add_argument
    what("--dtmf", default="", metavar="DIGITS", help="send digits; w waits 0.5 s, W 1 s, a comma 2 s")
    what("--play", default="", metavar="FILE", help="send a sound file (.wav, .ulaw, .alaw, .sln)")
    what("--record", default="", metavar="FILE", help="write what is heard to .wav, .ulaw, .alaw or .sln")
    what("--tone", type=_tone, metavar="HZ[+HZ]", help="send a tone, or two added, until the end")
    what("--level", type=_level, default=-13.0, metavar="DBM0", help="level of each frequency (default: -13)")

    when = parser.add_argument_group("when to stop").add_argument
    when(
        "--ring-timeout",
        type=_seconds,
        metavar="SECONDS",
        help="give up when not answered by then (default: 60; with --answer: wait for ever)",
    )
    when("--duration", type=_seconds, default=0.0, metavar="SECONDS", help="hang up so long after the answer")
    when("--auto-hangup", action="store_true", help="hang up when --play and --dtmf are done")

    output = parser.add_argument_group("output").add_argument
    output("-q", "--quiet", action="store_true", help="errors only")
    output(
        "--json",
        action="store_true",
        help="one JSON object a line; the last has event=end and the exit status",
    )
    output("-v", "--verbose", action="store_true", help="show SIP messages whole, and the library's log")


# ---------------------------------------------------------------- values


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= _LONGEST:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return value


def _level(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not _LEVELS[0] <= value <= _LEVELS[1]:
        raise argparse.ArgumentTypeError(f"{text!r} is no level from {_LEVELS[0]:g} to {_LEVELS[1]:g} dBm0")
    return value


def _tone(text: str) -> tuple[float, float]:
    found = _TONE.match(text)
    if found is not None:
        first, second = float(found["first"]), float(found["second"] or 0)
        if 0 < first < _HIGHEST_HZ and second < _HIGHEST_HZ:
            return first, second
    raise argparse.ArgumentTypeError(
        f"{text!r} is no frequency below {_HIGHEST_HZ} Hz, nor two with + between"
    )


def _ports(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    if first.isdecimal() and last.isdecimal() and 1024 <= int(first) < int(last) <= 65535:
        return int(first), int(last)
    raise argparse.ArgumentTypeError(f"{text!r} is no range of ports such as 40000-49999")


# ---------------------------------------------------------------- what they mean together


def read_options(given: argparse.Namespace) -> DialOptions:
    """Check what was given and put it together.  Raises DialUsageError; may ask for the password."""
    from offhook.cli.phone import PhoneSettings

    text, registrar_text = given.uri, given.register
    if text is None and not given.answer and registrar_text and "@" in registrar_text:
        # `--register URI`: a registrar has no user part (RFC 3261 10.2), so this is whom to call
        text, registrar_text = registrar_text, ""
    if given.answer and text is not None:
        raise DialUsageError("--answer waits for a call: it takes no URI")
    if text is None and not given.answer:
        raise DialUsageError("whom to call?  Give a URI, or --answer to wait for a call")
    if given.answer_after and not given.answer:
        raise DialUsageError("--answer-after goes with --answer")
    if given.play and given.tone is not None:
        raise DialUsageError("--play and --tone exclude each other")
    user, _, domain = (given.user or "").partition("@")
    if given.user is not None and not user:
        raise DialUsageError(f"--user {given.user!r} has no name")
    if registrar_text is not None and not user:
        raise DialUsageError("--register needs --user")

    registrar = _registrar(registrar_text, domain) if registrar_text is not None else None
    target = None
    if text is not None:
        target = _target(text, domain or (_place(registrar) if registrar is not None else ""))
        if registrar is None and registrar_text is not None:
            registrar = _registrar(_place(target), "")
    if registrar_text is not None and registrar is None:
        raise DialUsageError("register where?  Give --register REGISTRAR or --user NAME@DOMAIN")
    if domain:
        domain = _parse(domain, "the domain of --user").host
    else:
        place = registrar or (target if user else None)
        domain = place.host if place is not None else ""

    display_name, number, from_ = _caller(given.from_)
    if number and given.user is None:
        user = number
    elif number:
        from_ = f"sip:{_escaped(number)}@{_bracketed(domain)}" if domain else ""
        if display_name and from_:
            from_ = f'"{display_name}" <{from_}>'
    host, port = _address(given.bind)
    if given.proxy:
        _parse(given.proxy, "--proxy")
    if given.transport == "tls" and given.answer and registrar is None:
        raise DialUsageError("--answer over TLS needs --register: without, it would need a certificate")
    _check_files(given)
    return DialOptions(
        phone=PhoneSettings(
            user=user or "offhook",
            domain=domain,
            display_name=display_name,
            from_=from_,
            auth_user=given.auth_user or "",
            password=_password(given, user),
            proxy=_with_scheme(given.proxy) if given.proxy else "",
            transport=given.transport or "",
            bind_host=host,
            bind_port=port,
            listen=(given.answer and registrar is None) or bool(port),
            codecs=_codecs(given.codec),
            rtp_ports=given.rtp_ports,
            ca_file=given.tls_ca,
            verify_server=not given.tls_insecure,
        ),
        target=target,
        registrar=registrar,
        answer_after=given.answer_after,
        ring_timeout=given.ring_timeout
        if given.ring_timeout is not None
        else (0.0 if given.answer else 60.0),
        duration=given.duration,
        auto_hangup=given.auto_hangup,
        dtmf=_digits(given.dtmf),
        play=given.play,
        record=given.record,
        tone=given.tone,
        level=given.level,
        quiet=given.quiet,
        json=given.json,
        verbose=given.verbose,
    )


def _parse(text: str, what: str) -> Uri:
    from offhook._core import SipParseError, Uri

    try:
        uri = Uri.parse(_with_scheme(text))
    except SipParseError:
        raise DialUsageError(f"{what} {text!r} is no SIP URI, such as sip:600@pbx.example") from None
    if uri.scheme == "tel" or not uri.host:
        raise DialUsageError(f"{what} {text!r} does not say where")
    return uri


def _with_scheme(text: str) -> str:
    return text if text.lower().startswith(("sip:", "sips:", "tel:")) else f"sip:{text}"


def _registrar(text: str, domain: str) -> Uri | None:
    if not text and not domain:
        return None
    uri = _parse(text or domain, "--register")
    return uri.replace(user=None)


def _place(uri: Uri) -> str:
    """A URI's host and port with what matters of the way there, as the registrar of its domain."""
    port = f":{uri.port}" if uri.port is not None else ""
    transport = uri.param("transport")
    return f"{uri.scheme}:{_bracketed(uri.host)}{port}" + (f";transport={transport}" if transport else "")


def _target(text: str, domain: str) -> Uri:
    """Whom to call; a number alone, or a tel: URI, is one at `domain`."""
    number = text[4:].partition(";")[0] if text.lower().startswith("tel:") else text
    if "@" not in text and _NUMBER.match(number) and not _is_place(number):
        if not domain:
            raise DialUsageError(f"{text!r} does not say where: sip:{number}@HOST, or --user NAME@DOMAIN")
        place = _parse(domain, "the domain")
        return place.replace(user=number)
    return _parse(text, "the URI")


def _is_place(text: str) -> bool:
    """Whether a word without @ is a host and no number: it names a scheme or has a dot."""
    return text.lower().startswith(("sip:", "sips:")) or "." in text or text == "localhost"


def _caller(text: str | None) -> tuple[str, str, str]:
    """(display name, number, From address) of --from: a number, a name, `"name" <number>`, or a URI."""
    if text is None:
        return "", "", ""
    if any(not char.isprintable() for char in text):
        raise DialUsageError("--from has a control character in it")
    found = _NAME_AND_NUMBER.match(text)
    name = inner = ""
    if found is not None:
        name, inner = (found["quoted"] or found["name"] or "").strip(), found["inner"].strip()
    elif "<" in text or ">" in text:
        raise DialUsageError(f'--from {text!r} is no address, such as "Ann" <6001>')
    elif _NUMBER.match(text) or text.lower().startswith(("sip:", "sips:")):
        inner = text
    else:
        return text.strip().strip('"'), "", ""
    if "@" in inner or inner.lower().startswith(("sip:", "sips:", "tel:")):
        uri = str(_parse(inner, "--from"))
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        return "", "", f'"{quoted}" <{uri}>' if name else f"<{uri}>"
    return name, inner, ""


def _escaped(user: str) -> str:
    from offhook._core import Uri

    return str(Uri("sip", "x", user=user))[4:-2]


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _address(text: str | None) -> tuple[str, int]:
    """--bind: address and port."""
    import ipaddress

    if text is None:
        return "", 0
    host, colon, port_text = text.rpartition(":")
    if not colon or (text.count(":") > 1 and not text.startswith("[")) or text.endswith("]"):
        host, port_text = text, "0"
    if not port_text.isdecimal() or int(port_text) > 65535:
        raise DialUsageError(f"--bind {text!r}: {port_text!r} is no port")
    host = host.removeprefix("[").removesuffix("]")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        raise DialUsageError(f"--bind {text!r}: {host!r} is no IP address of this machine") from None
    return host, int(port_text)


def _codecs(text: str) -> tuple[str, ...]:
    from offhook.media.formats import CODECS

    names = tuple(dict.fromkeys(name.strip().lower() for name in text.split(",") if name.strip()))
    usable = [codec.name for codec in CODECS.values() if codec.decodes]
    for name in names:
        if name not in usable:
            raise DialUsageError(f"--codec: {name!r} is none of {', '.join(usable)}")
    if not names:
        raise DialUsageError("--codec names none")
    return names


def _digits(text: str) -> str:
    if text and not _DIGITS.match(text):
        raise DialUsageError(f"--dtmf {text!r}: digits are 0-9 A-D * #, and w W , for pauses")
    return text


def _check_files(given: argparse.Namespace) -> None:
    """What cannot be read or written is better known before the call."""
    from offhook.media.formats import READABLE_EXTENSIONS, RECORDABLE_EXTENSIONS, recorded_as

    for option, path in (("--play", given.play), ("--tls-ca", given.tls_ca)):
        if path and not (os.path.isfile(path) and os.access(path, os.R_OK)):
            raise DialUsageError(f"{option} {path}: there is no such file, or it may not be read")
    if given.play and given.play.rpartition(".")[2] not in READABLE_EXTENSIONS:
        raise DialUsageError(f"--play {given.play}: only .{', .'.join(READABLE_EXTENSIONS)} can be played")
    record = given.record
    if record:
        if recorded_as(record.rpartition(".")[2]) is None:
            raise DialUsageError(
                f"--record {record}: only .{', .'.join(RECORDABLE_EXTENSIONS)} can be written"
            )
        folder = os.path.dirname(record) or "."
        place = record if os.path.exists(record) else folder
        if not os.path.isdir(folder) or os.path.isdir(record) or not os.access(place, os.W_OK):
            raise DialUsageError(f"--record {record}: it cannot be written there")


def _password(given: argparse.Namespace, user: str) -> str | None:
    """Given, from the environment, or asked for; None when there is none and nobody to ask."""
    if given.password is not None:
        return given.password
    from_environment = os.environ.get("OFFHOOK_PASSWORD")
    if from_environment is not None:
        return from_environment
    if not user or not sys.stdin.isatty():
        return None
    import getpass

    try:
        return getpass.getpass(f"Password of {given.auth_user or user} (Enter for none): ") or None
    except EOFError:
        return None


if __name__ == "__main__":
    sys.exit(main())
