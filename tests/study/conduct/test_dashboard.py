"""What researchers see of a running study: counts that agree with the rows, flags for careless people, no result."""

import os
import re
import shutil
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from unittest.mock import Mock

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

import manage
from study.conduct.actions import exclude
from study.conduct.balance import cells, item_counts, item_facts
from study.conduct.failures import Failures
from study.conduct.flow import arrivals
from study.conduct.health import Health, health
from study.conduct.people import Asked, listing
from study.conduct.progress import progress
from study.conduct.quality import FLAGS, quality
from study.database.db import Database
from study.database.find import find_study
from study.database.schema import AuditEntry, Comprehension, Event, Item, Participant, Response, Stimulus, Trial
from study.taking_part.leaving import leave
from study.taking_part.withdrawal import withdraw
from tests.study.samples import NOW, answer, document, enrol, open_sample, seeing, trials_of, trusting
from tests.study.visitor import join

LATER = NOW + timedelta(hours=2)
PAGES = ("/researcher/studies/demo", "/researcher/studies/demo/quality", "/researcher/server")
LISTS = tuple(f"/researcher/studies/demo/{name}" for name in ("participants", "answers", "changes"))


@pytest.fixture
def checked(any_database: Database, tmp_path: Path) -> Database:
    """A study with practice and checks."""
    tasks = seeing(images=14, k=9, trials=12, practice=1, attention_checks=1), trusting(images=6, k=40)
    with any_database.writing() as session:
        open_sample(session, tmp_path / "stimuli", document(*tasks))
    return any_database


def take(database: Database, seed: int, answers: int = 99, places: str = "01", attentive: bool = True) -> Participant:
    """Somebody who chooses the options at these places in turn, and what an attention check asks for, or not."""
    person = enrol(database, seed)
    for trial in trials_of(database, person)[:answers]:
        place = int(places[trial.position % len(places)])
        if trial.expected_response:
            place = trial.option_order.index(trial.expected_response) - (not attentive)
        answer(database, person, trial, choice=place)
    return person


def test_the_funnel_tells_how_far_everybody_came_and_why_somebody_was_left_out(checked: Database) -> None:
    people = [take(checked, seed, answers) for seed, answers in enumerate((99, 99, 3, 1, 0))]
    with checked.writing() as session:
        exclude(session, "demo", people[0].public_id, "asked for it", "ada", NOW)
        session.commit()
    with checked.reading() as session:
        study = find_study(session, "demo")
        now, later = (progress(session, study, at).flow for at in (NOW, LATER))
        total = len(trials_of(checked, people[0]))
    assert (now.consented, now.began, now.rated, now.finished) == (5, 4, 3, 2), "one stopped after practice"
    assert (now.finished_excluded, now.excluded) == (1, 1)
    assert (now.in_progress, now.left, later.in_progress, later.expired) == (3, 0, 0, 3)
    assert now.reasons == (("asked for it", 1),)
    assert (now.discounted, now.answers) == (total - 2, 2 * (total - 2) + 2), (
        "practice and attention checks are no ratings"
    )
    assert later.stops == (("0", 1), ("1", 1), ("2", 0), ("3", 1))


def test_the_flow_adds_up_with_excluded_people_where_they_are(checked: Database) -> None:
    """Everybody who consented has finished, takes part, has stopped, let their place expire or withdrawn."""
    people = [take(checked, seed, answers) for seed, answers in enumerate((99, 99, 3, 3, 3, 0))]
    late = enrol(checked, 9, now=NOW + timedelta(minutes=90))
    with checked.writing() as session:
        for person in (people[0], people[2], people[3]):
            exclude(session, "demo", person.public_id, "asked for it", "ada", NOW)
        leave(session, people[3].token, NOW)
        withdraw(session, people[4].token, NOW)
        session.commit()
    with checked.reading() as session:
        shown = progress(session, find_study(session, "demo"), LATER).flow
        listed = listing(session, find_study(session, "demo"), Asked(), LATER)
    ends = (shown.finished, shown.in_progress, shown.stopped, shown.expired, shown.withdrew)
    assert (ends, shown.consented, shown.excluded) == ((2, 1, 1, 2, 1), 7, 3)
    assert sum(ends) == shown.consented
    assert shown.stops == (("0", 1), ("1", 0), ("2", 0), ("3", 2))
    assert listed.states == {"taking part": 1, "finished": 1, "expired": 1, "excluded": 3}
    assert late.public_id in {line.person.public_id for line in listed.lines}


