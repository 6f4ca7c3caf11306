"""ARI against its own OpenAPI document, by a program that others wrote: schemathesis.

It makes requests that the document allows and requests that it does not, and looks whether status, content
type and content of the answers are those that the document has.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from ports import Ports
from program import Program

pytestmark = pytest.mark.interop

HTTP = "[general]\nenabled = yes\nbindaddr = 127.0.0.1\nbindport = {port}\n"
ARI = "[general]\nenabled = yes\n[robot]\ntype = user\npassword = s3cret\n"
CHECKS = (
    *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
    "response_schema_conformance",
)
SEED = "20260801"


def _ask(port: int, method: str, path: str) -> bytes:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/ari/{path}", method=method)
    request.add_header("Authorization", f"Basic {b64encode(b'robot:s3cret').decode()}")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read()


def test_answers_are_those_of_the_document(
    make_office: Callable[..., Program], ports: Ports, tmp_path: Path
) -> None:
    pytest.importorskip("schemathesis")
    port = ports.take()
    program = make_office({"http.conf": HTTP.format(port=port), "ari.conf": ARI})
    command = [
        *(str(Path(sys.executable).with_name("schemathesis")), "run"),
        f"http://127.0.0.1:{port}/ari/api-docs/openapi.json",
        *("--auth", "robot:s3cret", "--checks", ",".join(CHECKS), "--phases", "coverage,fuzzing"),
        *("--max-examples", "3", "--seed", SEED, "--generation-database", "none"),
        *("--request-timeout", "10", "--suppress-health-check", "all", "--warnings", "off"),
        *("--continue-on-failure", "--no-color", "--no-shrink"),
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    tested = re.search(r"Tested: (\d+)", done.stdout)
    assert tested is not None
    assert int(tested[1]) > 100
    assert program.running
    for bridge in json.loads(
        _ask(port, "GET", "bridges")
    ):  # those that it made last until somebody ends them
        _ask(port, "DELETE", f"bridges/{quote(bridge['id'], safe='')}")
    assert "0 active channels" in program.ask("core show channels")
    assert not [line for line in program.log().splitlines() if "Traceback" in line]
