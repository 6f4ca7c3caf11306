"""STAT, FILE and their kind; AST_CONFIG; CURL against a server of ours; the DNS with answers of ours."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from unit.pbx.fake import Office


async def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it does not happen"
        await asyncio.sleep(0.005)


async def evaluated(
    *expressions: str, before: tuple[str, ...] = (), office: Office | None = None
) -> list[str]:
    lines = [*before, *(f"Set(GLOBAL(g{at})={text})" for at, text in enumerate(expressions))]
    o = office or Office()
    from offhook.dialplan.reader import read_dialplan_text

    text = "[default]\n" + "".join(f"exten => s,{at},{line}\n" for at, line in enumerate(lines, 1))
    o.runner.install(read_dialplan_text(text))
    alice = o.call()
    await until(lambda: alice.ended)
    return [o.runner.globals.get(f"g{at}", "<not reached>") for at in range(len(expressions))]


# ---------------------------------------------------------------- files


async def test_stat(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_text("12345")
    file.chmod(0o640)
    found = await evaluated(
        *(
            "${STAT(" + f"{flag},{path}" + ")}"
            for flag, path in (
                ("e", file),
                ("e", tmp_path / "no"),
                ("f", file),
                ("f", tmp_path),
                ("d", tmp_path),
                ("d", file),
                ("s", file),
                ("m", file),
                ("s", tmp_path / "no"),
                ("e", file / "x"),
            )
        ),
        "${STAT(q," + str(file) + ")}",
        "$[${STAT(M," + str(file) + ")} > 1000]",
    )
    assert found == ["1", "0", "1", "0", "1", "0", "5", "100640", "", "0", "", "1"]


async def test_file_is_read_in_parts(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_text("one\ntwo\nthree\nfour")
    found = await evaluated(
        *(
            "${FILE(" + f"{file}{rest}" + ")}"
            for rest in (
                "",
                ",4",
                ",4,3",
                ",-4",
                ",0,-5",
                ",0,1,l",
                ",1,2,l",
                ",-1,,l",
                ",0,1,l,d",
                ",99",
            )
        )
    )
    assert found == [
        "one\ntwo\nthree\nfour",
        "two\nthree\nfour",
        "two",
        "four",
        "one\ntwo\nthree",
        "one\n",
        "two\nthree\n",
        "four",
        "one\ntwo\nthree\nfour",
        "",
    ]
    counted = await evaluated(
        "${FILE_COUNT_LINE(" + str(file) + ")}",
        "${FILE_FORMAT(" + str(file) + ")}",
        "${FILE_COUNT_LINE(" + str(tmp_path / "no") + ")}",
        "<${FILE(" + str(tmp_path / "no") + ")}>",
    )
    assert counted == ["3", "u", "-1", "<>"]


@pytest.mark.parametrize(
    ("rest", "value", "expected"),
    [
        ("", "bar", "bar"),
        (",,,a", "bar", "0123456789bar"),
        (",,,al", "bar", "0123456789bar\n"),
        (",,,ald", "bar", "0123456789bar"),
        (",0,1", "bar", "bar123456789"),
        (",2,3", "bar", "01bar56789"),
        (",4", "bar", "0123bar"),
        (",4,0", "bar", "0123bar456789"),
        (",-1", "bar", "012345678bar"),
    ],
)
async def test_file_is_written(tmp_path: Path, rest: str, value: str, expected: str) -> None:
    file = tmp_path / "f"
    file.write_text("0123456789")
    await evaluated("1", before=(f"Set(FILE({file}{rest})={value})",))
    assert file.read_text() == expected


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        (",0,1,l", "bar\ntwo\r\nthree\n"),
        (",-1,,l", "one\ntwo\r\nbar\n"),
        (",9,1,l", "one\ntwo\r\nthree\nbar\n"),
    ],
)
async def test_lines_are_written(tmp_path: Path, rest: str, expected: str) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"one\ntwo\r\nthree\n".replace(b"\r\n", b"\n"))
    await evaluated("1", before=(f"Set(FILE({file}{rest},u)=bar)",))
    assert file.read_bytes().decode() == expected.replace("\r\n", "\n")


async def test_a_file_that_cannot_be_written_ends_nothing(tmp_path: Path, caplog) -> None:
    found = await evaluated("on", before=(f"Set(FILE({tmp_path})=x)",))
    assert found in (["on"], ["<not reached>"])
    assert "FILE: " in caplog.text


async def test_ast_config(tmp_path: Path) -> None:
    (tmp_path / "my.conf").write_text("[a]\nk = 1\nk = 2\nother = x\n")
    o = Office()
    o.runner.paths = {"astetcdir": str(tmp_path)}
    found = await evaluated(
        "${AST_CONFIG(my.conf,a,k)}",
        "${AST_CONFIG(my.conf,a,k,1)}",
        "${AST_CONFIG(my.conf,a,k,-1)}",
        "${AST_CONFIG(my.conf,a,k,2)}",
        "${AST_CONFIG(my.conf,b,k)}",
        "<${AST_CONFIG(no.conf,a,k)}>",
        office=o,
    )
    assert found == ["1", "2", "2", "", "", "<>"]


# ---------------------------------------------------------------- the web


class Server(ThreadingHTTPServer):
    """Says what it was asked."""

    daemon_threads = True
    seen: list[tuple[str, str, str, dict[str, str]]]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer("")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())

    def _answer(self, body: str) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append((self.command, self.path, body, headers))  # type: ignore[attr-defined]
        path = self.path.partition("?")[0]
        text = {"/form": "a=1&b=two%2Cthree&c=", "/hello": "hello\r\n"}.get(path, f"{self.command} {body}")
        if path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/hello")
        elif path == "/slow":
            time.sleep(1.5)
            self.send_response(200)
        else:
            self.send_response(404 if path == "/gone" else 200)
        self.send_header("X-Test", "1")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server(("127.0.0.1", 0), Handler)
    made.seen = []
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


async def fetched(server: Server, *expressions: str, before: tuple[str, ...] = ()) -> list[str]:
    """What these give, with the server's address in ${U}."""
    o = Office()
    o.runner.globals["U"] = f"http://127.0.0.1:{server.server_address[1]}"
    return await evaluated(*expressions, before=before, office=o)


