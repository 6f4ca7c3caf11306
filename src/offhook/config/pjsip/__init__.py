"""pjsip.conf: one typed object per section, declared in the modules beside this one.

`read_pjsip` reads the file into a `PjsipConfig`; may import only `offhook.config`.
"""

from offhook.config.pjsip.access import Acl, Identify, NamedAcl
from offhook.config.pjsip.aor import Aor, Auth, AuthType, Digest
from offhook.config.pjsip.endpoint import Endpoint
from offhook.config.pjsip.general import Global, System
from offhook.config.pjsip.loader import SUPPORTED, TYPES, UNSUPPORTED_TYPES, PjsipConfig, read_pjsip
from offhook.config.pjsip.registration import Registration
from offhook.config.pjsip.transport import Protocol, Transport

__all__ = [
    "SUPPORTED",
    "TYPES",
    "UNSUPPORTED_TYPES",
    "Acl",
    "Aor",
    "Auth",
    "AuthType",
    "Digest",
    "Endpoint",
    "Global",
    "Identify",
    "NamedAcl",
    "PjsipConfig",
    "Protocol",
    "Registration",
    "System",
    "Transport",
    "read_pjsip",
]
