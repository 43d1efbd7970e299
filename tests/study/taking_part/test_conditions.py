"""Conditions between people: dealt in balance, exact at the end although people leave, stored, and never told to anybody."""

import json
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from study.conduct.actions import exclude
from study.conduct.admins import create_admin
from study.conduct.opening import Opened
from study.conduct.progress import progress
from study.database.db import Database
from study.database.find import find_study
from study.database.schema import Item, Participant, Trial
from study.errors import StudyFullError
from study.taking_part.leaving import leave
from study.taking_part.plan import plan
from tests.study.researcher import PASSWORD, log_in
from tests.study.samples import NOW, answer, assert_loads_fit, document, enrol, open_sample, seeing, trials_of, trusting
from tests.study.taking_part.test_identical_pairs import migrate

PIXELS, REGIONS = ["deconvolution", "guided-backprop"], ["deconvolution-grad-cam", "guided-grad-cam"]
ARMS = [
    {"name": "pixels", "methods": {"seeing": PIXELS}},
    {"name": "regions", "methods": {"seeing": REGIONS}, "wording": {"trusting": "paper"}},
]


def with_arms(*tasks: dict, arms: list[dict[str, Any]] = ARMS, **participants: Any) -> dict[str, Any]:
    return document(*(tasks or (seeing(images=4, k=2), trusting(images=3, k=2))), **participants) | {"conditions": arms}


def opened(database: Database, folder: Path, definition: dict[str, Any]) -> Opened:
    with database.writing() as session:
        return open_sample(session, folder, definition)


def counted(database: Database) -> Counter[tuple[str, str, int]]:
    """(condition, task, ratings that count) → number of items."""
    with database.reading() as session:
        items = session.execute(select(Item.id, Item.condition, Item.task)).all()
        given = Counter(
            session.scalars(
                select(Trial.item_id)
                .join(Participant, Trial.participant_id == Participant.id)
                .where(Trial.state == "answered", Trial.purpose == "main", Trial.is_overflow.is_(False))
                .where(Participant.excluded.is_(False))
            )
        )
    return Counter((condition, task, given[item]) for item, condition, task in items)


def shown(database: Database, person: Participant) -> dict[str, set[str]]:
    """task → the methods that somebody sees in it, practice and checks included."""
    with database.reading() as session:
        rows = session.execute(
            select(Trial.task, Item.method)
            .join(Item, Trial.item_id == Item.id)
            .where(Trial.participant_id == person.id)
        )
        found: dict[str, set[str]] = {}
        for task, method in rows:
            found.setdefault(task, set()).add(method)
    return found


def test_people_alternate_between_conditions_and_see_nothing_of_another(database: Database, tmp_path: Path) -> None:
    beside = {"images": 8, "trials": 4, "practice": 1, "attention_checks": 1}
    opened(database, tmp_path, with_arms(seeing(k=4, **beside), trusting(images=3, k=9)))
    people = [enrol(database, seed) for seed in range(10)]
    for first, second in zip(people[::2], people[1::2], strict=True):
        assert {first.condition, second.condition} == {"pixels", "regions"}
    for person in people:
        wanted = set(PIXELS if person.condition == "pixels" else REGIONS)
        assert shown(database, person)["seeing"] <= wanted
    assert len({person.condition for person in people[::2]}) == 2, "which of the two comes first is random"


@pytest.mark.parametrize("seed", range(3))
def test_ratings_are_exact_in_each_condition_although_people_leave(
    seed: int, database: Database, tmp_path: Path
) -> None:
    """Some stop, some let their lease run out, some are excluded at the end; unequal arms, one task in one arm only."""
    arms = [
        {"name": "one", "methods": {"seeing": ["guided-grad-cam"]}, "tasks": ["seeing"]},
        {"name": "three", "methods": {"seeing": [*PIXELS, "deconvolution-grad-cam"]}},
    ]
    rng = np.random.default_rng(seed)
    opened(database, tmp_path, with_arms(seeing(images=4, k=2), trusting(images=3, k=3), arms=arms))
    now, finished = NOW, Counter[str]()
    for _ in range(200):
        try:
            person = enrol(database, int(rng.integers(1 << 30)), now)
        except StudyFullError:
            break
        end = rng.choice(["stays", "stays", "stops", "goes", "excluded"])
        trials = trials_of(database, person)
        cut = len(trials) if end in ("stays", "excluded") else int(rng.integers(len(trials)))
        for trial in trials[:cut]:
            answer(database, person, trial, now)
        with database.writing() as session:
            if end == "stops":
                leave(session, person.token, now)
            elif end == "excluded":
                exclude(session, "demo", person.public_id, "a robot", "owner", now)
            session.commit()
        finished[person.condition] += end == "stays"
        now += timedelta(minutes=61 if end == "goes" else 1)
    else:
        pytest.fail("the study never became full")
    assert {(arm, task): k for arm, task, k in counted(database)} == {
        ("one", "seeing"): 2,
        ("three", "seeing"): 2,
        ("three", "trusting"): 3,
    }
    assert sum(counted(database).values()) == 8 * 4 + 3 * 2
    assert_loads_fit(database)
    assert finished["three"] >= finished["one"]


