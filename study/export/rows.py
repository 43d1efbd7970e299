"""The rows of the export's tables, streamed from the database: memory does not grow with their number."""

import json
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Row, case, distinct, func, select
from sqlalchemy.orm import Session, aliased

from contracts.export import TABLES
from contracts.metrics import MetricsError, MetricsWarning, read_metrics
from contracts.questionnaires import ITEM_KINDS, LIKERT, NUMBER
from contracts.tasks import CONFIDENCE, KINDS, REASON, RESPONSE, Kind
from study.config import TaskConfig
from study.database.schema import (
    ANSWERED,
    ATTENTION,
    CONTROL,
    FIRST_ANSWER,
    LEARNING,
    Comprehension,
    Demographic,
    Event,
    Item,
    Participant,
    QuestionnaireAnswer,
    Response,
    Stimulus,
    Study,
    Trial,
)
from study.database.stimuli_folder import folder_of
from study.definition import frozen_definition
from study.tasks.kinds import STUDY_KINDS

BATCH = 1000  # rows in memory at once
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
Rows = Iterable[dict[str, Any]]


def _free_text(text: str | None) -> str | None:
    """Kept from being run as a formula by a spreadsheet. Only for what people typed: numbers must stay numbers."""
    return f"'{text}" if text and text.startswith(_FORMULA_STARTS) else text


def _stream(session: Session, query: Any) -> Iterator[Row[Any]]:
    with session.execute(query.execution_options(yield_per=BATCH)) as rows:
        yield from rows


def _batches(session: Session, query: Any) -> Iterator[Sequence[Any]]:
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
        .outerjoin(Response, FIRST_ANSWER)
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
                "condition": participant.condition,
                "joined_at": participant.consented_at,
                "finished_at": participant.finished_at,
                "stopped_at": participant.stopped_at,
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
                "consents": json.dumps(participant.consents) if participant.consents else None,
                "comment": _free_text(participant.comment),
                "screening": json.dumps(participant.screening) if participant.screening else None,
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
    several = any(len(task.questions) > 1 for task in tasks.values())
    left, right = aliased(Stimulus), aliased(Stimulus)
    query = (
        select(
            *Trial.__table__.c,
            Participant.public_id,
            Participant.observer_kind,
            Participant.definition_sha256,
            Participant.condition,
            Item.category,
            Item.foil,
            Item.method,
            left.stimulus_id.label("left_id"),
            left.network.label("left_network"),
            left.probability.label("left_probability"),
            right.stimulus_id.label("right_id"),
            right.network.label("right_network"),
            Response.response,
            Response.rt,
            Response.rt_missing,
            Response.time_elapsed,
            Response.answered_at,
        )
        .join(Participant, Trial.participant_id == Participant.id)
        .join(Item, Trial.item_id == Item.id)
        .join(left, Trial.left_stimulus_id == left.id)
        .outerjoin(right, Trial.right_stimulus_id == right.id)
        .outerjoin(Response, FIRST_ANSWER)
        .where(Participant.study_id == study.id)
        .order_by(Trial.participant_id, Trial.position)
    )
    for batch in _batches(session, query):
        further = _further_answers(session, batch) if several else {}
        for row in batch:
            yield _trial(row, tasks[row.task], further.get(row.id, {}))


def _further_answers(session: Session, batch: Sequence[Row[Any]]) -> dict[int, dict[str, str]]:
    """trial id → question → answer, of the questions behind the first."""
    found: dict[int, dict[str, str]] = {}
    query = select(Response.trial_id, Response.question, Response.response)
    query = query.where(Response.trial_id.in_([row.id for row in batch]), Response.question != RESPONSE)
    for trial_id, question, response in session.execute(query):
        found.setdefault(trial_id, {})[question] = response
    return found


def _trial(row: Row[Any], task: TaskConfig, further: dict[str, str]) -> dict[str, Any]:
    is_answered = row.state == ANSWERED  # a trial of several questions is exported when all are answered
    return {
        "trial_id": row.id,
        "participant_id": row.public_id,
        "observer_kind": row.observer_kind,
        "definition_sha256": row.definition_sha256,
        "condition": row.condition,
        "task": row.task,
        "purpose": row.purpose,
        "trial_type": task.kind,
        "trial_index": row.position,
        "item_id": row.item_id,
        "image_id": row.image_id,
        "category": row.category,
        "foil": row.foil,
        "method": row.method,
        **_shown(row, KINDS[task.kind]),
        "option_order": row.option_order,
        "state": row.state,
        "is_overflow": row.is_overflow,
        "response": row.response if is_answered else None,
        "expected_response": row.expected_response,
        KINDS[task.kind].value: _value(row, task),
        "confidence": further.get(CONFIDENCE) if is_answered else None,
        "rt": row.rt if is_answered else None,
        "rt_missing": row.rt_missing if is_answered else None,
        "time_elapsed": row.time_elapsed if is_answered else None,
        "answered_at": row.answered_at if is_answered else None,
    }


