"""Opening a study: freeze its definition, take in its stimuli, build the items that people rate."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.stimulus_set import Stimulus as StimulusRow
from contracts.tasks import KINDS
from study.conduct.actions import STUDY_DELETED
from study.conduct.lost_pictures import has_same_pictures, move
from study.config import StudyConfig, TaskConfig
from study.database import audit
from study.database.audit import is_noted
from study.database.schema import Amendment, Item, Stimulus, Study
from study.database.stimuli_folder import stored_as
from study.definition import frozen_definition
from study.errors import OpeningError
from study.recruitment.outcomes import OUTCOMES
from study.recruitment.plain import PLAIN
from study.recruitment.providers import PROVIDERS
from study.security import new_completion_code
from study.tasks.items import REMEDY
from study.tasks.kinds import STUDY_KINDS
from study.tasks.wording import missing_texts

SHOWN_MISSING = 10  # of the texts that a language lacks


@dataclass(frozen=True)
class Opened:
    """`is_new` is False when the very same study was open already."""

    study: Study
    is_new: bool


def open_study(
    session: Session,
    document: dict[str, Any],
    sha256: str,
    stimuli: Sequence[StimulusRow],
    provenance: dict[str, Any],
    stimuli_folder: Path,
    now: datetime,
) -> Opened:
    """Open the study of `document` (the whole definition, texts included) with this stimulus set.

    A study that is open already takes its pictures from the folder from now on: the set may have been moved.

    The caller commits. Raises OpeningError when the study is open with another definition or other stimuli, when
    the set does not hold what the tasks ask for, when an image file is missing or altered, and when one of the study's
    languages lacks texts that the study shows.
    """
    slug = document["study"]["slug"]
    existing = session.scalar(select(Study).where(Study.slug == slug).with_for_update())
    if existing:
        _require_same(session, existing, document, sha256, stimuli)
        _check_files(stimuli, stimuli_folder)
        move(session, existing, stimuli_folder, now)
        return Opened(existing, is_new=False)
    if is_noted(session, slug, STUDY_DELETED):
        raise OpeningError(
            f"a study {slug!r} was deleted here, and the audit log's entries of that name are about it; give this one"
            " another slug"
        )
    _check_files(stimuli, stimuli_folder)
    study = take_in(session, document, sha256, stimuli, provenance, stimuli_folder, now)
    audit.append(session, "manage.py", "study-opened", {"slug": slug, "definition_sha256": sha256}, now)
    return Opened(study, is_new=True)


def take_in(
    session: Session,
    document: dict[str, Any],
    sha256: str,
    stimuli: Sequence[StimulusRow],
    provenance: dict[str, Any],
    stimuli_folder: Path,
    now: datetime,
) -> Study:
    """A new study with its stimuli and items; the pictures' files are not looked at. Raises OpeningError."""
    study = Study(
        slug=document["study"]["slug"],
        document=document,
        definition_sha256=sha256,
        provenance=provenance,
        stimuli_folder=stored_as(stimuli_folder),
        opened_at=now,
        completion_code=new_completion_code(),
        outcome_codes=_new_outcome_codes(document.get("participants", {}).get("provider", PLAIN.name)),
    )
    session.add(study)
    session.flush()
    rows = [Stimulus(study_id=study.id, **asdict(stimulus) | {"tasks": list(stimulus.tasks)}) for stimulus in stimuli]
    session.add_all(rows)
    session.flush()
    definition = frozen_definition(study)
    require_texts(definition.study, [task for _, part in definition.by_condition for task in part.tasks])
    for condition, part in definition.by_condition:
        for task in part.tasks:
            session.add_all(_items(study.id, condition, task, [row for row in rows if task.name in row.tasks]))
    return study


def _new_outcome_codes(provider: str) -> dict[str, str]:
    """outcome → code; empty where every participant has a code of their own."""
    return {outcome: new_completion_code() for outcome in OUTCOMES} if PROVIDERS[provider].shares_code else {}


