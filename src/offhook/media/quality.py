"""How good a leg's audio was, from its RTP and RTCP figures: the items of CHANNEL(rtcp,...) and RTPAUDIOQOS.

The mean opinion score is an estimate by the E-model (ITU-T G.107) in the short form that VoIP monitors use:
delay and loss lower the transmission rating R, and R gives the score.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

__all__ = ["ITEMS", "mean_opinion_score", "summary"]

Stats = Mapping[str, int | float | str]
_Items = dict[str, Callable[[Stats], str]]

_BEST_RATING: Final = 93.2
_KNEE_MS: Final = 160.0  # beyond that delay hurts much more


def mean_opinion_score(lost: float, jitter_ms: float, round_trip_ms: float) -> float:
    """1.0 (bad) to 4.4; `lost` is the share of packets, 0 to 1, a negative round trip is not known."""
    delay = max(round_trip_ms, 0.0) / 2 + 2 * jitter_ms + 10
    rating = _BEST_RATING - (delay / 40 if delay < _KNEE_MS else (delay - 120) / 10)
    rating = min(max(rating - 250 * lost, 0.0), 100.0)
    return 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6


def _number(stats: Stats, name: str) -> float:
    value = stats.get(name, 0)
    return 0.0 if isinstance(value, str) else float(value)


def _share(lost: float, came: float) -> float:
    return lost / (lost + came) if lost > 0 else 0.0


def _seconds(name: str) -> Callable[[Stats], str]:
    return lambda stats: f"{max(_number(stats, name), 0.0) / 1000:.6f}"


def _count(name: str) -> Callable[[Stats], str]:
    return lambda stats: str(int(_number(stats, name)))


def _heard_score(stats: Stats) -> str:
    share = _share(_number(stats, "rx_lost"), _number(stats, "rx_packets"))
    return f"{mean_opinion_score(share, _number(stats, 'rx_jitter_ms'), _number(stats, 'rtt_ms')):.6f}"


def _sent_score(stats: Stats) -> str:
    lost, sent = _number(stats, "remote_lost"), _number(stats, "tx_packets")
    score = mean_opinion_score(
        _share(lost, sent - lost), _number(stats, "remote_jitter_ms"), _number(stats, "rtt_ms")
    )
    return f"{score:.6f}"


def _spread(
    prefix: str, item: str, stats_name: str, shown: Callable[[str], Callable[[Stats], str]]
) -> _Items:
    """Asterisk's four items of how a figure spread over the reports."""
    return {
        f"{prefix}{word}{item}": shown(f"{stats_name}_{what}")
        for word, what in (("max", "max"), ("min", "min"), ("normdev", "mean"), ("stdev", "stdev"))
    }


def _figure(name: str) -> Callable[[Stats], str]:
    return lambda stats: f"{_number(stats, name):.6f}"


ITEMS: Final[Mapping[str, Callable[[Stats], str]]] = {
    "local_ssrc": _count("tx_ssrc"),
    "remote_ssrc": _count("rx_ssrc"),
    "txcount": _count("tx_packets"),
    "rxcount": _count("rx_packets"),
    "txjitter": _seconds("remote_jitter_ms"),
    "rxjitter": _seconds("rx_jitter_ms"),
    "txploss": _count("remote_lost"),
    "rxploss": _count("rx_lost"),
    "rtt": _seconds("rtt_ms"),
    "txmes": _sent_score,
    "rxmes": _heard_score,
    **_spread("local_", "jitter", "rx_jitter_ms", _seconds),
    **_spread("remote_", "jitter", "remote_jitter_ms", _seconds),
    **_spread("local_", "rxploss", "rx_loss", _figure),
    **_spread("remote_", "rxploss", "remote_loss", _figure),
    **_spread("", "rtt", "rtt_ms", _seconds),
}
"""Asterisk's names; jitter and round trip in seconds, tx as the far end has reported it."""

_ALL = (
    ("ssrc", "local_ssrc"),
    ("themssrc", "remote_ssrc"),
    ("lp", "rxploss"),
    ("rxjitter", "rxjitter"),
    ("rxcount", "rxcount"),
    ("txjitter", "txjitter"),
    ("txcount", "txcount"),
    ("rlp", "txploss"),
    ("rtt", "rtt"),
    ("rxmes", "rxmes"),
    ("txmes", "txmes"),
)
_PARTS = {
    "all": _ALL,
    "all_jitter": (
        ("minrxjitter", "local_minjitter"),
        ("maxrxjitter", "local_maxjitter"),
        ("avgrxjitter", "local_normdevjitter"),
        ("stdevrxjitter", "local_stdevjitter"),
        ("reported_minjitter", "remote_minjitter"),
        ("reported_maxjitter", "remote_maxjitter"),
        ("reported_avgjitter", "remote_normdevjitter"),
        ("reported_stdevjitter", "remote_stdevjitter"),
    ),
    "all_loss": (
        ("minrxlost", "local_minrxploss"),
        ("maxrxlost", "local_maxrxploss"),
        ("avgrxlost", "local_normdevrxploss"),
        ("stdevrxlost", "local_stdevrxploss"),
        ("reported_minlost", "remote_minrxploss"),
        ("reported_maxlost", "remote_maxrxploss"),
        ("reported_avglost", "remote_normdevrxploss"),
        ("reported_stdevlost", "remote_stdevrxploss"),
    ),
    "all_rtt": (
        ("minrtt", "minrtt"),
        ("maxrtt", "maxrtt"),
        ("avgrtt", "normdevrtt"),
        ("stdevrtt", "stdevrtt"),
    ),
    "all_mes": (("rxmes", "rxmes"), ("txmes", "txmes")),
}


def summary(stats: Stats, which: str) -> str | None:
    """`name=value;...` of all, all_jitter, all_loss, all_rtt or all_mes; None for another word."""
    parts = _PARTS.get(which)
    if parts is None:
        return None
    return "".join(f"{shown}={ITEMS[name](stats)};" for shown, name in parts)