def test_balance_agrees_with_the_trials_counted_one_by_one(checked: Database) -> None:
    people = [take(checked, seed) for seed in range(6)]
    with checked.writing() as session:
        exclude(session, "demo", people[0].public_id, "x", "ada", NOW)
        session.commit()
    with checked.reading() as session:
        study = find_study(session, "demo")
        facts, counts = item_facts(session, study), item_counts(session, study)["human"]
        rows = session.execute(
            select(Trial, Item, Stimulus.network)
            .join(Item, Trial.item_id == Item.id)
            .join(Stimulus, Trial.left_stimulus_id == Stimulus.id)
            .join(Participant, Trial.participant_id == Participant.id)
            .where(Trial.purpose == "main", Participant.excluded.is_(False))
        ).all()
    for task in ("seeing", "trusting"):
        for cell in cells([item for item in facts if item.task == task], counts):
            mine = [(t, i, left) for t, i, left in rows if (t.task, i.method) == (task, cell.method)]
            first = [left == "strong" if i.foil == "" else t.option_order[0] == i.category for t, i, left in mine]
            assert (cell.ratings, cell.first) == (len(mine), sum(first))
            assert cell.mean_place == pytest.approx(sum(t.position + 1 for t, _, _ in mine) / len(mine))
            assert cell.network == ("strong" if task == "seeing" else "")


def test_stimuli_are_named_under_the_number_of_ratings_they_have(checked: Database) -> None:
    person = take(checked, 0, answers=4)
    with checked.reading() as session:
        task = progress(session, find_study(session, "demo"), NOW).tasks[0]
        rated = session.scalars(
            select(Item.image_id)
            .join(Trial, Trial.item_id == Item.id)
            .where(Trial.participant_id == person.id, Trial.state == "answered", Trial.purpose == "main")
            .where(Trial.task == task.task)
        ).all()
    items = dict(task.histogram)
    assert {name.split(", ")[0] for name in task.named[1]} == set(rated)
    assert (items[1], items[0]) == (len(rated), task.items - len(rated))
    assert len(task.named[0]) == 4 < items[0], "the first few are enough"


CARELESS = {  # how somebody answers → the flags that must be raised
    "as one should": (dict(places="0110"), ()),
    "without looking at checks": (dict(places="0110", attentive=False), ("attention check failed",)),
    "always the first": (dict(places="0"), ("straight-lining",)),
    "always the second": (dict(places="1"), ("straight-lining",)),
    "but once the first, of twelve": (dict(places="01" + "0" * 12 + "010101"), ("repeated answers",)),
    "only four times": (dict(places="0", answers=4), ()),
}


@pytest.mark.parametrize("how", CARELESS)
def test_a_careless_participant_is_flagged_and_nobody_else(checked: Database, how: str) -> None:
    manner, expected = CARELESS[how]
    take(checked, 0, places="0110")
    person = take(checked, 1, **manner)
    found = flags_of(checked)
    assert found.pop(person.public_id, ()) == expected
    assert not found


