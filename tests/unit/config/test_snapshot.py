"""A folder as a whole: the other files, problems of all of them, what a missing file leaves."""

import dataclasses
import gc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offhook.config.errors import ConfigError, Problems, Severity
from offhook.config.files.musiconhold import Mode, Sort
from offhook.config.files.records import RecordsConf
from offhook.config.files.rtp import StrictRtp
from offhook.config.snapshot import ConfigSnapshot, read_config


def read(folder: Path, **files: str) -> ConfigSnapshot:
    for name, text in files.items():
        (folder / f"{name}.conf").write_text(text)
    return read_config(folder)


def good(folder: Path, **files: str) -> ConfigSnapshot:
    snapshot = read(folder, **files)
    assert [str(problem) for problem in snapshot.problems] == []
    return snapshot


def test_an_empty_folder_gives_the_defaults(tmp_path: Path) -> None:
    snapshot = good(tmp_path)
    assert snapshot.files == ()
    assert (snapshot.rtp.rtpstart, snapshot.rtp.rtpend) == (5000, 31000)
    assert snapshot.cdr.general.enable
    assert snapshot.cdr.csv is not None
    assert snapshot.modules.autoload
    assert snapshot.indications.country == "us"


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    snapshot = read_config(tmp_path / "none")
    with pytest.raises(ConfigError, match="no such folder"):
        snapshot.raise_errors()


def test_every_file(tmp_path: Path) -> None:
    snapshot = good(
        tmp_path,
        asterisk="[directories](!)\nastetcdir => /etc/asterisk\n[options]\nverbose = 4\ndebug = yes\n"
        "documentation_language = en_US\nsystemname=pbx\n[files]\nastctl = pbx.ctl\n",
        pjsip="[e]\ntype=endpoint\nallow=ulaw\nacl=office\n",
        rtp="[general]\nrtpstart=10000\nrtpend=20000\nstrictrtp=seqno\nicesupport=no\n",
        cdr="[general]\nunanswered=yes\n[csv]\nloguniqueid=yes\n",
        indications="[general]\ncountry=de\n[de]\ndescription=Germany\nringcadence=1000,4000\n"
        "dial=425\nring=425/1000,0/4000\nwait=!425/200,!600+300/200,400*30/100\n[old]\ndial=425|0\n",
        logger="[general]\ndateformat=%F %T.%3q\nlogger_queue_limit=250\ncustom_levels=Audit\n[logfiles]\n"
        "console => notice,warning,error,verbose(2)\nfull.txt => [json]*\nsecurity => security,verbose\n",
        modules="[modules]\nautoload=no\nload => chan_pjsip.so\nload=app_dial\nnoload=cdr_csv.so\n",
        musiconhold="[general]\npreferchannelclass=no\n[default]\nmode=files\ndirectory=moh\nsort=alpha\n"
        "[list]\nmode=playlist\nentry=/a.wav\nentry=/b\nansweredonly=yes\n",
        ccss="[general]\ncc_max_requests=7\ncc_offered_devstate=busy\n",
        acl="[office]\ndeny=all\npermit=10.0.0.0/8\n",
        features="[general]\nfeaturedigittimeout=500\n[featuremap]\ndisconnect=*0\n[applicationmap]\n",
    )
    options = snapshot.asterisk.options
    assert (options.verbose, options.debug, options.systemname) == (4, 1, "pbx")
    assert snapshot.asterisk.files.astctl == "pbx.ctl"
    assert snapshot.rtp.strictrtp is StrictRtp.SEQNO
    assert snapshot.cdr.general.unanswered
    assert snapshot.cdr.csv is not None
    assert snapshot.cdr.csv.log_uniqueid
    germany = snapshot.indications.zones["de"]
    assert (snapshot.indications.country, germany.ringcadence) == ("de", (1000, 4000))
    assert germany.tones["ring"] == "425/1000,0/4000"
    assert snapshot.indications.zones["old"].tones == {"dial": "425,0"}
    general, files = snapshot.logger.general, snapshot.logger.files
    assert (general.dateformat, general.logger_queue_limit) == ("%F %T.%3q", 250)
    assert general.custom_levels == ("audit",)
    assert (files["console"].levels, files["console"].verbose) == (
        {"notice", "warning", "error", "verbose"},
        2,
    )
    assert (files["full.txt"].format, files["full.txt"].levels >= {"debug", "audit"}) == ("json", True)
    assert files["security"].verbose is None
    assert snapshot.modules.wants("chan_pjsip")
    assert snapshot.modules.wants("app_dial")
    assert not snapshot.modules.wants("cdr_csv")
    assert not snapshot.modules.wants("app_queue")
    classes = snapshot.musiconhold.classes
    assert (classes["default"].directory, classes["default"].sort) == ("moh", Sort.ALPHA)
    assert (classes["list"].mode, classes["list"].entries) == (Mode.PLAYLIST, ("/a.wav", "/b"))
    assert classes["list"].answeredonly
    assert not snapshot.musiconhold.general.preferchannelclass
    assert len(snapshot.acls["office"].rules) == 3
    assert snapshot.features.featuremap.disconnect == "*0"
    assert snapshot.ccss.device_state("offered") == "BUSY"
    assert (snapshot.ccss.cc_max_requests, snapshot.ccss.enabled) == (7, True)
    assert len(snapshot.files) == 11


