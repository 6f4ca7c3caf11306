"""Scores and summaries of a leg's audio."""

from __future__ import annotations

import pytest

from offhook.media.quality import ITEMS, mean_opinion_score, summary

STATS = {
    "tx_ssrc": 17,
    "rx_ssrc": 18,
    "tx_packets": 1000,
    "rx_packets": 990,
    "rx_lost": 10,
    "remote_lost": 20,
    "rx_jitter_ms": 2.5,
    "remote_jitter_ms": 4.0,
    "rtt_ms": 40.0,
}


def test_the_score_falls_with_loss_delay_and_jitter() -> None:
    best = mean_opinion_score(0.0, 0.0, 0.0)
    assert 4.3 < best < 4.5
    for worse in ((0.02, 0.0, 0.0), (0.0, 40.0, 0.0), (0.0, 0.0, 400.0)):
        assert mean_opinion_score(*worse) < best - 0.02
    assert mean_opinion_score(0.05, 0.0, 0.0) < mean_opinion_score(0.02, 0.0, 0.0)
    assert mean_opinion_score(1.0, 500.0, 9000.0) == 1.0
    assert mean_opinion_score(0.0, 0.0, -1.0) == best


@pytest.mark.parametrize(
    ("item", "value"),
    [
        ("local_ssrc", "17"),
        ("remote_ssrc", "18"),
        ("txcount", "1000"),
        ("rxploss", "10"),
        ("txploss", "20"),
        ("rxjitter", "0.002500"),
        ("txjitter", "0.004000"),
        ("rtt", "0.040000"),
    ],
)
def test_items(item: str, value: str) -> None:
    assert ITEMS[item](STATS) == value


def test_what_is_not_known_is_zero() -> None:
    assert ITEMS["rtt"]({"rtt_ms": -1.0}) == "0.000000"
    assert float(ITEMS["rxmes"]({})) > 4.3


def test_summaries() -> None:
    spread = {"rx_jitter_ms_min": 1.0, "rx_jitter_ms_max": 4.0, "rtt_ms_stdev": 2.0, "remote_loss_mean": 2.5}
    jitter = summary(spread, "all_jitter")
    assert jitter is not None
    assert jitter.startswith("minrxjitter=0.001000;maxrxjitter=0.004000;avgrxjitter=0.000000;")
    assert "reported_avglost=2.500000;" in (summary(spread, "all_loss") or "")
    assert summary(spread, "all_rtt") == "minrtt=0.000000;maxrtt=0.000000;avgrtt=0.000000;stdevrtt=0.002000;"
    assert ITEMS["local_maxjitter"](spread) == "0.004000"
    assert ITEMS["stdevrtt"](spread) == "0.002000"
    text = summary(STATS, "all")
    assert text is not None
    assert text.startswith("ssrc=17;themssrc=18;lp=10;rxjitter=0.002500;rxcount=990;")
    assert summary(STATS, "all_of_it") is None