@pytest.mark.parametrize(
    ("flag", "enough", "too_few"),
    [("too fast", 2, 1), ("too slow", 2, 1), ("left the page", 3, 2), ("comprehension failed", 2, 1)],
)
def test_a_flag_needs_as_much_as_its_rule_says(checked: Database, flag: str, enough: int, too_few: int) -> None:
    for number, n in enumerate((enough, too_few)):
        person = take(checked, number, places="0110")
        trials = [trial.id for trial in trials_of(checked, person) if trial.purpose == "main"]
        with checked.writing() as session:
            match flag:
                case "too fast":  # two of twelve are more than a tenth, one is less
                    session.execute(update(Response).where(Response.trial_id.in_(trials[:n])).values(rt=120))
                case "too slow":
                    slow = ({"rt": 60_001.0}, {"rt": None, "rt_missing": "too-long"})
                    for trial, values in zip(trials[:n], slow, strict=False):
                        session.execute(update(Response).where(Response.trial_id == trial).values(values))
                case "left the page":
                    session.add_all(Event(trial_id=trial, event="blur", time=1) for trial in trials[:n])
                case _:
                    tries = range(1, n + 1)
                    session.add_all(
                        Comprehension(
                            participant_id=person.id, task="seeing", attempt=i, answers=["0"], passed=False, at=NOW
                        )
                        for i in tries
                    )
            session.commit()
        assert flags_of(checked).get(person.public_id, ()) == ((flag,) if n == enough else ())


def flags_of(database: Database) -> dict[str, tuple[str, ...]]:
    with database.reading() as session:
        found = quality(session, find_study(session, "demo"), "human", ["seeing", "trusting"])
    assert found.flagged_in_all == len(found.flagged)
    assert dict(found.counts) == {flag: sum(flag in person.flags for person in found.flagged) for flag in FLAGS}
    return {person.public_id: person.flags for person in found.flagged}


def test_response_times_are_counted_in_the_bucket_they_are_in(checked: Database) -> None:
    person = take(checked, 0)
    times = [10, 150, 299.9, 300, 4999, 5000, 10**6, None, 150, 150, 150, None]
    with checked.writing() as session:
        ratings = [t for t in trials_of(checked, person) if (t.purpose, t.task) == ("main", "seeing")]
        for trial, rt in zip(ratings, times, strict=True):
            session.execute(update(Response).where(Response.trial_id == trial.id).values(rt=rt))
        session.commit()
    with checked.reading() as session:
        seen, trusted = quality(session, find_study(session, "demo"), "human", ["seeing", "trusting"]).times
    assert dict(seen.histogram) | {"0": 1, "0.125": 4, "0.25": 2, "4": 1, "5": 1, "63": 1} == dict(seen.histogram)
    assert (sum(n for _, n in seen.histogram), seen.unmeasured) == (10, 2)
    assert dict(trusted.histogram)["0.8"] == 6, "samples.answer takes 900 ms"


@pytest.mark.parametrize(
    ("hours", "minutes"), [((0, 0.2), 1), ((0, 30), 60), ((0, 24 * 40), 1440), ((0, 24 * 900), 28 * 1440)]
)
def test_arrivals_lie_in_few_stretches_without_gaps(hours: tuple[float, ...], minutes: int) -> None:
    times = [NOW + timedelta(hours=h) for h in (*hours, hours[-1])]
    found = arrivals(times)
    starts = [start for start, _ in found]
    assert len(found) <= 48
    assert (found[0][1], found[-1][1], sum(n for _, n in found)) == (1, 2, 3)
    assert {b - a for a, b in pairwise(starts)} == {timedelta(minutes=minutes)}
    assert starts[0] <= times[0] < starts[1]
    assert starts[-1] <= times[-1] < starts[-1] + timedelta(minutes=minutes)
    assert arrivals([]) == ()


def test_processes_count_together_and_failures_are_forgotten_after_an_hour() -> None:
    failures = Failures(NOW)
    for minute in (0, 0, 30):
        failures.add(NOW + timedelta(minutes=minute))
    child = os.fork()
    if not child:
        failures.add(NOW + timedelta(minutes=30))
        os._exit(0)
    os.waitpid(child, 0)
    assert [failures.last_hour(NOW + timedelta(minutes=m)) for m in (31, 70, 600)] == [4, 2, 0]


