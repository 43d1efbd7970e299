"""What a file is that Discern did not write, by its first bytes. Nothing in it is run."""

import zipfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FileKind:
    """`words` for a message; `holds_weights` where training could start from it."""

    words: str
    holds_weights: bool = False


_BEGINNINGS = (
    (b"\x80", FileKind("a Python pickle, as torch.save wrote weights before 2020", True)),
    (b"PK\x03\x04", FileKind("a file as torch.save writes them, but cut off", True)),
    (b"\x89HDF", FileKind("an HDF5 file, as Keras writes networks")),
    (
        b"version https://git-lfs",
        FileKind("a Git LFS pointer; the file itself is not here (`git lfs pull` fetches it)"),
    ),
    (b"<", FileKind("a web page or other text; perhaps a download failed")),
)


def kind_of_file(path: Path) -> FileKind:
    """What is at `path`. Raises OSError where it cannot be read."""
    if path.is_dir():
        return FileKind("a folder")
    with path.open("rb") as opened:
        beginning = opened.read(64)
    if not beginning:
        return FileKind("an empty file")
    if zipfile.is_zipfile(path):
        return _kind_of_archive(path)
    if beginning[8:9] == b"{":
        return FileKind("safetensors weights", True)
    return next((kind for start, kind in _BEGINNINGS if beginning.startswith(start)), FileKind("no file of weights"))


def _kind_of_archive(path: Path) -> FileKind:
    with zipfile.ZipFile(path) as archive:
        names = [name.partition("/")[2] for name in archive.namelist()]
    if "data.pkl" not in names:
        return FileKind("a zip archive without weights")
    if "constants.pkl" in names:
        return FileKind("a scripted network (TorchScript)")
    return FileKind("a file that torch.save wrote, as a state dict is", True)
