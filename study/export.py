"""A study's data as a Psych-DS folder (https://psych-ds.github.io), rows streamed from the database."""

import csv
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Row, case, distinct, func, select
from sqlalchemy.orm import Session, aliased

from study.conduct import amendments
from study.data_dictionary import TABLES
from study.definition import frozen_definition
from study.errors import ExportError
from study.export_proof import Hashes, hashes
from study.participation import find_study
from study.schema import (
    ANSWERED,
    ATTENTION,
    Comprehension,
    Demographic,
    Event,
    Item,
    Participant,
    Response,
    Stimulus,
    Study,
    Trial,
)

_DESCRIPTION = "dataset_description.json"
_BATCH = 1000
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
Rows = Iterable[dict[str, Any]]


def export_study(session: Session, slug: str, folder: Path, replace: bool = False) -> Path:
    """Write the export to `folder`, whole or not at all; with `replace`, in place of an earlier export there.

    Everything is read in the session's one transaction: use `Database.snapshot`. Raises UnknownError, ExportError.
    """
    study = find_study(session, slug)
    earlier = (folder / _DESCRIPTION).is_file()
    if folder.exists() and not (replace and earlier):
        what = "an earlier export" if earlier else "something else"
        raise ExportError(f"{folder} holds {what}; name a new folder or remove this one")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            _write(session, study, unfinished)
            unfinished.chmod(0o755)
            if earlier:
                os.replace(folder, unfinished / "earlier")
            os.replace(unfinished, folder)
            shutil.rmtree(folder / "earlier", ignore_errors=True)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    except OSError as error:
        raise ExportError(f"cannot write the export to {folder}: {error.strerror}") from error
    return folder


def write_zip(session: Session, slug: str, file: IO[bytes]) -> Hashes:
    """Write the same folder as a zip into `file`; returns its files' hashes.

    Memory does not grow with the data; temporary disk space does.
    """
    with tempfile.TemporaryDirectory(prefix="discern-export-") as place:
        folder = export_study(session, slug, Path(place) / f"discern-{slug}")
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(folder.rglob("*")):
                archive.write(path, path.relative_to(folder.parent))
        return hashes(folder)


