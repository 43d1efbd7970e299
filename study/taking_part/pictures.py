"""Pictures as participants get them: all of one length, so that neither it nor the time it takes tells them apart.

PNG compresses the pictures of different methods to very different lengths. Each is filled up to the longest one of its
stimulus set by blocks of the compressed stream that hold nothing, so that a program which reads the file's parts finds
one length too (docs/adr/054-pictures-of-one-length.md).
"""

import re
import zlib
from functools import cache
from pathlib import Path

_SIGNATURE_BYTES = 8
_FRAME_BYTES = 12  # of a chunk beside its content: length, kind, checksum
_PIXELS = b"IDAT"
_ZLIB_HEADER_BYTES = 2
# RFC 1951, section 3.2: blocks without content, in whole bytes. One is stored; the other is coded, and a stored one.
_FIVE, _SIX = b"\0\0\0\xff\xff", b"\x02\0\0\0\xff\xff"
_EMPTY = re.compile(rb"(?:\x02\0\0\0\xff\xff)*(?:\0\0\0\xff\xff)*")
_ROOM = 24  # from this many bytes on, each number is a sum of fives and of at most four sixes


def read_picture(folder: str, file: str) -> bytes:
    """The picture at the length of all pictures of its set. Raises FileNotFoundError."""
    content = Path(folder, file).read_bytes()
    if len(content) > _longest(folder):
        _longest.cache_clear()  # the set has grown since it was measured
    return padded(content, _longest(folder) + _ROOM)


def padded(png: bytes, length: int) -> bytes:
    """`png` with empty blocks before its pixels, `length` bytes long in all; at least 24 more than it has."""
    start, pixels = _first_pixels(png)
    sixes = (length - len(png)) % 5
    fives = (length - len(png) - 6 * sixes) // 5
    filled = b"".join((pixels[:_ZLIB_HEADER_BYTES], _SIX * sixes, _FIVE * fives, pixels[_ZLIB_HEADER_BYTES:]))
    return _exchanged(png, start, len(pixels), filled)


def unpadded(png: bytes) -> bytes:
    """The file as the stimulus set has it."""
    start, pixels = _first_pixels(png)
    rest = _EMPTY.sub(b"", pixels[_ZLIB_HEADER_BYTES:], count=1)
    return _exchanged(png, start, len(pixels), pixels[:_ZLIB_HEADER_BYTES] + rest)


def _first_pixels(png: bytes) -> tuple[int, bytes]:
    """(where it begins, content) of the first chunk of compressed pixels."""
    at = _SIGNATURE_BYTES
    while at < len(png):
        size = int.from_bytes(png[at : at + 4], "big")
        if png[at + 4 : at + 8] == _PIXELS:
            return at, png[at + 8 : at + 8 + size]
        at += _FRAME_BYTES + size
    raise ValueError("a picture without pixels is no PNG")


def _exchanged(png: bytes, start: int, size: int, content: bytes) -> bytes:
    checksum = zlib.crc32(content, zlib.crc32(_PIXELS)).to_bytes(4, "big")
    chunk = (len(content).to_bytes(4, "big"), _PIXELS, content, checksum)
    return b"".join((png[:start], *chunk, png[start + _FRAME_BYTES + size :]))


@cache
def _longest(folder: str) -> int:
    """Bytes of the longest picture; it belongs to the folder, of which a study never changes."""
    return max(path.stat().st_size for path in Path(folder).rglob("*.png"))
