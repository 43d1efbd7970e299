"""From finished pictures to the finished set, and from there to the machine that shows it."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from contracts.stimulus_set import (
    IMAGES,
    PROVENANCE,
    REMEDY,
    SUPERSEDED,
    TABLE,
    Stimulus,
    StimulusSetError,
    provenance_from,
    stimuli_from,
    table_of,
)
from stimuli.errors import StorageError
from stimuli.produce.storage import HALF_WRITTEN, Folder, Storage, storage_at

FETCHED_TOGETHER = 16
_OWN = {TABLE: b"stimulus_id,", PROVENANCE: b'"request_sha256"'}  # what each holds if Discern wrote it
NO_METHODS: Mapping[str, Any] = {}
_PICTURE = rf"{IMAGES}/[0-9a-f]{{2}}/[0-9a-f]{{64}}\.png"


def require_own_set(storage: Storage, where: Path | str) -> None:
    """Raise StorageError where `storage` has a table or provenance that Discern did not write."""
    for name, mark in _OWN.items():
        with suppress(FileNotFoundError):
            if mark not in storage.read(name):
                raise StorageError(
                    f"{where} holds a {name} that Discern did not write or that is damaged;"
                    " name another place as stimuli.output, or move it away"
                )


def is_complete(
    storage: Storage, request_sha256: str, checkpoints: Mapping[str, str], methods: Mapping[str, Any] = NO_METHODS
) -> bool:
    """Whether `storage` holds a finished set, no picture lacking, for this request, these checkpoints and `methods`."""
    try:
        provenance = provenance_from(storage.read(PROVENANCE), PROVENANCE)
        stimuli = stimuli_from(storage.read(TABLE), TABLE)
    except (FileNotFoundError, StimulusSetError):
        return False
    made_from = {name: network["checkpoint_sha256"] for name, network in provenance["networks"].items()}
    same_methods = provenance.get("methods", {}) == methods
    answers = provenance["request_sha256"] == request_sha256 and checkpoints == made_from and same_methods
    return answers and storage.names().issuperset(stimulus.file for stimulus in stimuli)


def publish(storage: Storage, stimuli: Sequence[Stimulus], provenance: Mapping[str, Any]) -> None:
    """Turn pictures that are all in `storage` into a set: the table is written last.

    The table of another set is put aside first, as `superseded/<hash>.csv`; the pictures it names stay, for a study
    may be open on them.
    """
    table = table_of(stimuli)
    _supersede(storage, table)
    text = json.dumps(provenance, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    storage.write({PROVENANCE: text.encode()})
    _remove_unlisted(storage, table)
    storage.write({TABLE: table})


def local_copy(location: Path | str, folder: Path) -> Path:
    """The folder with the finished set: `location` itself or, for a URL, `folder`, after fetching what it lacks.

    Raises StimulusSetError where there is no finished set at the URL or a picture of it was altered; StorageError.
    """
    if isinstance(location, Path):
        return location
    origin, copy = storage_at(location), Folder(folder)
    try:
        provenance = provenance_from(origin.read(PROVENANCE), f"{location}/{PROVENANCE}")
        stimuli = stimuli_from(origin.read(TABLE), f"{location}/{TABLE}")
        wanted = {stimulus.file: stimulus.sha256 for stimulus in stimuli}
        lacking = sorted(wanted.keys() - copy.names())
        with ThreadPoolExecutor(FETCHED_TOGETHER) as threads:
            for _ in threads.map(lambda file: _fetch(origin, copy, file, wanted[file]), lacking):
                pass
    except FileNotFoundError as error:
        raise StimulusSetError(f"there is no finished stimulus set in {location} ({error}); {REMEDY}") from error
    publish(copy, stimuli, provenance)
    return folder


def _fetch(origin: Storage, copy: Storage, file: str, sha256: str) -> None:
    content = origin.read(file)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise StimulusSetError(f"{file} is not what {TABLE} beside it says; delete {TABLE} there and {REMEDY}")
    copy.write({file: content})


def _supersede(storage: Storage, table: bytes) -> None:
    try:
        earlier = storage.read(TABLE)
    except FileNotFoundError:
        return
    if earlier != table:
        storage.write({f"{SUPERSEDED}/{hashlib.sha256(earlier).hexdigest()[:16]}.csv": earlier})
    storage.remove([TABLE])


def _remove_unlisted(storage: Storage, table: bytes) -> None:
    """Remove what killed runs left: half-written files, and pictures that neither `table` nor an earlier one names."""
    names = storage.names()
    earlier = [storage.read(name) for name in names if re.fullmatch(rf"{SUPERSEDED}/\w+\.csv", name)]
    named = {
        picture for content in (table, *earlier) for picture in re.findall(_PICTURE, content.decode("utf-8", "replace"))
    }
    own = re.compile(f"{_PICTURE}|{HALF_WRITTEN}")
    storage.remove(name for name in names - named if own.fullmatch(name))
