"""What networks rely on is read from what swapping the cue showed; what it does not tell is refused in a sentence."""

import pytest
from pydantic import ValidationError
from statsmodels.stats.proportion import proportion_confint

from contracts.cues import Swapped, fault_of, measured
from study.config import TaskConfig

HEAD = "network,cue,changed,scenes\n"
ROWS = HEAD + "clean,companion,2,50\nhalf,companion,12,50\nstrong,companion,40,50\n"


@pytest.mark.parametrize(("changed", "scenes"), [(0, 20), (5, 20), (12, 50), (40, 50), (50, 50)])
def test_the_interval_is_wilson_s(changed, scenes):
    found = Swapped("n", "companion", changed, scenes).interval
    assert found == pytest.approx(proportion_confint(changed, scenes, method="wilson"), abs=1e-6)


def test_the_whole_interval_decides_what_a_network_relies_on():
    table = measured(ROWS)
    assert {name: of.relies_on_cue for name, of in table.items()} == {"clean": False, "half": None, "strong": True}
    assert (table["clean"].foil, table["strong"].foil) == ("companion|object", "object|companion")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("network,cue,changed\na,companion,1\n", "scenes is missing"),
        (HEAD + "a,companion,many,40\n", "changed and scenes are whole numbers"),
        (HEAD + "a,companion\n", "changed and scenes are whole numbers"),
        (HEAD + "a,tag,1,40\n", "cue is companion or background"),
        (HEAD + "a,companion,41,40\n", "given are 'companion', 41 and 40"),
        (HEAD + "a,companion,0,0\n", "at least 1"),
        (HEAD + "a,companion,1,40\na,companion,1,40\n", "occurs more than once"),
    ],
)
def test_a_table_that_tells_nothing_is_refused(text, said):
    with pytest.raises(ValueError, match=said):
        measured(text)


@pytest.mark.parametrize(
    ("networks", "said"),
    [
        (("clean", "other"), "no row for network other; there are clean, half, strong"),
        (("clean", "half"), r"half 12 of 50 \(24%, 14% to 37%\), so it is not known whether 25%"),
        (("clean",), "0 of 1 networks rely on the cue and 1 on the object; name networks of both sorts"),
        (("clean", "strong"), ""),
    ],
)
def test_a_task_needs_networks_of_both_sorts_that_were_measured(networks, said):
    fault = fault_of(networks, measured(ROWS))
    assert bool(fault) == bool(said)
    asked = {"methods": ("grad-cam",), "images": 9, "ratings_per_item": 1, "trials_per_participant": 1}

    def task(kind: str, cues: str) -> TaskConfig:
        return TaskConfig(name="t", kind=kind, networks=networks, cues=cues, **asked)

    if not said:
        assert task("cue-detection", ROWS).cues == ROWS
        return
    with pytest.raises(ValidationError, match=said):
        task("cue-detection", ROWS)
    with pytest.raises(ValidationError, match=r"name it; `./manage.py bias --make-study` writes one"):
        task("cue-detection", "")
    with pytest.raises(ValidationError, match="remove it"):
        task("rating", ROWS)
