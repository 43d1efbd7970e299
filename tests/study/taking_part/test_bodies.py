"""What browsers may post: the bounds of each number, no further keys, and nothing that changes once it is read."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from study.conduct.changes import _WORDS as SAID
from study.taking_part import refusals, withdrawal
from study.taking_part.answers import Answer, BrowserEvent
from study.taking_part.comprehension import Attempt
from study.taking_part.device import MOST_KEPT, DeviceReport
from study.taking_part.questionnaire_answers import PageAnswers

SCRIPTS = Path(__file__).parents[3] / "study" / "static" / "js" / "participant"
ANSWER = {"response": "dog", "rt": 1.0, "time_elapsed": 1.0, "trial_index": 0}
DEVICE = {"pixel_ratio": 1, "touch": False, "pointer": "none", "fullscreen": False} | dict.fromkeys(
    ("width", "height", "screen_width", "screen_height"), 1
)
BODIES = [
    (BrowserEvent, {"event": "blur", "time": 1.0}),
    (Answer, ANSWER),
    (Attempt, {"attempt": 1, "answers": (0,)}),
    (DeviceReport, DEVICE),
    (PageAnswers, {"answers": {}, "time_on_page": None}),
]


@pytest.mark.parametrize(("model", "body"), BODIES)
def test_what_was_read_is_not_changed_and_has_no_further_keys(model, body):
    found = model.model_validate(body)
    with pytest.raises(ValidationError, match="frozen"):
        setattr(found, next(iter(body)), None)
    with pytest.raises(ValidationError, match="extra"):
        model.model_validate(body | {"more": 1})


@pytest.mark.parametrize(
    ("model", "body", "key", "least", "most"),
    [
        (BrowserEvent, {"event": "blur"}, "time", 0, 10_000_000_000),
        (Answer, ANSWER, "time_elapsed", 0, 10_000_000_000),
        (Answer, ANSWER, "rt", -10_000_000_000, 10_000_000_000),
        (DeviceReport, DEVICE, "width", 0, 100_000),
        (DeviceReport, DEVICE, "pixel_ratio", 0, 100),
        (Attempt, {"answers": ()}, "attempt", 1, 2),
        (PageAnswers, {"answers": {}}, "time_on_page", -10_000_000_000, 10_000_000_000),
    ],
)
def test_a_number_is_within_its_bounds(model, body, key, least, most):
    for value in (least, most):
        assert getattr(model.model_validate(body | {key: value}), key) == value
    for value in (least - 1, most + 1):
        with pytest.raises(ValidationError, match=r"than or equal to"):
            model.model_validate(body | {key: value})


def test_the_problems_of_a_device_are_those_that_the_scripts_report():
    script, named = (SCRIPTS / "device.js").read_text(), ("phone", "pointer", "window")
    for problem in named:
        assert f'"{problem}"' in script
    assert DeviceReport.model_validate(DEVICE | {"problems": named}).problems == named
    for refused in (("browser",), (*named, "phone")):
        with pytest.raises(ValidationError):
            DeviceReport.model_validate(DEVICE | {"problems": refused})


def test_what_the_audit_log_calls_these_actions_is_what_the_dashboard_reads():
    assert {withdrawal.ACTION, withdrawal.FORGOTTEN} <= SAID.keys()
    assert refusals.ACTION == "answer-refused"
    assert (refusals.MOST, MOST_KEPT) == (20, 20), "of one participant, whatever they send"
