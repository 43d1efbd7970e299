"""Cue detection: what counts as right, and what practice says."""

from types import SimpleNamespace

import pytest

from contracts.tasks import KINDS
from study.config import TaskConfig
from study.tasks.kinds import STUDY_KINDS
from study.tasks.wording import practice_feedback

CUES = "network,cue,changed,scenes\nclean,background,1,40\ncued,background,30,40\n"
FACTS = next(kind for kind in KINDS.values() if kind.asks_reliance_on_cue)
KIND = STUDY_KINDS[FACTS.name]


@pytest.mark.parametrize(
    ("foil", "response", "counts", "said"),
    [
        ("object|background", "background", True, "Correct."),
        ("object|background", "object", False, "Not quite."),
        ("object|background", "unsure", False, "Not quite."),
        ("background|object", "object", True, "Correct."),
        ("background|object", "background", False, "Not quite."),
        ("background|object", "unsure", True, "Not quite."),
        ("background|object", "companion", True, "Not quite."),
    ],
)
def test_the_planted_cue_alone_counts_and_practice_tells_what_the_network_relies_on(foil, response, counts, said):
    task = TaskConfig(
        name="t", kind=FACTS.name, methods=("cam",), networks=("clean", "cued"), images=4, ratings_per_item=1,
        trials_per_participant=2, practice=1, cues=CUES,
    )  # fmt: skip
    answered = SimpleNamespace(foil=foil, category="dog", response=response, left_network="", right_network="")
    assert KIND.options(answered) == FACTS.questions[0].values
    assert KIND.value(answered, task) == counts
    feedback = practice_feedback(task, "en", KIND.truth(answered), response)
    assert feedback.startswith(said)
    assert feedback.endswith(
        {"object|background": "“The background”.", "background|object": "“The object itself”."}[foil]
    )
