"""Sounds of web servers: fetched once, asked for again when the server says so, and played."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from offhook.api.console.all_commands import COMMANDS
from offhook.config.snapshot import read_config
from offhook.features.astdb import AstDb
from offhook.features.media_cache import MediaCache, MediaCacheError
from offhook.features.music import music_classes
from offhook.media.music import MusicClass
from offhook.media.music_command import MusicPrograms
from unit.drivers.node import Switch, eventually, phone

SOUND = b"\x21" * 1600  # ulaw, 200 ms


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str]] = []  # path, If-None-Match
        self.headers: dict[str, str] = {}
        self.status = 200
        self.body = SOUND

    def uri(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{path}"


class Handler(BaseHTTPRequestHandler):
    server: Server  # type: ignore[assignment]
    protocol_version: ClassVar[str] = "HTTP/1.1"

    def do_GET(self) -> None:
        tag = self.headers.get("If-None-Match", "")
        self.server.asked.append((self.path, tag))
        unchanged = bool(tag) and tag == self.server.headers.get("ETag")
        body = b"" if unchanged else self.server.body
        self.send_response(304 if unchanged else self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()
    thread = threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield one
    one.shutdown()
    thread.join()
    one.server_close()


def content(path: str) -> bytes | None:
    file = Path(path)
    return file.read_bytes() if file.exists() else None


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


async def test_a_sound_is_asked_for_again_when_it_is_old(server: Server, tmp_path: Path) -> None:
    clock = Clock()
    cache = MediaCache(tmp_path / "media", AstDb(), clock)
    uri = server.uri("hello.ulaw")
    server.headers = {"Cache-Control": "max-age=60", "ETag": '"one"'}
    path = await cache.fetch(uri)
    assert content(path) == SOUND
    assert path.endswith(".ulaw")
    assert cache.fresh(uri) == path
    assert await cache.fetch(uri) == path
    assert len(server.asked) == 1
    clock.now += 61
    assert cache.fresh(uri) is None
    assert await cache.fetch(uri) == path  # 304
    assert server.asked[1:] == [("/hello.ulaw", '"one"')]
    assert cache.fresh(uri) == path
    clock.now += 61
    server.headers["ETag"], server.body = '"two"', b"\x22" * 160
    other = await cache.fetch(uri)
    assert content(other) == server.body
    assert content(path) is None
    clock.now += 61
    server.status, server.headers = 500, {}
    assert await cache.fetch(uri) == other  # what is there is better than nothing
    assert cache.fresh(uri) == other  # and it is not asked again at once
    cache.close()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"Cache-Control": "no-cache"}, 0),
        ({"Cache-Control": "no-store, max-age=60"}, 0),
        ({"Cache-Control": "public, s-maxage=30, max-age=60"}, 30),
        ({"Expires": formatdate(1_800_000_090, usegmt=True)}, 90),
        ({"Expires": "0"}, 0),
        ({"Cache-Control": "max-age=x"}, 0),
    ],
)
async def test_how_long_it_is_good(
    server: Server, tmp_path: Path, headers: dict[str, str], seconds: int
) -> None:
    clock = Clock()
    cache = MediaCache(tmp_path / "media", AstDb(), clock)
    server.headers = headers
    await cache.fetch(server.uri("a.wav"))
    (entry,) = cache.entries()
    assert entry.expires == (clock.now + seconds if seconds else 0)
    cache.close()


async def test_many_who_want_it_at_once_ask_once(server: Server, tmp_path: Path) -> None:
    cache = MediaCache(tmp_path / "media", AstDb())
    paths = await asyncio.gather(*(cache.fetch(server.uri("a.ulaw")) for _ in range(20)))
    assert len(set(paths)) == 1
    assert len(server.asked) == 1
    cache.close()


async def test_a_restart_keeps_what_there_is(server: Server, tmp_path: Path) -> None:
    astdb = AstDb()
    server.headers = {"Cache-Control": "max-age=600"}
    cache = MediaCache(tmp_path / "media", astdb)
    path = await cache.fetch(server.uri("a.ulaw"))
    gone = await cache.fetch(server.uri("b.ulaw"))
    os.unlink(gone)
    cache.close()
    again = MediaCache(tmp_path / "media", astdb)
    assert [entry.path for entry in again.entries()] == [path]
    assert again.fresh(server.uri("a.ulaw")) == path


async def test_the_kind_of_a_file_without_extension(server: Server, tmp_path: Path) -> None:
    cache = MediaCache(tmp_path / "media", AstDb())
    server.headers = {"Content-Type": "audio/basic; rate=8000"}
    assert (await cache.fetch(server.uri("say?text=hello"))).endswith(".ulaw")
    server.headers = {"Content-Type": "text/html"}
    with pytest.raises(MediaCacheError, match="text/html is no sound"):
        await cache.fetch(server.uri("page"))
    cache.close()


@pytest.mark.parametrize(
    "uri", ["file:///etc/passwd", "ftp://x/a.wav", "http://", "http://[/a", "http://a b/c.wav"]
)
async def test_other_addresses_are_refused(tmp_path: Path, uri: str) -> None:
    cache = MediaCache(tmp_path / "media", AstDb())
    with pytest.raises(MediaCacheError, match="no http or https"):
        await cache.fetch(uri)
    cache.close()


async def test_what_is_too_long_leaves_nothing(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("offhook.features.media_cache._LARGEST", 1000)
    cache = MediaCache(tmp_path / "media", AstDb())
    with pytest.raises(MediaCacheError, match="longer than"):
        await cache.fetch(server.uri("a.ulaw"))
    assert list((tmp_path / "media").iterdir()) == []
    cache.close()


async def test_the_oldest_makes_room(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("offhook.features.media_cache._MOST", 2)
    clock = Clock()
    cache = MediaCache(tmp_path / "media", AstDb(), clock)
    for name in "abc":
        await cache.fetch(server.uri(f"{name}.ulaw"))
        clock.now += 1
    assert [entry.uri[-6:] for entry in cache.entries()] == ["b.ulaw", "c.ulaw"]
    assert len(list((tmp_path / "media").iterdir())) == 2
    cache.close()


async def test_a_call_hears_it(server: Server, switch: Switch) -> None:
    uri = server.uri("hello.ulaw")
    await switch.start(
        phone("alice"),
        f"[default]\nexten => 1,1,Playback({uri})\n same => n,Set(GLOBAL(one)=${{PLAYBACKSTATUS}})\n"
        f" same => n,Playback({server.uri('no.xyz')})\n same => n,Set(GLOBAL(two)=${{PLAYBACKSTATUS}})\n"
        " same => n,Wait(9)\n",
    )
    alice, audio = await switch.peer(name="alice"), await switch.audio()
    dialog = await alice.call("1", body=audio.sdp())
    await audio.hears(0, SOUND[:160])
    await eventually("both were played", lambda: "two" in switch.node.runner.globals)
    assert switch.node.runner.globals["one"] == "SUCCESS"
    assert switch.node.runner.globals["two"] == "FAILED"
    alice.within(dialog, "BYE")
    await alice.expect(200)


async def test_the_console(server: Server, switch: Switch, tmp_path: Path) -> None:
    await switch.start(phone("alice"))

    async def run(line: str) -> str:
        return await COMMANDS.run(switch.node, line)

    uri = server.uri("a.ulaw")
    assert "Unable to find" in await run(f"media cache show {uri}")
    said = await run(f"media cache refresh {uri}")
    assert said.startswith(f"Refreshed cache item for URI '{uri}': ")
    assert "1 items found" in await run("media cache show all")
    shown = await run(f"media cache show {uri}")
    assert f"URI: {uri}\nLocal File Location: " in shown
    assert await run(f"media cache delete {uri}") == f"Deleted cache item for URI '{uri}'\n"
    assert "Unable to delete" in await run(f"media cache delete {uri}")
    own = tmp_path / "own.ulaw"
    own.write_bytes(SOUND)
    assert await run(f"media cache create {uri} {own}") == f"Created cached item for URI '{uri}'\n"
    assert "never" in await run(f"media cache show {uri}")
    asked = len(server.asked)
    assert switch.node.pbx.sounds.find(uri) is not None
    assert len(server.asked) == asked
    await run(f"media cache delete {uri}")
    assert own.exists()
    assert "Unable to create" in await run(f"media cache create {uri} /none.wav")
    assert "Unable to create" in await run(f"media cache create {uri} /etc/passwd")
    server.status = 404
    assert "the server answers 404" in await run(f"media cache refresh {uri}")


async def test_music_of_a_web_server(server: Server, tmp_path: Path, caplog) -> None:
    """It is fetched when the configuration is read; who is held before it is there hears the rest."""
    here = tmp_path / "here.ulaw"
    here.write_bytes(SOUND)
    (tmp_path / "musiconhold.conf").write_text(
        f"[web]\nmode=playlist\nentry={server.uri('far.ulaw')}\nentry={here}\n"
    )
    snapshot = read_config(tmp_path)
    assert snapshot.problems == ()
    cache = MediaCache(tmp_path / "media", AstDb())
    music = music_classes(snapshot.musiconhold, [tmp_path], cache, MusicPrograms())["web"]
    assert music.files() == [str(here)]
    await eventually("it is fetched", lambda: len(music.files()) == 2)
    far, near = music.files()
    assert (content(far), near) == (SOUND, str(here))
    assert [path for path, _ in server.asked] == ["/far.ulaw"]

    server.status = 404
    lost = MusicClass("lost", entries=[server.uri("lost.ulaw")], remote=cache.at_hand)
    assert lost.files() == []
    await eventually("it is told", lambda: "lost.ulaw" in caplog.text)
    cache.close()


async def test_what_was_fetched_is_used_while_newer_is_asked_for(server: Server, tmp_path: Path) -> None:
    now = [1000.0]
    server.headers["Cache-Control"] = "max-age=10"
    cache = MediaCache(tmp_path / "media", AstDb(), lambda: now[0])
    uri = server.uri("hello.ulaw")
    path = await cache.fetch(uri)
    now[0] += 60
    assert cache.at_hand(uri) == path
    await eventually("it is asked for again", lambda: len(server.asked) == 2)
    cache.close()
