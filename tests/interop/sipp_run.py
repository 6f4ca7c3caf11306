"""SIPp as phone, trunk and carrier: its scenarios (sipp/*.xml) and one run of it.

The scenarios are SIPp's XML with %snippets% for the lines that all of them share.  Keywords given by -key:
[user], [password] (through -au and -ap), [rtp_port] where an SDP of ours points, and whatever a test adds.
"""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from program import wait_for

__all__ = ["Message", "Sipp", "expand", "sipp_missing"]

_SCENARIOS = Path(__file__).parent / "sipp"
_SNIPPET = re.compile(r"%([a-z_]+)%")

_SDP = """\
Content-Type: application/sdp
Content-Length: [len]

v=0
o=sipp {version} {version} IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio [rtp_port] RTP/AVP 0 8 101
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-16
a=ptime:20
a={direction}"""

SNIPPETS = {
    # what begins a request of the caller's: first outside, then inside of the dialog
    "request": """\
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport
Max-Forwards: 70
From: "SIPp" <sip:[user]@[remote_ip]>;tag=[pid]c[call_number]
To: <sip:[service]@[remote_ip]>
Call-ID: [call_id]""",
    "in_dialog": """\
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport
Max-Forwards: 70
From: "SIPp" <sip:[user]@[remote_ip]>;tag=[pid]c[call_number]
To: <sip:[service]@[remote_ip]>[peer_tag_param]
Call-ID: [call_id]""",
    # a request of the called side's; the scenario has saved the INVITE's From, To and Contact (%remember%)
    "from_callee": """\
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport
Max-Forwards: 70
From:[$own];tag=[pid]s[call_number]
To:[$peer]
Call-ID: [call_id]""",
    "remember": """\
<action>
      <ereg regexp=".*" search_in="hdr" header="From:" assign_to="peer"/>
      <ereg regexp=".*" search_in="hdr" header="To:" assign_to="own"/>
      <ereg regexp="sip:[^>]*" search_in="hdr" header="Contact:" assign_to="target"/>
    </action>""",
    # a response to the first request of a dialog, and to later ones
    "reply": """\
[last_Via:]
[last_From:]
[last_To:];tag=[pid]s[call_number]
[last_Call-ID:]
[last_CSeq:]
[last_Record-Route:]""",
    "reply_in_dialog": """\
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]""",
    "contact": "Contact: <sip:[user]@[local_ip]:[local_port];transport=[transport]>",
    "none": "Content-Length: 0",
    "sdp": _SDP.format(version=1, direction="sendrecv"),
    "sdp_hold": _SDP.format(version=2, direction="sendonly"),
    "sdp_resume": _SDP.format(version=3, direction="sendrecv"),
    "sdp_held": _SDP.format(version=2, direction="recvonly"),
}


def sipp_missing() -> bool:
    """Whether SIPp is not installed."""
    return shutil.which("sipp") is None


def expand(text: str, more: Mapping[str, str] | None = None) -> str:
    """A scenario with its snippets and parts (sipp/parts/*.xml) put in."""
    known = {"supported": "replaces", "more_headers": "", **SNIPPETS, **(more or {})}

    def snippet(found: re.Match[str]) -> str:
        name = found.group(1)
        if name in known:
            return known[name]
        part = _SCENARIOS / "parts" / f"{name}.xml"
        if not part.exists():
            raise ValueError(f"there is no snippet and no part %{name}%")
        return re.sub(_SNIPPET, snippet, part.read_text().rstrip("\n"))

    return re.sub(_SNIPPET, snippet, text)


@dataclass(frozen=True, slots=True)
class Message:
    """One line of SIPp's message log."""

    sent: bool
    text: str

    @property
    def first(self) -> str:
        """Request or status line."""
        return self.text.partition("\n")[0].strip()

    def header(self, name: str) -> str:
        """A header's value, "" when it is not there."""
        found = re.search(rf"^{re.escape(name)}\s*:\s*(.*?)\s*$", self.text, re.MULTILINE | re.IGNORECASE)
        return found.group(1) if found else ""

    @property
    def media_port(self) -> int:
        """The port of its SDP's audio line; 0 without SDP."""
        found = re.search(r"^m=audio (\d+)", self.text, re.MULTILINE)
        return int(found.group(1)) if found else 0


