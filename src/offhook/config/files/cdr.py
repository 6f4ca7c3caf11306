"""cdr.conf: whether and how calls are recorded."""

from __future__ import annotations

from dataclasses import dataclass, field

from offhook.config.errors import Problems, Where
from offhook.config.files.sections import read_sections
from offhook.config.reader import ConfigFile, Section
from offhook.config.schema import ObjectType, option
from offhook.config.values import boolean

__all__ = ["CSV", "GENERAL", "CdrConf", "CdrCsv", "CdrGeneral", "read_cdr_conf"]


@dataclass(frozen=True, slots=True)
class CdrGeneral:
    """[general]."""

    name: str = "general"
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    enable: bool = option(True, boolean)
    unanswered: bool = option(False, boolean)
    congestion: bool = option(False, boolean)
    cancel_disposition: bool = option(False, boolean, name="canceldispositionenabled")
    end_before_h_exten: bool = option(True, boolean, name="endbeforehexten")
    initiated_seconds: bool = option(False, boolean, name="initiatedseconds")
    channel_default_enabled: bool = option(True, boolean, name="channeldefaultenabled")
    ignore_dial_changes: bool = option(False, boolean, name="ignoredialchanges")
    ignore_state_changes: bool = option(False, boolean, name="ignorestatechanges")


@dataclass(frozen=True, slots=True)
class CdrCsv:
    """[csv]: the files of cdr_csv."""

    name: str = "csv"
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    use_gmt: bool = option(False, boolean, name="usegmtime")
    log_uniqueid: bool = option(False, boolean, name="loguniqueid")
    log_user_field: bool = option(False, boolean, name="loguserfield")
    account_logs: bool = option(True, boolean, name="accountlogs")
    new_columns: bool = option(False, boolean, name="newcdrcolumns")


_GROUPED = "records are always written in groups, and before the call is reported as ended"

GENERAL = ObjectType(
    "cdr.conf",
    "general",
    CdrGeneral,
    needless=dict.fromkeys(("batch", "size", "time", "scheduleronly", "safeshutdown"), _GROUPED),
)
CSV = ObjectType("cdr.conf", "csv", CdrCsv)


@dataclass(frozen=True, slots=True)
class CdrConf:
    """What cdr.conf says; `csv` is None where the file has no [csv], which turns Master.csv off."""

    general: CdrGeneral = CdrGeneral()
    csv: CdrCsv | None = CdrCsv()


def read_cdr_conf(config: ConfigFile, problems: Problems) -> CdrConf:
    """The typed content of cdr.conf."""

    def other(section: Section) -> None:
        # Each record backend reads a section of its own here (radius, and modules of other people).
        problems.unsupported(section.file, section.line, f"section [{section.name}] of cdr.conf")

    found = read_sections(config, problems, {"general": GENERAL, "csv": CSV}, other=other)
    return CdrConf(found.get("general", CdrGeneral()), found.get("csv"))