async def test_get_and_post(server: Server) -> None:
    found = await fetched(
        server,
        "${CURL(${U}/hello?x=1)}",
        "${CURL_STATUS}",
        "${CURL(${U}/p,a=1&b=2,3)}",
        "${LEN(${CURL(${U}/hello)})}",
        "${CURL(${U}/gone)}|${CURL_STATUS}",
    )
    assert found == ["hello", "200", "POST a=1&b=2,3", "5", "GET |404"]
    assert server.seen[0][1] == "/hello?x=1"


async def test_options(server: Server) -> None:
    found = await fetched(
        server,
        "${CURLOPT(useragent)}|${CURLOPT(ssl_verifypeer)}|${CURLOPT(header)}",
        "${CURL(${U}/hello)}",
        "${CURL(${U}/moved)}|${CURL_STATUS}",
        "<${CURLOPT(nothing)}>",
        before=(
            "Set(CURLOPT(useragent)=me)",
            "Set(CURLOPT(httpheader)=X-A: 1)",
            "Set(CURLOPT(httpheader)=X-B: 2)",
            "Set(CURLOPT(userpwd)=bob:secret)",
            "Set(CURLOPT(cookie)=c=1)",
            "Set(CURLOPT(referer)=http://r/)",
            "Set(CURLOPT(httptimeout)=soon)",
        ),
    )
    assert found == ["me|1|0", "hello", "GET |302", "<>"]
    headers = server.seen[0][3]
    assert (headers["user-agent"], headers["x-a"], headers["x-b"]) == ("me", "1", "2")
    assert headers["authorization"] == "Basic Ym9iOnNlY3JldA=="
    assert (headers["cookie"], headers["referer"]) == ("c=1", "http://r/")


async def test_redirects_are_followed_when_asked_for(server: Server) -> None:
    found = await fetched(server, "${CURL(${U}/moved)}", before=("Set(CURLOPT(followlocation)=yes)",))
    assert found == ["hello"]


async def test_headers_of_the_answer(server: Server) -> None:
    found = await fetched(server, "${CURL(${U}/hello)}", before=("Set(CURLOPT(header)=1)",))
    assert found[0].startswith("HTTP/1.1 200")
    assert "X-Test: 1" in found[0]
    assert found[0].endswith("hello")


async def test_as_a_hash(server: Server) -> None:
    found = await fetched(
        server,
        "${HASH(h,b)}|${HASH(h,a)}|${HASHKEYS(h)}",
        before=("Set(CURLOPT(hashcompat)=yes)", "Set(HASH(h)=${CURL(${U}/form)})"),
    )
    assert found == ["two,three|1|a,b,c"]


