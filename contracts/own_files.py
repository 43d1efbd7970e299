"""Commands may replace what Discern wrote earlier, and nothing else: how both are told apart."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from contracts.archives import is_desktop_file

_SEARCHED = 4096  # bytes of a file in which its mark is


class NotOwnFileError(Exception):
    """A file that Discern did not write, or that was changed since, is where a command would write."""


def require_own(marks: Mapping[Path, bytes]) -> None:
    """Raise NotOwnFileError where one of the files exists without its mark: bytes near its beginning."""
    for path, mark in marks.items():
        if os.path.lexists(path) and not (path.is_file() and _holds(path, mark)):
            raise NotOwnFileError(f"{path} exists, and Discern did not write it; name another place, or move it away")


def _holds(path: Path, mark: bytes) -> bool:
    with path.open("rb") as opened:
        return mark in opened.read(_SEARCHED)


def file_hashes(folder: Path) -> dict[str, str]:
    """Path within `folder` → SHA-256 of every file, without those that desktops leave in every folder they show."""
    files = (path for path in sorted(folder.rglob("*")) if not path.is_dir())
    names = {path.relative_to(folder): path for path in files}
    return {
        name.as_posix(): file_sha256(path) for name, path in names.items() if not any(map(is_desktop_file, name.parts))
    }


def require_only(folder: Path, own: Mapping[str, str], but_for: frozenset[str] = frozenset()) -> None:
    """Raise NotOwnFileError where `folder` holds a file that is not in `own` (path → SHA-256) as it is now.

    The files `but_for` may have any content.
    """
    found = file_hashes(folder)
    if others := [name for name, sha256 in found.items() if name not in but_for and own.get(name) != sha256]:
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        raise NotOwnFileError(
            f"{folder} holds {others[0]}{more}, which Discern did not write or which was changed since;"
            " name another folder, or move that away"
        )


def replace_folder(out: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a fresh folder beside `out` and put it in the place of `out`, which may be absent.

    On any failure `out` is as it was. Raises OSError.
    """
    out.absolute().parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.absolute().parent) as scratch:
        fresh, old = Path(scratch, "new"), Path(scratch, "old")
        fresh.mkdir()
        write(fresh)
        if out.exists():
            os.rename(out, old)
        try:
            os.rename(fresh, out)
        except OSError:
            if old.exists():
                os.rename(old, out)
            raise


def file_sha256(path: Path) -> str:
    """SHA-256 of the file's bytes."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
