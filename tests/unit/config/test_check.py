"""offhook check: what it prints and its exit status; and docs/compatibility.md."""

import subprocess
import sys
from pathlib import Path

import pytest

from offhook.cli import check
from offhook.config.errors import Problems
from offhook.config.snapshot import ConfigSnapshot

ROOT = Path(__file__).resolve().parents[3]


def test_mistakes_are_printed_by_file_and_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pjsip.conf").write_text(
        "[a]\ntype=endpoint\nallow=ulaw\nauth=b\nasymmetric_rtp_codec=yes\n#include more.conf\n"
        "[b]\ntype=auth\nusernam=x\n[n]\n"
    )
    (tmp_path / "more.conf").write_text("[c]\ntype=aor\ncontact=x\n")
    assert check.main([str(tmp_path)]) == 1
    assert capsys.readouterr().out.replace(str(tmp_path), "DIR").splitlines() == [
        "DIR/pjsip.conf:5: not supported yet: asymmetric_rtp_codec in endpoint [a] = yes",
        "DIR/pjsip.conf:9: unknown option usernam in auth [b] (did you mean username?)",
        "DIR/pjsip.conf:10: warning: section [n] has no type and is ignored",
        "DIR/more.conf:3: contact of aor [c]: 'x' is not a SIP URI (did you mean sip:x?)",
        "DIR: 2 files, 1 endpoint; 2 errors, 1 warning, 1 not supported yet",
    ]
    assert check.main([str(tmp_path), "--quiet"]) == 1
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_a_good_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pjsip.conf").write_text("[a]\ntype=endpoint\nallow=ulaw\n")
    assert check.main([str(tmp_path)]) == 0
    assert (
        capsys.readouterr().out
        == f"{tmp_path}: 1 file, 1 endpoint; 0 errors, 0 warnings, 0 not supported yet\n"
    )


def test_strict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pjsip.conf").write_text("[a]\ntype=endpoint\nallow=ulaw\nasymmetric_rtp_codec=yes\n")
    assert check.main([str(tmp_path)]) == 0
    assert check.main([str(tmp_path), "--strict"]) == 1


def test_a_named_asterisk_conf_says_where_the_rest_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/pjsip.conf").write_text("[a\n")
    (tmp_path / "my.conf").write_text(f"[directories]\nastetcdir => {tmp_path}/etc\n[options]\nverbos=1\n")
    assert check.main(["-C", str(tmp_path / "my.conf")]) == 1
    lines = capsys.readouterr().out.replace(str(tmp_path), "DIR").splitlines()
    assert [line.split(": ")[0] for line in lines] == ["DIR/my.conf:4", "DIR/etc/pjsip.conf:1", "DIR/etc"]


def test_other_floors_add_their_checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def dialplan(snapshot: ConfigSnapshot, problems: Problems) -> None:
        problems.error(str(snapshot.folder / "extensions.conf"), 3, "no priority 1")

    monkeypatch.setattr(check, "CHECKS", [dialplan])
    assert check.main([str(tmp_path)]) == 1


def test_output_never_fails_nor_controls_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pjsip.conf").write_bytes(b"[a]\ntype=endpoint\n\xff\x1b[31m=x\n")
    assert check.main([str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert r"\udcff\x1b[31m" in out


def compatibility(option: str) -> tuple[int, str]:
    script = str(ROOT / "scripts/compatibility.py")
    done = subprocess.run([sys.executable, script, option], capture_output=True, check=False, text=True)
    return done.returncode, done.stdout + done.stderr


def test_the_page_of_what_works_is_up_to_date() -> None:
    assert compatibility("--check") == (0, "")


def test_every_option_that_is_declared_is_read_by_code() -> None:
    """What is only declared is a lie: it is neither carried out nor reported as not supported yet."""
    code, unread = compatibility("--unread")
    assert (code, unread.split("\n")) == (0, ["", ""])


def test_what_counts_as_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    import ast

    import compatibility

    reads = compatibility._Reads()
    reads.visit(
        ast.parse(
            "a(self._endpoint.context)\n"
            "Settings(zone=endpoint.tone_zone or 'us', timers=Timers(endpoint.timers))\n"
            "endpoint.written = 1\n"
            "OfferAnswer(username=endpoint.sdp_owner)\n"
        )
    )
    assert [read for read in reads.reads if read[0] == "endpoint"] == [
        ("endpoint", "context", ""),
        ("endpoint", "tone_zone", "zone"),  # counts when somebody reads `zone`
        ("endpoint", "timers", "timers"),
        ("endpoint", "sdp_owner", ""),  # what the core is given, it uses
    ]
    # A field that nobody reads is found, and one of the same name elsewhere does not hide it.
    monkeypatch.setitem(compatibility.HOLDERS, "endpoint", {"nobody"})
    found = compatibility.unread()
    assert "pjsip.conf endpoint transport" in found
    assert "pjsip.conf aor max_contacts" not in found
