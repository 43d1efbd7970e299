"""The list of participants: found by code, kind, state and flag, sorted, page by page, all of it by the address."""

import re
from datetime import timedelta
from itertools import product

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from study.conduct import people as people_module
from study.conduct.actions import exclude
from study.conduct.people import ANY, SORTS, Asked, listing
from study.conduct.timeline import timeline
from study.database.db import Database
from study.database.find import find_study
from study.database.schema import Participant, Response, Study, Trial
from study.taking_part.leaving import leave
from tests.study.samples import NOW, answer, enrol, trials_of

PAGE = "/researcher/studies/demo/participants"
LATER = NOW + timedelta(hours=2)


@pytest.fixture
def people(app: Flask, database: Database) -> dict[str, Participant]:
    """One person of each state by its name at LATER, and one simulated; the first to finish was too fast."""
    names = ("excluded", "finished", "stopped", "expired", "taking part")
    times = (NOW, NOW, NOW, NOW, LATER)
    found = {name: enrol(database, i, at) for i, (name, at) in enumerate(zip(names, times, strict=True))}
    found["simulated"] = enrol(database, 9, observer_kind="simulated")
    for name, answers in (("excluded", 99), ("finished", 99), ("stopped", 2)):
        for trial in trials_of(database, found[name])[:answers]:
            answer(database, found[name], trial, NOW + timedelta(minutes=answers))
    with database.writing() as session:
        exclude(session, "demo", found["excluded"].public_id, "asked for it", "ada", NOW)
        leave(session, found["stopped"].token, NOW + timedelta(minutes=3))
        mine = Trial.participant_id == found["finished"].id
        session.execute(update(Response).where(Response.trial_id == Trial.id, mine).values(rt=100))
        session.commit()
    return found


def names(database: Database, people: dict[str, Participant], **asked) -> list[str]:
    """Who is listed, in order."""
    by_code = {person.public_id: name for name, person in people.items()}
    with database.reading() as session:
        shown = listing(session, find_study(session, "demo"), Asked.read(asked), LATER)
    return [by_code[line.person.public_id] for line in shown.lines]


def test_a_person_is_found_by_each_filter_alone_and_with_others(database: Database, people) -> None:
    everybody = ["taking part", "expired", "stopped", "finished", "excluded"]
    assert names(database, people) == everybody, "the newest first"
    for state in everybody:
        assert names(database, people, state=state) == [state]
    assert names(database, people, kind="simulated") == ["simulated"]
    assert names(database, people, flag="too fast") == names(database, people, flag=ANY) == ["finished"]
    assert names(database, people, flag="too fast", state="stopped") == []
    code = people["stopped"].public_id
    assert names(database, people, search=f"  {code[3:12].upper()} ") == ["stopped"]
    assert names(database, people, search=code, state="expired") == []


def test_each_column_sorts_both_ways(database: Database, people) -> None:
    for sort, order in product(SORTS, ("up", "down")):
        asked = names(database, people, sort=sort, order=order)
        assert sorted(asked) == sorted(names(database, people)), sort
    assert names(database, people, sort="joined", order="up")[-1] == "taking part"
    assert names(database, people, sort="time")[0] in ("finished", "excluded")
    codes = [people[name].public_id for name in names(database, people, sort="code", order="up")]
    assert codes == sorted(codes)
    states = ["excluded", "expired", "stopped", "finished", "taking part"]
    assert names(database, people, sort="state") == states


def test_the_newest_have_their_flags_and_nobody_elses_are_looked_up(database: Database, people) -> None:
    with database.reading() as session:
        shown = [listing(session, find_study(session, "demo"), Asked(), LATER, newest) for newest in (3, 4)]
    found = [[line.flags for line in some.lines] for some in shown]
    assert found == [[(), (), ()], [(), (), (), ("too fast",)]]
    assert all((some.found, some.people, some.flagged, some.states["finished"]) == (5, 5, None, 1) for some in shown)


@pytest.mark.parametrize(
    "given", [{"state": "asleep"}, {"kind": "<b>"}, {"page": "٣"}, {"page": "0"}, {"sort": "token", "order": "x"}]
)
def test_what_makes_no_sense_in_an_address_is_left_out(given: dict[str, str]) -> None:
    assert Asked.read(given) == Asked()


def test_an_address_holds_what_was_asked_and_nothing_else() -> None:
    asked = Asked.read({"state": "stopped", "search": "p1", "page": "3"})
    assert Asked.read({name: str(value) for name, value in asked.but(page=3).items()}) == asked
    assert asked.but(state="") == {"search": "p1"}, "another list begins at its first page"
    assert Asked().but() == {}


def test_the_page_finds_sorts_and_leads_on_without_a_script(ada: FlaskClient, database, people, monkeypatch) -> None:
    monkeypatch.setattr(people_module, "PAGE", 2)
    monkeypatch.setattr("study.clock.now", lambda: LATER)
    first = ada.get(PAGE).text
    codes = re.findall(r"<code>(\w+)</code>", first)
    assert codes == [people["taking part"].public_id, people["expired"].public_id]
    assert "5 of 5, page 1 of 3" in first
    assert f'href="{PAGE}?page=2">Next page' in first
    assert people["stopped"].public_id in ada.get(f"{PAGE}?page=2").text
    assert 'aria-sort="descending"' in first
    assert re.search(rf'href="{PAGE}\?order=up">Joined', first) or "sort=joined" not in first
    found = ada.get(f"{PAGE}?flag=too+fast&sort=code").text
    assert re.findall(r"<code>(\w+)</code>", found) == [people["finished"].public_id]
    assert '<span class="pill warn">Too fast</span>' in found
    assert "No participant fits this search." in ada.get(f"{PAGE}?search=none").text


def test_a_timeline_has_pictures_only_when_the_study_is_closed(ada: FlaskClient, database: Database, people) -> None:
    address = f"{PAGE}/{people['stopped'].public_id}"
    assert "Pictures are shown when the study is closed." in ada.get(address).text
    assert "<img" not in ada.get(address).text
    with database.writing() as session:
        session.query(Study).update({"state": "closed"})
        session.commit()
        shown = timeline(session, find_study(session, "demo"), people["stopped"].public_id)
        trials = trials_of(database, people["stopped"])
        sides = [2 if trial.right_stimulus_id else 1 for trial in trials]
    assert [len(step.pictures) for step in shown.steps] == sides
    page = ada.get(address).text
    addresses = re.findall(r'<img src="([^"]+)"', page)
    assert len(addresses) == sum(sides)
    assert ada.get(addresses[0]).mimetype == "image/png"
    assert 'alt="Left picture of question' in page
