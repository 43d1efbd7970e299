"""A first look at results, possible only when a study is closed, and recorded permanently in the audit log."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from contracts.tasks import KINDS
from study.conduct.actions import LOOK
from study.config import TaskConfig
from study.database import audit
from study.database.find import lock_study
from study.database.schema import (
    ANSWERED,
    CLOSED,
    FIRST_ANSWER,
    MAIN,
    Item,
    Participant,
    Response,
    Stimulus,
    Study,
    Trial,
)
from study.definition import frozen_definition
from study.errors import ConductError
from study.tasks.kinds import STUDY_KINDS


@dataclass(frozen=True)
class Estimate:
    """People's mean of one method: the share of right answers, or a mean on the kind's scale."""

    task: str
    kind: str
    method: str
    ratings: int
    mean: float
    towards: str  # which network a preference is positive; empty where a trial shows no two networks

    @property
    def text(self) -> str:
        """The mean as a reader sees it: per cent, or a number with a sign if it can be negative."""
        facts = KINDS[self.kind]
        if facts.has_truth:
            return f"{100 * self.mean:.1f} %"
        rounded = round(self.mean, 2) or 0.0
        return _signed(rounded) if facts.least < 0 and rounded else f"{rounded:.2f}"

    @property
    def scale(self) -> str:
        """What the mean can be, and what guessing or indifference gives."""
        facts = KINDS[self.kind]
        if facts.has_truth:
            return f"right answers; guessing gives {100 * facts.null:g} %"
        return f"from {facts.least:g} to {facts.most:g}; indifference gives {facts.null:g}".replace("-", "−")


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def look(session: Session, slug: str, actor: str, now: datetime) -> list[Estimate]:
    """The means by task and method, without intervals: `./manage.py analyze` gives those. The caller commits.

    Raises UnknownError, and ConductError while the study is not closed.
    """
    study = lock_study(session, Study.slug == slug)
    if study.state != CLOSED:
        raise ConductError(f"study {slug!r} is {study.state}; estimates can be looked at when it is closed")
    audit.append(session, actor, LOOK, {"slug": slug}, now)
    tasks = {task.name: task for task in frozen_definition(study).tasks}
    values: dict[tuple[str, str], list[float]] = {}
    left, right = aliased(Stimulus), aliased(Stimulus)
    query = (
        select(
            Trial.task,
            Item.method,
            Item.category,
            Item.foil,
            left.network.label("left_network"),
            right.network.label("right_network"),
            Response.response,
        )
        .join(Item, Trial.item_id == Item.id)
        .join(left, Trial.left_stimulus_id == left.id)
        .outerjoin(right, Trial.right_stimulus_id == right.id)
        .join(Response, FIRST_ANSWER)
        .join(Participant, Trial.participant_id == Participant.id)
        .where(Participant.study_id == study.id, Participant.observer_kind == "human", Participant.excluded.is_(False))
        .where(Trial.purpose == MAIN, Trial.state == ANSWERED, Trial.is_overflow.is_(False))
        .order_by(Trial.task, Item.method)
    )
    for answered in session.execute(query):
        task = tasks[answered.task]
        value = STUDY_KINDS[task.kind].value(answered, task)
        values.setdefault((task.name, answered.method), []).append(float(value))
    return [
        Estimate(task, tasks[task].kind, method, len(found), sum(found) / len(found), _towards(tasks[task]))
        for (task, method), found in values.items()
    ]


def _towards(task: TaskConfig) -> str:
    if not KINDS[task.kind].compares_networks:
        return ""
    return f"“{task.networks[0]}”" if len(task.networks) == KINDS[task.kind].networks else "the network named first"