@pytest.mark.parametrize(
    ("file", "text", "line", "what", "suggestion"),
    [
        ("asterisk", "[option]\n", 1, "unknown section [option]", "options"),
        ("asterisk", "[options]\nverbos=3\n", 2, "unknown option verbos", "verbose"),
        ("asterisk", "[options]\nverbose=much\n", 2, "neither yes nor no", ""),
        ("rtp", "[general]\nrtpstart=100\n", 2, "not between 1024", ""),
        ("rtp", "[general]\nrtpstart=20000\nrtpend=20000\n", 1, "not greater than rtpstart", ""),
        ("rtp", "[general]\nstrictrtp=seq\n", 2, "not one of yes, no, seqno", ""),
        ("cdr", "[general]\nunanswerd=yes\n", 2, "unknown option unanswerd", "unanswered"),
        ("indications", "[general]\ncuntry=us\n", 2, "unknown option cuntry", "country"),
        ("indications", "[us]\ndial=350+440/\n", 2, "'350+440/' in tone dial", ""),
        ("indications", "[us]\nringcadence=x\n", 2, "not milliseconds", ""),
        ("logger", "[logfile]\n", 1, "unknown section [logfile]", "logfiles"),
        ("logger", "[logfiles]\nconsole=warnig\n", 2, "unknown level 'warnig'", "warning"),
        ("logger", "[logfiles]\nconsole=[jsn]error\n", 2, "unknown format [jsn]", "json"),
        ("logger", "[logfiles]\nconsole=verbose(x)\n", 2, "is not verbose(number)", ""),
        ("logger", "[logfiles]\nsyslog.lokal0=*\n", 2, "unknown syslog facility", "local0"),
        ("logger", "[general]\nuse_callids=maybe\n", 2, "neither yes nor no", ""),
        ("modules", "[modules]\nlaod=x\n", 2, "unknown option laod", "load"),
        ("musiconhold", "[default]\nmode=file\ndirectory=moh\n", 2, "is not one of files", "files"),
        ("musiconhold", "[default]\nmode=files\n", 1, "has no directory", ""),
        ("musiconhold", "[default]\nmode=playlist\n", 1, "has no entry", ""),
        ("musiconhold", "[a]\nmode=playlist\nentry=b.wav\n", 3, "neither a path from / on", ""),
        ("acl", "[a]\n[a]\n", 2, "already defined", ""),
        ("acl", "[a]\nallow=1.2.3.4\n", 2, "unknown option allow", ""),
        ("features", "[featuremap]\ndisconnect=hang up\n", 2, "is not a feature code", ""),
        ("ccss", "[general]\ncc_active_devstate=IDLE\n", 2, "'IDLE' is no device state", ""),
        ("ccss", "[general]\ncc_max_request=3\n", 2, "unknown option cc_max_request", "cc_max_requests"),
        ("ccss", "[hint-context]\n", 1, "unknown section [hint-context]", ""),
        ("rtp", "rtpstart=5000\n", 1, "before the first [section]", ""),
        ("rtp", "[general]\nicesupport=yes\nice_acl=inside\n", 3, "there is no list [inside]", ""),
    ],
)
def test_mistakes(tmp_path: Path, file: str, text: str, line: int, what: str, suggestion: str) -> None:
    snapshot = read(tmp_path, **{file: text})
    (problem,) = snapshot.errors
    assert what in problem.what
    assert (problem.file, problem.line) == (str(tmp_path / f"{file}.conf"), line)
    assert problem.suggestion == suggestion


