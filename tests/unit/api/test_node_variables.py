"""Variables of the node that a dialplan sees."""

from __future__ import annotations

import re
from pathlib import Path

from offhook.api.node_variables import dialplan_paths
from offhook.config.paths import resolve_paths
from offhook.config.snapshot import read_config
from offhook.dialplan.computed import PATHS


def test_every_folder_of_asterisk_has_a_value(tmp_path: Path) -> None:
    values = dialplan_paths(resolve_paths(tmp_path, state=tmp_path / "state"), "")
    assert [name for name, key in PATHS.items() if not values.get(key)] == []
    assert re.fullmatch("([0-9a-f]{2}:){5}[0-9a-f]{2}", values["entityid"])


def test_the_entity_id_of_asterisk_conf(tmp_path: Path) -> None:
    (tmp_path / "asterisk.conf").write_text("[options]\nentityid=00:1A:22:33:44:55\n")
    snapshot = read_config(tmp_path)
    assert snapshot.problems == ()
    entity = snapshot.asterisk.options.entityid
    assert dialplan_paths(resolve_paths(tmp_path), entity)["entityid"] == "00:1a:22:33:44:55"
    (tmp_path / "asterisk.conf").write_text("[options]\nentityid=mine\n")
    assert "is not six octets" in str(read_config(tmp_path).problems[0])