def test_the_server_page_counts_answers_leases_bytes_and_backups(checked: Database, tmp_path, monkeypatch) -> None:
    take(checked, 0, answers=2)
    take(checked, 1)
    before, now = look(checked, NOW + timedelta(minutes=2)), look(checked, LATER)
    (at, stored), *others = [(minute, n) for minute, n in before.answers if n]
    with checked.reading() as session:
        assert (at, stored, others) == (NOW.replace(second=0, microsecond=0), session.query(Response).count(), [])
    assert (before.taking_part, before.waiting, now.taking_part, now.waiting) == (1, 0, 0, 1)
    assert now.waiting_since == NOW + timedelta(minutes=60)
    assert sum(n for _, n in now.answers) == 0
    assert now.database_bytes > 10_000 < now.disk_free <= now.disk_size
    assert now.last_backup is None
    monkeypatch.setenv("DISCERN_DATABASE_URL", checked.engine.url.render_as_string(hide_password=False))
    done = CliRunner().invoke(manage.cli, ["backup", str(tmp_path / "monday.backup")])
    assert done.exit_code == 0, done.output
    assert abs(look(checked, LATER).last_backup - datetime.now(UTC)) < timedelta(minutes=1)


def look(database: Database, now: datetime) -> Health:
    with database.reading() as session:
        return health(session, Failures(NOW), now)


@pytest.mark.parametrize("page", PAGES)
def test_pages_of_a_study_without_anybody_say_so(ada: FlaskClient, page: str) -> None:
    reply = ada.get(page)
    assert reply.status_code == 200
    assert any(words in reply.text for words in ("Nobody has taken part", "No person has taken part", "No answer was"))


@pytest.mark.parametrize("page", [*PAGES, LISTS[0]])
def test_no_page_of_an_open_study_shows_or_depends_on_a_result(
    app: Flask,
    database: Database,
    ada: FlaskClient,
    page: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The oracle: every response is turned into another one, and the page stays what it was."""
    for _ in range(4):
        visitor = join(app)
        for trial in visitor.plan()["trials"]:
            visitor.send(trial, trial["questions"][0]["options"][trial["index"] % 2]["value"])
    # A minute or a gigabyte that passes between two looks is no result.
    monkeypatch.setattr("study.clock.now", Mock(return_value=datetime.now(UTC)))
    monkeypatch.setattr("study.conduct.health.shutil.disk_usage", Mock(return_value=shutil.disk_usage(tmp_path)))
    before = settled(database, ada, page)
    with database.writing() as session:
        for response, trial in session.execute(select(Response, Trial).join(Trial, Response.trial_id == Trial.id)):
            response.response = trial.option_order[1 - trial.option_order.index(response.response)]
        session.commit()
    assert settled(database, ada, page) == before
    words = re.sub("<[^>]*>", " ", before).lower()
    words = re.sub("correct option listed first|mean trial position", "", words)
    assert not re.search(r"accura|correct|\bscore|\bmean|prefer", words)


def settled(database: Database, researcher: FlaskClient, page: str) -> str:
    """The page without its times, and with SQLite's log written back: its length is that of the changes so far."""
    with database.engine.connect() as connection:
        connection.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return timeless(researcher.get(page).text)


def timeless(page: str) -> str:
    return re.sub(
        r'<p class="freshness.*?</p>', "", re.sub(r"\d\d:\d\d(:\d\d)? UTC|csrf_token\" value=\"[^\"]*", "", page)
    )


def test_looking_at_counts_is_no_look_at_estimates_and_writes_nothing(ada: FlaskClient, database: Database) -> None:
    with database.reading() as session:
        before = session.query(AuditEntry).count()
    for page in (*PAGES, *LISTS):
        assert ada.get(page).status_code == 200
    with database.reading() as session:
        assert session.query(AuditEntry).count() == before
