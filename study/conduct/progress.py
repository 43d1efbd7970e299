"""How far a study is. Counts only: estimates stay hidden while people take part."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from contracts.methods import method_name
from contracts.observers import FAMILIES
from study.conduct.balance import Cell, ItemCount, ItemFacts, cells, item_counts, item_facts
from study.conduct.conditions import ConditionProgress, conditions
from study.conduct.flow import Flow, flow, visits
from study.conduct.outlook import Outlook, outlook, ratings_per_day
from study.conduct.screened import Screened, screened
from study.config import TaskConfig
from study.database.schema import ANSWERED, MAIN, Item, Participant, Study, Trial
from study.definition import FrozenDefinition, frozen_definition
from study.pay import PayConfig
from study.recruitment.outcomes import Ending, endings
from study.recruitment.providers import PROVIDERS
from study.taking_part.arrivals import arrived
from study.taking_part.withdrawal import withdrawals
from study.tasks.kinds import STUDY_KINDS

_NAMED = 4  # items of one number of ratings at most


@dataclass(frozen=True)
class StudySummary:
    """A line of the list of studies. `ratings` are the humans' within k, of `ratings_wanted`."""

    slug: str
    title: str
    state: str
    opened_at: datetime
    finished: int
    ratings: int
    ratings_wanted: int


@dataclass(frozen=True)
class TaskProgress:
    """Ratings of one task by one kind of observer.

    `histogram`: (ratings, number of items with that number of ratings), 0 … k; `named`: the first few of those items.
    """

    task: str
    kind: str
    balanced: str | None  # what should be first, or on the left, half of the time
    items: int
    ratings_per_item: int
    ratings: int
    ratings_wanted: int
    histogram: tuple[tuple[int, int], ...]
    named: dict[int, tuple[str, ...]]
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Progress:
    """Everything that the researcher's page of a study shows of one kind of observer, and how many others there are."""

    slug: str
    title: str
    state: str
    opened_at: datetime
    definition_sha256: str
    completion_code: str | None  # the one that the recruitment platform must know; None: each participant has their own
    endings: tuple[tuple[str, Ending], ...]  # (code, what it means), where the platform has a code for each
    limit: int | None  # of participants
    pay: PayConfig | None
    minutes: int  # that the information sheet announces
    has_practice: bool
    flow: Flow
    consented: dict[str, int]  # kind of observer → how many; those without anybody are left out, except `human`
    outlook: Outlook
    tasks: tuple[TaskProgress, ...]
    screened: Screened
    conditions: tuple[ConditionProgress, ...]  # empty where the study has none


def summaries(session: Session, only: set[int] | None = None) -> list[StudySummary]:
    """All studies, or those with these ids, the newest first."""
    studies = session.scalars(select(Study).order_by(Study.opened_at.desc()))
    return [_summary(session, study) for study in studies if only is None or study.id in only]


def progress(
    session: Session, study: Study, now: datetime, observer_kind: str = "human", zone: tzinfo = UTC
) -> Progress:
    """Counts of this moment, of one kind of observer; days are those of `zone`."""
    definition = frozen_definition(study)
    shares_code = PROVIDERS[definition.participants.provider].shares_code
    everybody, withdrew = visits(session, study), withdrawals(session, study.slug)
    consented = withdrew + Counter(visit.observer_kind for visit in everybody)
    people = [visit for visit in everybody if visit.observer_kind == observer_kind]
    counts, items = item_counts(session, study)[observer_kind], item_facts(session, study)
    came = arrived(session, study).get(observer_kind)
    course = flow(observer_kind, came, people, withdrew[observer_kind], counts, now)
    tasks = tuple(_task(task, items, counts) for task in definition.tasks)
    first = min((visit.joined_at for visit in people), default=None)
    days = ratings_per_day(session, study, observer_kind, first, now, zone)
    dealt = conditions(definition, people, items, counts)
    missing = [condition.missing for condition in dealt]
    return Progress(
        slug=study.slug,
        title=title(definition),
        state=study.state,
        opened_at=study.opened_at,
        definition_sha256=study.definition_sha256,
        completion_code=study.completion_code if shares_code else None,
        endings=endings(study.outcome_codes, definition.recruitment.screen_out is not None),
        limit=definition.participants.limit,
        pay=definition.study.pay,
        minutes=definition.study.minutes,
        has_practice=any(task.practice or task.learning for task in definition.tasks),
        flow=course,
        consented={name: consented[name] for name in FAMILIES if name == "human" or consented[name]},
        outlook=outlook(definition, missing, course.finished - course.finished_excluded, days, first, now, zone),
        tasks=tasks,
        screened=screened(session, study, definition, observer_kind, now),
        conditions=dealt if definition.conditions else (),
    )


def title(definition: FrozenDefinition) -> str:
    """In the study's first language."""
    return definition.study.title[definition.study.languages[0]]


def _summary(session: Session, study: Study) -> StudySummary:
    people = (Participant.study_id == study.id, Participant.observer_kind == "human")
    ratings = (
        select(func.count())
        .select_from(Trial)
        .join(Participant, Trial.participant_id == Participant.id)
        .where(*people, Participant.excluded.is_(False), Trial.is_overflow.is_(False))
        .where(Trial.state == ANSWERED, Trial.purpose == MAIN)
    )
    return StudySummary(
        slug=study.slug,
        title=title(frozen_definition(study)),
        state=study.state,
        opened_at=study.opened_at,
        finished=session.scalar(select(func.count(Participant.finished_at)).where(*people)) or 0,
        ratings=session.scalar(ratings) or 0,
        ratings_wanted=session.scalar(select(func.sum(Item.ratings_wanted)).where(Item.study_id == study.id)) or 0,
    )


def _name(item: ItemFacts) -> str:
    network = (item.network,) if item.network else ()
    return ", ".join((item.image_id, item.category, method_name(item.method), *network))


def _task(task: TaskConfig, all_items: Sequence[ItemFacts], counts: Sequence[ItemCount]) -> TaskProgress:
    items = [item for item in all_items if item.task == task.name]
    ratings = {item.id: 0 for item in items}
    for count in counts:
        if count.is_rating and count.item_id in ratings:
            ratings[count.item_id] += count.answers
    rated: dict[int, list[str]] = defaultdict(list)
    for item in items:
        rated[ratings[item.id]].append(_name(item))
    k = max(item.ratings_wanted for item in items)
    return TaskProgress(
        task=task.name,
        kind=task.kind,
        balanced=STUDY_KINDS[task.kind].balanced,
        items=len(items),
        ratings_per_item=k,
        ratings=sum(ratings.values()),
        ratings_wanted=sum(item.ratings_wanted for item in items),
        histogram=tuple((n, len(rated.get(n, ()))) for n in range(max(k, *rated) + 1)),
        named={n: tuple(some[:_NAMED]) for n, some in rated.items()},
        cells=cells(items, counts),
    )
