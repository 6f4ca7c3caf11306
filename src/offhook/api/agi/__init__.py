"""AGI: scripts and servers outside drive a call line by line.  Importing it declares the application AGI().

May import offhook.apps, functions, features, dialplan, pbx and everything below.
"""

from offhook.api.agi import application

__all__ = ["application"]
