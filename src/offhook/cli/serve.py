"""`offhook serve CONFIG_DIR`: runs the PBX in the foreground until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from offhook.cli.asterisk import main_conf
from offhook.cli.identity import IdentityError, become
from offhook.cli.limits import ENOUGH_FILES, raise_open_files
from offhook.cli.logs import start_logging
from offhook.cli.welcome import welcome
from offhook.config.files.asterisk import Options

if TYPE_CHECKING:
    from offhook.api.node import NodeOptions

__all__ = ["main", "serve"]

log = logging.getLogger("offhook")

_RESTART = -1  # no exit status: the process begins anew


def main(arguments: Sequence[str]) -> int:
    """The sub-command; the exit status."""
    parser = argparse.ArgumentParser(
        prog="offhook serve", description="Run the PBX in the foreground; SIGTERM or Ctrl-C stops it."
    )
    parser.add_argument(
        "config_dir", nargs="?", type=Path, metavar="CONFIG_DIR", help="the folder of .conf files"
    )
    parser.add_argument(
        "--state", type=Path, metavar="DIR", help="everything that is written lies below this folder"
    )
    parser.add_argument("-C", dest="asterisk_conf", type=Path, metavar="FILE", help="asterisk.conf")
    parser.add_argument("-v", "--verbose", action="count", default=0, help="say more of what happens")
    parser.add_argument("-d", "--debug", action="count", default=0, help="say everything")
    parser.add_argument("-q", "--quiet", action="store_true", help="warnings and errors only")
    parser.add_argument(
        "--media-workers", type=int, default=1, metavar="N", help="media threads; 0: one a core"
    )
    parser.add_argument("--welcome", action="store_true", help="say how to place the first call")
    parser.add_argument(
        "-x", dest="command", metavar="COMMAND", help="have the running node carry out a command"
    )
    for letter, what in (("-f", "foreground"), ("-g", "core files"), ("-n", "no colour"), ("-r", "remote")):
        parser.add_argument(
            letter, dest=f"ignored_{letter[1:]}", action="store_true", help=f"{what} (as Asterisk)"
        )
    parser.add_argument("-m", dest="ignored_m", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("-c", dest="ignored_c", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.config_dir is None and given.asterisk_conf is None:
        parser.error("which configuration? Give CONFIG_DIR or -C FILE")
    if given.command is not None:
        from offhook.cli.asterisk import ask

        return ask(
            given.command, asterisk_conf=given.asterisk_conf, config_dir=given.config_dir, state=given.state
        )
    return serve(
        config_dir=given.config_dir,
        asterisk_conf=given.asterisk_conf,
        state=given.state,
        verbose=given.verbose,
        debug=given.debug,
        quiet=given.quiet,
        media_workers=given.media_workers,
        greet=given.welcome,
    )


def serve(
    *,
    config_dir: Path | None = None,
    asterisk_conf: Path | None = None,
    state: Path | None = None,
    verbose: int = 0,
    debug: int = 0,
    quiet: bool = False,
    media_workers: int = 1,
    greet: bool = False,
    user: str = "",
    group: str = "",
) -> int:
    """Run a node to its end; the exit status: 0 stopped, 1 could not start."""
    _use_system_malloc()
    # What is imported and configured at the start stays for ever: the collector need not look at it again.
    gc.disable()
    from offhook.api.node import NodeOptions

    logs = start_logging(verbose=verbose, debug=debug, quiet=quiet)
    conf = main_conf(asterisk_conf=asterisk_conf, config_dir=config_dir)
    said = conf.options if conf is not None else Options()
    raise_open_files(said.maxfiles or ENOUGH_FILES)
    try:
        become(user or said.runuser, group or said.rungroup)
    except IdentityError as error:
        print(f"offhook: {error}", file=sys.stderr)
        logs.close()
        return 1
    test_events = os.environ.get("OFFHOOK_TEST_EVENTS", "") == "1"
    options = NodeOptions(config_dir, asterisk_conf, state, media_workers, logs, test_events)
    try:
        import uvloop

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            status = runner.run(_run(options, greet))
    except ImportError:
        with asyncio.Runner() as runner:
            status = runner.run(_run(options, greet))
    finally:
        logs.close()
    if status == _RESTART:
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    return status


def _use_system_malloc() -> None:
    """Start this process anew with Python's objects in the C library's heap.

    Python's own allocator gives memory back by the megabyte only, and after a rush of calls a few
    long-lived numbers keep most of those.  It saves a tenth of the time of a call, and costs more than
    half of the memory for ever; a node that runs for months takes the memory.
    """
    if "PYTHONMALLOC" not in os.environ:
        os.environ["PYTHONMALLOC"] = "malloc"
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    if os.environ["PYTHONMALLOC"] == "malloc":
        del os.environ["PYTHONMALLOC"]  # programs that the node starts decide for themselves


async def _run(options: NodeOptions, greet: bool) -> int:
    from offhook.api.node import Node, StartError

    try:
        node = await Node.start(options)
    except StartError as error:
        print(f"offhook: {error}", file=sys.stderr)
        return 1
    gc.collect()
    gc.freeze()
    # Finished calls free themselves (nothing of them is a cycle), so the collector need only look seldom;
    # with Python's own thresholds it would pause a busy node for 100 ms and more.
    gc.set_threshold(10_000, 20, 50)
    gc.enable()
    loop = asyncio.get_running_loop()
    main_task = asyncio.current_task()
    if main_task is not None:
        main_task.set_name("serve")
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, node.request_stop)
    loop.add_signal_handler(signal.SIGHUP, node.request_reload)
    welcome(node, greet=greet)
    await node.wait_stopped()
    return _RESTART if node.stopping.restarts else 0