@pytest.mark.parametrize(
    ("file", "text", "severity", "what"),
    [
        ("rtp", "[general]\ndtmftimeout=3000\n", Severity.UNSUPPORTED, "dtmftimeout"),
        ("cdr", "[general]\nbatch=yes\n", Severity.UNSUPPORTED, "no effect"),
        ("cdr", "[radius]\nx=y\n", Severity.UNSUPPORTED, "[radius]"),
        ("features", "[featuremap]\nparkcall=*2\n", Severity.UNSUPPORTED, "parkcall"),
        ("features", "[applicationmap]\nx=*9,me,Echo\n", Severity.ERROR, "feature x"),
        ("musiconhold", "[a]\nmode=quietmp3\ndirectory=x\n", Severity.UNSUPPORTED, "the value quietmp3"),
        ("musiconhold", "[a]\nmode=custom\n", Severity.ERROR, "no application"),
        ("musiconhold", "[a]\nmode=custom\napplication=x\n", Severity.ERROR, "the path of a program"),
        ("musiconhold", "[a]\nmode=custom\napplication=/x '\n", Severity.ERROR, "No closing quotation"),
        ("musiconhold", "[a]\nmode=custom\napplication=/x\nformat=gsm\n", Severity.ERROR, "'gsm'"),
        ("ccss", "[general]\ncc_agent_policy=generic\n", Severity.UNSUPPORTED, "Set(CALLCOMPLETION(cc_agent"),
        ("rtp", "[general]\n[general]\n", Severity.WARNING, "is ignored"),
        ("modules", "[global]\nx=y\n", Severity.WARNING, "no meaning"),
    ],
)
def test_lesser_problems(tmp_path: Path, file: str, text: str, severity: Severity, what: str) -> None:
    problem = read(tmp_path, **{file: text}).problems[0]
    assert problem.severity is severity
    assert what in problem.what


def test_exec_is_allowed_by_asterisk_conf_alone(tmp_path: Path) -> None:
    pjsip = "[e]\ntype=endpoint\n#exec echo allow=ulaw\n"
    snapshot = read(tmp_path, pjsip=pjsip)
    assert "not allowed" in snapshot.problems[0].what
    snapshot = good(tmp_path, asterisk="[options]\nexecincludes=yes\n", pjsip=pjsip)
    assert snapshot.pjsip.endpoints["e"].codecs[0].name == "ulaw"
    snapshot = read(tmp_path, asterisk="[options]\nexecincludes=yes\n#exec echo verbose=3\n")
    assert snapshot.asterisk.options.verbose == 0


def test_asterisk_conf_may_lie_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "my.conf").write_text("[options]\n#include options.inc\n")
    (tmp_path / "etc/options.inc").write_text("verbose=7\n")
    snapshot = read_config(tmp_path / "etc", asterisk_conf=tmp_path / "my.conf")
    assert snapshot.asterisk.options.verbose == 7
    assert len(snapshot.files) == 2


def test_an_unreadable_file_is_an_error_and_the_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "pjsip.conf").mkdir()
    snapshot = read(tmp_path, rtp="[general]\nrtpstart=6000\n")
    assert [problem.line for problem in snapshot.errors] == [0]
    assert snapshot.rtp.rtpstart == 6000


