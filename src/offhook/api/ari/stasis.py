"""The application Stasis(): hand the call to an ARI application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.api.ari.service import Ari
from offhook.dialplan.declare import application

if TYPE_CHECKING:
    from offhook.dialplan.call import Call

__all__ = ["stasis"]


@application("Stasis")
async def stasis(call: Call, app_name: str, *args: str) -> None:
    """Hand the channel to an ARI application until that lets it go on.

    Args:
        app_name: the application, for which a client must be connected to `/ari/events?app=...`.
        args: what the application is told in StasisStart.

    Sets:
        STASISSTATUS: SUCCESS when the application let the channel go on, FAILED when there is no such
            application.
    """
    ari = call.channel.pbx.service(Ari)
    app = ari.apps.get(app_name.strip()) if ari is not None else None
    if ari is None or app is None:
        call.set_variable("STASISSTATUS", "FAILED")
        what = (
            "ARI is off (ari.conf, http.conf)" if ari is None else f"no client is connected for {app_name!r}"
        )
        call.complain(f"Stasis: {what}")
        return
    call.set_variable("STASISSTATUS", "")
    await ari.run(call, app, args)
    call.set_variable("STASISSTATUS", "SUCCESS")
