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
import logging
import os
from dataclasses import replace
from typing import TYPE_CHECKING

from offhook._core import MediaEngine
from offhook.api.ami.server import ManagerServer
from offhook.api.ari.service import Ari
from offhook.api.capacity import Capacity
from offhook.api.configuration import (
    Configuration,
    NodeOptions,
    StartError,
    at_next_start,
    new_secrets,
    read_all,
    report,
)
from offhook.api.console import server as console
from offhook.api.console.all_commands import COMMANDS
from offhook.api.ice_servers import use_ice_servers
from offhook.api.idle import IdleTrim
from offhook.api.loaded import LoadedModules
from offhook.api.log_rotation import use_logs
from offhook.api.node_variables import dialplan_paths
from offhook.api.packages import Packages
from offhook.api.pjsip_rows import PjsipRows
from offhook.api.records import Records
from offhook.api.sip_services import SipServices
from offhook.api.stopping import Stopping
from offhook.apps import load_applications
from offhook.apps.menus import collect_digits
from offhook.config.errors import Problem, Severity
from offhook.config.files.modules import PARTS
from offhook.config.files.sorcery import MAILBOXES
from offhook.config.paths import PathError, Paths
from offhook.config.snapshot import ConfigSnapshot
from offhook.dialplan.runner import Runner
from offhook.drivers.local import LocalOptimizer, LocalTechnology
from offhook.drivers.rtp import UnicastTechnology
from offhook.drivers.sip.chan_sip import pjsip_dial_string
from offhook.drivers.sip.driver import SipDriver
from offhook.features.astdb import AstDb
from offhook.features.call_completion.service import CallCompletion
from offhook.features.call_files import CallFiles
from offhook.features.conferences import Conferences
from offhook.features.custom_states import keep_devices, keep_presences
from offhook.features.device_states import DeviceStates
from offhook.features.dynamic_features import DynamicFeatures
from offhook.features.hints import Hints
from offhook.features.logs import Logs
from offhook.features.mailboxes import Mailboxes
from offhook.features.media_cache import MediaCache
from offhook.features.music import MusicOnHold, music_classes
from offhook.features.saying import Saying
from offhook.media.indications import Indications, Zone
from offhook.media.music_command import MusicPrograms
from offhook.media.service import MediaService
from offhook.media.sounds import Sounds
from offhook.media.speech import Speech
from offhook.pbx.events import ModuleChanged, Reloaded, StopBegan
from offhook.pbx.pbx import Pbx
from offhook.sip.bindings import StoreBindings
from offhook.sip.transport import AsyncioNetwork, TransportError
from offhook.storage.schema import SCHEMA
from offhook.storage.store import Store, StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from offhook.api.http.server import HttpServer
    from offhook.features.cdr import CdrEngine

__all__ = ["Node", "NodeOptions", "StartError"]

log = logging.getLogger(__name__)

