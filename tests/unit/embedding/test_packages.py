"""Packages with entry points: examples/greeter as if it were installed, and one that fails."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
GREETER = ROOT / "examples" / "greeter"
L8 = ROOT / "examples" / "l8"

PROGRAM = """
import asyncio, sys
import logging
from offhook import PBX, Call, errors
logging.basicConfig(stream=sys.stdout, level=logging.INFO)

CONF = {"extensions.conf": '''[default]
exten => 1,1,Answer()
 same => n,Greet(Bob,0)
 same => n,Set(GLOBAL(SAID)=${GREETING(${GREETED})})
''', "modules.conf": sys.argv[1]}

async def main():
    try:
        async with PBX(CONF) as pbx:
            print(await pbx.console("greeter show Zoe"))
            await pbx.originate("Local/1@default", exten="1")
            await asyncio.sleep(0.2)
            print(pbx.node.runner.globals["SAID"])
            try:
                await pbx.originate("Nobody/1")
            except errors.CannotDialError as error:
                print(error)
    except errors.ConfigError as error:
        print("refused:", error)

asyncio.run(main())
"""


def install(folder: Path, name: str, version: str, entry_points: dict[str, dict[str, str]]) -> None:
    """The metadata of an installed package."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = [
        line
        for group, points in entry_points.items()
        for line in (f"[{group}]", *(f"{key} = {value}" for key, value in points.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")


def run(site: Path, *words: str) -> str:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(site), str(GREETER / "src"), str(L8 / "src"))),
    }
    done = subprocess.run(
        [sys.executable, *words],
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
        check=False,
        cwd=site,
    )
    return done.stdout + done.stderr


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for package in (GREETER, L8):
        project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
        install(tmp_path, project["name"], project["version"], project["entry-points"])
    (tmp_path / "program.py").write_text(PROGRAM)
    return tmp_path


def test_what_a_package_adds_is_there(site: Path) -> None:
    said = run(site, "program.py", "[modules]\n")
    assert "Hello Zoe" in said
    assert "Hello Bob, from 1" in said
    assert "nobody is at 1" in said
    assert "greeter of package offhook-greeter 1.0 is loaded (offhook.channels)" in said


def test_modules_conf_leaves_it_out(site: Path) -> None:
    said = run(site, "program.py", "[modules]\nnoload => greeter\n")
    assert "refused:" in said
    assert "there is no application Greet" in said


def test_one_that_fails_is_told_and_left_out(site: Path) -> None:
    install(site, "offhook-broken", "0.1", {"offhook.applications": {"broken": "offhook_broken"}})
    (site / "offhook_broken.py").write_text("raise RuntimeError('no licence')\n")
    install(site, "offhook-again", "0.2", {"offhook.applications": {"again": "offhook_again"}})
    (site / "offhook_again.py").write_text(
        "from offhook import application\n@application('Dial')\nasync def dial(call): ...\n"
    )
    said = run(site, "program.py", "[modules]\n")
    assert "broken of package offhook-broken 0.1 (offhook.applications: offhook_broken) is left out" in said
    assert "RuntimeError: no licence" in said
    assert "again of package offhook-again 0.2" in said
    assert "there are two applications named Dial" in said
    assert "Hello Bob, from 1" in said


def test_check_knows_its_names(site: Path, tmp_path: Path) -> None:
    (tmp_path / "extensions.conf").write_text("[default]\nexten => 1,1,Greet(Bob,many)\n")
    said = run(site, "-m", "offhook.cli.main", "check", str(tmp_path))
    assert "Greet: argument 2 (times): 'many' is not a whole number" in said


PHONE = "[6001]\ntype=endpoint\ncontext=default\nallow=!all,l8\n"

HTTP_PROGRAM = """
import asyncio, sys, urllib.request
from offhook import PBX

CONF = {
    "pjsip.conf": sys.argv[1],
    "http.conf": "[general]\\nenabled=yes\\nbindaddr=127.0.0.1\\nbindport=0\\nprefix=/pbx\\n",
}

async def main():
    async with PBX(CONF) as pbx:
        print(await pbx.console("core show codecs audio"))
        print(await pbx.console("core show translation paths l8"))
        host, port = pbx.node.http.addresses[0]
        url = f"http://{host}:{port}/pbx/greeter/hello/Zoe"
        print(await asyncio.to_thread(lambda: urllib.request.urlopen(url, timeout=10).read()))

asyncio.run(main())
"""


def test_a_codec_and_a_route_of_packages(site: Path) -> None:
    (site / "http_program.py").write_text(HTTP_PROGRAM)
    said = run(site, "http_program.py", PHONE)
    assert "8 bit linear, unsigned" in said
    assert "l8" in said.partition("translation")[2] or "l8" in said
    assert '{"greeting":"Hello Zoe","calls":0}' in said


def test_check_knows_the_codec_unless_modules_conf_leaves_it_out(site: Path, tmp_path: Path) -> None:
    (tmp_path / "pjsip.conf").write_text(PHONE)
    assert "unknown codec" not in run(site, "-m", "offhook.cli.main", "check", str(tmp_path))
    (tmp_path / "modules.conf").write_text("[modules]\nnoload => l8\n")
    assert "unknown codec 'l8'" in run(site, "-m", "offhook.cli.main", "check", str(tmp_path))


WEB = """
import asyncio, logging, sys, urllib.request
from offhook import PBX
logging.basicConfig(stream=sys.stdout, level=logging.INFO)
CONF = {"extensions.conf": "[default]\\nexten => 1,1,Answer()\\n",
        "http.conf": "[general]\\nenabled=yes\\nbindaddr=127.0.0.1\\nbindport=0\\n"}

async def main():
    async with PBX(CONF) as pbx:
        host, port = pbx.node.http.addresses[0]
        for path in ("metrics", "manager/own", "visits/own"):
            def get():
                try:
                    with urllib.request.urlopen(f"http://{host}:{port}/{path}") as answer:
                        return answer.read(200)
                except urllib.error.HTTPError as error:
                    return error.code
            print(path, await asyncio.to_thread(get))

asyncio.run(main())
"""
OWN = """
from starlette.responses import PlainTextResponse
from starlette.routing import Route

def routes(pbx):
    async def own(request):
        return PlainTextResponse("of the package")
    return [Route("/own", own), Route("/", own)]
"""


def test_routes_whose_name_is_taken_are_refused(tmp_path: Path) -> None:
    """What the server itself has under a name stays; the others of the package are served."""
    names = ("metrics", "ari", "manager", "visits")
    points = {"offhook.routes": dict.fromkeys(names, "offhook_web:routes")}
    install(tmp_path, "offhook-web", "0.1", points)
    (tmp_path / "offhook_web.py").write_text(OWN)
    (tmp_path / "program.py").write_text(WEB)
    said = run(tmp_path, "program.py")
    for name in ("metrics", "ari", "manager"):
        assert f"a package's routes cannot be named {name}: there is something under /{name} already" in said
    assert "cannot be named visits" not in said
    assert "visits/own b'of the package'" in said
    assert "metrics b'# HELP" in said
    assert "manager/own 404" in said