def _shown(row: Row[Any], kind: Kind) -> dict[str, Any]:
    if kind.pictures == 1:
        told = row.left_probability if kind.tells_confidence else None
        return {"network": row.left_network, "network_confidence": told, "stimulus_id": row.left_id}
    return {
        "left_stimulus_id": row.left_id,
        "right_stimulus_id": row.right_id,
        "left_network": row.left_network,
        "right_network": row.right_network,
    }


def _value(row: Row[Any], task: TaskConfig) -> Any:
    """None for a trial that is no rating: not answered, or a check, a control or an example."""
    if row.state != ANSWERED or row.purpose in (ATTENTION, CONTROL, LEARNING):
        return None
    return STUDY_KINDS[task.kind].value(row, task)


def _answers(session: Session, study: Study) -> Rows:
    query = (
        select(
            Response.trial_id,
            Participant.public_id,
            Response.question,
            Response.response,
            Response.rt,
            Response.rt_missing,
            Response.time_elapsed,
            Response.answered_at,
        )
        .join(Trial, Response.trial_id == Trial.id)
        .join(Participant, Trial.participant_id == Participant.id)
        .where(Participant.study_id == study.id, Response.question != RESPONSE)
        .order_by(Trial.participant_id, Trial.position, Response.answered_at, Response.question)
    )
    for row in _stream(session, query):
        told = dict(zip(TABLES["answers"], (f"{row.trial_id}-{row.question}", *row), strict=True))
        yield told | ({"response": _free_text(row.response)} if row.question == REASON else {})


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


def _questionnaire(session: Session, study: Study) -> Rows:
    asked = {(q.name, item.name): item for q in frozen_definition(study).questionnaires for item in q.asked}
    query = (
        select(QuestionnaireAnswer, Participant.public_id, Participant.observer_kind)
        .join(Participant, QuestionnaireAnswer.participant_id == Participant.id)
        .where(Participant.study_id == study.id)
        .order_by(Participant.id, QuestionnaireAnswer.questionnaire, QuestionnaireAnswer.position)
    )
    for row in _stream(session, query):
        given = row.QuestionnaireAnswer
        item = asked[given.questionnaire, given.item]
        yield {
            "item_answer_id": f"{row.public_id}-{given.questionnaire}-{given.item}",
            "participant_id": row.public_id,
            "observer_kind": row.observer_kind,
            "questionnaire": given.questionnaire,
            "item": given.item,
            "kind": item.kind,
            "page": given.page,
            "position": given.position,
            "answer": _free_text(given.answer) if ITEM_KINDS[item.kind].is_typed else given.answer,
            "value": given.answer if item.kind in (LIKERT, NUMBER) else None,
            "reversed": item.reversed,
            "time_on_page": given.time_on_page,
            "answered_at": given.answered_at,
        }


def _metrics(_session: Session, study: Study) -> Rows:
    """Of the set's folder as it is now; columns that are damaged must not keep anybody from the answers."""
    try:
        found = read_metrics(folder_of(study.stimuli_folder))
    except (MetricsError, OSError) as error:
        warnings.warn(f"metrics are left out of the export: {error}", MetricsWarning, stacklevel=2)
        return
    for stimulus_id, values in sorted(found.values.items()) if found else ():
        for column in found.columns if found else ():
            yield {
                "metric_value_id": f"{stimulus_id}-{column.name}",
                "stimulus_id": stimulus_id,
                "metric": column.name,
                "label": column.label,
                "unit": column.unit,
                "better": column.better,
                "value": values[column.name],
            }


READERS: dict[str, Callable[[Session, Study], Rows]] = {
    "participants": _participants,
    "trials": _trials,
    "answers": _answers,
    "stimuli": _stimuli,
    "events": _events,
    "questionnaire": _questionnaire,
    "metrics": _metrics,
}