def _write(session: Session, study: Study, folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "materials").mkdir()
    _write_json(folder / "materials" / "definition.json", _definition(session, study))
    _write_json(folder / "materials" / "provenance.json", study.provenance)
    _write_json(folder / _DESCRIPTION, _dataset_description(study))
    for table, read in _READERS.items():
        stem = f"study-{study.slug.replace('-', '')}_description-{table}_data"
        columns = TABLES[table]
        _write_json(folder / "data" / f"{stem}.json", {"variableMeasured": _variables(columns)})
        with (folder / "data" / f"{stem}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            for row in read(session, study):
                writer.writerow({column: _cell(value) for column, value in row.items()})


def _definition(session: Session, study: Study) -> dict[str, Any]:
    kept = ("change", "reason", "previous_sha256", "sha256")
    chain = [
        {"at": _cell(amendment.at)} | {key: getattr(amendment, key) for key in kept}
        for amendment in amendments(session, study)
    ]
    return {"document": study.document, "sha256": study.definition_sha256, "amendments": chain}


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _variables(columns: dict[str, str]) -> list[dict[str, str]]:
    return [{"@type": "PropertyValue", "name": name, "description": text} for name, text in columns.items()]


def _dataset_description(study: Study) -> dict[str, Any]:
    # A column of several tables is one variable; its first description stands, the sidecars say the rest.
    every = {name: text for columns in reversed(TABLES.values()) for name, text in columns.items()}
    language = frozen_definition(study).study.languages[0]
    return {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "name": study.document["study"]["title"][language],
        "description": f"Responses to the study {study.slug!r}, opened {_cell(study.opened_at)}, exported by Discern.",
        "identifier": study.definition_sha256,
        "variableMeasured": _variables(every),
    }


def _cell(value: Any) -> Any:
    match value:
        case None:
            return ""
        case bool():
            return int(value)
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case list():
            return ";".join(value)
    return value


def _free_text(text: str | None) -> str | None:
    """Kept from being run as a formula by a spreadsheet. Only for what people typed: numbers must stay numbers."""
    return f"'{text}" if text and text.startswith(_FORMULA_STARTS) else text


def _stream(session: Session, query: Any) -> Iterator[Row[Any]]:
    with session.execute(query.execution_options(yield_per=_BATCH)) as rows:
        yield from rows


def _participants(session: Session, study: Study) -> Rows:
    about: dict[int, dict[str, str]] = {}
    given = (
        select(Demographic)
        .join(Participant, Demographic.participant_id == Participant.id)
        .where(Participant.study_id == study.id)
    )
    for answer in session.scalars(given):
        about.setdefault(answer.participant_id, {})[answer.question] = answer.answer
    counts = (
        select(
            Trial.participant_id,
            func.count().label("planned"),
            func.count(case((Trial.state == ANSWERED, 1))).label("answered"),
            func.count(case((Trial.purpose == ATTENTION, Response.trial_id))).label("checks"),
            func.count(case((Response.response == Trial.expected_response, 1))).label("passed"),
        )
        .outerjoin(Response, Response.trial_id == Trial.id)
        .group_by(Trial.participant_id)
        .subquery()
    )
    tasks_passed = func.count(case((Comprehension.passed, 1)))
    understood = (
        select(case((tasks_passed == func.count(distinct(Comprehension.task)), 1), else_=0))
        .where(Comprehension.participant_id == Participant.id)
        .having(func.count() > 0)
        .scalar_subquery()
    )
    query = (
        select(Participant, counts.c.planned, counts.c.answered, counts.c.checks, counts.c.passed, understood)
        .join(counts, counts.c.participant_id == Participant.id)
        .where(Participant.study_id == study.id)
        .order_by(Participant.id)
    )
    for participant, planned, answered, checks, passed, understanding in _stream(session, query):
        yield {
            "participant_id": participant.public_id,
            "observer_kind": participant.observer_kind,
            "language": participant.language,
            "consent_version": participant.consent_version,
            "definition_sha256": participant.definition_sha256,
            "joined_at": participant.consented_at,
            "finished_at": participant.finished_at,
            "trials_planned": planned,
            "trials_answered": answered,
            "completed": participant.finished_at is not None,
            "excluded": participant.excluded,
            "exclusion_reason": _free_text(participant.exclusion_reason),
            "comprehension": understanding,
            "attention_checks": checks,
            "attention_checks_passed": passed,
            "demographics": json.dumps(about[participant.id], ensure_ascii=False) if participant.id in about else None,
        }


def _trials(session: Session, study: Study) -> Rows:
    tasks = {task.name: task for task in frozen_definition(study).tasks}
    left, right = aliased(Stimulus), aliased(Stimulus)
    query = (
        select(
            Trial.__table__.c,
            Participant.public_id,
            Participant.observer_kind,
            Participant.definition_sha256,
            Item.category,
            Item.foil,
            Item.method,
            left.stimulus_id.label("left_id"),
            left.network.label("left_network"),
            right.stimulus_id.label("right_id"),
            right.network.label("right_network"),
            Response.response,
            Response.rt,
            Response.time_elapsed,
            Response.confidence,
            Response.answered_at,
        )
        .join(Participant, Trial.participant_id == Participant.id)
        .join(Item, Trial.item_id == Item.id)
        .join(left, Trial.left_stimulus_id == left.id)
        .outerjoin(right, Trial.right_stimulus_id == right.id)
        .outerjoin(Response, Response.trial_id == Trial.id)
        .where(Participant.study_id == study.id)
        .order_by(Trial.participant_id, Trial.position)
    )
    for row in _stream(session, query):
        task = tasks[row.task]
        yield {
            "trial_id": row.id,
            "participant_id": row.public_id,
            "observer_kind": row.observer_kind,
            "definition_sha256": row.definition_sha256,
            "task": row.task,
            "purpose": row.purpose,
            "trial_type": task.kind,
            "trial_index": row.position,
            "item_id": row.item_id,
            "image_id": row.image_id,
            "category": row.category,
            "method": row.method,
            "option_order": row.option_order,
            "state": row.state,
            "is_overflow": row.is_overflow,
            "response": row.response,
            "expected_response": row.expected_response,
            "confidence": row.confidence,
            "rt": row.rt,
            "time_elapsed": row.time_elapsed,
            "answered_at": row.answered_at,
        } | (_trust(row, task.networks[0]) if task.kind == "trust" else _discrimination(row))


def _unscored(row: Row[Any]) -> bool:
    return row.response is None or row.purpose == ATTENTION


def _discrimination(row: Row[Any]) -> dict[str, Any]:
    return {
        "foil": row.foil,
        "network": row.left_network,
        "stimulus_id": row.left_id,
        "correct": None if _unscored(row) else row.response == row.category,
    }


def _trust(row: Row[Any], first_network: str) -> dict[str, Any]:
    sign = 1 if row.left_network == first_network else -1
    return {
        "left_stimulus_id": row.left_id,
        "right_stimulus_id": row.right_id,
        "left_network": row.left_network,
        "right_network": row.right_network,
        "score": None if _unscored(row) else sign * int(row.response),
    }


def _stimuli(session: Session, study: Study) -> Rows:
    query = select(Stimulus).where(Stimulus.study_id == study.id).order_by(Stimulus.stimulus_id)
    for (stimulus,) in _stream(session, query):
        yield {column: getattr(stimulus, column) for column in TABLES["stimuli"]}


def _events(session: Session, study: Study) -> Rows:
    query = (
        select(Event.id, Participant.public_id, Event.trial_id, Event.event, Event.time)
        .join(Trial, Event.trial_id == Trial.id)
        .join(Participant, Trial.participant_id == Participant.id)
        .where(Participant.study_id == study.id)
        .order_by(Event.id)
    )
    for row in _stream(session, query):
        yield dict(zip(TABLES["events"], row, strict=True))


_READERS: dict[str, Callable[[Session, Study], Rows]] = {
    "participants": _participants,
    "trials": _trials,
    "stimuli": _stimuli,
    "events": _events,
}
