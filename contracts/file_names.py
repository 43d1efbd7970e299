"""File names with umlauts or Korean letters, which are stored composed (NFC) or, by macOS, in parts (NFD)."""

import unicodedata
from pathlib import Path


def composed(name: str) -> str:
    """The name in the composed form, in which names from any system can be compared."""
    return unicodedata.normalize("NFC", name)


def as_stored(folder: Path, name: str) -> Path:
    """The file below `folder` in the form in which its name is stored; as it is named where there is none."""
    forms = (name, composed(name), unicodedata.normalize("NFD", name))
    return next((path for form in forms if (path := folder / form).exists()), folder / name)