async def test_failures(server: Server, caplog) -> None:
    found = await fetched(
        server,
        "<${CURL(http://127.0.0.1:9/)}>${CURL_STATUS}",
        "<${CURL(file:///etc/passwd)}>",
        "<${CURL(http://)}>",
        "<${CURL(${U}/gone)}>",
        "<${CURL(${U}/slow)}>",
        before=("Set(CURLOPT(failurecodes)=404,500)", "Set(CURLOPT(httptimeout)=0.2)"),
    )
    assert found == ["<>0", "<>", "<>", "<>", "<>"]
    assert "only http, https and ftp" in caplog.text


# ---------------------------------------------------------------- the DNS


class Resolver:
    """Answers what the test says."""

    def __init__(self, records: dict[tuple[str, str], list[Any]]) -> None:
        self.records = records

    async def resolve(self, name: str, kind: str, **options: Any) -> list[Any]:
        import dns.resolver

        if (name, kind) not in self.records:
            raise dns.resolver.NXDOMAIN
        return self.records[name, kind]


def naptr(order: int, preference: int, service: str, regexp: str, flags: str = "u") -> SimpleNamespace:
    texts = {"service": service.encode(), "regexp": regexp.encode(), "flags": flags.encode()}
    return SimpleNamespace(order=order, preference=preference, **texts)


@pytest.fixture
def dns_office(monkeypatch):
    records = {
        ("4.3.2.1.9.4.e164.arpa", "NAPTR"): [
            naptr(100, 20, "E2U+sip", r"!^\+49(.*)$!sip:\1@second.example!"),
            naptr(100, 10, "E2U+sip", r"!^.*$!sip:info@first.example!"),
            naptr(200, 10, "mailto+E2U", r"!^.*$!mailto:info@example!"),
            naptr(50, 10, "E2U+sip", "nonsense"),
            naptr(50, 10, "E2U+sip", "!(!x!"),
        ],
        ("4.3.2.1.9.4.e164.arpa", "TXT"): [SimpleNamespace(strings=(b"Bob ", b"Baker"))],
        ("_sip._udp.example.com", "SRV"): [
            SimpleNamespace(target="b.example.com.", port=5062, priority=20, weight=0),
            SimpleNamespace(target="a.example.com.", port=5060, priority=10, weight=5),
        ],
    }
    monkeypatch.setattr("offhook.functions.enum._resolver", lambda call: Resolver(records))
    return Office


async def test_enum(dns_office) -> None:
    found = await evaluated(
        "${ENUMLOOKUP(+49 1234)}",
        "${ENUMLOOKUP(+491234,sip,,2)}",
        "${ENUMLOOKUP(+491234,sip,c)}",
        "${ENUMLOOKUP(+491234,ALL,u,3)}",
        "${ENUMLOOKUP(+491234,h323)}",
        "${ENUMLOOKUP(+490000)}",
        "${ENUMLOOKUP(x)}",
        "${ENUMLOOKUP(+491234,sip,u)}",
        "${ENUMRESULT(${ID},getnum)}|${ENUMRESULT(${ID},1)}|${ENUMRESULT(${ID},9)}",
        "<${ENUMRESULT(77,1)}>",
        before=("Set(ID=${ENUMQUERY(+491234)})",),
        office=dns_office(),
    )
    assert found == [
        "info@first.example",
        "1234@second.example",
        "2",
        "mailto:info@example",
        "",
        "",
        "",
        "sip:info@first.example",
        "2|info@first.example|",
        "<>",
    ]


async def test_names_and_services(dns_office) -> None:
    found = await evaluated(
        "${TXTCIDNAME(+491234)}",
        "<${TXTCIDNAME(1)}>",
        "${SRVRESULT(${ID},getnum)}",
        "${SRVRESULT(${ID},1)}",
        "${SRVRESULT(${ID},2,port)}:${SRVRESULT(${ID},1,priority)}:${SRVRESULT(${ID},1,weight)}",
        "<${SRVRESULT(${ID},3)}${SRVRESULT(${ID},x)}>",
        "${SRVRESULT(${SRVQUERY(_no._udp.example.com)},getnum)}",
        before=("Set(ID=${SRVQUERY(_sip._udp.example.com)})",),
        office=dns_office(),
    )
    assert found == ["Bob Baker", "<>", "2", "a.example.com", "5062:10:5", "<>", "0"]
