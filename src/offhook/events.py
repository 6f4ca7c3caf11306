"""What a PBX announces: for `pbx.events()` and `pbx.on()`."""

from offhook.api.python.events import *  # noqa: F403
from offhook.api.python.events import __all__ as __all__
