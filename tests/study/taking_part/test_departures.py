"""Where people go at the end: the address with what it asks for, and none that lacks something."""

import pytest

from study.config import ParticipantsConfig
from study.database.find import find_study
from study.database.schema import PAUSED
from study.recruitment.outcomes import NO_PLACE, STOPPED
from study.taking_part.farewell import early_departure, needed_to_return
from tests.study.samples import enrol
from tests.study.taking_part.test_ending import finish, identified, opened, study_of, told

WITH_BOTH = "https://panel.example/?id={pid}&how={outcome}"


@pytest.mark.parametrize(
    ("url", "parameters", "needed"),
    [
        (WITH_BOTH, {"pid": "p", "other": "x"}, {"pid": "p"}),
        (WITH_BOTH, {"other": "x"}, {}),
        ("https://panel.example/?how={outcome}", {"pid": "p"}, {}),
        ("https://panel.example/?id={pid}", {"pid": "p"}, {}),
        (None, {"pid": "p"}, {}),
    ],
)
def test_an_id_is_kept_for_the_way_back_where_its_address_asks_for_it_and_the_outcome(url, parameters, needed):
    assert needed_to_return(ParticipantsConfig(return_url=url), parameters) == needed


@pytest.mark.parametrize(("failed", "how"), [(0, "completed"), (2, "failed-checks")])
def test_the_address_tells_how_somebody_ended(database, tmp_path, failed, how):
    opened(database, tmp_path, return_url=WITH_BOTH)
    person = enrol(database)
    identified(database, person, pid="p1")
    finish(database, person, failed)
    assert told(database, person).departure.url == f"https://panel.example/?id=p1&how={how}"


def test_an_early_end_without_a_code_leaves_its_place_empty(database, tmp_path):
    opened(database, tmp_path, return_url="https://panel.example/?id={pid}&code={completion_code}&how={outcome}")
    study = study_of(database)
    assert early_departure(study, STOPPED, {"pid": "p1"}).url == "https://panel.example/?id=p1&code=&how=stopped"
    assert early_departure(study, STOPPED, {}) is None, "the address needs an id"
    assert early_departure(study, PAUSED, {"pid": "p1"}) is None, "they can come again"


@pytest.mark.parametrize("reason", ["full", "paused", "closed"])
def test_where_there_was_no_place_the_platform_gets_its_code_for_that(database, tmp_path, reason):
    opened(database, tmp_path, provider="prolific")
    with database.reading() as session:
        study = find_study(session, "demo")
        code = study.outcome_codes[NO_PLACE]
        assert early_departure(study, reason, {}).url == f"https://app.prolific.com/submissions/complete?cc={code}"
