"""Node: everything that one running Offhook consists of, put together and taken apart again.

    node = await Node.start(NodeOptions(config_dir, state=...))
    await node.wait_stopped()

The order of start is the order of need: configuration, folders, store, media, switch, dialplan,
channel technologies, features, console.  A failure on the way takes down what was up and is told as
`StartError`, a sentence for the operator.
"""

from __future__ import annotations

import asyncio
import fcntl
import importlib
import json
import logging
import os
import secrets
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from offhook._core import MediaEngine
from offhook.api.console import server as console
from offhook.api.console.all_commands import COMMANDS
from offhook.api.idle import IdleTrim
from offhook.apps import load_applications
from offhook.config.errors import Problem, Problems, Severity
from offhook.config.files.musiconhold import Mode
from offhook.config.paths import PathError, Paths, resolve_paths
from offhook.config.snapshot import ConfigSnapshot, read_config
from offhook.dialplan.lint import lint
from offhook.dialplan.reader import read_dialplan
from offhook.dialplan.runner import Runner
from offhook.drivers.local import LocalTechnology
from offhook.drivers.sip.driver import SipDriver
from offhook.features.cdr import CdrEngine, CdrSettings
from offhook.features.cdr_backends import CdrCsv, CdrSqlite, CsvSettings
from offhook.features.logs import Logs
from offhook.features.music import MusicOnHold
from offhook.media.indications import Indications, Zone
from offhook.media.music import MusicClass
from offhook.media.service import MediaService
from offhook.media.sounds import Sounds
from offhook.media.speech import Speech
from offhook.pbx.pbx import Pbx
from offhook.sip.bindings import StoreBindings
from offhook.sip.resolver import Resolver
from offhook.sip.transport import AsyncioNetwork, TransportError
from offhook.storage.schema import SCHEMA
from offhook.storage.store import Store, StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from offhook.dialplan.model import Dialplan

__all__ = ["Node", "NodeOptions", "StartError", "new_secrets"]

log = logging.getLogger(__name__)


