"""L8 of RFC 3551, section 4.5.10: linear audio of 8 bits, for both ends that have nothing better."""

from pathlib import Path

from offhook import AudioCodec

CODEC = AudioCodec(
    "l8",
    sdp="L8",
    frame=(8, 1),
    step=10,
    quality=1,
    description="8 bit linear, unsigned",
    module=Path(__file__).with_name("l8.wat"),
)
