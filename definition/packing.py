"""A study as one file: the definition, the files that it names and its stimuli, to be opened on another machine.

The file is a zip. `discern-pack.json` in it names the definition, its hash, and the SHA-256 of every other file; all
lie to each other as they did, so that the paths in the definition stay right.
"""

import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from contracts.archives import open_zip
from contracts.metrics import FACTS, METRICS
from contracts.own_files import file_sha256, replace_folder
from contracts.stimulus_set import PROVENANCE, TABLE, read_stimuli, verify
from definition.read import Definition, load_definition, read_document

MANIFEST = "discern-pack.json"
_MOST_OF_MANIFEST = 500 * 10**6  # bytes; a line for each picture
_LEFT_OUT = ("dataset", "checkpoint", "weights")  # what makes stimuli is not needed to show them
_CHUNK = 2**20


class PackError(Exception):
    """The study cannot be packed or unpacked; the message says why and what to do."""


def pack(definition: Definition, file: Path) -> int:
    """Write the study into the new zip `file` and return how many stimuli it holds.

    Raises PackError, StimulusSetError, DefinitionError or OSError; nothing is written then.
    """
    require_new(file)
    stimuli = definition.stimuli.output
    if not isinstance(stimuli, Path):
        raise PackError(
            f"the stimuli are in {stimuli}, where another machine reads them too; copy the definition"
            " and its texts alone"
        )
    _require_relative(definition.path, stimuli)
    count = verify(stimuli)
    packed = {_absolute(path) for path in (definition.path, *_named_files(definition.path))}
    in_set = {_absolute(stimuli / name) for name in _files_of_set(stimuli)}
    root = Path(os.path.commonpath([path.parent for path in (packed | in_set)]))
    _require_same_alone(definition, root, packed)
    with tempfile.NamedTemporaryFile(dir=file.absolute().parent, prefix=f".{file.name}-", delete=False) as opened:
        scratch = Path(opened.name)
    try:
        _write(scratch, root, _absolute(definition.path), definition.sha256, sorted(packed | in_set))
        os.link(scratch, file)  # unlike a rename, it replaces nothing
    except FileExistsError:
        raise _taken(file) from None
    finally:
        scratch.unlink()
    return count


def require_new(path: Path) -> None:
    """Raise PackError where something is at `path`."""
    if os.path.lexists(path):
        raise _taken(path)


def _taken(path: Path) -> PackError:
    return PackError(f"{path} exists; name another place, or move it away")


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))


def _named_files(path: Path) -> Iterator[Path]:
    """The files that the definition at `path` names, but for what only makes the stimuli."""
    for name in _texts(read_document(path)):
        try:
            file = path.parent / name
            is_file = file.is_file()
        except (OSError, ValueError):  # a text that is no path
            continue
        if not is_file:
            continue
        if Path(name).is_absolute():
            raise PackError(
                f"{path} names {name}, which is elsewhere on another machine; write it as seen from {path.parent}"
            )
        yield file


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, part in value.items():
            if key not in _LEFT_OUT:
                yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)


def _files_of_set(folder: Path) -> list[str]:
    there = [name for name in (METRICS, FACTS) if (folder / name).is_file()]
    return [TABLE, PROVENANCE, *there, *{stimulus.file: None for stimulus in read_stimuli(folder)}]


def _require_relative(path: Path, stimuli: Path) -> None:
    """Raise PackError where the definition at `path` tells the place of its stimuli absolutely or by a variable."""
    written = read_document(path)["stimuli"]["output"]
    if Path(written).is_absolute() or _absolute(path.parent / written) != _absolute(stimuli):
        raise PackError(f"{path}: stimuli.output is {written}; write it as seen from {path.parent}")


def _require_same_alone(definition: Definition, root: Path, packed: set[Path]) -> None:
    """Raise PackError where the definition would not be the same with the packed files alone."""
    with tempfile.TemporaryDirectory() as scratch:
        for path in packed:
            copy = Path(scratch) / path.relative_to(root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
        alone = load_definition(Path(scratch) / _absolute(definition.path).relative_to(root))
    if alone.sha256 != definition.sha256:
        raise PackError(f"{definition.path} depends on more than the files that it names; it cannot be packed")


def _write(file: Path, root: Path, definition: Path, sha256: str, paths: list[Path]) -> None:
    names = {path.relative_to(root).as_posix(): path for path in paths}
    manifest = {
        "definition": definition.relative_to(root).as_posix(),
        "definition_sha256": sha256,
        "files": {name: file_sha256(path) for name, path in names.items()},
    }
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:  # PNG files are packed already
        archive.writestr(zipfile.ZipInfo(MANIFEST), json.dumps(manifest, indent=1))
        for name, path in names.items():
            with path.open("rb") as source, archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as target:
                shutil.copyfileobj(source, target, _CHUNK)


def unpack(file: Path, folder: Path) -> Path:
    """Take the study in `file` out into the new `folder`, each file compared with its hash; return its definition.

    Raises PackError, ArchiveError, StimulusSetError, DefinitionError or OSError; `folder` is not made then.
    """
    require_new(folder)
    with open_zip(file) as archive:
        manifest = _read_manifest(file, archive)

        def write(fresh: Path) -> None:
            for name, sha256 in manifest["files"].items():
                _take_out(file, archive, name, sha256, fresh / name)
            _check(file, fresh, manifest)

        replace_folder(folder, write)
    return folder / manifest["definition"]


def _read_manifest(file: Path, archive: zipfile.ZipFile) -> dict[str, Any]:
    names = archive.namelist()
    not_a_study = PackError(f"{file} is not a study that `./manage.py pack` wrote, or it was changed since")
    if MANIFEST not in names or archive.getinfo(MANIFEST).file_size > _MOST_OF_MANIFEST:
        raise not_a_study
    try:
        manifest = json.loads(archive.read(MANIFEST))
        files, definition = manifest["files"], manifest["definition"]
        is_whole = definition in files and isinstance(manifest["definition_sha256"], str)
        is_safe = all(map(_is_safe, files)) and sorted([MANIFEST, *files]) == sorted(names)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise not_a_study from None
    if not (is_whole and is_safe):
        raise not_a_study
    return dict(manifest)


def _is_safe(name: str) -> bool:
    """Whether it stays inside of the folder, on each system."""
    path = PurePosixPath(name)
    return not (
        path.is_absolute() or ".." in path.parts or set(name) & set(":\\\0") or name != str(path) or name == "."
    )


def _take_out(file: Path, archive: zipfile.ZipFile, name: str, sha256: str, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    found = hashlib.sha256()
    with archive.open(name) as source, to.open("xb") as target:
        while part := source.read(_CHUNK):
            found.update(part)
            target.write(part)
    if found.hexdigest() != sha256:
        raise PackError(f"{name} in {file} is not what was packed; copy {file} again")


def _check(file: Path, folder: Path, manifest: dict[str, Any]) -> None:
    definition = load_definition(folder / manifest["definition"])
    if definition.sha256 != manifest["definition_sha256"]:
        raise PackError(
            f"the definition in {file} reads differently here; unpack it with the version of Discern that packed it"
        )
    verify(Path(definition.stimuli.output))
