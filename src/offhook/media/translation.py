"""How audio gets from one codec to another in the engine."""

from __future__ import annotations

from offhook.media.formats import CODECS, CodecFacts

__all__ = ["steps"]

_LINEAR = {codec.rate: codec for codec in CODECS.values() if codec.name.startswith("slin")}
# These change into each other octet by octet; these work at any of the rates, so nothing is resampled.
_LAWS = ("ulaw", "alaw")
_RATES = {"g722": (8000, 16000), "opus": (8000, 12000, 16000, 24000, 48000)}


def steps(source: CodecFacts, target: CodecFacts) -> tuple[CodecFacts, ...] | None:
    """What the audio becomes on its way, the target last; none when there is no way."""
    if source is target:
        return ()
    if not (source.decodes and target.decodes):
        return None
    if source.name in _LAWS and target.name in _LAWS:
        return (target,)
    rate = min(source.rate, target.rate)
    path: list[CodecFacts] = []
    for codec in (source, target):
        rates = _RATES.get(codec.name, (codec.rate,))
        own = next((one for one in rates if one >= rate), rates[-1])
        found = _LINEAR.get(own)
        if found is not None and (not path or path[-1] is not found):
            path.append(found)
    middle = [codec for codec in path if codec is not source and codec is not target]
    return (*middle, target)
