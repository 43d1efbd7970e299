"""A small image file as text, for documents that hold their pictures."""

from base64 import b64encode
from pathlib import Path

LONGEST = 32 * 1024  # bytes
_STARTS = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpeg", b"RIFF": "webp"}


def image_as_text(file: Path) -> str:
    """The file as a `data:` address. Raises OSError, and ValueError for another kind of file and for a large one."""
    content = file.read_bytes()
    if len(content) > LONGEST:
        raise ValueError(f"it has {len(content)} bytes, at most {LONGEST} are allowed; make the image smaller")
    kind = next((kind for start, kind in _STARTS.items() if content.startswith(start)), None)
    if kind is None and b"<svg" in content[:1000]:
        kind = "svg+xml"
    if kind is None:
        raise ValueError("it is no SVG, PNG, JPEG or WebP image")
    return f"data:image/{kind};base64,{b64encode(content).decode()}"