def test_people_who_join_at_once_are_dealt_exactly(any_database: Database, tmp_path: Path) -> None:
    opened(any_database, tmp_path, with_arms(seeing(images=4, k=2)))

    def attempt(seed: int) -> Participant | None:
        try:
            return enrol(any_database, seed)
        except StudyFullError:
            return None

    with ThreadPoolExecutor(8) as pool:
        joined = [person for person in pool.map(attempt, range(20)) if person]
    assert Counter(person.condition for person in joined) == {"pixels": 8, "regions": 8}
    leased = Counter(trial.item_id for person in joined for trial in trials_of(any_database, person))
    assert set(leased.values()) == {2}


def test_the_plan_has_the_words_of_the_condition_and_does_not_name_it(database: Database, tmp_path: Path) -> None:
    opened(database, tmp_path, with_arms())
    people = {person.condition: person for person in (enrol(database, seed) for seed in range(2))}
    said = {}
    with database.reading() as session:
        for name, person in people.items():
            told = plan(session, session.get_one(Participant, person.id), lambda token: token)
            assert not any(f'"{arm["name"]}"' in json.dumps(told) for arm in ARMS)
            assert "condition" not in json.dumps(told)
            said[name] = {trial["task"]: trial["questions"][0]["text"] for trial in told["trials"]}
    assert said["pixels"]["trusting"] != said["regions"]["trusting"]
    assert said["pixels"]["seeing"] == said["regions"]["seeing"]


def test_the_dashboard_counts_each_condition(database: Database, tmp_path: Path) -> None:
    opened(database, tmp_path, with_arms())
    people = [enrol(database, seed) for seed in range(4)]
    for person in people[:2]:
        for trial in trials_of(database, person):
            answer(database, person, trial)
    with database.writing() as session:
        exclude(session, "demo", people[0].public_id, "a robot", "owner", NOW)
        session.commit()
    with database.reading() as session:
        found = progress(session, find_study(session, "demo"), NOW)
    by_name = {condition.name: condition for condition in found.conditions}
    gone, stayed = by_name[people[0].condition], by_name[people[1].condition]
    assert [c.name for c in found.conditions] == ["pixels", "regions"]
    assert (gone.joined, gone.finished, gone.excluded, gone.ratings) == (2, 1, 1, 0)
    assert (stayed.joined, stayed.finished, stayed.excluded, stayed.ratings) == (2, 1, 0, 7)
    assert {c.wanted for c in found.conditions} == {4 * 2 * 2 * 2 + 3 * 2 * 2}
    assert found.outlook.needed == 8 + 7, "people in each of the two conditions"


def test_the_list_of_people_shows_the_condition_where_there_are_some(open_app, database: Database) -> None:
    client = open_app(with_arms()).test_client()
    with database.writing() as session:
        create_admin(session, "ada", PASSWORD, NOW)
        session.commit()
    people = [enrol(database, seed) for seed in range(2)]
    log_in(client)
    page = client.get("/researcher/studies/demo/participants?sort=condition&order=up").text
    codes = [code for _, code in sorted((person.condition, person.public_id) for person in people)]
    assert re.findall(r"<code>(p[0-9a-f]+)</code>", page) == codes
    assert re.findall(r"<td>(pixels|regions)</td>", page) == ["pixels", "regions"]
    alone = client.get(f"/researcher/studies/demo/participants/{codes[0]}").text
    assert "<dt>Condition</dt><dd>pixels</dd>" in alone


def test_what_was_stored_before_conditions_stays_through_the_upgrade(any_database: Database, tmp_path: Path) -> None:
    opened(any_database, tmp_path, document())
    person = enrol(any_database)
    for trial in trials_of(any_database, person):
        answer(any_database, person, trial)

    def rows() -> list[Any]:
        with any_database.reading() as session:
            items = select(Item.id, Item.task, Item.image_id, Item.stimulus_a_id, Item.ratings_wanted, Item.condition)
            trials = select(Trial.id, Trial.item_id, Trial.state)
            return [*session.execute(items.order_by(Item.id)), *session.execute(trials.order_by(Trial.id))]

    before = rows()
    migrate(any_database, "0012")
    migrate(any_database, "head")
    assert rows() == before
    assert enrol(any_database, 1).condition == ""
