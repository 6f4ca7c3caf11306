"""soak: relayed calls, one conference and playback at once, for long: memory, late ticks, gaps, loss.

Of five calls three are relayed, one is in the conference and one hears a file in a loop; all send sound.  The server
is asked twenty times for its memory, and, when BENCH_PBX_ASK is its console command for them, for its counters.
"""
import os
import shutil
import socket
import threading
import time
from pathlib import Path

import audio
import configs
import sipua

SAMPLES = 20


class MixedPair(sipua.Pair):
    """Calls of all three kinds."""

    def _number(self, prefix, i):
        return super()._number({0: "3", 1: "2"}.get(i % 5, prefix), i)


def counters(workdir):
    """The server's own counters by name; none when it cannot be asked."""
    ask = os.environ.get("BENCH_PBX_ASK")
    path = next(Path(workdir).rglob("*.ctl"), None) if ask else None
    if path is None:
        return {}
    # In this process: a program of its own would take the load's core for a tenth of a second.
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(5)
        client.connect(str(path))
        client.sendall(ask.encode() + b"\n")
        client.shutdown(socket.SHUT_WR)
        out = b"".join(iter(lambda: client.recv(65536), b"")).decode()
    pairs = (line.split() for line in out.splitlines())
    return {words[0]: int(words[1]) for words in pairs if len(words) == 2 and words[1].isdigit()}


def run(bench):
    bench.sound = audio.make(os.path.join(bench.tmp, "audio"))
    name = os.path.join(bench.tmp, "playback-ulaw")
    shutil.copy(os.path.join(bench.sound, "speech.ulaw"), name + ".ulaw")
    recs = []
    for n in bench.a.n:
        with bench.server(sound=name) as srv:
            pair = MixedPair(("127.0.0.1", configs.SIP_PORT), configs.UAC_PORT, configs.UAS_PORT,
                             media_base=configs.MEDIA_BASE, caller_codec="ulaw", callee_codec="ulaw")
            samples, done = [], threading.Event()

            def watch():
                begin = due = time.monotonic()
                while not done.wait(0.1):
                    pair.poll(0.05)  # the server refreshes its sessions, and hangs up where nobody answers
                    if time.monotonic() < due + bench.a.seconds / SAMPLES:
                        continue
                    due += bench.a.seconds / SAMPLES
                    samples.append({"s": round(time.monotonic() - begin), "rss_mib": srv.memory()["rss_mib"],
                                    **{k: v for k, v in counters(bench.work).items() if k in ("ticks", "late_ticks", "events_lost", "drop_send")}})

            try:
                up = pair.run_up(n, "1", rate=bench.a.setup_rate)
                table = os.path.join(bench.work, "table")
                sound = audio.payload(bench.sound, "ulaw")
                sipua.table(pair, table, sound, sound)
                thread = threading.Thread(target=watch)
                thread.start()
                out = bench.rtp(srv, table, 8, 3, bench.a.seconds)
                done.set()
                thread.join()
                out["call_states"] = pair.states()
                pair.run_down()
            finally:
                done.set()
                pair.close()
            half = [s["rss_mib"] for s in samples[len(samples) // 2:]]
            rec = {"calls": n, "up": up, **out, "samples": samples,
                   "rss_growth_mib": round(half[-1] - half[0], 2) if half else None}
            if samples and "ticks" in samples[-1]:
                ticks = samples[-1]["ticks"] - samples[0]["ticks"]
                rec["late_ticks_share"] = (samples[-1]["late_ticks"] - samples[0]["late_ticks"]) / max(1, ticks)
            recs.append(rec)
            print("  ", {k: rec.get(k) for k in ("calls", "up", "seconds", "server_cores", "rx_per_stream_s", "seq_lost", "silent_streams",
                                                  "rss_growth_mib", "late_ticks_share", "other_busy_s", "gap_ms", "call_states")}, flush=True)
    bench.save("soak", {"runs": recs})
