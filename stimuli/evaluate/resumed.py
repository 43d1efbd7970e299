"""Work in parts that a stopped command does not do twice: what came of each part is kept beside what is being made."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from stimuli.produce.parts import Parts
from stimuli.produce.storage import Folder

Job = TypeVar("Job")
Progress = Callable[[int, int], None]


def work_folder(out: Path) -> Path:
    """Where the finished parts of what will be `out` are kept until it is written."""
    return out.with_name(f".{out.name}.unfinished")


def in_parts(
    out: Path,
    run: Any,
    jobs: Sequence[Job],
    named: Callable[[Job], Any],
    compute: Callable[[Job], Any],
    progress: Progress = lambda done, total: None,
) -> list[Any]:
    """What `compute` returns for each job, as JSON brings it back; finished ones of an earlier call are read.

    `run` and `named(job)` are JSON that tells everything that decides a part. Raises StorageError where `out` has no
    place beside it that can be written.
    """
    storage = Folder(work_folder(out))
    parts, there = Parts(storage, run), storage.names()
    found = []
    for number, job in enumerate(jobs):
        record = parts.recorded(named(job), there)
        if record is None:
            record = compute(job)
            parts.record(named(job), record)
        found.append(record)
        progress(number + 1, len(jobs))
    return found


def forget(out: Path) -> None:
    """Remove the parts of what is finished now."""
    shutil.rmtree(work_folder(out), ignore_errors=True)
