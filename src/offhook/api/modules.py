"""Which of Asterisk's modules are here: what `module show`, ModuleCheck and ARI's modules answer from.

Nothing is loaded by these names; they are how scripts, clients and tests ask what a server can do.  A module
that offers applications, functions or AMI actions is here when every one of them exists (legacy ones of
tier 4 aside); `data/modules.tsv` has the names.  One that offers none of these is here when `PROVIDED` says
by what.

    python -m offhook.api.modules      prints the names, for the Asterisk Test Suite
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook.pbx.pbx import Pbx

__all__ = ["LIMITS", "PROVIDED", "Module", "find", "known", "provided"]

_DATA = Path(__file__).parent / "data" / "modules.tsv"

PROVIDED = {
    "app_dumpchan": "DumpChan (apps/other_channels.py)",
    "app_privacy": "PrivacyManager (apps/gatekeeping.py)",
    "app_zapateller": "Zapateller (apps/gatekeeping.py)",
    "bridge_builtin_features": "features of features.conf (pbx/call_features.py)",
    "bridge_builtin_interval_features": "time limits of calls (pbx/conversation.py)",
    "app_talkdetect": "BackgroundDetect (apps/background_detect.py)",
    "bridge_simple": "two channels in a bridge (pbx/bridge.py)",
    "bridge_holding": "those who wait in one bridge (apps/bridging.py)",
    "bridge_native_rtp": "packets of equal codecs are relayed by the media engine",
    "bridge_softmix": "rooms of the media engine (pbx/mixing.py, rust/media/src/mixer)",
    "cdr_adaptive_odbc": "tables that get what they have columns for (features/records/tables.py)",
    "cdr_csv": "Master.csv (features/cdr_backends.py)",
    "cdr_custom": "files of fields or templates (features/records/files.py)",
    "cdr_manager": "the event Cdr (features/records/manager.py)",
    "cdr_odbc": "a table of a database (features/records/tables.py)",
    "cdr_pgsql": "a table of PostgreSQL (features/records/tables.py)",
    "cdr_sqlite3_custom": "a table of master.db (features/records/tables.py)",
    "cel_custom": "files of fields or templates (features/records/files.py)",
    "cel_manager": "the event CEL (features/records/manager.py)",
    "cel_odbc": "tables of databases (features/records/tables.py)",
    "cel_pgsql": "a table of PostgreSQL (features/records/tables.py)",
    "cel_sqlite3_custom": "a table of master.db (features/records/tables.py)",
    "codec_a_mu": "between alaw and ulaw (the media engine)",
    "codec_alaw": "the media engine",
    "codec_g722": "the media engine",
    "codec_g726": "the media engine",
    "codec_gsm": "the media engine",
    "codec_resample": "the media engine",
    "codec_ulaw": "the media engine",
    "format_g726": "sound files of G.726 with 32 kbit/s (rust/media/src/codecs/g726.rs)",
    "format_gsm": "sound files of GSM",
    "format_mp3": "sound files of MP3, which are played",
    "format_ogg_vorbis": "sound files of Ogg Vorbis",
    "format_wav_gsm": "sound files of GSM in WAV",
    "format_pcm": "sound files of ulaw, alaw and g722 (media/formats.py)",
    "format_sln": "sound files of signed linear",
    "format_wav": "sound files of WAV",
    "pbx_ael": "extensions.ael (dialplan/ael)",
    "pbx_config": "extensions.conf (dialplan/reader.py)",
    "pbx_loopback": "switch => Loopback (dialplan/switches.py)",
    "pbx_lua": "extensions.lua (dialplan/lua)",
    "pbx_spool": "call files (features/call_files)",
    "pbx_realtime": "switch => Realtime (features/realtime/switch.py)",
    "res_config_curl": "rows of a web server (features/realtime/places.py)",
    "res_config_odbc": "rows of databases (features/realtime/places.py)",
    "res_config_pgsql": "rows of PostgreSQL (features/realtime/places.py)",
    "res_config_sqlite3": "rows of SQLite (features/realtime/places.py)",
    "res_mwi_external": "message counts that others keep (features/mailboxes.py)",
    "res_mwi_external_ami": "MWIGet, MWIUpdate, MWIDelete",
    "res_odbc": "databases by name (features/databases.py)",
    "res_sorcery_realtime": "objects of PJSIP that are rows (api/pjsip_rows.py)",
    "res_realtime": "realtime load and its kin",
    "res_ari": "ARI (api/ari)",
    "res_ari_applications": "ARI: /applications",
    "res_ari_asterisk": "ARI: /asterisk",
    "res_ari_bridges": "ARI: /bridges",
    "res_ari_channels": "ARI: /channels",
    "res_ari_device_states": "ARI: /deviceStates",
    "res_ari_endpoints": "ARI: /endpoints",
    "res_ari_events": "ARI: /events",
    "res_ari_mailboxes": "ARI: /mailboxes",
    "res_ari_model": "ARI: models, which tests compare with what is sent (api/ari/schema.py)",
    "res_ari_playbacks": "ARI: /playbacks",
    "res_ari_recordings": "ARI: /recordings",
    "res_ari_sounds": "ARI: /sounds",
    "res_clialiases": "further names of console commands (cli_aliases.conf)",
    "res_http_media_cache": "sounds of web servers (features/media_cache.py)",
    "res_http_websocket": "WebSockets of the HTTP server (api/http)",
    "res_pjsip_acl": "type=acl (drivers/sip/access.py)",
    "res_pjsip_authenticator_digest": "digest challenges (sip/auth.py)",
    "res_pjsip_caller_id": "P-Asserted-Identity, Remote-Party-ID (sip/identity.py)",
    "res_pjsip_config_wizard": "pjsip_wizard.conf (config/pjsip/wizard.py)",
    "res_pjsip_diversion": "Diversion, History-Info, 181 (drivers/sip/diversion.py)",
    "res_pjsip_dlg_options": "OPTIONS within a dialog",
    "res_pjsip_dtmf_info": "INFO with digits (drivers/sip/info_digits.py)",
    "res_pjsip_endpoint_identifier_anonymous": "the endpoint `anonymous`",
    "res_pjsip_endpoint_identifier_ip": "type=identify (drivers/sip/directory.py)",
    "res_pjsip_endpoint_identifier_user": "From's user names the endpoint",
    "res_pjsip_logger": "pjsip set logger",
    "res_pjsip_nat": "rewrite_contact, external_*_address (drivers/sip/own_address.py)",
    "res_pjsip_outbound_authenticator_digest": "answers to challenges (sip/auth_client.py)",
    "res_pjsip_path": "RFC 3327 (sip/registrar.py)",
    "res_pjsip_registrar": "REGISTER (sip/registrar.py)",
    "res_pjsip_rfc3326": "Reason (sip/reason.py)",
    "res_pjsip_sdp_rtp": "audio and video in SDP (drivers/sip/leg_media.py)",
    "res_pjsip_session": "INVITE sessions (sip/invite.py)",
    "res_pjsip_sips_contact": "Contact of a sips: call (sip/dialog.py)",
    "res_pjsip_empty_info": "INFO without a body (drivers/sip/channel.py)",
    "res_pjsip_messaging": "MESSAGE (drivers/sip/messaging.py)",
    "res_pjsip_aoc": "advice of charge (drivers/sip/charges.py)",
    "res_pjsip_one_touch_record_info": "INFO with Record (drivers/sip/session_events.py)",
    "res_pjsip_send_to_voicemail": "REFER to voicemail (drivers/sip/voicemail.py)",
    "res_pjsip_refer": "REFER and Replaces (drivers/sip/referral.py)",
    "res_resolver_unbound": "resolver_unbound.conf (sip/resolver.py)",
    "res_ael_share": "extensions.ael (dialplan/ael)",
    "res_clioriginate": "channel originate, channel redirect (api/console/call_commands.py)",
    "res_convert": "file convert (api/console/file_commands.py)",
    "res_crypto": "key files (api/console/key_commands.py)",
    "res_curl": "requests to web servers (functions/curl.py, features/media_cache.py)",
    "res_limit": "ulimit (api/console/service_commands.py)",
    "res_security_log": "the log level SECURITY (pbx/security.py)",
    "res_format_attr_g729": "annex B of G.729 (rust/sip/src/sdp)",
    "res_format_attr_ilbc": "the mode of iLBC (rust/sip/src/sdp)",
    "res_format_attr_opus": "the fmtp of Opus (rust/sip/src/sdp)",
    "res_format_attr_siren14": "the bit rate of Siren14 (rust/sip/src/sdp)",
    "res_format_attr_siren7": "the bit rate of Siren7 (rust/sip/src/sdp)",
    "res_format_attr_h263": "the fmtp of H.263, passed on (rust/sip/src/sdp)",
    "res_format_attr_h264": "the fmtp of H.264, compared and passed on (rust/sip/src/sdp)",
    "res_format_attr_vp8": "the fmtp of VP8, passed on (rust/sip/src/sdp)",
    "res_rtp_asterisk": "RTP and RTCP (rust/media)",
    "res_sorcery_config": "pjsip.conf",
    "res_sorcery_memory": "contacts that live in memory",
    "res_stasis": "applications of ARI (api/ari/service.py)",
    "res_stasis_answer": "ARI: answer",
    "res_stasis_broadcast": "ARI: calls offered to all applications (api/ari/broadcast.py)",
    "res_stasis_device_state": "ARI: devices `Stasis:`",
    "res_stasis_mailbox": "ARI: mailboxes",
    "res_stasis_playback": "ARI: playbacks (api/ari/playbacks.py)",
    "res_stasis_recording": "ARI: recordings (api/ari/recordings.py)",
    "res_stasis_snoop": "ARI: snoop channels (features/snooping.py)",
    "res_srtp": "SDES and SRTP (drivers/sip/leg_security.py, rust/media/src/crypto)",
    "res_statsd": "StatsD (features/statsd.py)",
    "res_websocket_client": "WebSockets to others (api/ari/outbound.py)",
    "res_timing_timerfd": "the media engine's clock",
}
"""Modules without applications, functions and actions of their own, and what is here in their place."""

LIMITS = {
    "bridge_builtin_features": ("parkcall",),
    "format_g726": ("other rates than 32 kbit/s",),
    "res_crypto": ("passcodes of keys", "signing"),
    "res_ari_channels": ("external media by AudioSocket and WebSocket",),
    "res_resolver_unbound": ("validation of DNSSEC",),
}
"""What is not here of modules that are; options of applications that do nothing yet need no mention."""

_STARTS_WITH = {"a": "application", "f": "function", "m": "action"}


@dataclass(frozen=True, slots=True)
class Module:
    """One of Asterisk's modules."""

    name: str
    support: str
    names: tuple[str, ...]
    """What it offers: `a:Dial`, `f:LEN`, `m:Originate`."""
    files: tuple[str, ...] = ()
    """The configuration files that it has; one without any has nothing to reload."""

    @property
    def missing(self) -> tuple[str, ...]:
        """What of it is not here."""
        from offhook.api.ami.declare import ACTIONS
        from offhook.dialplan.declare import applications, functions

        known = {"a": applications.get, "f": functions.get, "m": ACTIONS.get}
        return tuple(name for name in self.names if known[name[0]](name[2:]) is None)

    @property
    def limits(self) -> tuple[str, ...]:
        """What of it is not here: LIMITS, and options of its applications that do nothing yet."""
        from offhook.dialplan.declare import applications

        found = list(LIMITS.get(self.name, ()))
        for name in self.names:
            one = applications.get(name[2:]) if name.startswith("a:") else None
            options = one.signature.options() if one is not None else ()
            found += (f"option {one.letter} of {name[2:]}()" for one in options if not one.supported)
        return tuple(found)

    @property
    def is_provided(self) -> bool:
        """Whether all of it is here."""
        return not self.missing if self.names and self.name not in PROVIDED else self.name in PROVIDED

    def use_count(self, pbx: Pbx) -> int:
        """How many channels are in one of its applications."""
        mine = {name[2:].lower() for name in self.names if name.startswith("a:")}
        return sum(channel.application.lower() in mine for channel in pbx.channels.values()) if mine else 0

    @property
    def description(self) -> str:
        """In a few words."""
        without = f"; without {', '.join(self.limits)}" if self.limits else ""
        said = PROVIDED.get(self.name)
        if said:
            return said.partition(" (")[0] + without
        return (
            ", ".join(name[2:] for name in self.names[:4]) + (" ..." if len(self.names) > 4 else "") + without
        )


@cache
def known() -> dict[str, Module]:
    """Every module that Asterisk has, by name; what they offer is declared when this is called."""
    from offhook.api.ami import actions
    from offhook.apps import load_applications

    load_applications()
    importlib.import_module("offhook.functions")
    importlib.import_module("offhook.api.agi")
    importlib.import_module("offhook.api.ari.stasis")
    actions.load()
    found: dict[str, Module] = {}
    for line in _DATA.read_text("utf-8").splitlines()[1:]:
        name, support, names, files = (*line.split("\t"), "", "")[:4]
        found[name] = Module(name, support, tuple(names.split()), tuple(files.split()))
    return found


def find(name: str) -> Module | None:
    """A module by its name, with or without `.so`."""
    return known().get(name.removesuffix(".so"))


def provided() -> list[Module]:
    """The modules that are here, sorted by name."""
    return [module for module in known().values() if module.is_provided]


if __name__ == "__main__":
    print("\n".join(module.name for module in provided()))
