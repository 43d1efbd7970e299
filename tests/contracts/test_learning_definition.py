"""What a definition with examples to learn from must tell, refused with a sentence before anything is made."""

import re
from types import SimpleNamespace

import pytest

from contracts.conditions import ConditionConfig
from definition.learning import classes_of, faults_of_learning
from definition.requests import request_of
from study.config import TaskConfig


def task(name="before", **changes):
    return TaskConfig.model_validate(
        {"name": name, "kind": "simulatability", "methods": ["cam"], "networks": ["a"], "images": 12}
        | {"ratings_per_item": 1, "trials_per_participant": 4, "learning": 4, "classes": ["cat", "dog"]}
        | changes
    )


DATASET = SimpleNamespace(categories=("cat", "dog", "cow"))


def faults(*tasks, conditions=()):
    return list(faults_of_learning(tasks[-1], tasks, [ConditionConfig(**c) for c in conditions], DATASET))


def test_two_classes_are_those_of_the_task_or_of_the_study():
    assert classes_of(task(), DATASET) == ("cat", "dog")
    two = SimpleNamespace(categories=("cow", "cat"))
    assert classes_of(task(classes=[]), two) == ("cow", "cat")
    assert faults(task()) == []


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ([task(learning=0)], "needs examples to learn from; write learning = 2 or more, or explained_tests = true"),
        ([task(classes=[])], "dataset.categories has 3; name 2 in classes"),
        ([task(methods=["cam", "photograph"])], 'add [[conditions]] that each show one, as methods.before = ["cam"]'),
        ([task("after", repeats="before")], "no earlier task 'before'; there are none"),
        ([task(), task("after", repeats="before", images=14)], "images must be as in task 'before'"),
        (
            [task(), task("after", repeats="before"), task("again", repeats="after")],
            "task 'after' itself repeats 'before'; name that",
        ),
    ],
)
def test_what_is_lacking_is_named_with_the_remedy(tasks, message):
    assert re.search(re.escape(message), "\n".join(faults(*tasks)))


def test_conditions_that_show_one_method_each_are_fine():
    several = task(methods=["cam", "photograph"])
    shown = [{"name": m, "methods": {"before": [m]}} for m in several.methods]
    assert faults(several, conditions=shown) == []


def test_no_explanation_is_a_method_that_nothing_computes():
    assert task(methods=["cam", "photograph"]).explained_by == ("cam",)
    asked = request_of(task(methods=["cam", "photograph"]), SimpleNamespace(categories=("cat", "dog")))
    assert asked.methods == ("cam",)


def test_questions_that_are_explained_need_no_examples_nor_do_those_asked_before():
    before, after = task(learning=0), task("after", learning=0, repeats="before", explained_tests=True)
    assert faults(before, after) == []
    assert list(faults_of_learning(before, [before, after], [], DATASET)) == []
