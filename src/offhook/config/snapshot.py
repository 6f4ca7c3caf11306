"""A whole configuration folder as one immutable, typed value, with every problem that it has.

    snapshot = read_config(Path("/etc/asterisk"))
    for problem in snapshot.problems: print(problem)

A reload reads the next snapshot, refuses it when it has errors, and swaps otherwise; calls in progress keep
the snapshot that they started with.  extensions.conf belongs to the dialplan, which reads it with
`offhook.config.reader` and may add its problems through `checks`.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from offhook.config.errors import ConfigError, Problem, Problems, Severity
from offhook.config.files.amd import AmdConf, read_amd_conf
from offhook.config.files.ari import AriConf, read_ari_conf
from offhook.config.files.asterisk import AsteriskConf, read_asterisk_conf
from offhook.config.files.ccss import CcssConf, read_ccss_conf
from offhook.config.files.cdr import CdrConf, read_cdr_conf
from offhook.config.files.cel import CelConf, read_cel_conf
from offhook.config.files.cli import CliPermissions, read_cli_aliases, read_cli_permissions
from offhook.config.files.codecs import CodecsConf, read_codecs_conf
from offhook.config.files.confbridge import ConfbridgeConf, read_confbridge_conf
from offhook.config.files.databases import (
    DatabaseConf,
    read_res_config_sqlite3,
    read_res_odbc,
    read_res_pgsql,
)
from offhook.config.files.dnsmgr import DnsmgrConf, read_dnsmgr_conf
from offhook.config.files.features import FeaturesConf, read_features_conf
from offhook.config.files.followme import FollowMeConf, read_followme_conf
from offhook.config.files.http import HttpConf, read_http_conf
from offhook.config.files.indications import IndicationsConf, read_indications_conf
from offhook.config.files.logger import LoggerConf, read_logger_conf
from offhook.config.files.manager import ManagerConf, read_manager_conf
from offhook.config.files.modules import ModulesConf, read_modules_conf
from offhook.config.files.musiconhold import MusicOnHoldConf, read_musiconhold_conf
from offhook.config.files.pjsip_notify import Notifies, read_pjsip_notify_conf
from offhook.config.files.realtime import FamilyConf, OdbcFunction, read_extconfig, read_func_odbc
from offhook.config.files.records import (
    RecordsConf,
    read_adaptive,
    read_cdr_manager,
    read_cdr_odbc,
    read_custom,
    read_pgsql,
    read_sqlite3_custom,
    read_syslog,
)
from offhook.config.files.resolver_unbound import ResolverConf, read_resolver_conf
from offhook.config.files.rtp import RtpConf, read_rtp_conf
from offhook.config.files.say import SayConf, read_say_conf
from offhook.config.files.sorcery import read_memory, read_sorcery
from offhook.config.files.statsd import StatsdConf, read_statsd_conf
from offhook.config.files.udptl import UdptlConf, read_udptl_conf
from offhook.config.files.websocket_client import WebsocketClient, read_websocket_client_conf
from offhook.config.pjsip import NamedAcl, PjsipConfig, read_pjsip
from offhook.config.pjsip.access import NAMED_ACL
from offhook.config.pjsip.wizard import Wizards, read_pjsip_wizard
from offhook.config.reader import ConfigFile, read_file

__all__ = ["Check", "ConfigSnapshot", "read_config"]

T = TypeVar("T")

_ACL_FAMILY = "acls"  # of extconfig.conf: rules of named lists


def _no_notifies() -> dict[str, tuple[tuple[str, str], ...]]:
    return {}


@dataclass(frozen=True, slots=True)
class ConfigSnapshot:
    """What the files of a folder say; a file that is missing leaves the defaults."""

    folder: Path
    asterisk: AsteriskConf = field(default_factory=AsteriskConf)
    pjsip: PjsipConfig = field(default_factory=PjsipConfig)
    wizards: Wizards = field(default_factory=Wizards)
    notifies: Notifies = field(default_factory=_no_notifies)
    rtp: RtpConf = field(default_factory=RtpConf)
    resolver: ResolverConf = field(default_factory=ResolverConf)
    statsd: StatsdConf = field(default_factory=StatsdConf)
    udptl: UdptlConf = field(default_factory=UdptlConf)
    dnsmgr: DnsmgrConf = field(default_factory=DnsmgrConf)
    say: SayConf = field(default_factory=SayConf)
    cdr: CdrConf = field(default_factory=CdrConf)
    cel: CelConf = field(default_factory=CelConf)
    records: RecordsConf = field(default_factory=RecordsConf)
    databases: Mapping[str, DatabaseConf] = field(default_factory=lambda: dict[str, DatabaseConf]())
    """By the names of res_odbc.conf and res_config_sqlite3.conf; `pgsql` is that of res_pgsql.conf."""
    indications: IndicationsConf = field(default_factory=IndicationsConf)
    logger: LoggerConf = field(default_factory=LoggerConf)
    modules: ModulesConf = field(default_factory=ModulesConf)
    musiconhold: MusicOnHoldConf = field(default_factory=MusicOnHoldConf)
    cli_permissions: CliPermissions = field(default_factory=CliPermissions)
    cli_aliases: Mapping[str, str] = field(default_factory=lambda: dict[str, str]())
    """Further names of console commands -> the commands."""
    acls: Mapping[str, NamedAcl] = field(default_factory=lambda: dict[str, NamedAcl]())
    codecs: CodecsConf = field(default_factory=CodecsConf)
    amd: AmdConf = field(default_factory=AmdConf)
    ccss: CcssConf = field(default_factory=CcssConf)
    features: FeaturesConf = field(default_factory=FeaturesConf)
    followme: FollowMeConf = field(default_factory=FollowMeConf)
    confbridge: ConfbridgeConf = field(default_factory=ConfbridgeConf)
    manager: ManagerConf = field(default_factory=ManagerConf)
    http: HttpConf = field(default_factory=HttpConf)
    ari: AriConf = field(default_factory=AriConf)
    websocket_clients: Mapping[str, WebsocketClient] = field(
        default_factory=lambda: dict[str, WebsocketClient]()
    )
    """websocket_client.conf."""
    families: Mapping[str, tuple[FamilyConf, ...]] = field(
        default_factory=lambda: dict[str, tuple[FamilyConf, ...]]()
    )
    """extconfig.conf."""
    sorcery: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: dict[str, tuple[str, ...]]())
    """sorcery.conf: the families whose rows are objects of PJSIP, by their type."""
    in_memory: frozenset[str] = frozenset()
    """sorcery.conf: the types of PJSIP's objects that programs may make."""
    odbc: Mapping[str, OdbcFunction] = field(default_factory=lambda: dict[str, OdbcFunction]())
    """func_odbc.conf."""
    problems: tuple[Problem, ...] = ()
    """Everything found, in the order of the files."""
    files: tuple[str, ...] = ()
    """Every file that was read, with those included."""

    @property
    def acl_names(self) -> Collection[str] | None:
        """The named lists; None when more of them are rows of a database."""
        return None if _ACL_FAMILY in self.families else self.acls

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that should keep this snapshot from being used."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.ERROR)

    def raise_errors(self) -> None:
        """Refuse a snapshot with errors.

        Raises:
            ConfigError: the first error.
        """
        for problem in self.errors:
            raise ConfigError(problem.file, problem.line, problem.what, problem.suggestion)


