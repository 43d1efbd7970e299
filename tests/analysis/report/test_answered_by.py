"""A report of simulated participants alone never says that people joined, in any language."""

from dataclasses import replace

import pytest

from analysis.data.turned_away import TurnedAway
from analysis.display.wording import in_language
from analysis.paper import GRAD_CAM
from analysis.report.answered_by import joined
from analysis.report.cautions import cautions
from analysis.report.counted import methods_balanced
from analysis.report.deviations import deviations
from analysis.report.for_papers import methods
from analysis.report.preregistered import followed
from analysis.results import compute
from tests.analysis.conftest import small_study

SIMULATED = {"en": "simulated participants", "ko": "모의 참여자", "de": "simulierte Teilnehmende"}
MARKS = {"en": "SIMULATED: ", "ko": "모의 데이터: ", "de": "SIMULIERT: "}


@pytest.fixture(scope="module")
def left():
    """Twelve simulated participants; two did not finish, and a third was turned away."""
    small = small_study()
    made = replace(
        small,
        participants=small.participants.assign(completed=[False] * 2 + [True] * 10),
        definition=small.definition | {"participants": {"limit": 40}},
        turned_away=(TurnedAway("simulated", "answer", "eyes", 2),),
    )
    assert made.observer_kinds == ("simulated",)
    return made, compute(made)[0]


@pytest.mark.parametrize("code", SIMULATED)
def test_who_joined_is_called_simulated(code, left):
    export, results = left
    translate = in_language(code)
    said = [
        *(ours for _, ours in deviations(export, GRAD_CAM, translate) if "12" in ours),
        *(point.happened for point in followed(export, results, translate) if "12" in point.happened),
        *(sentence for sentence in cautions(results, 0.95, translate) if "2" in sentence),
        methods_balanced(export, translate),
    ]
    assert len(said) == 5
    assert [sentence for sentence in said if SIMULATED[code] not in sentence] == []
    assert not any(joined("human", n, translate) in sentence for n in (0, 12) for sentence in said)


@pytest.mark.parametrize("code", SIMULATED)
def test_a_methods_section_of_simulated_participants_is_marked(code, left):
    export, _ = left
    people = replace(
        export, **{name: getattr(export, name).assign(observer_kind="human") for name in ("participants", "trials")}
    )
    _, _, first, *of_simulated = methods(export, in_language(code)).split("\n\n")
    _, _, *of_people = methods(people, in_language(code)).split("\n\n")
    assert MARKS[code] in first
    assert len(of_simulated) == len(of_people)
    assert MARKS[code] not in " ".join(of_people)


def test_machine_observers_are_no_people(left):
    translate = in_language("en")
    assert joined("machine", 1, translate) == "Joined: 1 machine observer."
    assert joined("machine:box-energy", 3, translate) == "Joined: 3 runs of the machine observer “box-energy”."
    assert joined("human", 1, translate) == "1 person joined."