_RELOAD_FAILED = 3  # Asterisk's AST_MODULE_RELOAD_ERROR


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
        self._reloading = asyncio.Lock()
        self._reload_task: asyncio.Task[list[Problem]] | None = None
        self.logs = options.logs or Logs()
        self.store: Store
        self.pbx: Pbx
        self.runner: Runner
        self.sip: SipDriver
        self.records: Records
        self.rows: PjsipRows
        self.cdr: CdrEngine
        self.astdb: AstDb
        self.devices: DeviceStates
        self.conferences: Conferences
        self.completion: CallCompletion
        self.hints: Hints
        self.services: SipServices
        self.mailboxes: Mailboxes
        self.modules: LoadedModules
        self.music: MusicOnHold
        self.music_programs = MusicPrograms()
        self.stopping: Stopping
        self.entity = ""  # six octets, as ${ENTITYID}
        self.ari: Ari | None = None
        self.http: HttpServer | None = None
        self._network: AsyncioNetwork | None = None
        self._console: console.ConsoleServer | None = None
        self._media: MediaService | None = None
        self._idle: IdleTrim | None = None
        self.manager: ManagerServer | None = None
        self._call_files: CallFiles | None = None
        self.problems: tuple[Problem, ...] = ()  # of the configuration that it started with
        self.reloaded_at = 0.0  # seconds since the epoch; the start counts

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
        importlib.import_module("offhook.api.agi")
        importlib.import_module("offhook.api.ari.stasis")
        self.packages = packages = Packages(snapshot.modules)
        packages.declare()
        self.modules = LoadedModules(snapshot.modules)
        configuration = Configuration.of(snapshot, self.options.scripts)
        self.problems = (*configuration.problems, *self.modules.problems())
        report(self.problems)
        named = dialplan_paths(paths, snapshot.asterisk.options.entityid)
        self.entity = named["entityid"]
        self.runner = Runner(configuration.dialplan, paths=named)
        self.runner.has_module = self._has_module
        self.runner.reload = self._reload_for_call
        self.runner.collect_digits = collect_digits
        rtp = snapshot.rtp
        engine = MediaEngine(workers=self.options.media_workers, rtp_start=rtp.rtpstart, rtp_end=rtp.rtpend)
        self._media = MediaService(engine, loop)
        self._media.configure(snapshot.codecs, snapshot.udptl)
        self._media.encryption = snapshot.modules.wants("res_srtp")
        self.pbx = pbx = Pbx(
            loop=loop,
            dialplan=self.runner,
            media=self._media,
            system_name=snapshot.asterisk.options.system_name,
        )
        self.stopping = Stopping(pbx, self.request_stop)
        pbx.recordings = paths.recordings
        self.dynamic_features = DynamicFeatures(pbx, self.runner)
        self._set_limits(snapshot)
        pbx.provide_commit(self.store.after_commit)
        self.astdb = AstDb(self.store)
        await self.astdb.import_once(paths.db / "astdb.sqlite3")
        pbx.add_service(self.astdb)
        pbx.add_service(MediaCache(paths.cache / "media", self.astdb, pbx.wall_clock))
        self._provide_sounds(snapshot)
        self.records = Records(pbx, self.runner, self.store, paths, snapshot)
        self.cdr = self.records.cdr
        self.rows = PjsipRows(self.records.realtime, loop)
        self.snapshot = snapshot = await self.rows.merged(snapshot)
        pbx.add_technology(LocalTechnology(pbx))
        pbx.add_service(LocalOptimizer(pbx))
        pbx.add_technology(UnicastTechnology(pbx))
        self._network = network = AsyncioNetwork(loop)
        self.services = SipServices(pbx, self.runner, network.now, snapshot)
        self.sip = SipDriver(
            pbx,
            snapshot.pjsip,
            network=network,
            resolver=self.services.resolver,
            acls=snapshot.acls,
            secrets_of_auths=self._secrets(snapshot),
            nonce_secret=self._nonce_secret(),
            rtp=rtp,
            store=StoreBindings(self.store),
        )
        pbx.add_technology(self.sip)
        packages.add_technologies(pbx)
        packages.add_commands(COMMANDS)
        pbx.add_other_name("SIP", "PJSIP", pjsip_dial_string)
        self.devices = DeviceStates(pbx)
        keep_devices(self.astdb, self.devices)
        pbx.add_service(self.devices)
        pbx.add_service(snapshot.followme)
        pbx.add_service(Saying(snapshot.say))
        self.completion = CallCompletion(pbx, self.runner, self.devices, snapshot.ccss)
        pbx.add_service(self.completion)
        self.conferences = Conferences(pbx, snapshot.confbridge)
        pbx.add_service(self.conferences)
        pbx.add_service(snapshot.amd)
        use_ice_servers(self._media, snapshot)
        self.sip.open_transports(network)
        self.sip.start()
        self.sip.access.on_stranger = self.rows.stranger_came
        self.rows.watch(lambda: self.snapshot, self.use_rows)
        self.hints = Hints(pbx, self.devices, self.runner)
        keep_presences(self.astdb, self.hints)
        pbx.add_service(self.hints)
        self.services.begin(self.sip, snapshot)
        self.reloaded_at = pbx.wall_clock()
        self.mailboxes = Mailboxes(pbx.bus, self.astdb, self.records.realtime)
        await self.mailboxes.use(snapshot.sorcery.get(MAILBOXES, ()))
        self.manager = ManagerServer(self, snapshot.manager)
        await self.manager.start()
        await self._start_http(snapshot)
        self._console = console.ConsoleServer(paths.socket, COMMANDS, self, snapshot.asterisk.files)
        await self._console.start()
        self._idle = IdleTrim(loop, lambda: self.sip.ua.counters.requests, lambda: len(pbx.channels))
        if snapshot.modules.wants("pbx_spool"):
            outgoing, done = paths.spool / "outgoing", paths.spool / "outgoing_done"
            self._call_files = CallFiles(pbx, self.runner, outgoing, done)
            self._call_files.start()
        self.fully_booted.set()

    async def _start_http(self, snapshot: ConfigSnapshot) -> None:
        """The HTTP server and ARI, where http.conf and ari.conf have them; else their libraries stay away."""
        if not snapshot.http.general.enabled:
            return
        from offhook.api.http.server import HttpServer, HttpServerError

        if snapshot.ari.general.enabled:
            self.ari = Ari(self, snapshot.ari)
            self.pbx.add_service(self.ari)
        self.http = HttpServer(self)
        try:
            await self.http.start(snapshot.http.general)
        except HttpServerError as error:
            log.error("%s: this node is not there by HTTP", error)

    async def _reload_for_call(self, modules: list[str]) -> bool:
        """Reload(): the reload goes on to its end when the call does not."""
        if not all(self._has_module(name.removesuffix(".so")) for name in modules):
            return False
        work = self.reload(modules[0] if len(modules) == 1 else "All")
        self._reload_task = task = asyncio.get_running_loop().create_task(work, name="reload")
        problems = await asyncio.shield(task)
        return not any(problem.severity is Severity.ERROR for problem in problems)

    def _has_module(self, name: str) -> bool:
        return self.modules.is_running(name)

    def _set_limits(self, snapshot: ConfigSnapshot) -> None:
        pbx = self.pbx
        pbx.default_language = snapshot.asterisk.options.defaultlanguage
        options = snapshot.asterisk.options
        pbx.max_calls = options.maxcalls
        limited = options.maxload or options.minmemfree
        pbx.is_exhausted = Capacity(options.maxload, options.minmemfree).is_exhausted if limited else None
        self.runner.live_dangerously = snapshot.asterisk.options.live_dangerously
        self.dynamic_features.use(snapshot.features)

    def _start_logs(self, snapshot: ConfigSnapshot) -> None:
        logs, said = self.logs, snapshot.asterisk.options
        if self.options.logs is None:
            if self.options.embedded or not snapshot.logger.files:
                return  # the program that we are part of decides where its log goes
            logs.start()
        logs.quiet = logs.quiet or said.quiet
        logs.verbose = max(logs.verbose, said.verbose)
        logs.debug = max(logs.debug, said.debug)
        logs.whose = self._whose_task
        self._apply_logs(snapshot)

    def _apply_logs(self, snapshot: ConfigSnapshot) -> None:
        if self.options.embedded:
            return
        use_logs(self, snapshot.logger)

    def _whose_task(self) -> str:
        """The call whose dialplan is running, "" when none is."""
        try:
            task = asyncio.current_task()
        except RuntimeError:  # another thread
            return ""
        if task is None or not hasattr(self, "pbx"):
            return ""
        channel = self.pbx.channels.get(task.get_name())
        return f"C-{channel.call_id:08x}" if channel is not None else ""

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

    def _provide_sounds(self, snapshot: ConfigSnapshot) -> None:
        paths = self.paths
        language = snapshot.asterisk.options.defaultlanguage
        speech, remote = Speech(paths.cache / "speech"), self.pbx.service(MediaCache)
        sounds = Sounds(paths.sounds, default_language=language, speech=speech, remote=remote)
        conf = snapshot.indications
        zones = [
            Zone(zone.name, zone.description, zone.ringcadence, dict(zone.tones))
            for zone in conf.zones.values()
        ]
        indications = Indications.builtin().with_zones(zones, conf.country or None)
        self.pbx.provide_sounds(sounds, indications)
        classes = music_classes(snapshot.musiconhold, paths.moh, remote, self.music_programs)
        self.music = MusicOnHold(classes, prefer_channel=snapshot.musiconhold.general.preferchannelclass)
        self.pbx.provide_music(self.music.start)

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

    async def reload(self, module: str = "All") -> list[Problem]:
        """Read all configuration anew and use it for what comes; calls in progress are not touched.

        Nothing changes when there is an error: the problems say what it is.
        """
        async with self._reloading:
            try:
                # In a thread: meanwhile calls go on.
                found = await asyncio.to_thread(Configuration.read, self.options)
                passwords = dict[str, str]()
                if found.is_usable:
                    self.records.use_databases(found.snapshot)
                    found = replace(found, snapshot=await self.rows.merged(found.snapshot))
                    passwords = dict(self._secrets(found.snapshot))
            except (StartError, OSError) as error:
                log.error("not reloaded: %s", error)
                self.pbx.bus.emit(Reloaded, module, _RELOAD_FAILED)
                return [Problem(Severity.ERROR, str(self.snapshot.folder), 0, str(error))]
            report(found.problems)  # a reload by SIGHUP has nobody else to tell
            if not found.is_usable:
                log.error("not reloaded: the running configuration stays")
                self.pbx.bus.emit(Reloaded, module, _RELOAD_FAILED)
                return list(found.problems)
            notes = self._use(found, passwords)
            await self.mailboxes.use(found.snapshot.sorcery.get(MAILBOXES, ()))
            report(notes)
            if self.manager is not None:
                await self.manager.use(found.snapshot.manager)
            self.reloaded_at = self.pbx.wall_clock()
            self.pbx.bus.emit(Reloaded, module, 0)
            log.info("configuration reloaded from %s", self.snapshot.folder)
            return [*found.problems, *notes]

    def _use(self, configuration: Configuration, passwords: Mapping[str, str]) -> list[Problem]:
        """Swap: from now on this is the configuration.  Gives what takes effect at the next start only."""
        before, snapshot = self.snapshot, configuration.snapshot
        notes = at_next_start(before, snapshot)
        self.snapshot = snapshot
        self.modules.conf = snapshot.modules
        self.runner.install(configuration.dialplan)
        self._set_limits(snapshot)
        self._provide_sounds(snapshot)
        self.records.use(snapshot)
        self._apply_logs(snapshot)
        options = snapshot.asterisk.options
        if options.verbose != before.asterisk.options.verbose:
            self.logs.set_verbose(options.verbose)
        if options.debug != before.asterisk.options.debug:
            self.logs.set_debug(options.debug)
        self.sip.calls.rtp = snapshot.rtp
        self.pbx.media.configure(snapshot.codecs, snapshot.udptl)
        self.pbx.media.encryption = snapshot.modules.wants("res_srtp")
        use_ice_servers(self.pbx.media, snapshot)
        self.services.use(before, snapshot)
        notes += self.sip.reload(snapshot.pjsip, snapshot.acls, passwords)
        self.services.begin(self.sip, snapshot)
        self.devices.review()
        self.conferences.settings = snapshot.confbridge
        self.completion.use(snapshot.ccss)
        self.pbx.add_service(snapshot.amd)
        self.pbx.add_service(snapshot.followme)
        self.pbx.add_service(Saying(snapshot.say))
        return notes

    async def change_object(self, kind: str, name: str, items: Sequence[tuple[str, str]] | None) -> None:
        """Keep an object of PJSIP in memory, from now on; None: forget it.  Raises InvalidObjectError."""
        self.rows.change(kind, name, items)
        await self.use_rows()

    def object_in_memory(self, kind: str, name: str) -> Sequence[tuple[str, str]] | None:
        """What change_object() has kept."""
        return self.rows.in_memory.get((kind, name))

    async def use_rows(self, *, read: bool = False) -> None:
        """Other objects of PJSIP are in the databases, or (`read`) may be: use them."""
        async with self._reloading:
            self.snapshot = snapshot = await self.rows.merged(self.snapshot, read=read)
            report(self.sip.reload(snapshot.pjsip, snapshot.acls, self._secrets(snapshot)))
            self.devices.review()

    async def reload_dialplan(self) -> list[Problem]:
        """Read the dialplan alone anew, for the calls to come; nothing changes when it has an error."""
        async with self._reloading:
            try:
                scripts = self.options.scripts
                found = await asyncio.to_thread(Configuration.of, self.snapshot, scripts, lenient=True)
            except OSError as error:
                return [Problem(Severity.ERROR, str(self.snapshot.folder), 0, str(error))]
            before = set(self.snapshot.problems)
            problems = [problem for problem in found.problems if problem not in before]
            report(problems)
            if any(problem.severity is Severity.ERROR for problem in problems):
                log.error("dialplan not reloaded: the running one stays")
            else:
                self.runner.install(found.dialplan)
            return problems

    async def change_module(self, name: str, wanted: bool) -> None:
        """Load a module, or leave it out; what modules.conf says of PARTS counts again after a reload.

        Raises NotLoadableError.
        """
        asked, name = name, name.removesuffix(".so")
        if name not in PARTS or self.modules.is_running(name) == wanted or name == "pbx_spool":
            self.modules.change(asked, wanted, self.runner, self.pbx)
            return
        self.modules.conf = self.snapshot.modules.with_module(name, wanted)
        self.snapshot = replace(self.snapshot, modules=self.modules.conf)
        self.records.use(self.snapshot)
        if name.startswith("pbx_"):
            await self.reload_dialplan()
        self.pbx.bus.emit(ModuleChanged, asked, wanted)

    def request_reload(self) -> None:
        """Begin to reload (SIGHUP); what comes of it is in the log."""
        if self._reload_task is None or self._reload_task.done():
            self._reload_task = asyncio.get_running_loop().create_task(self.reload(), name="reload")

    def reload_logs(self) -> list[Problem]:
        """Read logger.conf anew and open the log files again; an error in it changes nothing."""
        snapshot, _ = read_all(self.options)
        path = str(snapshot.folder / "logger.conf")
        found = [problem for problem in snapshot.problems if problem.file == path]
        if not any(problem.severity is Severity.ERROR for problem in found):
            self._apply_logs(snapshot)
            self.snapshot = replace(self.snapshot, logger=snapshot.logger)
        return found

    def open_logs(self) -> None:
        """Open the log files again, as logger.conf was read last."""
        self._apply_logs(self.snapshot)

    def give_back_memory(self) -> None:
        """Give free memory back to the system now."""
        if self._idle is not None:
            self._idle.give_back()

    @property
    def can_restart(self) -> bool:
        """Whether the process is this node's own, so that it can begin anew."""
        return self.options.logs is not None and not self.options.embedded

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
        if self._reload_task is not None:
            self._reload_task.cancel()
        if self._call_files is not None:
            await self._call_files.close()
        if hasattr(self, "completion"):
            await self.completion.close()
        if hasattr(self, "pbx"):
            self.pbx.bus.emit(StopBegan, self.stopping.restarts)
            await self.pbx.stop()
            await self.music_programs.close()
            await self.runner.finish()
        if hasattr(self, "services"):
            self.services.close()
            if (cache := self.pbx.service(MediaCache)) is not None:
                cache.close()
        if hasattr(self, "sip"):
            unregistered = asyncio.Event()
            self.sip.stop(unregistered.set)
            try:
                await asyncio.wait_for(unregistered.wait(), 2.0)
            except TimeoutError:
                log.info("stopping without the registrars' answers")
            self.sip.ua.close()
        if hasattr(self, "records"):
            await self.records.close()
        if hasattr(self, "rows"):
            await self.rows.close()
        if self.http is not None:
            await self.http.stop()
        if self.ari is not None:
            self.ari.close()
        if self._idle is not None:
            self._idle.close()
        if self.manager is not None:
            await self.manager.close()
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
        if hasattr(self, "modules"):
            self.modules.close()
        if self.options.logs is None:
            self.logs.close()
        self._stopped.set()