class StartError(Exception):
    """The node cannot start; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class NodeOptions:
    """How to start a node."""

    config_dir: Path | None = None
    asterisk_conf: Path | None = None
    state: Path | None = None
    media_workers: int = 1  # threads of the media engine; 0: one a core
    logs: Logs | None = None  # of a process whose console is the node's; None: the node makes one for files


class Node:
    """One running Offhook."""

    def __init__(self, snapshot: ConfigSnapshot, paths: Paths, options: NodeOptions) -> None:
        self.snapshot = snapshot
        self.paths = paths
        self.options = options
        self.generated: dict[str, str] = {}  # passwords that this start has made, by auth section
        self.fully_booted = asyncio.Event()
        self._stopped = asyncio.Event()
        self._stopping = False
        self._lock = -1
        self.logs = options.logs or Logs()
        self.store: Store
        self.pbx: Pbx
        self.runner: Runner
        self.sip: SipDriver
        self.cdr: CdrEngine
        self._network: AsyncioNetwork | None = None
        self._console: console.ConsoleServer | None = None
        self._media: MediaService | None = None
        self._idle: IdleTrim | None = None

    # ------------------------------------------------------------ start

    @staticmethod
    async def start(options: NodeOptions) -> Node:
        """Start a node.  Raises StartError; nothing is left behind then."""
        snapshot, paths = read_all(options)
        node = Node(snapshot, paths, options)
        try:
            await node._start()
        except (StoreError, PathError, TransportError, OSError) as error:
            await node.stop()
            raise StartError(str(error)) from error
        except BaseException:
            await node.stop()
            raise
        return node

    async def _start(self) -> None:
        loop = asyncio.get_running_loop()
        snapshot, paths = self.snapshot, self.paths
        paths.create()
        self._take_lock()
        self._start_logs(snapshot)
        self.store = Store(paths.database, loop=loop, schema=SCHEMA)
        load_applications()
        importlib.import_module("offhook.functions")
        dialplan = self._read_dialplan(snapshot)
        self.runner = Runner(dialplan, paths=_dialplan_paths(paths))
        rtp = snapshot.rtp
        engine = MediaEngine(workers=self.options.media_workers, rtp_start=rtp.rtpstart, rtp_end=rtp.rtpend)
        self._media = MediaService(engine, loop)
        self.pbx = pbx = Pbx(
            loop=loop,
            dialplan=self.runner,
            media=self._media,
            system_name=snapshot.asterisk.options.systemname,
        )
        pbx.recordings = paths.recordings
        self._set_limits(snapshot)
        pbx.provide_commit(self.store.after_commit)
        self._provide_sounds(snapshot)
        self._start_cdr(snapshot)
        pbx.add_technology(LocalTechnology(pbx))
        self._network = network = AsyncioNetwork(loop)
        self.sip = SipDriver(
            pbx,
            snapshot.pjsip,
            network=network,
            resolver=Resolver(network.now),
            acls=snapshot.acls,
            secrets_of_auths=self._secrets(snapshot),
            nonce_secret=self._nonce_secret(),
            rtp=rtp,
            store=StoreBindings(self.store),
        )
        pbx.add_technology(self.sip)
        self.sip.open_transports(network)
        self.sip.start()
        self._console = console.ConsoleServer(paths.socket, COMMANDS, self)
        await self._console.start()
        self._idle = IdleTrim(loop, lambda: self.sip.ua.counters.requests, lambda: len(pbx.channels))
        self.fully_booted.set()

    def _set_limits(self, snapshot: ConfigSnapshot) -> None:
        pbx, features = self.pbx, snapshot.features
        pbx.default_language = snapshot.asterisk.options.defaultlanguage
        pbx.max_calls = snapshot.asterisk.options.maxcalls
        pbx.disconnect_code = features.featuremap.disconnect
        pbx.feature_digit_timeout = features.general.featuredigittimeout / 1000

    def _start_logs(self, snapshot: ConfigSnapshot) -> None:
        logs, said = self.logs, snapshot.asterisk.options
        if self.options.logs is None:
            if not snapshot.logger.files:
                return  # the program that we are part of decides where its log goes
            logs.start()
        logs.quiet = logs.quiet or said.quiet
        logs.verbose = max(logs.verbose, said.verbose)
        logs.debug = max(logs.debug, said.debug)
        logs.whose = self._whose_task
        self._apply_logs(snapshot)

    def _apply_logs(self, snapshot: ConfigSnapshot) -> None:
        for text in self.logs.apply(snapshot.logger, self.paths.log):
            log.error("%s", text)

    def _whose_task(self) -> str:
        """The channel whose dialplan is running, "" when none is."""
        try:
            task = asyncio.current_task()
        except RuntimeError:  # another thread
            return ""
        name = task.get_name() if task is not None else ""
        return name if hasattr(self, "pbx") and name in self.pbx.channels else ""

    def _take_lock(self) -> None:
        """One node for a state folder: the lock ends with the process, however that ends."""
        path = self.paths.run / "offhook.lock"
        self._lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(self._lock, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(self._lock)
            self._lock = -1
            raise StartError(
                f"another Offhook (process {holder}) runs with this state folder ({self.paths.run}): "
                "stop it, or give this one another folder with --state"
            ) from None
        os.ftruncate(self._lock, 0)
        os.write(self._lock, f"{os.getpid()}\n".encode())

    def _read_dialplan(self, snapshot: ConfigSnapshot) -> Dialplan:
        problems = Problems()
        problems.extend(snapshot.problems)
        path = snapshot.folder / "extensions.conf"
        dialplan = read_extensions(path, snapshot, problems)
        lint(dialplan, problems)
        report(problems)
        return dialplan

    def _start_cdr(self, snapshot: ConfigSnapshot) -> None:
        general = snapshot.cdr.general
        settings = CdrSettings(
            enable=general.enable,
            unanswered=general.unanswered,
            congestion=general.congestion,
            cancel_disposition=general.cancel_disposition,
            end_before_h_exten=general.end_before_h_exten,
            initiated_seconds=general.initiated_seconds,
            channel_default_enabled=general.channel_default_enabled,
            ignore_dial_changes=general.ignore_dial_changes,
            ignore_state_changes=general.ignore_state_changes,
        )
        self.cdr = CdrEngine(self.pbx.bus, self.pbx.wall_clock, settings)
        self.pbx.add_service(self.cdr)
        if not general.enable:
            return
        self.cdr.backends.append(CdrSqlite(self.store))
        csv = snapshot.cdr.csv
        if csv is not None and snapshot.modules.wants("cdr_csv"):
            self.cdr.backends.append(
                CdrCsv(
                    self.store,
                    self.paths.cdr_csv,
                    CsvSettings(
                        use_gmt=csv.use_gmt,
                        log_uniqueid=csv.log_uniqueid,
                        log_user_field=csv.log_user_field,
                        account_logs=csv.account_logs,
                        new_columns=csv.new_columns,
                    ),
                )
            )

    def _provide_sounds(self, snapshot: ConfigSnapshot) -> None:
        paths = self.paths
        language = snapshot.asterisk.options.defaultlanguage
        sounds = Sounds(paths.sounds, default_language=language, speech=Speech(paths.cache / "speech"))
        conf = snapshot.indications
        zones = [
            Zone(zone.name, zone.description, zone.ringcadence, dict(zone.tones))
            for zone in conf.zones.values()
        ]
        indications = Indications.builtin().with_zones(zones, conf.country or None)
        self.pbx.provide_sounds(sounds, indications)
        classes = {"default": MusicClass("default", [folder / "moh" for folder in paths.moh])}
        for name, moh in snapshot.musiconhold.classes.items():
            folder = Path(moh.directory)
            folders = [folder] if folder.is_absolute() else [base / folder for base in paths.moh]
            classes[name] = MusicClass(
                name,
                folders,
                entries=moh.entries if moh.mode is Mode.PLAYLIST else (),
                sort=moh.sort.value,
                answered_only=moh.answeredonly,
            )
        music = MusicOnHold(classes, prefer_channel=snapshot.musiconhold.general.preferchannelclass)
        self.pbx.provide_music(music.start)

    def _secrets(self, snapshot: ConfigSnapshot) -> Mapping[str, str]:
        """Passwords of auth sections without one, made at the first start and kept."""
        path = self.paths.db / "secrets.json"
        known, made = new_secrets(path, snapshot)
        self.generated.update(made)
        return known

    def _nonce_secret(self) -> bytes:
        """What nonces are signed with; kept, so that a restart does not ask every phone anew."""
        rows = self.store.query("SELECT value FROM secret WHERE name = 'nonce'")
        if rows:
            return bytes.fromhex(str(rows[0][0]))
        secret = os.urandom(32)
        self.store.submit(
            "INSERT OR REPLACE INTO secret SELECT value ->> 0, value ->> 1 FROM json_each(?)",
            ("nonce", secret.hex()),
        )
        return secret

    # ------------------------------------------------------------ while it runs

    def reload(self) -> list[Problem]:
        """Read all configuration anew and use it for what comes; calls in progress are not touched.

        Nothing changes when there is an error: the problems say what it is.
        """
        snapshot, _ = read_all(self.options)
        problems = Problems()
        problems.extend(snapshot.problems)
        dialplan = read_extensions(snapshot.folder / "extensions.conf", snapshot, problems)
        lint(dialplan, problems)
        report(problems)  # a reload by SIGHUP has nobody else to tell
        found = list(problems)
        if any(problem.severity is Severity.ERROR for problem in found):
            log.error("not reloaded: the running configuration stays")
            return found
        self.runner.install(dialplan)
        self._set_limits(snapshot)
        for note in self.sip.reload(snapshot.pjsip, snapshot.acls, self._secrets(snapshot)):
            log.warning("%s", note)
        self._provide_sounds(snapshot)
        self._apply_logs(snapshot)
        self.snapshot = snapshot
        log.info("configuration reloaded from %s", snapshot.folder)
        return found

    def reload_logs(self) -> list[Problem]:
        """Read logger.conf anew and open the log files again; an error in it changes nothing."""
        snapshot, _ = read_all(self.options)
        path = str(snapshot.folder / "logger.conf")
        found = [problem for problem in snapshot.problems if problem.file == path]
        if not any(problem.severity is Severity.ERROR for problem in found):
            self._apply_logs(snapshot)
            self.snapshot = replace(self.snapshot, logger=snapshot.logger)
        return found

    def request_stop(self) -> None:
        """Begin to stop; wait_stopped() returns when it is done."""
        if not self._stopping:
            self._stopping = True
            self._stop_task = asyncio.get_running_loop().create_task(self.stop())

    async def wait_stopped(self) -> None:
        """Wait until the node has stopped."""
        await self._stopped.wait()

    async def stop(self) -> None:
        """Hang up, unregister, write what is to be written, and close everything.  Idempotent."""
        self._stopping = True
        if self._stopped.is_set():
            return
        if hasattr(self, "pbx"):
            await self.pbx.stop()
        if hasattr(self, "sip"):
            unregistered = asyncio.Event()
            self.sip.stop(unregistered.set)
            try:
                await asyncio.wait_for(unregistered.wait(), 2.0)
            except TimeoutError:
                log.info("stopping without the registrars' answers")
            self.sip.ua.close()
        if hasattr(self, "cdr"):
            self.cdr.close()
        if self._idle is not None:
            self._idle.close()
        if self._console is not None:
            await self._console.close()
        if self._network is not None:
            await self._network.close()
        if self._media is not None:
            self._media.close()
        if hasattr(self, "store"):
            self.store.close()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1
        if self.options.logs is None:
            self.logs.close()
        self._stopped.set()


def read_all(options: NodeOptions) -> tuple[ConfigSnapshot, Paths]:
    """Configuration and folders as the options say.  Raises StartError for a folder that is not there."""
    config_dir, asterisk_conf = options.config_dir, options.asterisk_conf
    if config_dir is None:
        asterisk = None
        if asterisk_conf is not None:
            if not asterisk_conf.is_file():
                raise StartError(f"{asterisk_conf}: there is no such file")
            asterisk = read_config(asterisk_conf.parent, asterisk_conf=asterisk_conf).asterisk
        config_dir = resolve_paths(asterisk=asterisk, asterisk_conf=asterisk_conf).config
    if not config_dir.is_dir():
        raise StartError(f"{config_dir}: there is no such configuration folder")
    snapshot = read_config(config_dir, asterisk_conf=asterisk_conf)
    paths = resolve_paths(
        config_dir, asterisk=snapshot.asterisk, asterisk_conf=asterisk_conf, state=options.state
    )
    return snapshot, paths


def read_extensions(path: Path, snapshot: ConfigSnapshot, problems: Problems) -> Dialplan:
    """The dialplan of a folder; an empty one, with a problem, when there is no extensions.conf."""
    from offhook.dialplan.reader import read_dialplan_text

    if not path.exists():
        problems.warning(str(path), 0, "there is no extensions.conf: no number can be dialled")
        return read_dialplan_text("", file=str(path), problems=problems)
    return read_dialplan(
        path,
        config_dir=snapshot.folder,
        problems=problems,
        exec_includes=snapshot.asterisk.options.execincludes,
    )


def report(problems: Problems) -> None:
    """Log what is wrong with a configuration."""
    for problem in problems:
        level = logging.ERROR if problem.severity is Severity.ERROR else logging.WARNING
        log.log(level, "%s", problem)


def new_secrets(path: Path, snapshot: ConfigSnapshot) -> tuple[dict[str, str], dict[str, str]]:
    """Passwords by auth section from `path`, and those just made for inbound sections that have none.

    Only sections that phones authenticate with get one; what others gave us cannot be made up.  Raises
    StartError when the file is not what we wrote.
    """
    known: dict[str, str] = {}
    if path.exists():
        try:
            loaded = json.loads(path.read_text())
            known = {str(name): str(value) for name, value in loaded.items()}
        except (ValueError, AttributeError) as error:
            raise StartError(f"{path}: not the file of passwords that Offhook wrote: {error}") from error
    made: dict[str, str] = {}
    pjsip = snapshot.pjsip
    for endpoint in pjsip.endpoints.values():
        for name in endpoint.auth:
            auth = pjsip.auths.get(name)
            if auth is None or auth.own_password or auth.own_digests or name in known:
                continue
            made[name] = known[name] = secrets.token_urlsafe(12)
    if made:
        temporary = path.with_suffix(".new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(known, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    return known, made


def _dialplan_paths(paths: Paths) -> dict[str, str]:
    return {
        "astetcdir": str(paths.config),
        "astvarlibdir": str(paths.varlib),
        "astdbdir": str(paths.db),
        "astkeydir": str(paths.key),
        "astdatadir": str(paths.data),
        "astagidir": str(paths.agi),
        "astspooldir": str(paths.spool),
        "astrundir": str(paths.run),
        "astlogdir": str(paths.log),
    }
