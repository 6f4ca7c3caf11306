"""What clients of AMI and ARI cost: events a second to 1, 10 and 100 of them, and CPU per call.

    python3 bench/event_clients.py [--interface ami,ari] [--calls 100] [--seconds 10]
        [--clients 0,1,10,100] [--rounds 5]

A node answers calls from SIPp, 100 a second by default, each for half a second with a short dialplan.
Clients of AMI log in for all events; those of ARI are applications of their own, each on a WebSocket and
subscribed to everything.  All of them read all.  Printed for each number of clients: events a second, and
the node's CPU time for a call, with what the clients add to it: medians of rounds in which all cases take
turns, since one run differs from the next by more than ten clients cost.  The load runs on core 1, the node
on core 0.
"""

from __future__ import annotations

import argparse
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
SCENARIO = """<?xml version="1.0"?>
<scenario name="short call">
<send><![CDATA[
INVITE sip:100@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
From: <sip:load@[local_ip]>;tag=[call_number]
To: <sip:100@[remote_ip]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:load@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio 9 RTP/AVP 0
a=rtpmap:0 PCMU/8000
]]></send>
<recv response="100" optional="true"/>
<recv response="180" optional="true"/>
<recv response="200" rrs="true"/>
<send><![CDATA[
ACK [next_url] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
From: <sip:load@[local_ip]>;tag=[call_number]
To: <sip:100@[remote_ip]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
<recv request="BYE"/>
<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
</scenario>
"""
DIALPLAN = """[load]
exten => 100,1,Set(A=1)
 same => n,Set(B=${CALLERID(num)})
 same => n,Answer(,i)
 same => n,NoOp(${A})
 same => n,Wait(0.5)
 same => n,Hangup()
"""
PJSIP = """[udp]
type=transport
protocol=udp
bind=127.0.0.1:{sip}
[load]
type=endpoint
context=load
allow=!all,ulaw
[load]
type=identify
endpoint=load
match=127.0.0.1
"""
MANAGER = """[general]
enabled=yes
bindaddr=127.0.0.1
port={ami}
authlimit=1000
[robot]
secret=robot
read=all
write=all
writetimeout=10000
"""


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cpu_seconds(pid: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


HTTP = """[general]
enabled=yes
bindaddr=127.0.0.1
bindport={ari}
"""
ARI = """[general]
enabled=yes
[robot]
type=user
password=robot
"""
UPGRADE = """GET /ari/events?app=load{number}&subscribeAll=true&api_key=robot:robot HTTP/1.1\r
Host: 127.0.0.1\r
Upgrade: websocket\r
Connection: Upgrade\r
Sec-WebSocket-Version: 13\r
Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r
\r
"""
LOGIN = "Action: Login\r\nUsername: robot\r\nSecret: robot\r\n\r\n"
# What each client sends at first, and what is once in each event.
INTERFACES = {"ami": (LOGIN, b"Event: "), "ari": (UPGRADE, b'"timestamp":')}


class Clients:
    """Clients that read everything, in one process."""

    def __init__(self, interface: str, port: int, count: int) -> None:
        self.selector = selectors.DefaultSelector()
        self.octets = self.events = 0
        greeting, self.mark = INTERFACES[interface]
        for number in range(count):
            client = socket.create_connection(("127.0.0.1", port))
            client.sendall(greeting.replace("{number}", str(number)).encode())
            client.setblocking(False)
            self.selector.register(client, selectors.EVENT_READ)

    def read_until(self, end: float) -> None:
        """Read until the monotonic clock says so."""
        while (left := end - time.monotonic()) > 0:
            for key, _ in self.selector.select(min(left, 0.2)):
                data = key.fileobj.recv(1 << 20)
                if not data:
                    raise SystemExit("a client was disconnected")
                self.octets += len(data)
                self.events += data.count(self.mark)

    def close(self) -> None:
        """Leave."""
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()


def measure(
    folder: Path, interface: str, clients: int, calls: int, seconds: int
) -> tuple[float, float, float]:
    """Calls a second, events a second (of all clients), CPU milliseconds of the node per call."""
    sip, ami, ari, load = free_port(), free_port(), free_port(), free_port()
    port = {"ami": ami, "ari": ari}[interface]
    config = folder / "etc"
    shutil.rmtree(folder, ignore_errors=True)
    config.mkdir(parents=True)
    (config / "pjsip.conf").write_text(PJSIP.format(sip=sip))
    (config / "manager.conf").write_text(MANAGER.format(ami=ami))
    (config / "http.conf").write_text(HTTP.format(ari=ari))
    (config / "ari.conf").write_text(ARI)
    (config / "extensions.conf").write_text(DIALPLAN)
    (config / "cdr.conf").write_text("[general]\nenable=no\n")
    scenario = folder / "call.xml"
    scenario.write_text(SCENARIO)
    program = ROOT / ".venv" / "bin" / "offhook"
    node = subprocess.Popen(
        ["taskset", "-c", "0", str(program), "serve", str(config), "--state", str(folder / "state"), "-q"]
    )
    try:
        for _ in range(200):
            time.sleep(0.1)
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
        readers = Clients(interface, port, clients)
        readers.read_until(time.monotonic() + 1.0)
        sipp = subprocess.Popen(
            ["taskset", "-c", "1", "sipp", f"127.0.0.1:{sip}", "-sf", str(scenario), "-i", "127.0.0.1",
             "-p", str(load), "-r", str(calls), "-m", str(calls * (seconds + 4)), "-nostdin", "-trace_stat",
             "-stf", str(folder / "stat.csv"), "-fd", "1"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        readers.read_until(time.monotonic() + 2.0)
        before, readers.events, begin = cpu_seconds(node.pid), 0, time.monotonic()
        readers.read_until(begin + seconds)
        spent, took, events = cpu_seconds(node.pid) - before, time.monotonic() - begin, readers.events
        sipp.wait(timeout=60)
        readers.close()
        if sipp.returncode not in (0, 1):
            raise SystemExit(f"SIPp failed: {sipp.returncode}")
        return calls, events / took, spent / (calls * took) * 1000
    finally:
        node.send_signal(signal.SIGTERM)
        node.wait(timeout=20)


def main() -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100, help="a second")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--clients", default="0,1,10,100")
    parser.add_argument("--rounds", type=int, default=5, help="all cases in turn, so often")
    parser.add_argument("--interface", default="ami,ari")
    options = parser.parse_args()
    counts = [int(count) for count in options.clients.split(",")]
    # Nobody who listens is no interface's.
    cases = [(interface, count) for interface in options.interface.split(",") for count in counts if count]
    cases = [("", 0), *cases] if 0 in counts else cases
    found: dict[tuple[str, int], list[tuple[float, float]]] = {case: [] for case in cases}
    for _ in range(options.rounds):
        for interface, count in cases:
            with tempfile.TemporaryDirectory(prefix="offhook-bench-") as scratch:
                _, events, cpu = measure(
                    Path(scratch) / "node", interface or "ami", count, options.calls, options.seconds
                )
            found[interface, count].append((cpu, events))
            print(f"{interface or 'nobody'} {count}: {cpu:.2f} ms", file=sys.stderr, flush=True)
    print("| interface | clients | events/s | CPU ms a call, median | least to most | added |")
    print("|---|---|---|---|---|---|")
    base = 0.0
    for (interface, count), runs in found.items():
        each = [cpu for cpu, _ in runs]
        cpu, events = median(each), median([events for _, events in runs])
        base = base or cpu
        print(
            f"| {interface} | {count} | {events:,.0f} | {cpu:.2f} | {min(each):.2f} to {max(each):.2f} "
            f"| {(cpu / base - 1) * 100:+.0f} % |"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
