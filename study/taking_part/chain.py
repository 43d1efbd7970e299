"""The chain of a participant's answers: each link is the hash of the link before and of an answer as it is stored.

Only the last link is kept, with the participant, so an answer that was changed, added or removed in the database is
found. Somebody who can write to the database can also compute the chain anew: it is no signature.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from itertools import groupby
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from study.database.schema import Participant, Response, Study, Trial
from study.definition import FrozenDefinition, frozen_definition


@dataclass(frozen=True)
class Chains:
    """How many participants have a chain, and the public ids of those whose answers do not fit theirs."""

    checked: int
    broken: tuple[str, ...]


def link(previous: str, trial_id: int, answer: Mapping[str, Any]) -> str:
    """The next link: 64 hexadecimal digits. `answer` has the columns of a response."""
    times = (answer["rt"], answer["time_elapsed"])
    told = [
        *(previous, trial_id, answer["question"], answer["response"], answer["rt_missing"]),
        *(None if time is None else float(time) for time in times),
        answer["answered_at"].astimezone(UTC).isoformat(),
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def check_chains(session: Session) -> Chains:
    """Of all studies. Participants who had answered before there were chains have none."""
    people: dict[int, tuple[str, str | None]] = {
        id: (public_id, chain)
        for id, public_id, chain in session.execute(
            select(Participant.id, Participant.public_id, Participant.answers_chain)
        )
    }
    last = {participant_id: "" for participant_id in people}
    for study in session.scalars(select(Study)):
        last |= dict(_last_links(session, study))
    chained = {id: told for id, told in people.items() if told[1] is not None}
    broken = tuple(public_id for id, (public_id, chain) in chained.items() if last[id] != chain)
    return Chains(len(chained), broken)


def _last_links(session: Session, study: Study) -> Iterator[tuple[int, str]]:
    """(participant, the last link of what is stored of them)."""
    definition = frozen_definition(study)
    rows = session.execute(
        select(Trial.participant_id, Trial.position, Trial.task, *Response.__table__.c)
        .join(Response, Response.trial_id == Trial.id)
        .join(Participant, Trial.participant_id == Participant.id)
        .where(Participant.study_id == study.id)
        .order_by(Trial.participant_id)
        .execution_options(yield_per=1000)
    )
    for participant_id, answers in groupby(rows, key=lambda row: row.participant_id):
        reached = ""
        for answer in sorted(answers, key=lambda row: (row.position, _place(definition, row))):
            reached = link(reached, answer.trial_id, dict(answer._mapping))
        yield participant_id, reached


def _place(definition: FrozenDefinition, row: Any) -> int:
    """Of an answer's question in its task; a question that is never asked comes last, and breaks the chain."""
    asked = [question.name for question in definition.task(row.task).questions]
    return asked.index(row.question) if row.question in asked else len(asked)
