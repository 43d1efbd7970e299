"""Identical pairs: trust trials whose two sides are one picture. They are controls, never ratings, and no flag tells them."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from pydantic import ValidationError
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from study.config import TaskConfig
from study.database.db import ROOT, Database
from study.database.find import lock_study
from study.database.schema import Event, Item, Response, Stimulus, Study, Trial
from study.errors import StudyFullError
from study.taking_part.leases import release_expired
from tests.study.samples import NOW, answer, document, enrol, open_sample, ratings, trials_of, trusting
from tests.study.visitor import join


def with_pairs(pairs: int = 2, k: int = 4) -> dict:
    return document(trusting(images=8, k=k, trials=4, practice=1, attention_checks=1, identical_pairs=pairs))


@pytest.fixture
def opened(any_database: Database, tmp_path: Path) -> Database:
    with any_database.writing() as session:
        open_sample(session, tmp_path / "stimuli", with_pairs())
    return any_database


def controls(trials: list[Trial]) -> list[Trial]:
    return [trial for trial in trials if trial.purpose == "control"]


def test_everybody_gets_so_many_of_images_that_they_see_nowhere_else(opened: Database) -> None:
    with opened.reading() as session:
        network = {row.id: row.network for row in session.scalars(select(Stimulus))}
        shown_by = {item.id: {item.stimulus_a_id, item.stimulus_b_id} for item in session.scalars(select(Item))}
    places, networks = set(), Counter()
    for seed in range(16):
        trials = trials_of(opened, enrol(opened, seed))
        assert Counter(trial.purpose for trial in trials) == {"main": 4, "practice": 1, "attention": 1, "control": 2}
        assert len({trial.image_id for trial in trials}) == 8
        for trial in trials:
            is_pair = trial.left_stimulus_id == trial.right_stimulus_id
            assert is_pair == (trial.purpose == "control")
            assert {trial.left_stimulus_id, trial.right_stimulus_id} <= shown_by[trial.item_id]
            assert trial.left_image_token != trial.right_image_token
        places |= {trial.position for trial in controls(trials)}
        networks += Counter(network[trial.left_stimulus_id] for trial in controls(trials))
    assert places == {1, 2, 3, 4, 5, 6, 7}, "anywhere after practice"
    assert min(networks["strong"], networks["weak"]) >= 8, "of 32, by a fair coin: p < 0.004"


@pytest.mark.parametrize(("purpose", "same_picture"), [("main", True), ("practice", True), ("control", False)], ids=str)
def test_the_database_holds_equal_sides_for_controls_and_for_nothing_else(
    opened: Database, purpose: str, same_picture: bool
) -> None:
    trial = next(t for t in trials_of(opened, enrol(opened)) if t.purpose == "main")
    right = trial.left_stimulus_id if same_picture else trial.right_stimulus_id
    with opened.writing() as session, pytest.raises(IntegrityError, match="control_shows_one"):
        session.execute(update(Trial).where(Trial.id == trial.id).values(purpose=purpose, right_stimulus_id=right))


def test_ratings_are_exactly_k_whatever_is_shown_twice(opened: Database) -> None:
    """8 images × 2 methods × 4 ratings are 64 places: 16 people with 4 ratings each fill them."""
    for seed in range(16):
        person = enrol(opened, seed)
        for trial in trials_of(opened, person):
            answer(opened, person, trial)
    with pytest.raises(StudyFullError):
        enrol(opened, 99)
    with opened.reading() as session:
        counted = Counter(session.scalars(select(Trial.item_id).where(Trial.purpose == "main")))
    assert Counter(counted.values()) == {4: 16}
    assert sum(n * items for (_, n), items in ratings(opened).items()) == 16 * 8, "the helper counts all trials"


def test_a_control_that_was_released_can_still_be_answered_and_is_no_overflow(opened: Database) -> None:
    person = enrol(opened)
    later = NOW + timedelta(hours=3)
    with opened.writing() as session:
        release_expired(session, lock_study(session, Study.slug == "demo"), later)
        session.commit()
    for trial in trials_of(opened, person):
        answer(opened, person, trial, later)
    assert {(t.state, t.is_overflow) for t in controls(trials_of(opened, person))} == {("answered", False)}


def test_a_browser_is_told_two_addresses_and_nothing_that_marks_the_pair(open_app, database: Database) -> None:
    visitor = join(open_app(with_pairs()))
    with database.reading() as session:
        purpose = dict(session.execute(select(Trial.trial_token, Trial.purpose)).all())
    by_purpose: dict[str, list[dict]] = {}
    for trial in visitor.plan()["trials"]:
        by_purpose.setdefault(purpose[trial["trial_token"]], []).append(trial)
    for trial in by_purpose["control"]:
        left, right = (visitor.client.get(image["url"]) for image in trial["images"])
        assert trial["images"][0]["url"] != trial["images"][1]["url"]
        assert left.data == right.data
        assert dict(left.headers) == dict(right.headers)
    told = {name: {repr(without_what_is_random(trial)) for trial in trials} for name, trials in by_purpose.items()}
    assert told["control"] == told["main"], "but for tokens, places and pictures they are the same question"
    _practice, *others = (visitor.send(trial).get_json()["feedback"] for trial in visitor.plan()["trials"])
    assert set(others) == {None}


def without_what_is_random(trial: dict) -> dict:
    images = [image | {"url": ""} for image in trial["images"]]
    return trial | {"trial_token": "", "index": 0, "number": 0, "images": images}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"identical_pairs": 4}, "1 attention checks and 4 identical pairs need as many different images, there are 8"),
        ({"kind": "class-discrimination"}, "identical_pairs are for kinds that show two pictures"),
    ],
)
def test_pairs_that_cannot_be_shown_are_refused(changes: dict, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        TaskConfig.model_validate(with_pairs()["tasks"][0] | changes)


def migrate(database: Database, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    with database.engine.execution_options(discern_writes=True).connect() as connection:
        config.attributes["connection"] = connection
        (command.downgrade if revision != "head" else command.upgrade)(config, revision)
        connection.commit()


def test_going_back_a_version_drops_the_controls_alone_and_coming_forth_loses_nothing(opened: Database) -> None:
    person = enrol(opened)
    for trial in trials_of(opened, person):
        answer(opened, person, trial)
    trials = trials_of(opened, person)
    with opened.writing() as session:
        session.add_all(Event(trial_id=trial.id, event="blur", time=1) for trial in trials)
        session.commit()
    others = {(t.id, t.purpose, t.expected_response, t.state) for t in trials if t.purpose != "control"}
    migrate(opened, "0003")
    with opened.writing() as session, pytest.raises(IntegrityError, match="purpose_known"):
        session.execute(text("UPDATE trial SET purpose = 'control'"))
    migrate(opened, "head")
    with opened.reading() as session:
        kept = session.scalars(select(Trial)).all()
        assert {(t.id, t.purpose, t.expected_response, t.state) for t in kept} == others
        assert session.query(Response).count() == session.query(Event).count() == len(others)
    assert controls(trials_of(opened, enrol(opened, 1))), "and new ones can be stored again"
