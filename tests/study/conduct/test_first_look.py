"""The look at the estimates: only after closing, recorded for ever, and read as it is meant."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from contracts.methods import method_name
from contracts.tasks import KINDS
from study.conduct.actions import LOOK, set_state
from study.conduct.first_look import Estimate, look
from study.database.schema import AuditEntry, Stimulus, Trial
from tests.study.researcher import send
from tests.study.samples import (
    NOW,
    answer,
    document,
    enrol,
    open_sample,
    trials_of,
    trusting,
)
from tests.study.visitor import join

LATER = NOW + timedelta(days=1)


def test_estimates_are_hidden_until_the_study_is_closed_and_a_look_is_for_ever(ada, app, database) -> None:
    """The oracle: everybody chooses the first option, and the truth is looked up trial by trial."""
    for _ in range(3):
        join(app).finish()
    page = "/researcher/studies/demo"
    assert send(ada, page, f"{page}/estimates").status_code == 409
    assert send(ada, page, f"{page}/state", state="closed", name="  What did the NETWORK see? ").status_code == 303
    assert send(ada, page, f"{page}/estimates", confirmed="no").status_code == 409
    shown = send(ada, page, f"{page}/estimates").text
    with database.reading() as session:
        trials = session.scalars(select(Trial).where(Trial.task == "seeing")).all()
        right: dict[str, list[bool]] = {}  # by method; which methods three people see is chance
        for trial in trials:
            right.setdefault(trial.item.method, []).append(trial.option_order[0] == trial.item.category)
        assert session.query(AuditEntry).filter_by(action=LOOK, actor="ada").count() == 1
    assert "The study is closed. This page counts only" in ada.get(page).text
    assert "while people take part" not in ada.get(page).text
    assert "Open again" not in ada.get(page).text
    rows = re.findall(r'row">([^<]+)</th>\s*<td class="number">(\d+)<.*?([\d.]+) %<', shown, flags=re.DOTALL)
    assert {name: (int(ratings), float(mean)) for name, ratings, mean in rows} == {
        method_name(method): (len(hits), pytest.approx(100 * sum(hits) / len(hits), abs=0.05))
        for method, hits in right.items()
    }
    assert send(ada, page, f"{page}/state", state="open").status_code == 409


def test_a_preference_counts_towards_the_first_network_wherever_it_stands(database, tmp_path) -> None:
    """Everybody clearly prefers the first network: all means are 2, though it stands on either side."""
    with database.writing() as session:
        open_sample(session, tmp_path / "stimuli", document(trusting(), slug="sides"))
    sides = set()
    for seed in range(3):
        person = enrol(database, seed, slug="sides")
        for trial in trials_of(database, person):
            with database.reading() as session:
                is_left = session.get(Stimulus, trial.left_stimulus_id).network == "strong"
            sides.add(is_left)
            answer(database, person, trial, choice=0 if is_left else -1)
    with database.writing() as session:
        set_state(session, "sides", "closed", "ada", NOW)
        found = look(session, "sides", "ada", NOW)
    assert sides == {True, False}
    assert {estimate.mean for estimate in found} == {2.0}


@pytest.mark.parametrize(
    ("kind", "mean", "text"),
    [
        ("trust", 0.0, "0.00"),
        ("trust", -0.004, "0.00"),
        ("trust", 0.351, "+0.35"),
        ("trust", -1.5, "−1.50"),
        ("class-discrimination", 0.0, "0.0 %"),
        ("class-discrimination", 0.6125, "61.3 %"),
    ],
)
def test_a_mean_has_a_sign_unless_it_is_zero_or_a_share(kind: str, mean: float, text: str) -> None:
    assert Estimate("task", kind, "cam", 9, mean, "strong").text == text


def test_a_mean_stands_beside_its_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    scales = {kind: Estimate("task", kind, "cam", 9, 0.5, "").scale for kind in ("trust", "class-discrimination")}
    assert scales["trust"] == "from −2 to 2; indifference gives 0"
    assert scales["class-discrimination"] == "right answers; guessing gives 50 %"
    monkeypatch.setitem(KINDS, "trust", replace(KINDS["trust"], least=1, most=5, null=3))
    rating = Estimate("task", "trust", "cam", 9, 3.2, "")
    assert (rating.text, rating.scale) == ("3.20", "from 1 to 5; indifference gives 3")
