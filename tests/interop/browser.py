"""A headless Chromium that a test speaks to through its debugging pipe: no driver, no package."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

__all__ = ["Browser", "chromium"]

_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--remote-debugging-pipe",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--disable-features=WebRtcHideLocalIpsWithMdns,AudioServiceSandbox",
    "--disable-background-networking",
    "--disable-component-update",
)


def chromium() -> str | None:
    """The program; None when it is not installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Browser:
    """One page.  evaluate() runs JavaScript in it and waits for its promise."""

    def __init__(self, folder: Path, page: Path) -> None:
        program = chromium()
        assert program is not None
        to_browser, self._out = os.pipe()
        self._in, from_browser = os.pipe()

        def pipes() -> None:
            # The browser reads commands from descriptor 3 and writes answers to 4.
            os.dup2(os.dup(to_browser), 3)
            os.dup2(os.dup(from_browser), 4)

        self._log = folder / "browser.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [program, *_FLAGS, f"--user-data-dir={folder / 'profile'}", "about:blank"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=pipes,  # nothing else runs in this process between fork and exec
                close_fds=False,
                start_new_session=True,
                env={**os.environ, "HOME": str(folder)},
            )
        os.close(to_browser)
        os.close(from_browser)
        self._buffer = b""
        self._number = 0
        targets = self._call("Target.getTargets")["targetInfos"]
        target = next(each["targetId"] for each in targets if each["type"] == "page")
        attached = self._call("Target.attachToTarget", {"targetId": target, "flatten": True})
        self._session = attached["sessionId"]
        self._call("Page.enable", session=True)
        self._call("Page.navigate", {"url": page.as_uri()}, session=True)
        end = time.monotonic() + 20
        while self.evaluate("document.readyState + typeof begin") != "completefunction":
            if time.monotonic() > end:
                raise self.error("the page does not load")
            time.sleep(0.05)

    def _call(self, method: str, params: dict[str, Any] | None = None, *, session: bool = False) -> Any:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params or {}}
        if session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self._buffer:
                piece = os.read(self._in, 65536)
                if not piece:
                    raise self.error(f"it is gone, asked for {method}")
                self._buffer += piece
            text, _, self._buffer = self._buffer.partition(b"\0")
            answer = json.loads(text)
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise self.error(f"{method}: {answer['error']}")
                return answer["result"]

    def evaluate(self, script: str) -> Any:
        """The value of an expression; of a promise what it becomes."""
        params = {"expression": script, "awaitPromise": True, "returnByValue": True}
        result = self._call("Runtime.evaluate", params, session=True)
        if "exceptionDetails" in result:
            raise self.error(f"{script[:80]}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def error(self, what: str) -> AssertionError:
        """An error with what it printed."""
        return AssertionError(f"browser: {what}\n{self._log.read_text(errors='replace')[-3000:]}")

    def close(self) -> None:
        """End it and all its processes."""
        os.close(self._out)
        os.close(self._in)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(3.0)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