def test_checks_of_other_floors_are_asked(tmp_path: Path) -> None:
    (tmp_path / "pjsip.conf").write_text("[e]\ntype=endpoint\nallow=ulaw\ncontext=offise\n")

    def contexts(snapshot: ConfigSnapshot, problems: Problems) -> None:
        for context, where in snapshot.pjsip.contexts().items():
            problems.error(where.file, where.line, f"there is no context {context}", "office")

    snapshot = read_config(tmp_path, checks=[contexts])
    expected = f"{tmp_path}/pjsip.conf:1: there is no context offise (did you mean office?)"
    assert [str(problem) for problem in snapshot.problems] == [expected]


def test_the_snapshot_does_not_change_and_the_collector_is_left_on(tmp_path: Path) -> None:
    snapshot = good(tmp_path)
    with pytest.raises(dataclasses.FrozenInstanceError):
        snapshot.rtp = None  # type: ignore[misc,assignment]
    assert gc.isenabled()


def test_a_reload_of_the_same_files_is_equal(tmp_path: Path) -> None:
    first = read(tmp_path, pjsip="[e]\ntype=endpoint\nallow=ulaw\n", rtp="[general]\nrtpstart=6000\n")
    assert read_config(tmp_path) == first


FILES = "asterisk pjsip rtp cdr indications logger modules musiconhold acl features".split()  # noqa: SIM905
KEYS = ["type", "allow", "permit", "rtpstart", "verbose", "mode", "dial", "console", "load", "bind", "@x"]
LINES = st.one_of(
    st.sampled_from(["[general]", "[options]", "[e]", "[t](!)", "[e](t)", "[logfiles]", "[modules]"]),
    st.builds(
        "{}={}".format, st.sampled_from(KEYS), st.text(max_size=12) | st.sampled_from(["yes", "5", "aor"])
    ),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(FILES), st.lists(LINES, max_size=12))
def test_no_content_raises(tmp_path: Path, file: str, lines: list[str]) -> None:
    path = tmp_path / f"{file}.conf"
    path.write_text("\n".join(lines), encoding="utf-8", errors="surrogatepass")
    try:
        for problem in read_config(tmp_path).problems:
            str(problem)
    finally:
        path.unlink()


def test_sample_files_of_records_ask_for_nothing(tmp_path: Path) -> None:
    for name, text in {
        "cdr_pgsql.conf": "[global]\n;hostname=localhost\n",
        "cel_odbc.conf": "[general]\n;show_user_defined=yes\n[first]\n;connection=x\n",
        "cdr_adaptive_odbc.conf": ";[first]\n",
        "cdr_custom.conf": "[mappings]\n",
        "cdr_sqlite3_custom.conf": "[master]\n;table => cdr\n",
    }.items():
        (tmp_path / name).write_text(text)
    found = read_config(tmp_path)
    assert [str(problem) for problem in found.errors] == []
    assert found.records == RecordsConf()


def test_what_secures_faxes_is_known_and_has_no_effect(tmp_path: Path) -> None:
    """As in the udptl.conf that Asterisk comes with: no mistake, which would refuse every reload."""
    text = "[general]\nudptlstart=4100\nudptlend=4200\nudptlfecentries = 3\nudptlfecspan = 3\n"
    snapshot = read(tmp_path, udptl=text)
    assert {problem.severity for problem in snapshot.problems} == {Severity.UNSUPPORTED}
    assert [problem.line for problem in snapshot.problems] == [4, 5]
    assert snapshot.udptl.udptlend == 4200


def test_each_person_of_followme_may_be_asked_or_not(tmp_path: Path) -> None:
    text = "[general]\nenable_callee_prompt=no\n[one]\nenable_callee_prompt=>true\n[two]\nnumber=>2\n"
    profiles = good(tmp_path, followme=text).followme.profiles
    assert (profiles["one"].enable_callee_prompt, profiles["two"].enable_callee_prompt) == (True, False)
