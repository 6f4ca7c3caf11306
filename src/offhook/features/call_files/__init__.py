"""Call files: calls that somebody asks for by putting a file into `spool/outgoing` (Asterisk's pbx_spool).

`file` reads such a file and writes down what becomes of it, `spool` watches the folder and places the calls.
"""

from offhook.features.call_files.file import CallFile, CallFileError, read_call_file
from offhook.features.call_files.spool import CallFiles

__all__ = ["CallFile", "CallFileError", "CallFiles", "read_call_file"]
