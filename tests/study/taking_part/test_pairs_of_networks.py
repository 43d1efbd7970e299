"""A trust task of three networks: every pair is an item, rated as often, dealt in balance, counted in its order."""

from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from study.conduct.actions import set_state
from study.conduct.first_look import look
from study.database.db import Database
from study.database.find import find_study
from study.database.schema import Item, Participant, Stimulus, Trial
from study.export.rows import READERS
from tests.study.samples import NOW, answer, document, enrol, open_sample, trials_of, trusting

NETWORKS = ("vgg", "alex", "squeeze")
PAIRS = list(combinations(NETWORKS, 2))


@pytest.fixture
def opened(any_database: Database, tmp_path: Path) -> Database:
    task = trusting(images=6, k=1, trials=6, methods=["cam"], networks=list(NETWORKS))
    with any_database.writing() as session:
        open_sample(session, tmp_path / "stimuli", document(task, slug="demo"))
    return any_database


def sides(session: Session, participant: Participant) -> list[tuple[str, str]]:
    left, right = aliased(Stimulus), aliased(Stimulus)
    query = select(left.network, right.network).select_from(Trial)
    query = query.join(left, Trial.left_stimulus_id == left.id).join(right, Trial.right_stimulus_id == right.id)
    return [tuple(row) for row in session.execute(query.where(Trial.participant_id == participant.id))]


def test_every_pair_is_rated_as_often_and_seen_as_often_by_everybody(opened: Database) -> None:
    """The answer is always the left one, clearly, so the score is 2 where the left one is named before the right."""
    seen = []
    for seed in range(3):
        person = enrol(opened, seed)
        with opened.reading() as session:
            seen.append(sides(session, person))
        for trial in trials_of(opened, person):
            answer(opened, person, trial)
    for shown in seen:
        assert Counter(tuple(sorted(pair, key=NETWORKS.index)) for pair in shown) == dict.fromkeys(PAIRS, 2)
        assert 2 <= sum(pair in PAIRS for pair in shown) <= 4, "left and right are exchanged fairly"
    with opened.reading() as session:
        items = session.scalars(select(Item)).all()
        rated = Counter(session.scalars(select(Trial.item_id)))
        assert len(items) == 6 * len(PAIRS)
        assert set(rated.values()) == {1}
    with opened.snapshot() as session:
        rows = list(READERS["trials"](session, find_study(session, "demo")))
    for row in rows:
        assert row["score"] == (2 if (row["left_network"], row["right_network"]) in PAIRS else -2)
    with opened.writing() as session:
        set_state(session, "demo", "closed", "ada", NOW)
        (found,) = look(session, "demo", "ada", NOW)
    assert found.mean == pytest.approx(sum(row["score"] for row in rows) / len(rows))
    assert found.towards == "the network named first"


def test_no_item_is_stored_twice(opened: Database) -> None:
    """Of two pictures by both, of one by that one alone, though its second is empty."""
    for second in (True, False):
        with opened.writing() as session:
            item = session.scalars(select(Item)).first()
            kept = {c.name: getattr(item, c.name) for c in Item.__table__.c if c.name != "id"}
            kept |= {} if second else {"stimulus_b_id": None}
            session.add(Item(**kept))
            if not second:
                session.flush()
                session.add(Item(**kept))
            with pytest.raises(IntegrityError):
                session.flush()
