"""JITTERBUFFER: packets of a channel are put in order and in time before anybody hears them."""

from __future__ import annotations

from offhook.config.values import InvalidValueError, boolean, integer
from offhook.dialplan.call import Call
from offhook.dialplan.declare import Raw, function
from offhook.dialplan.errors import FunctionError
from offhook.media.jitter import JitterBuffer

__all__: list[str] = []

_KINDS = ("fixed", "adaptive", "disabled")


@function("JITTERBUFFER")
def jitterbuffer(call: Call, jitterbuffer_type: str) -> str:
    """A jitter buffer for what the channel hears; set it: JITTERBUFFER(adaptive)=default.

    The value is "default", or max_size, resync_threshold, target_extra and sync_video, any of
    which may be left out: 200 ms, 1000 ms, 40 ms, no.  A fixed one holds back for max_size.

    Args:
        jitterbuffer_type: fixed, adaptive or disabled.
    """
    raise FunctionError("JITTERBUFFER: can be set, not read")


@jitterbuffer.writer
def set_jitterbuffer(call: Call, value: str, jitterbuffer_type: Raw) -> None:
    """Set the jitter buffer of the channel."""
    kind = jitterbuffer_type.strip().lower()
    if kind not in _KINDS:
        raise FunctionError(f"JITTERBUFFER: {jitterbuffer_type!r} is none of {', '.join(_KINDS)}")
    if kind == "disabled":
        call.channel.set_jitter_buffer(None)
        return
    words = [word.strip() for word in value.split(",")]
    if words[0].lower() == "default":
        words = []
    numbers: list[int | None] = []
    limit = 10_000
    for name, word in zip(("max_size", "resync_threshold", "target_extra"), words, strict=False):
        try:
            low = -1 if name != "max_size" else 1
            numbers.append(
                (-1 if word == "-1" and low < 0 else integer(max(low, 0), limit)(word)) if word else None
            )
        except InvalidValueError as error:
            raise FunctionError(f"JITTERBUFFER: {name}: {error}") from None
    numbers += [None] * (3 - len(numbers))
    try:
        if len(words) > 3 and boolean(words[3]):
            raise FunctionError("JITTERBUFFER: sync_video is not supported: video is relayed as it comes")
    except InvalidValueError as error:
        raise FunctionError(f"JITTERBUFFER: sync_video: {error}") from None
    default = JitterBuffer()
    call.channel.set_jitter_buffer(
        JitterBuffer(
            kind == "adaptive",
            default.max_ms if numbers[0] is None else numbers[0],
            default.resync_ms if numbers[1] is None else max(numbers[1], 0),
            default.target_ms if numbers[2] is None or numbers[2] < 0 else numbers[2],
        )
    )
