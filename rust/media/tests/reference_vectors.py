"""Makes the numbers of src/codecs/vectors.rs: what independent implementations do with the same sound.

    python3 rust/media/tests/reference_vectors.py

Needs libspandsp (G.722, G.726) and libgsm, used through ctypes, and ffmpeg.  The sound is made of whole
numbers only, so that the tests in Rust make the same one.
"""

from __future__ import annotations

import array
import ctypes
import subprocess

SPANDSP = ctypes.CDLL("libspandsp.so.2")
GSM = ctypes.CDLL("libgsm.so.1")
POINTER = ctypes.c_void_p


def sound(count: int) -> list[int]:
    """Silence, noise, a triangle, a full square, faint noise, pulses through a resonator; in turn."""
    seed, y1, y2 = 12345, 0, 0
    out = []
    for n in range(count):
        seed = (seed * 1664525 + 1013904223) & 0xFFFFFFFF
        part = n // 2000 % 6
        noise = (seed >> 16) - 32768
        if part == 0:
            value = 0
        elif part == 1:
            value = noise >> 1
        elif part == 2:
            value = abs(n * 331 % 40000 - 20000) - 10000
        elif part == 3:
            value = 32767 if n // 11 % 2 else -32768
        elif part == 4:
            value = noise >> 12
        else:
            drive = 3000 if n % 80 == 0 else 0
            y0 = drive + ((30000 * y1 - 15600 * y2) >> 14)
            y0 = max(-32768, min(32767, y0))
            y1, y2 = y0, y1
            value = y0
        out.append(value)
    return out


def fnv(data: bytes) -> int:
    """FNV-1a, 64 bits."""
    value = 0xCBF29CE484222325
    for octet in data:
        value = ((value ^ octet) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


def samples(values: list[int]) -> array.array[int]:
    """16-bit samples as C wants them."""
    return array.array("h", values)


def pointer(data: array.array[int]) -> ctypes.c_void_p:
    """The address of its first element."""
    return ctypes.c_void_p(data.buffer_info()[0])


def show(name: str, octets: bytes, decoded: bytes) -> None:
    """Octets of the encoder and samples of the decoder, hashed."""
    start = ", ".join(f"{octet:#04x}" for octet in octets[4000:4008])
    print(f"{name}: {len(octets)} octets, [4000..4008] = [{start}]")
    print(f"    encoded {fnv(octets):#018x}  decoded {fnv(decoded):#018x}")


def g722(rate8: bool) -> None:
    """G.722 at 64 kbit/s; with `rate8` the lower band only."""
    options = 1 if rate8 else 0  # G722_SAMPLE_RATE_8000
    SPANDSP.g722_encode_init.restype = SPANDSP.g722_decode_init.restype = POINTER
    encoder = SPANDSP.g722_encode_init(None, 64000, options)
    decoder = SPANDSP.g722_decode_init(None, 64000, options)
    pcm = samples(sound(48000))
    codes = (ctypes.c_uint8 * 60000)()
    count = SPANDSP.g722_encode(POINTER(encoder), codes, pointer(pcm), len(pcm))
    if rate8:
        back = samples([0] * 100000)
        got = SPANDSP.g722_decode(POINTER(decoder), pointer(back), codes, count)
        show("g722 at 8000", bytes(codes[:count]), back[:got].tobytes())
        return
    # spandsp's receive filter bank wraps where the recommendation saturates; ffmpeg's does not
    command = ["ffmpeg", "-loglevel", "error", "-f", "g722", "-i", "-", "-f", "s16le", "-"]
    decoded = subprocess.run(command, input=bytes(codes[:count]), capture_output=True, check=True).stdout
    show("g722 at 16000", bytes(codes[:count]), decoded)


def g726(packing: int, name: str, shift: int) -> None:
    """G.726 at 32 kbit/s; spandsp's decoder wraps at full scale, so the sound can be made softer."""
    SPANDSP.g726_init.restype = POINTER
    encoder = SPANDSP.g726_init(None, 32000, 0, packing)
    decoder = SPANDSP.g726_init(None, 32000, 0, packing)
    pcm = samples([value >> shift for value in sound(48000)])
    codes = (ctypes.c_uint8 * 60000)()
    count = SPANDSP.g726_encode(POINTER(encoder), codes, pointer(pcm), len(pcm))
    back = samples([0] * 100000)
    got = SPANDSP.g726_decode(POINTER(decoder), pointer(back), codes, count)
    show(name, bytes(codes[:count]), back[:got].tobytes())


def gsm() -> None:
    """GSM 06.10 full rate."""
    GSM.gsm_create.restype = POINTER
    encoder, decoder = GSM.gsm_create(), GSM.gsm_create()
    pcm = sound(48000)
    octets, back = b"", b""
    for at in range(0, len(pcm), 160):
        frame = samples(pcm[at : at + 160])
        code = (ctypes.c_uint8 * 33)()
        GSM.gsm_encode(POINTER(encoder), pointer(frame), code)
        octets += bytes(code)
        out = samples([0] * 160)
        if GSM.gsm_decode(POINTER(decoder), code, pointer(out)):
            raise SystemExit("libgsm refuses its own frame")
        back += out.tobytes()
    show("gsm", octets, back)


if __name__ == "__main__":
    g722(False)
    g722(True)
    for shift in (0, 1):
        g726(2, f"g726 (RFC 3551) >> {shift}", shift)
        g726(1, f"g726 (AAL2) >> {shift}", shift)
    gsm()
