"""The rows of the export's tables, streamed from the database: memory does not grow with their number."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Row, case, distinct, func, select
from sqlalchemy.orm import Session, aliased

from contracts.export import TABLES
from study.database.schema import (
    ANSWERED,
    ATTENTION,
    CONTROL,
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
from study.definition import frozen_definition

BATCH = 1000  # rows in memory at once
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
Rows = Iterable[dict[str, Any]]


def _free_text(text: str | None) -> str | None:
    """Kept from being run as a formula by a spreadsheet. Only for what people typed: numbers must stay numbers."""
    return f"'{text}" if text and text.startswith(_FORMULA_STARTS) else text


def _stream(session: Session, query: Any) -> Iterator[Row[Any]]:
    with session.execute(query.execution_options(yield_per=BATCH)) as rows:
        yield from rows


def _batches(session: Session, query: Any) -> Iterator[Sequence[Row[Any]]]:
    with session.execute(query.execution_options(yield_per=BATCH)) as rows:
        yield from rows.partitions()


def _participants(session: Session, study: Study) -> Rows:
    counts = (
        select(
            Trial.participant_id,
            func.count().label("planned"),
            func.count(case((Trial.state == ANSWERED, 1))).label("answered"),
            func.count(case((Trial.purpose == ATTENTION, Response.trial_id))).label("checks"),
            func.count(case((Response.response == Trial.expected_response, 1))).label("passed"),
        )
        .join(Participant, Trial.participant_id == Participant.id)
        .outerjoin(Response, Response.trial_id == Trial.id)
        .where(Participant.study_id == study.id)
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
    for batch in _batches(session, query):
        about = _about_themselves(session, batch[0][0].id, batch[-1][0].id)
        for participant, planned, answered, checks, passed, understanding in batch:
            given = about.get(participant.id)
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
                "demographics": json.dumps(given, ensure_ascii=False) if given else None,
                "device": json.dumps(participant.device) if participant.device else None,
            }


def _about_themselves(session: Session, first: int, last: int) -> dict[int, dict[str, str]]:
    """participant id → question → answer, of the participants with ids from `first` to `last`."""
    about: dict[int, dict[str, str]] = {}
    rows = select(Demographic.participant_id, Demographic.question, Demographic.answer)
    rows = rows.where(Demographic.participant_id.between(first, last)).order_by(*Demographic.__table__.primary_key)
    for participant_id, question, answer in session.execute(rows):
        about.setdefault(participant_id, {})[question] = answer
    return about


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
    return row.response is None or row.purpose in (ATTENTION, CONTROL)


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


READERS: dict[str, Callable[[Session, Study], Rows]] = {
    "participants": _participants,
    "trials": _trials,
    "stimuli": _stimuli,
    "events": _events,
}