def require_texts(study: StudyConfig, tasks: Sequence[TaskConfig]) -> None:
    """Raise OpeningError, naming them, when a language of the study lacks texts that it shows."""
    if missing := missing_texts(tasks, study.languages):
        shown = "\n".join(f"  {text}" for text in missing[:SHOWN_MISSING])
        more = f"\n  and {len(missing) - SHOWN_MISSING} more" if len(missing) > SHOWN_MISSING else ""
        raise OpeningError(
            f"texts are missing in languages of study {study.slug!r}; add them, or remove the language from"
            f" study.languages:\n{shown}{more}"
        )


def require_same_definition(session: Session, document: dict[str, Any], sha256: str) -> None:
    """Raise OpeningError, naming what differs, when the study of that slug is open with another definition."""
    existing = session.scalar(select(Study).where(Study.slug == document["study"]["slug"]))
    if existing:
        _require_definition(session, existing, document, sha256)


def _require_definition(session: Session, existing: Study, document: dict[str, Any], sha256: str) -> None:
    originals = set(session.scalars(select(Amendment.previous_sha256).where(Amendment.study_id == existing.id)))
    if sha256 not in originals | {existing.definition_sha256}:
        keys = sorted(document.keys() | existing.document.keys())
        changed = [key for key in keys if document.get(key) != existing.document.get(key)]
        raise OpeningError(
            f"study {existing.slug!r} is open with another definition; changed: {', '.join(changed)}."
            " A definition is frozen when its study opens: undo the change, or give the new study another slug"
        )


def _require_same(
    session: Session, existing: Study, document: dict[str, Any], sha256: str, stimuli: Sequence[StimulusRow]
) -> None:
    _require_definition(session, existing, document, sha256)
    if not has_same_pictures(session, existing, stimuli):
        raise OpeningError(
            f"study {existing.slug!r} is open with other stimuli than these;"
            " bring back the stimulus set it was opened with, or give the new study another slug"
        )


def _check_files(stimuli: Sequence[StimulusRow], folder: Path) -> None:
    for stimulus in stimuli:
        path = folder / stimulus.file
        try:
            found = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            raise OpeningError(f"cannot read stimulus {path}: {error.strerror}; {REMEDY}") from None
        if found != stimulus.sha256:
            raise OpeningError(f"stimulus {path} is not the file that was generated; {REMEDY}")


def _slots(task: TaskConfig, rows: Sequence[Stimulus]) -> dict[tuple[str, str], int]:
    """Image and category → which one of its image's it is, in alphabetical order; 0 where each network has its own.

    Raises OpeningError unless there are exactly as many images, with as many categories, as the definition asks for.
    """
    facts = KINDS[task.kind]
    categories: dict[tuple[str, str], set[str]] = defaultdict(set)  # of an image, or of an image and a network
    for row in rows:
        categories[row.image_id, row.network if facts.own_predictions else ""].add(row.category)
    each = facts.explained(task.foil)
    images = {image for image, _ in categories}
    fitting = images - {image for (image, _), names in categories.items() if len(names) != each}
    if not len(fitting) == len(images) == task.images:
        raise OpeningError(
            f"task {task.name!r} asks for {task.images} images with {each} categor{'y' if each == 1 else 'ies'} each,"
            f" the stimulus set has {len(fitting)} such images; {REMEDY} or lower `images`"
        )
    return {(image, name): slot for (image, _), names in categories.items() for slot, name in enumerate(sorted(names))}


def _items(study_id: int, condition: str, task: TaskConfig, rows: Sequence[Stimulus]) -> list[Item]:
    """Those of a condition. Raises OpeningError where the stimuli do not fit the task."""
    slots = _slots(task, rows)
    items = STUDY_KINDS[task.kind].items(task, rows)
    for item in items:
        item.study_id, item.task, item.ratings_wanted = study_id, task.name, task.ratings_per_item
        item.condition, item.slot = condition, slots[item.image_id, item.category]
    return items
