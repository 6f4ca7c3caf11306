"""The endpoint's fax_detect: a caller that is a fax machine (T.30's tone CNG) goes to the extension `fax`."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook.drivers.sip.channel import SipChannel
    from offhook.media.port import MediaPort

__all__ = ["watch_for_fax"]

log = logging.getLogger(__name__)

_EXTENSION = "fax"
_CNG_HZ = 1100.0
_CNG_MS = 425  # ITU-T T.30: 0.5 s, give or take 15 %, each 3 s


def watch_for_fax(channel: SipChannel, media: MediaPort) -> None:
    """Listen for the tone from now on, for fax_detect_timeout seconds or as long as the call lasts."""

    def found(what: str, _: int) -> None:
        if what != "tone" or channel.hangup_requested or channel.exten == _EXTENSION:
            return
        if not channel.pbx.dialplan.exists(channel.context, _EXTENSION, 1, channel.caller.number):
            log.info("%s is a fax machine, and %s has no extension fax", channel.name, channel.context)
            return
        watch.close()
        log.info("%s is a fax machine: it goes to fax in %s", channel.name, channel.context)
        channel.set_variable("FAXEXTEN", channel.exten)
        channel.redirect(channel.context, _EXTENSION)

    watch = media.watch_tone(found, frequency=_CNG_HZ, ms=_CNG_MS)
    seconds = channel.endpoint.fax_detect_timeout
    if seconds:
        timer = channel.pbx.loop.call_later(seconds, watch.close)
        channel.when_ended(timer.cancel)
