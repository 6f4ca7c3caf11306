"""What can go wrong in a dialplan: at load (patterns, templates, expressions) and when it runs.

Errors found at load become `offhook.config.errors.Problem`s with file and line.  Errors at run time
are caught by the runner, which logs them with the file and line of the priority.
"""

from __future__ import annotations

__all__ = [
    "ApplicationError",
    "ArgumentError",
    "DialplanError",
    "ExpressionError",
    "FunctionError",
    "Hangup",
    "PatternError",
    "RegexError",
    "TemplateError",
    "TimingError",
    "UnknownApplicationError",
    "UnknownFunctionError",
]


class DialplanError(Exception):
    """Any error of the dialplan language."""


class PatternError(DialplanError):
    """An extension pattern that is not one, e.g. `_[12`."""


class TemplateError(DialplanError):
    """Text with a `${` or `$[` that never ends."""


class ExpressionError(DialplanError):
    """What stands in `$[...]` is not an expression."""


class RegexError(DialplanError):
    """A POSIX extended regular expression that is not one."""


class TimingError(DialplanError):
    """A time condition that is not one, e.g. `9:00-25:00,*,*,*`."""


class ArgumentError(DialplanError):
    """An argument that is missing or not what the application or function takes."""


class ApplicationError(DialplanError):
    """An application cannot do what it was asked; the call goes on at `e`, or ends."""


class UnknownApplicationError(ApplicationError):
    """There is no application of that name."""


class FunctionError(DialplanError):
    """A function cannot be read or written; it reads as the empty string, and one line is logged."""


class UnknownFunctionError(FunctionError):
    """There is no function of that name."""


class Hangup(Exception):  # noqa: N818 - not a mistake: the way in which an application ends the call
    """Raised by an application to end the dialplan on this channel; `h` and hangup handlers follow.

    `cause` is a Q.850 cause, 0 to leave the channel's own.
    """

    def __init__(self, cause: int = 0) -> None:
        super().__init__(cause)
        self.cause = cause
