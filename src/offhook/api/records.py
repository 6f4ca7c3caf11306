"""The node's records and databases, put together as cdr.conf, cel.conf, extconfig.conf ... want them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from offhook.config.files.databases import DatabaseConf, pgsql_url
from offhook.dialplan.templates import compile_template
from offhook.features.cdr import CdrBackend, CdrEngine, CdrSettings
from offhook.features.cdr_backends import CdrCsv, CdrSqlite, CsvSettings
from offhook.features.cel import CelBackend, CelEngine, CelRecord
from offhook.features.databases import Databases
from offhook.features.odbc import OdbcFunctions
from offhook.features.queue_log import QueueLog
from offhook.features.realtime import Realtime
from offhook.features.realtime.switch import NAME as REALTIME_SWITCH
from offhook.features.realtime.switch import RealtimeSwitch
from offhook.features.records.files import CdrFile, CdrSyslog, CelFile
from offhook.features.records.manager import CdrManager, CelManager
from offhook.features.records.outbox import Outbox, Target
from offhook.features.records.tables import (
    CDR_ALIASES,
    CEL_ALIASES,
    AdaptiveCdr,
    AdaptiveCel,
    MasterDb,
    SqliteCdr,
    SqliteCel,
    SqlTable,
)
from offhook.pbx.party import PartyId, Redirecting
from offhook.storage.sql import SqlError

if TYPE_CHECKING:
    from pathlib import Path

    from offhook.config.files.records import AdaptiveTable, PgsqlTable, RecordFile
    from offhook.config.paths import Paths
    from offhook.config.snapshot import ConfigSnapshot
    from offhook.dialplan.call import Call
    from offhook.dialplan.runner import Runner
    from offhook.features.cdr import Cdr
    from offhook.pbx.pbx import Pbx
    from offhook.storage.store import Store

__all__ = ["Records"]

log = logging.getLogger(__name__)


class Records:
    """The engines of call records and channel events, and where both write."""

    def __init__(
        self, pbx: Pbx, runner: Runner, store: Store, paths: Paths, snapshot: ConfigSnapshot
    ) -> None:
        self._pbx = pbx
        self._runner = runner
        self._store = store
        self._paths = paths
        self._reader: Call | None = None
        self.cdr = CdrEngine(pbx.bus, pbx.wall_clock, _cdr_settings(snapshot))
        self.cel = CelEngine(pbx.bus, pbx.wall_clock, snapshot.cel.general)
        self.databases = Databases()
        self.realtime = Realtime(self.databases)
        self.odbc = OdbcFunctions(self.databases)
        self.switch = RealtimeSwitch(self.realtime, pbx.loop)
        self.outbox = Outbox(store)
        self.queue_log = QueueLog(store, self.realtime, paths.log, pbx.wall_clock)
        runner.switches[REALTIME_SWITCH] = self.switch
        runner.when_installed(self.switch.prepare)
        for service in (self.cdr, self.cel, self.databases, self.realtime, self.odbc, self.queue_log):
            pbx.add_service(service)
        self.use(snapshot)
        self.switch.prepare(runner.dialplan)

    def use(self, snapshot: ConfigSnapshot) -> None:
        """How records are made and where they go, from now on."""
        self.use_databases(snapshot)
        self.queue_log.use(snapshot.logger.general)
        self.cdr.settings = _cdr_settings(snapshot)
        if self.cel.settings != snapshot.cel.general:
            self.cel.use(snapshot.cel.general)
        targets: list[Target] = []
        self.cdr.backends[:] = self._cdr_backends(snapshot, targets) if snapshot.cdr.general.enable else ()
        self.cel.backends[:] = self._cel_backends(snapshot, targets) if snapshot.cel.general.enable else ()
        self.outbox.use(targets)

    def use_databases(self, snapshot: ConfigSnapshot) -> None:
        """Which databases there are, and what is asked of them, from now on."""
        self.databases.use(_databases(snapshot))
        self.realtime.use(snapshot.families)
        self.odbc.known = snapshot.odbc

    async def submit(self) -> None:
        """Have everything written that waits (`cdr submit`)."""
        await self._store.flush()
        await self.outbox.submit()

    async def close(self) -> None:
        """Finish the open records and stop."""
        await self.odbc.settle()
        await self.queue_log.close()
        self.cdr.close()
        self.cel.close()
        self.switch.close()
        self.outbox.close()
        self.databases.close()

    # ------------------------------------------------------------ backends

    def _cdr_backends(self, snapshot: ConfigSnapshot, targets: list[Target]) -> list[CdrBackend]:
        conf, wants, store = snapshot.records, snapshot.modules.wants, self._store
        found: list[CdrBackend] = [CdrSqlite(store)]
        csv = snapshot.cdr.csv
        if csv is not None and wants("cdr_csv"):
            settings = CsvSettings(
                use_gmt=csv.use_gmt,
                log_uniqueid=csv.log_uniqueid,
                log_user_field=csv.log_user_field,
                account_logs=csv.account_logs,
                new_columns=csv.new_columns,
            )
            found.append(CdrCsv(store, self._paths.cdr_csv, settings))
        if wants("cdr_custom"):
            found += [
                CdrFile(store, self._path("cdr-custom", file), file, self._render_cdr)
                for file in conf.cdr_custom
            ]
        if wants("cdr_manager") and conf.manager.enabled:
            found.append(CdrManager(self._pbx.bus, conf.manager.mappings))
        if wants("cdr_syslog"):
            found += [CdrSyslog(line, self._render_cdr) for line in conf.syslog]
        if wants("cdr_sqlite3_custom") and conf.cdr_sqlite3 is not None:
            name = "cdr_sqlite3_custom"
            targets.append(MasterDb(name, self._paths.log / "master.db", conf.cdr_sqlite3))
            found.append(SqliteCdr(self.outbox, name, conf.cdr_sqlite3, self._render_cdr))
        if wants("cdr_pgsql") and conf.cdr_pgsql is not None:
            targets.extend(self._table("cdr_pgsql", conf.cdr_pgsql, "cdr", CDR_ALIASES))
            found.append(AdaptiveCdr(self.outbox, "cdr_pgsql"))
        for module, tables in (("cdr_adaptive_odbc", conf.adaptive), ("cdr_odbc", conf.cdr_odbc)):
            for table in tables if wants(module) else ():
                target = self._adaptive(module, table, {})
                if target is not None:
                    targets.append(target)
                    found.append(AdaptiveCdr(self.outbox, target.name, table.filters))
        return found

    def _cel_backends(self, snapshot: ConfigSnapshot, targets: list[Target]) -> list[CelBackend]:
        conf, wants, store = snapshot.records, snapshot.modules.wants, self._store
        found: list[CelBackend] = []
        if wants("cel_custom"):
            found += [
                CelFile(store, self._path("cel-custom", file), file, self._render_cel)
                for file in conf.cel_custom
            ]
        if wants("cel_manager") and snapshot.cel.manager.enabled:
            show = snapshot.cel.manager.show_user_defined
            found.append(CelManager(self._pbx.bus, show_user_defined=show))
        if wants("cel_sqlite3_custom") and conf.cel_sqlite3 is not None:
            name = "cel_sqlite3_custom"
            targets.append(MasterDb(name, self._paths.log / "master.db", conf.cel_sqlite3))
            found.append(SqliteCel(self.outbox, name, conf.cel_sqlite3, self._render_cel))
        if wants("cel_pgsql") and conf.cel_pgsql is not None:
            targets.extend(self._table("cel_pgsql", conf.cel_pgsql, "cel", CEL_ALIASES))
            found.append(AdaptiveCel(self.outbox, "cel_pgsql"))
        for table in conf.cel_odbc if wants("cel_odbc") else ():
            target = self._adaptive("cel_odbc", table, CEL_ALIASES)
            if target is not None:
                targets.append(target)
                found.append(AdaptiveCel(self.outbox, target.name, table.filters))
        return found

    def _adaptive(self, module: str, table: AdaptiveTable, columns: dict[str, str]) -> SqlTable | None:
        """A table of a database by name; None, with an error in the log, when there is no such database."""
        try:
            database = self.databases.get(table.connection)
        except SqlError as error:
            log.error("%s: %s", table.where, error)
            return None
        return SqlTable(
            f"{module} {table.name}",
            database,
            table.table,
            schema=table.schema,
            gmt=table.use_gmt,
            columns={**columns, **{column: field for field, column in table.aliases.items()}},
            static=table.static,
        )

    def _path(self, folder: str, file: RecordFile) -> Path:
        return self._paths.log / folder / file.name  # an absolute one stays as it is

    def _table(self, name: str, conf: PgsqlTable, default: str, columns: dict[str, str]) -> list[Target]:
        gmt = conf.use_gmt or bool(conf.timezone)
        return [
            SqlTable(
                name,
                self.databases.get(name),
                conf.table or default,
                schema=conf.schema,
                gmt=gmt,
                columns=columns,
            )
        ]

    # ------------------------------------------------------------ templates of the dialplan's

    def _call(self) -> Call:
        if self._reader is None:
            self._reader = self._runner.call_without_channel(self._pbx)
        return self._reader

    def _render_cdr(self, cdr: Cdr, template: str) -> str:
        call = self._call()
        with self.cdr.lend(call.channel, cdr):
            return compile_template(template).render(call)

    def _render_cel(self, record: CelRecord, template: str) -> str:
        call = self._call()
        channel = call.channel
        channel.name, channel.uniqueid, channel.linkedid = record.channel, record.uniqueid, record.linkedid
        channel.caller = PartyId(record.caller_number, record.caller_name)
        channel.redirecting, channel.dialed = Redirecting(by=PartyId(record.rdnis)), record.dnid
        channel.context, channel.exten = record.context, record.exten
        channel.application, channel.application_data = record.application, record.data
        channel.account_code, channel.peer_account = record.account_code, record.peer_account
        channel.user_field = record.user_field
        channel.ama_flags = _FLAGS.get(record.ama_flags, 3)
        channel.variables.update(
            eventtype=record.user_event or record.event,
            eventenum=record.event,
            eventtime=record.time_text,
            userdeftype=record.user_event,
            eventextra=record.extra,
            BRIDGEPEER=record.peer,
        )
        return compile_template(template).render(call)


_FLAGS = {"OMIT": 1, "BILLING": 2, "DOCUMENTATION": 3}


def _databases(snapshot: ConfigSnapshot) -> dict[str, DatabaseConf]:
    """Every database by its name; those of cdr_pgsql.conf and cel_pgsql.conf have the modules' names."""
    found = dict(snapshot.databases)
    for name, conf in (("cdr_pgsql", snapshot.records.cdr_pgsql), ("cel_pgsql", snapshot.records.cel_pgsql)):
        if conf is not None:
            url = pgsql_url(conf.hostname, conf.port, conf.dbname, conf.user, conf.password, conf.appname)
            found[name] = DatabaseConf(name, url, conf.where, connections=1)
    return found


def _cdr_settings(snapshot: ConfigSnapshot) -> CdrSettings:
    general = snapshot.cdr.general
    return CdrSettings(
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
