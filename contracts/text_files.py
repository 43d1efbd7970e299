"""Text files as editors of every system write them."""

import codecs
from collections.abc import Sequence
from pathlib import Path

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SIGNS = {";": "semicolons", "\t": "tabs"}


class NotTextError(Exception):
    """A file that should be text is a folder, binary or of another encoding; the message names it and the remedy."""


def read_text(path: Path) -> str:
    """The text of `path`, in UTF-8 or, where a byte-order mark says so, UTF-16; lines end with a newline character.

    Raises NotTextError and OSError.
    """
    if path.is_dir():
        raise NotTextError(f"{path} is a folder; name a file in it")
    if path.is_char_device() or path.is_block_device():  # /dev/zero has no end
        raise NotTextError(f"{path} is a device; name a file")
    content = path.read_bytes()
    try:
        text = content.decode("utf-16" if content.startswith(_UTF16) else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotTextError(f"{path} is no text in UTF-8 (byte {error.start + 1}); save it as UTF-8") from None
    if "\0" in text:
        raise NotTextError(f"{path} is no text: it holds NUL characters; name another file, or save it as UTF-8")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def not_commas(columns: Sequence[str]) -> str:
    """The remedy where a CSV file has one column because another sign separates them, as some spreadsheets write; or
    nothing."""
    sign = next((name for sign, name in _SIGNS.items() if len(columns) == 1 and sign in columns[0]), None)
    return f"; its columns are separated by {sign}: save it with commas" if sign else ""
