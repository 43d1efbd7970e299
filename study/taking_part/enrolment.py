"""Joining a study: one transaction that stores the participant and the whole plan of trials."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import ColumnElement, func, insert, select, update
from sqlalchemy.orm import Session

from contracts.tasks import KINDS
from study.config import ParticipantsConfig, TaskConfig
from study.database.schema import (
    ANSWERED,
    ATTENTION,
    CLOSED,
    CONTROL,
    MAIN,
    OPEN,
    PAUSED,
    PRACTICE,
    RELEASED,
    Demographic,
    ExternalIdentity,
    Item,
    Participant,
    Stimulus,
    Study,
    Trial,
)
from study.definition import FrozenDefinition, frozen_definition
from study.errors import ConsentError, NotOpenError, StudyFullError, UnknownError
from study.recruitment.provider import Recruited
from study.security import new_public_id, new_token, new_withdrawal_code, recruitment_hash
from study.taking_part.assignment import Candidate, alternate, choose
from study.tasks.kinds import STUDY_KINDS

MAX_TYPED = 500  # characters of a typed answer about oneself
JOINING_KINDS = ("human", "simulated")  # who may come through the consent form


@dataclass(frozen=True)
class Consent:
    """What the consent form says."""

    recruited: Recruited
    language: str
    observer_kind: str
    demographics: dict[str, str] = field(default_factory=dict)  # question → answer


@dataclass(frozen=True)
class Choice:
    """A trial to be planned. `swapped` exchanges left and right, or the two options; a control shows on both sides what
    would stand on the left. `asked` is the place of the option that an attention check asks for."""

    item: Item
    kind: str
    swapped: bool
    purpose: str = MAIN
    asked: int | None = None


def join(
    session: Session, slug: str, consent: Consent, now: datetime, rng: np.random.Generator, secret: str
) -> Participant:
    """Enrol a participant and lease their trials, or return the participant that this person already is.

    Who comes back before the end with another assignment of their platform hands that one in.
    The study's row is locked first and everything is read afterwards, so that no place is given twice.
    Raises UnknownError, NotOpenError, ConsentError, StudyFullError.
    """
    study = lock_study(session, Study.slug == slug)
    identity = recruitment_hash(secret, consent.recruited.provider, consent.recruited.key)
    known = session.scalar(
        select(Participant).where(Participant.study_id == study.id, Participant.recruitment_hash == identity)
    )
    if known:
        _hand_in(session, known, consent.recruited)
        return known
    require_open(study)
    definition = frozen_definition(study)
    _check(consent, definition)
    release_expired(session, study, now)
    _keep_limit(session, study, definition.participants, consent.observer_kind)
    chosen = choose_trials(session, definition, study.id, loads(session, study.id, consent.observer_kind), rng)
    participant = _store(session, study, definition, consent, identity, now)
    trials = [trial_row(choice, position, participant.id) for position, choice in enumerate(chosen)]
    session.execute(insert(Trial), trials)
    return participant


def require_open(study: Study) -> None:
    """Raises NotOpenError."""
    if study.state == PAUSED:
        raise NotOpenError("this study is paused; please open its link again later")
    if study.state == CLOSED:
        raise NotOpenError("this study has ended; thank you for your interest")


def _hand_in(session: Session, known: Participant, recruited: Recruited) -> None:
    identity = session.get(ExternalIdentity, known.id)
    if identity is not None and known.finished_at is None:
        identity.parameters = recruited.parameters


def lock_study(session: Session, which: ColumnElement[bool]) -> Study:
    """The study's row, locked until the transaction ends: whoever counts ratings to decide on one holds it.

    Raises UnknownError.
    """
    study = session.scalar(select(Study).where(which).with_for_update(key_share=True))
    if study is None:
        raise UnknownError("there is no such study here")
    return study


def release_expired(session: Session, study: Study, now: datetime) -> None:
    """Give back the open trials of participants whose lease has run out. The study must be locked.

    A participant whose row is locked is storing an answer at this moment, so they are passed over.
    """
    holds_trials = select(Trial.id).where(Trial.participant_id == Participant.id, Trial.state == OPEN).exists()
    expired = session.scalars(
        select(Participant.id)
        .where(Participant.study_id == study.id, Participant.lease_until < now, holds_trials)
        .with_for_update(skip_locked=True)
    ).all()
    if expired:
        released = update(Trial).where(Trial.participant_id.in_(expired), Trial.state == OPEN)
        session.execute(released.values(state=RELEASED).execution_options(synchronize_session=False))


def loads(session: Session, study_id: int, observer_kind: str) -> dict[int, int]:
    """item id → ratings given and promised by this kind of observer; overflow and excluded participants left out."""
    rows = session.execute(
        select(Trial.item_id, func.count())
        .join(Participant, Trial.participant_id == Participant.id)
        .where(Participant.study_id == study_id, Participant.observer_kind == observer_kind)
        .where(
            Participant.excluded.is_(False),
            Trial.purpose == MAIN,
            Trial.is_overflow.is_(False),
            Trial.state.in_((OPEN, ANSWERED)),
        )
        .group_by(Trial.item_id)
    )
    return {item_id: count for item_id, count in rows}


def _check(consent: Consent, definition: FrozenDefinition) -> None:
    if consent.language not in definition.study.languages:
        raise ConsentError(f"this study is not offered in language {consent.language!r}")
    if consent.observer_kind not in JOINING_KINDS:
        raise ConsentError(f"observer_kind must be one of {', '.join(JOINING_KINDS)}")


def _keep_limit(session: Session, study: Study, config: ParticipantsConfig, observer_kind: str) -> None:
    if config.limit is None:
        return
    holds_trials = select(Trial.id).where(Trial.participant_id == Participant.id, Trial.state == OPEN).exists()
    places = session.scalar(
        select(func.count())
        .select_from(Participant)
        .where(Participant.study_id == study.id, Participant.observer_kind == observer_kind)
        .where(Participant.finished_at.is_not(None) | holds_trials)
    )
    if (places or 0) >= config.limit:
        raise StudyFullError("all places in this study are taken")


def choose_trials(
    session: Session, definition: FrozenDefinition, study_id: int, load: dict[int, int], rng: np.random.Generator
) -> list[Choice]:
    """A participant's trials in order, task after task; `load` as `loads` gives it.

    Within each task: practice, then the trials that count, with the attention checks and identical pairs among them.
    Left and right, or the two options, are exchanged fairly within each task and each of its methods.
    Raises StudyFullError when no task has a trial left to give.
    """
    rows = session.execute(
        select(Item, Stimulus.network)
        .join(Stimulus, Item.stimulus_a_id == Stimulus.id)
        .where(Item.study_id == study_id)
        .order_by(Item.id)
    ).all()
    items = {item.id: item for item, _ in rows}
    candidates: dict[str, list[Candidate]] = {task.name: [] for task in definition.tasks}
    for item, network in rows:
        cell = (item.method, item.slot, network)
        candidates[item.task].append(Candidate(item.id, item.image_id, cell, item.ratings_wanted, load.get(item.id, 0)))
    tasks: Sequence[TaskConfig] = definition.tasks
    if definition.participants.tasks == "one":
        tasks = [max(tasks, key=lambda task: _share_missing(candidates[task.name]))]
    chosen: list[Choice] = []
    for task in tasks:
        picked = [items[c.item_id] for c in choose(candidates[task.name], task.trials_per_participant, rng)]
        swapped = alternate([item.method for item in picked], rng)
        main = [Choice(item, task.kind, swap) for item, swap in zip(picked, swapped, strict=True)]
        if main:
            beside = _beside([items[c.item_id] for c in candidates[task.name]], picked, task, rng)
            chosen += _in_order(main, beside, task, rng)
    if not chosen:
        raise StudyFullError("this study has all the answers it needs")
    return chosen


def _beside(items: Sequence[Item], picked: Sequence[Item], task: TaskConfig, rng: np.random.Generator) -> list[Item]:
    """Items for practice, checks and controls: one each of images that the participant does not rate in this task."""
    rated = {item.image_id for item in picked}
    by_image: dict[str, list[Item]] = {}
    for item in items:
        if item.image_id not in rated:
            by_image.setdefault(item.image_id, []).append(item)
    images = rng.permutation(sorted(by_image))[: task.practice + task.attention_checks + task.identical_pairs]
    return [by_image[image][rng.integers(len(by_image[image]))] for image in images]


def _in_order(main: list[Choice], beside: list[Item], task: TaskConfig, rng: np.random.Generator) -> list[Choice]:
    """Practice first, in an order of options by lot; attention checks anywhere but before the first main trial.

    Identical pairs come anywhere after practice, and show the picture of either network by lot.
    """
    practice = [Choice(item, task.kind, bool(rng.integers(2)), PRACTICE) for item in beside[: task.practice]]
    controls = beside[task.practice + task.attention_checks :]
    for item in beside[task.practice : task.practice + task.attention_checks]:
        swapped = bool(rng.integers(2))
        asked = _asked(item, task, swapped, rng)
        main.insert(int(rng.integers(1, len(main) + 1)), Choice(item, task.kind, swapped, ATTENTION, asked))
    for item in controls:
        main.insert(int(rng.integers(len(main) + 1)), Choice(item, task.kind, bool(rng.integers(2)), CONTROL))
    return practice + main


def _asked(item: Item, task: TaskConfig, swapped: bool, rng: np.random.Generator) -> int:
    """The place of the option that an attention check names: a wrong one, where there is a right one.

    People who only answer what they see then do not pass by chance.
    """
    options, truth = _options(item, task.kind, swapped), STUDY_KINDS[task.kind].truth(item)
    possible = [place for place, option in enumerate(options) if option != truth]
    return possible[int(rng.integers(len(possible)))] if len(possible) > 1 else possible[0]


def _options(item: Item, kind: str, swapped: bool) -> list[str]:
    """The values of the first question in the order in which they are shown."""
    options = list(STUDY_KINDS[kind].options(item))
    return options[::-1] if swapped and KINDS[kind].shuffles_options else options


def _share_missing(candidates: list[Candidate]) -> float:
    missing = sum(max(0, candidate.wanted - candidate.load) for candidate in candidates)
    return missing / sum(candidate.wanted for candidate in candidates)


def _store(
    session: Session,
    study: Study,
    definition: FrozenDefinition,
    consent: Consent,
    identity: str,
    now: datetime,
) -> Participant:
    participant = Participant(
        study_id=study.id,
        token=new_token(),
        public_id=new_public_id(),
        withdrawal_code=new_withdrawal_code(),
        recruitment_hash=identity,
        observer_kind=consent.observer_kind,
        language=consent.language,
        definition_sha256=study.definition_sha256,
        consent_version=definition.study.consent_version,
        consented_at=now,
        lease_until=now + timedelta(minutes=definition.participants.lease_minutes),
    )
    session.add(participant)
    session.flush()
    session.add(
        ExternalIdentity(
            participant_id=participant.id,
            provider=consent.recruited.provider,
            parameters=consent.recruited.parameters,
        )
    )
    session.add_all(
        Demographic(participant_id=participant.id, question=question, answer=answer)
        for question, answer in _demographics(consent, definition)
    )
    return participant


def _demographics(consent: Consent, definition: FrozenDefinition) -> Iterator[tuple[str, str]]:
    """(question, answer), the answers given only; a chosen one by its name, a typed one cut at MAX_TYPED."""
    for question in definition.study.demographics:
        given = " ".join(consent.demographics.get(question.name, "").replace("\0", "").split())
        if given and question.options and given not in question.options:
            raise ConsentError(f"{question.name}: {given[:40]!r} is not among the options")
        if given:
            yield question.name, given[:MAX_TYPED]


def trial_row(choice: Choice, position: int, participant_id: int | None) -> dict[str, object]:
    """A row of `trial`; without a participant, of a preview."""
    item, options = choice.item, _options(choice.item, choice.kind, choice.swapped)
    left, right = item.stimulus_a_id, item.stimulus_b_id
    if right is not None:
        left, right = (right, left) if choice.swapped else (left, right)
        right = left if choice.purpose == CONTROL else right
    return {
        "participant_id": participant_id,
        "item_id": item.id,
        "position": position,
        "task": item.task,
        "image_id": item.image_id,
        "left_stimulus_id": left,
        "right_stimulus_id": right,
        "option_order": options,
        "trial_token": new_token(),
        "left_image_token": new_token(),
        "right_image_token": None if right is None else new_token(),
        "state": OPEN,
        "is_overflow": False,
        "purpose": choice.purpose,
        "expected_response": None if choice.asked is None else options[choice.asked],
    }
