"""What conditions name is checked against the tasks, in a sentence each."""

import pytest

from contracts.conditions import ConditionConfig
from definition.conditions import contradicting_conditions
from study.config import TaskConfig
from tests.study.samples import METHODS, seeing, trusting

TASKS = tuple(map(TaskConfig.model_validate, (seeing(), trusting())))
FIRST = {"name": "one", "methods": {"seeing": METHODS[:2]}}
OTHER = {"name": "two", "methods": {"seeing": METHODS[2:]}}


def contradictions(*written: dict) -> list[str]:
    return contradicting_conditions([ConditionConfig.model_validate(one) for one in written], TASKS)


def test_conditions_that_fit_the_tasks_are_taken():
    assert contradictions() == []
    assert contradictions(FIRST, OTHER | {"wording": {"trusting": "paper"}, "tasks": ["trusting", "seeing"]}) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "one"}, "conditions: two conditions are named 'one'"),
        ({"methods": {"looking": ["occlusion"]}}, "methods: no task 'looking'; there are seeing, trusting"),
        ({"tasks": ["trust"]}, "tasks: no task 'trust'; there are seeing, trusting"),
        ({"tasks": ["trusting"]}, "methods: the condition does not have task 'seeing'; add it to its `tasks`, or"),
        ({"methods": {"seeing": ["occlusion"]}}, "methods.seeing: the task has no 'occlusion'; it has deconvolution,"),
        ({"methods": {"seeing": METHODS[:1] * 2}}, "methods.seeing: one is listed twice"),
        ({"wording": {"seeing": "polite"}}, "wording.seeing: no wording 'polite' of class-discrimination; there are"),
        ({"networks": {"trusting": ["strong"]}}, "networks.trusting: a task of kind trust compares its networks, so"),
        ({"methods": {"seeing": METHODS[2:3]}}, "conditions: no condition shows 'guided-grad-cam' of task 'seeing'"),
    ],
)
def test_what_contradicts_is_named_with_its_remedy(changes: dict, message: str):
    assert any(message in found for found in contradictions(FIRST, OTHER | changes))


def test_one_condition_alone_and_a_task_that_nobody_does_are_refused():
    assert "conditions: 'one' is the only condition; add a second one, or remove it" in contradictions(FIRST)
    both = ({"name": "a", "tasks": ["seeing"]}, {"name": "b", "tasks": ["seeing"]})
    assert any("no condition has task 'trusting'" in found for found in contradictions(*both))
