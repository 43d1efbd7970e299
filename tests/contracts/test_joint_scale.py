"""Which definitions may ask for one scale, and what it changes in them."""

import re

import pytest

from definition import DefinitionError, load_definition
from tests.contracts.small_study import Study, definition

TRUST, SEEING = 'kind = "trust"\n', 'kind = "class-discrimination"\n'


@pytest.fixture
def loads(tmp_path):
    """Load the small study with texts replaced."""

    def load(**changes):
        text = definition()
        for old, new in changes.items():
            assert old in text
            text = text.replace(old, new)
        study = Study(tmp_path)
        study.definition.write_text(text)
        return load_definition(study.definition)

    return load


def test_it_is_asked_of_a_task_and_decides_the_stimuli(loads):
    before, after = loads(), loads(**{TRUST: TRUST + "joint_scale = true\n"})
    assert [request.together for request in after.requests] == [(), ("strong", "weak")]
    assert [request.together for request in before.requests] == [(), ()]
    assert before.request_sha256 == loads(**{TRUST: TRUST + "joint_scale = false\n"}).request_sha256
    assert before.request_sha256 != after.request_sha256


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {SEEING: SEEING + "joint_scale = true\n"},
            r"joint_scale: class-discrimination shows one explanation at a time, with none beside it; remove it",
        ),
        (
            {TRUST: TRUST + "joint_scale = true\n", 'recipe = "signed-v1"': 'recipe = "paper-v1"'},
            r"joint_scale: recipe 'paper-v1' of \S+ scales each picture by itself; signed-v1, heat-v1 and overlay-v1 can",
        ),
        (
            {SEEING: 'kind = "distinction"\njoint_scale = true\n'},
            r"joint_scale: distinction draws its 4 explanations on one scale already; remove it",
        ),
        (
            {
                TRUST: TRUST + "joint_scale = true\n",
                "[stimuli]": '[methods.guided-backprop]\npictures = "made.csv"\n\n[stimuli]',
            },
            r"joint_scale: the pictures of guided-backprop are made already, each on a scale of its own; remove",
        ),
    ],
    ids=["one at a time", "paper-v1", "tiles", "made already"],
)
def test_it_is_refused_with_a_remedy(loads, changes, told):
    with pytest.raises(DefinitionError) as error:
        loads(**changes)
    assert re.search(told, str(error.value)), str(error.value)
