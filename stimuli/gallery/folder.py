"""A page as a folder that a later run of the same command may replace, and that nothing else is written over."""

import json
from collections.abc import Callable
from pathlib import Path

from contracts.own_files import NotOwnFileError, file_hashes, replace_folder, require_only
from stimuli.errors import GalleryError

FILES = "files.json"  # what the page consists of, so that a later one may take its place


def require_replaceable(out: Path, what: str = "gallery") -> None:
    """Raise GalleryError unless `out` is new, empty, or an earlier page of this kind in which nothing was changed."""
    if not out.exists() or (out.is_dir() and not file_hashes(out)):
        return
    try:
        own = json.loads((out / FILES).read_text(encoding="utf-8"))
        require_only(out, dict(own), but_for=frozenset({FILES}))
    except (OSError, ValueError, TypeError):
        raise GalleryError(f"{out} exists and is no earlier {what}; name another folder, or move it away") from None
    except NotOwnFileError as error:
        raise GalleryError(str(error)) from error


def write_folder(out: Path, fill: Callable[[Path], None], what: str = "gallery") -> None:
    """Let `fill` write the page into a fresh folder that then takes the place of `out`. Raises GalleryError."""
    require_replaceable(out, what)

    def whole(fresh: Path) -> None:
        fill(fresh)
        (fresh / FILES).write_text(json.dumps(file_hashes(fresh), indent=1), encoding="utf-8")

    try:
        replace_folder(out, whole)
    except OSError as error:
        raise GalleryError(f"cannot write the {what} to {out}: {error.strerror}; name another folder") from error