Check = Callable[[ConfigSnapshot, Problems], None]
"""Looks at a whole snapshot and adds what it finds: the dialplan's linter, the existence of contexts."""


def read_config(
    folder: str | Path,
    *,
    asterisk_conf: str | Path | None = None,
    exec_includes: bool = False,
    checks: Iterable[Check] = (),
    declare: Callable[[ModulesConf], None] | None = None,
) -> ConfigSnapshot:
    """Read a folder; never raises for what is in it, see `ConfigSnapshot.problems`.

    `asterisk_conf` is asterisk.conf where it lies elsewhere (`-C`); its `execincludes` allows #exec as
    `exec_includes` does.  `declare` is called when modules.conf is known, to make known what
    the modules that it wants add to the language of the other files (codecs).
    """
    # Tens of thousands of new objects and no cycle among them: the collector would only look for some.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _Folder(Path(folder), exec_includes).read(asterisk_conf, checks, declare)
    finally:
        if collecting:
            gc.enable()


class _Folder:
    def __init__(self, folder: Path, exec_includes: bool) -> None:
        self.folder = folder
        self.exec_includes = exec_includes
        self.problems = Problems()
        self.files: list[str] = []

    def read(
        self,
        asterisk_conf: str | Path | None,
        checks: Iterable[Check],
        declare: Callable[[ModulesConf], None] | None,
    ) -> ConfigSnapshot:
        problems = self.problems
        main = Path(asterisk_conf) if asterisk_conf is not None else self.folder / "asterisk.conf"
        if not self.folder.is_dir():
            problems.error(str(self.folder), 0, "there is no such folder")
        asterisk = self.file(main, read_asterisk_conf, AsteriskConf(), is_main=True)
        self.exec_includes = self.exec_includes or asterisk.options.execincludes
        modules = self.named("modules.conf", read_modules_conf, ModulesConf())
        if declare is not None:
            declare(modules)
        acls = self.named("acl.conf", _named_acls, dict[str, NamedAcl]())

        families = self.named("extconfig.conf", read_extconfig, dict[str, tuple[FamilyConf, ...]]())
        acl_names = None if _ACL_FAMILY in families else acls

        wizards = self.named("pjsip_wizard.conf", read_pjsip_wizard, Wizards())

        def pjsip(config: ConfigFile, problems: Problems) -> PjsipConfig:
            if wizards.sections:
                config = config.with_sections(wizards.sections)
            return read_pjsip(config, problems, named_acls=acl_names)

        def rtp(config: ConfigFile, problems: Problems) -> RtpConf:
            return read_rtp_conf(config, problems, acls)

        no_pjsip = PjsipConfig()
        if wizards.sections and not (self.folder / "pjsip.conf").exists():
            no_pjsip = pjsip(ConfigFile(str(self.folder / "pjsip.conf"), [], [], {}, ()), problems)

        snapshot = ConfigSnapshot(
            folder=self.folder,
            asterisk=asterisk,
            modules=modules,
            logger=self.named("logger.conf", read_logger_conf, LoggerConf()),
            acls=acls,
            cli_permissions=self.named("cli_permissions.conf", read_cli_permissions, CliPermissions()),
            cli_aliases=self.named("cli_aliases.conf", read_cli_aliases, dict[str, str]()),
            pjsip=self.named("pjsip.conf", pjsip, no_pjsip),
            wizards=wizards,
            notifies=self.named("pjsip_notify.conf", read_pjsip_notify_conf, _no_notifies()),
            rtp=self.named("rtp.conf", rtp, RtpConf()),
            statsd=self.named("statsd.conf", read_statsd_conf, StatsdConf()),
            resolver=self.named("resolver_unbound.conf", read_resolver_conf, ResolverConf()),
            udptl=self.named("udptl.conf", read_udptl_conf, UdptlConf()),
            dnsmgr=self.named("dnsmgr.conf", read_dnsmgr_conf, DnsmgrConf()),
            say=self.named("say.conf", read_say_conf, SayConf()),
            cdr=self.named("cdr.conf", read_cdr_conf, CdrConf()),
            cel=self.named("cel.conf", read_cel_conf, CelConf()),
            records=self.records(),
            databases=self.databases(),
            families=families,
            sorcery=self.named("sorcery.conf", read_sorcery, dict[str, tuple[str, ...]]()),
            in_memory=self.named("sorcery.conf", read_memory, frozenset[str]()),
            odbc=self.named("func_odbc.conf", read_func_odbc, dict[str, OdbcFunction]()),
            indications=self.named("indications.conf", read_indications_conf, IndicationsConf()),
            musiconhold=self.named("musiconhold.conf", read_musiconhold_conf, MusicOnHoldConf()),
            codecs=self.named("codecs.conf", read_codecs_conf, CodecsConf()),
            amd=self.named("amd.conf", read_amd_conf, AmdConf()),
            ccss=self.named("ccss.conf", read_ccss_conf, CcssConf()),
            features=self.named("features.conf", read_features_conf, FeaturesConf()),
            followme=self.named("followme.conf", read_followme_conf, FollowMeConf()),
            confbridge=self.named("confbridge.conf", read_confbridge_conf, ConfbridgeConf()),
            manager=self.named("manager.conf", read_manager_conf, ManagerConf()),
            http=self.named("http.conf", read_http_conf, HttpConf()),
            ari=self.named("ari.conf", read_ari_conf, AriConf()),
            websocket_clients=self.named(
                "websocket_client.conf", read_websocket_client_conf, dict[str, WebsocketClient]()
            ),
        )
        for check in checks:
            check(snapshot, problems)
        return replace(snapshot, problems=tuple(problems), files=tuple(self.files))

    def records(self) -> RecordsConf:
        """Where records go besides their own files."""
        return RecordsConf(
            cdr_custom=self.named("cdr_custom.conf", read_custom, ()),
            cel_custom=self.named("cel_custom.conf", read_custom, ()),
            cdr_sqlite3=self.named("cdr_sqlite3_custom.conf", read_sqlite3_custom, None),
            cel_sqlite3=self.named("cel_sqlite3_custom.conf", read_sqlite3_custom, None),
            adaptive=self.named("cdr_adaptive_odbc.conf", read_adaptive, ()),
            cdr_odbc=self.named("cdr_odbc.conf", read_cdr_odbc, ()),
            cel_odbc=self.named("cel_odbc.conf", read_adaptive, ()),
            cdr_pgsql=self.named("cdr_pgsql.conf", read_pgsql, None),
            cel_pgsql=self.named("cel_pgsql.conf", read_pgsql, None),
            manager=self.named("cdr_manager.conf", read_cdr_manager, RecordsConf().manager),
            syslog=self.named("cdr_syslog.conf", read_syslog, ()),
        )

    def databases(self) -> dict[str, DatabaseConf]:
        """The databases that other files name."""
        found = self.named("res_config_sqlite3.conf", read_res_config_sqlite3, dict[str, DatabaseConf]())
        found |= self.named("res_odbc.conf", read_res_odbc, dict[str, DatabaseConf]())
        pgsql = self.named("res_pgsql.conf", read_res_pgsql, None)
        return found if pgsql is None else {**found, "pgsql": pgsql}

    def named(self, name: str, typed: Callable[[ConfigFile, Problems], T], default: T) -> T:
        return self.file(self.folder / name, typed, default)

    def file(
        self,
        path: Path,
        typed: Callable[[ConfigFile, Problems], T],
        default: T,
        *,
        is_main: bool = False,
    ) -> T:
        """The typed content of a file, or the default where there is none.

        asterisk.conf itself, which says whether #exec is allowed, runs nothing.
        """
        if not path.exists():
            return default
        exec_includes = self.exec_includes and not is_main
        try:
            config = read_file(
                path, config_dir=self.folder, problems=self.problems, exec_includes=exec_includes
            )
        except ConfigError as error:
            self.problems.error(error.file, error.line, error.what)
            return default
        self.files += config.files
        return typed(config, self.problems)


def _named_acls(config: ConfigFile, problems: Problems) -> dict[str, NamedAcl]:
    found: dict[str, NamedAcl] = {}
    reading = NAMED_ACL.reading(problems)
    for section in config.sections:
        if section.name in found:
            what = f"list [{section.name}] is already defined at {found[section.name].where}"
            problems.error(section.file, section.line, what)
            continue
        read = reading.read(section)
        if read is not None:
            found[section.name] = read
    return found
