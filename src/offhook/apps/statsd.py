"""StatsD: a statistic of the dialplan's own."""

from __future__ import annotations

from offhook.dialplan.call import Call
from offhook.dialplan.declare import application
from offhook.features.statsd import Statsd, StatsdError, check

__all__: list[str] = []


@application("StatsD")
def statsd(call: Call, metric_type: str, statistic_name: str, value: str, sample_rate: str = "1") -> None:
    """Send a statistic to the server of statsd.conf.

    Args:
        metric_type: g: gauge, c: counter, ms: time in milliseconds, s: set.
        statistic_name: its name, without the character |.
        value: a number, `+` and `-` in front change a gauge or counter; of a set any text.
        sample_rate: the chance that it is sent, above 0; 1: always.
    """
    try:
        rate = float(sample_rate)
        check(metric_type, statistic_name, value)
    except StatsdError as error:
        call.complain(f"StatsD: {error}")
        return
    except ValueError:
        call.complain(f"StatsD: {sample_rate!r} is no sample rate")
        return
    service = call.channel.pbx.service(Statsd)
    if service is not None:
        service.send(statistic_name, metric_type, value, rate)
