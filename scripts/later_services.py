"""What is missing of Asterisk waits for a service; this is the one place that says for which.

A name is looked up first (`kind name`), then the modules that offer it.  scripts/compatibility.py shows it,
and a test holds it complete for everything that is commonly used, and free of services that have come.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

__all__ = ["NAMES", "SERVICES", "service_of"]

SERVICES: dict[str, tuple[str, ...]] = {
    "queues": ("app_queue",),
    "agents": ("app_agent_pool",),
    "voicemail": ("app_voicemail*", "app_minivm", "app_directory", "res_smdi", "func_vm*"),
    "parking": ("res_parking",),
    "fax": ("res_fax*", "app_fax"),
    "speech recognition": ("res_speech*", "app_speech_utils"),
    "IAX2": ("chan_iax2",),
    "AudioSocket": ("app_audiosocket", "chan_audiosocket", "res_audiosocket"),
    "subscriptions, presence and message waiting": (
        "res_pjsip_pubsub*",
        "res_pjsip_mwi*",
        "res_pjsip_publish*",
    ),
    "calendars": ("res_calendar*",),
    "DUNDi": ("pbx_dundi",),
    "phone provisioning": ("res_phoneprov", "res_pjsip_phoneprov_provider"),
    "signed caller ids (STIR/SHAKEN)": ("res_stir_shaken",),
    "geolocation": ("res_geolocation", "res_pjsip_geolocation"),
    "LDAP": ("res_config_ldap",),
    "XMPP": ("res_xmpp", "chan_motif"),
    "analogue and ISDN lines": (
        *("chan_dahdi", "app_dahdi*", "app_flash", "app_sms", "app_mf", "app_sf", "app_waitfor*"),
        *("codec_dahdi", "res_timing_dahdi", "sig_*", "func_scramble", "app_alarmreceiver", "app_adsiprog"),
        *("app_getcpeid", "app_zapateller", "app_test", "app_milliwatt", "app_tonescan", "app_storedtmf"),
        *("app_playtones", "res_adsi"),
    ),
    "MeetMe (ConfBridge is here)": ("app_meetme", "app_page"),
    "other channel drivers": ("chan_*",),
    "other applications": ("app_*",),
    "other functions": ("func_*",),
    "other resources": ("res_*", "pbx_*", "codec_*", "cdr_*", "cel_*", "format_*", "test_*"),
}
"""Services to come, and the modules that are part of them; the first that fits counts."""

_OWN_PROCESS = "nothing: it looks into Asterisk's own process"

NAMES: dict[str, str] = {
    "event Agent*": "agents",
    "event *FAX*": "fax",
    "command keys init": "IAX2",
    "command translate sampletype": _OWN_PROCESS,
    "command core * profile": _OWN_PROCESS,
    "command xmldoc *": "documentation as XML",
}
"""What its module does not tell: patterns of `kind name`, with the kinds of scripts/asterisk_names.tsv."""


def service_of(kind: str, name: str, modules: Sequence[str]) -> str | None:
    """The service that something missing waits for; None when none is named."""
    for pattern, service in NAMES.items():
        if fnmatchcase(f"{kind} {name}", pattern):
            return service
    for service, patterns in SERVICES.items():
        if any(fnmatchcase(module, pattern) for module in modules for pattern in patterns):
            return service
    return None
