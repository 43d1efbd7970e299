"""Zip files that come from elsewhere: opened only when they are whole, readable and of a sensible size."""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MOST_BYTES = 8 * 10**9  # unpacked; an export of ten million answers has about half of it
MOST_TIMES = 200  # of the packed size, from this size on; exports are packed to about a tenth
SMALL = 100 * 10**6  # bytes
DESKTOP_FILES = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")
_ENCRYPTED = 0x1
# The last is what zipfile raises for a version or a compression of zip files that it does not know.
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError)


class ArchiveError(Exception):
    """The zip file cannot be read or must not be unpacked; the message says why and what to do."""


def is_desktop_file(name: str) -> bool:
    """Whether an operating system left the file or folder `name` (of a path, the last part) beside the real ones."""
    return name in DESKTOP_FILES or name.startswith("._")


def looks_like_zip(path: Path) -> bool:
    """Whether the file at `path` begins as zip files do, or is one; a damaged one still begins so."""
    with path.open("rb") as file:
        begins = file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")
    return begins or zipfile.is_zipfile(path)


@contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """The zip file at `path`. Raises ArchiveError here, and for what is found damaged while it is read."""
    try:
        with zipfile.ZipFile(path) as archive:
            _refuse_unreadable(path, archive)
            yield archive
    except _UNREADABLE as error:
        raise ArchiveError(f"{path} is damaged and cannot be unpacked ({error}); copy or download it again") from None


def _refuse_unreadable(path: Path, archive: zipfile.ZipFile) -> None:
    if locked := [entry.filename for entry in archive.infolist() if entry.flag_bits & _ENCRYPTED]:
        raise ArchiveError(f"{path} is encrypted ({locked[0]}); unpack it with its password and give the folder")
    packed, unpacked = path.stat().st_size, sum(entry.file_size for entry in archive.infolist())
    if unpacked > MOST_BYTES or (unpacked > SMALL and unpacked > MOST_TIMES * packed):
        raise ArchiveError(
            f"{path} would grow from {size(packed)} to {size(unpacked)} when unpacked, which no export does;"
            " take the zip file that Discern wrote"
        )


def size(number: float) -> str:
    """A number of bytes as a reader sees it."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:,.0f} TB"
