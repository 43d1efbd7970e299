"""Chance levels and bounds of each kind are those of people who choose at random among what they are offered.

The oracle is how the survey counts answers, not the facts themselves.
"""

from types import SimpleNamespace

import pytest
from sqlalchemy import inspect

from contracts.export import TRIALS
from contracts.tasks import CONFIDENCE, KINDS, RESPONSE
from study.config import TaskConfig
from study.database.schema import Response
from study.tasks.kinds import STUDY_KINDS

NETWORKS = ("first", "second")
# kind → (category, foil) of items, as many of each sort
ITEMS = {
    "class-discrimination": [("dog", "cat")],
    "trust": [("dog", "")],
    "agreement": [("dog", "incorrect"), ("dog", "correct")],
    "ai-check": [("dog", "yes"), ("dog", "no")],
    "simulatability": [("dog", "cat")],
    "rating": [("dog", "")],
    "reliance": [("dog", "dog|cat"), ("dog", "cat|dog")],
    "distinction": [("a", "1|1|a|b|c|d"), ("a", "1|2|a|b|c|d")],
    "cue-detection": [("dog", "companion|object"), ("dog", "object|companion")],
    "sentence-fit": [("dog", "sky / sea|dog / car")],
    "guess-label": [("dog", "cat|cow|horse|bird|sheep")],
}
QUESTIONS = [(name, question) for name, kind in KINDS.items() for question in kind.questions]


def counted(name, left):
    """What every possible answer to every item counts, with this network on the left."""
    kind, facts = STUDY_KINDS[name], KINDS[name]
    task = SimpleNamespace(networks=NETWORKS, questions=facts.questions)
    sides = {"left_network": left, "right_network": next(other for other in NETWORKS if other != left)}
    for category, foil in ITEMS[name]:
        shown = SimpleNamespace(category=category, foil=foil, **sides)
        for option in kind.options(shown):
            yield kind.value(SimpleNamespace(**vars(shown), response=option), task)


@pytest.mark.parametrize("left", NETWORKS)
@pytest.mark.parametrize("name", KINDS)
def test_random_answers_have_the_null_as_their_mean_and_reach_both_bounds(name, left):
    values = [float(value) for value in counted(name, left)]
    assert sum(values) / len(values) == pytest.approx(KINDS[name].null)
    assert (min(values), max(values)) == KINDS[name].bounds
    assert {*values} <= {0, 1} or not KINDS[name].has_truth


@pytest.mark.parametrize("name", KINDS)
def test_what_is_analysed_is_a_column_of_the_export(name):
    """Shares are of right answers, which has its own column; scales have another."""
    column = TRIALS[KINDS[name].value]
    assert column.type == "number"
    assert ((column.least, column.most, column.is_whole) == (0, 1, True)) == KINDS[name].has_truth


@pytest.mark.parametrize(("name", "question"), QUESTIONS, ids=lambda of: getattr(of, "name", of))
def test_a_question_fits_the_database_and_its_condition_is_a_key_of_a_task(name, question):
    columns = inspect(Response).columns
    assert len(question.name) <= columns["question"].type.length
    assert all(len(value) <= columns["response"].type.length for value in question.values)
    assert len({*question.values}) == len(question.values)
    assert question.asked_if is None or question.asked_if in TaskConfig.model_fields
    assert (question.name == RESPONSE) == (question is KINDS[name].questions[0])


def test_the_export_s_confidence_has_the_bounds_of_the_answers():
    steps = {int(v) for kind in KINDS.values() for q in kind.questions if q.name == CONFIDENCE for v in q.values}
    assert (TRIALS[CONFIDENCE].least, TRIALS[CONFIDENCE].most) == (min(steps), max(steps))
    assert len(steps) == max(steps)
