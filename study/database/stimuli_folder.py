"""Where a study's pictures are, stored as the way from the project's folder, so that both can be moved together."""

import os
from pathlib import Path

from study.database.db import ROOT


def stored_as(folder: Path) -> str:
    """What the database keeps of a folder."""
    return os.path.relpath(folder.resolve(), ROOT)


def folder_of(stored: str) -> Path:
    """The folder itself."""
    return Path(os.path.normpath(ROOT / stored))