class Sipp:
    """One run."""

    def __init__(
        self,
        scenario: str,
        *,
        folder: Path,
        port: int,
        server: str,
        keys: Mapping[str, object] | None = None,
        snippets: Mapping[str, str] | None = None,
        options: Sequence[str] = (),
        calls: int = 1,
        timeout: float = 20.0,
        trace: bool = True,
    ) -> None:
        """`scenario` is a file of sipp/ without .xml; `server` is host:port.

        `keys` are SIPp's keywords, `snippets` what stands for %name% in the scenario.
        """
        self.name = scenario
        self.port = port
        self.folder = folder / f"sipp-{scenario}-{port}-{time.monotonic_ns()}"
        self.folder.mkdir()
        self._timeout = timeout
        file = self.folder / f"{scenario}.xml"
        file.write_text(expand((_SCENARIOS / f"{scenario}.xml").read_text(), snippets))
        known = {"user": "sipp", "rtp_port": 9, **(keys or {})}
        command = ["sipp", server, "-sf", str(file), "-i", "127.0.0.1", "-p", str(port), "-m", str(calls)]
        command += ["-nostdin", "-timeout", f"{round(timeout)}s", "-timeout_error"]
        command += ["-trace_err", "-error_file", str(self.folder / "errors")]
        if trace:
            command += ["-trace_msg", "-message_file", str(self.folder / "messages")]
        if "password" in known:
            command += ["-au", str(known["user"]), "-ap", str(known.pop("password"))]
        if "service" in known:
            command += ["-s", str(known.pop("service"))]
        for key, value in known.items():
            command += ["-key", key, str(value)]
        self._command = [*command, *options]
        self._process: subprocess.Popen[bytes] | None = None

    # ---------------------------------------------------------------- life

    def start(self) -> Sipp:
        """Start; its port is bound when this returns."""
        with (self.folder / "output").open("wb") as output:
            self._process = subprocess.Popen(
                self._command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        tcp = "t1" in self._command or "tn" in self._command
        wait_for(f"port {self.port} of SIPp", lambda: self.ended or not _free(self.port, tcp), step=0.005)
        return self

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self._process is not None and self._process.poll() is not None

    def wait(self, *, fails: bool = False) -> Sipp:
        """Wait for its end.  AssertionError unless all its calls went as the scenario says."""
        assert self._process is not None
        try:
            status = self._process.wait(self._timeout + 5)
        except subprocess.TimeoutExpired:
            self.close()
            raise self.error("it did not end") from None
        if (status != 0) is not fails:
            raise self.error(f"it ended with {status}")
        return self

    def run(self) -> Sipp:
        """start() and wait()."""
        return self.start().wait()

    def end(self) -> None:
        """End it in the middle of its calls; its logs are whole."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self.close()
            raise self.error("it did not end") from None

    def close(self) -> None:
        """End it, in whatever state."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def error(self, what: str) -> AssertionError:
        """An error with what it logged."""
        parts = [f"SIPp {self.name}: {what}"]
        for name, most in (("errors", 3000), ("output", 1500), ("messages", 6000)):
            path = self.folder / name
            if path.exists():
                parts.append(f"--- its {name}:\n{path.read_text(errors='replace')[-most:]}")
        return AssertionError("\n".join(parts))

    # ---------------------------------------------------------------- what it saw

    def messages(self) -> list[Message]:
        """Everything it sent and received; SIPp writes the last of it when it ends."""
        path = self.folder / "messages"
        text = path.read_text(errors="replace") if path.exists() else ""
        found: list[Message] = []
        for part in re.split(r"^-{20,} .*\n", text, flags=re.MULTILINE)[1:]:
            head, _, body = part.partition("\n\n")
            found.append(Message("sent" in head, body.replace("\r", "")))
        return found

    def received(self, start: str) -> list[Message]:
        """What it received whose first line starts like this."""
        return [m for m in self.messages() if not m.sent and m.first.startswith(start)]

    def sent(self, start: str) -> list[Message]:
        """What it sent whose first line starts like this."""
        return [m for m in self.messages() if m.sent and m.first.startswith(start)]


def _free(port: int, tcp: bool) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
