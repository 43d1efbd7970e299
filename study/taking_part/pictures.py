"""Pictures as participants get them: all of one length, so that neither it nor the time it takes tells them apart.

PNG compresses the pictures of different methods to very different lengths. Each is filled up to the longest one of its
stimulus set, by a chunk that programs which do not know it pass over (docs/adr/054-pictures-of-one-length.md).
"""

import zlib
from functools import cache
from pathlib import Path

PADDING = b"paDd"  # by the case of its letters: may be ignored, of nobody's standard, may be copied along
_END_BYTES = 12  # of the chunk IEND, the last one
_FRAME_BYTES = 12  # of a chunk beside its content: length, kind, checksum


def read_picture(folder: str, file: str) -> bytes:
    """The picture at the length of all pictures of its set. Raises FileNotFoundError."""
    content = Path(folder, file).read_bytes()
    if len(content) > _longest(folder):
        _longest.cache_clear()  # the set has grown since it was measured
    return padded(content, _longest(folder) + _FRAME_BYTES)


def padded(png: bytes, length: int) -> bytes:
    """`png` with a padding chunk before its end, `length` bytes long in all."""
    return b"".join((png[:-_END_BYTES], _padding(length - len(png) - _FRAME_BYTES), png[-_END_BYTES:]))


def unpadded(png: bytes) -> bytes:
    """The file as the stimulus set has it."""
    start = png.rfind(PADDING) - 4
    if start < 0:
        return png
    size = int.from_bytes(png[start : start + 4], "big")
    whole = start + _FRAME_BYTES + size == len(png) - _END_BYTES
    return png[:start] + png[-_END_BYTES:] if whole else png


def _padding(size: int) -> bytes:
    content = PADDING + bytes(size)
    return size.to_bytes(4, "big") + content + _checksum(size)


@cache
def _checksum(size: int) -> bytes:
    """Remembered: computing it takes the longer the shorter the picture is."""
    return zlib.crc32(PADDING + bytes(size)).to_bytes(4, "big")


@cache
def _longest(folder: str) -> int:
    """Bytes of the longest picture; it belongs to the folder, of which a study never changes."""
    return max(path.stat().st_size for path in Path(folder).rglob("*.png"))
