"""Ready-made questionnaires as they were published: items, points and scores."""

import tomllib
from pathlib import Path

import pytest

from contracts.scales import SCALES

ENGLISH = tomllib.loads((Path(__file__).parents[2] / "languages" / "en" / "scales.toml").read_text(encoding="utf-8"))
# name → items, points, (score, items, reversed items, least, most), whether an empty item is the middle step.
# Hart & Staveland (1988): six sheets of 21 ticks; Hoffman et al. (2023); Jian, Bisantz & Drury (2000): items 1
# to 5 are of distrust; Brooke (1996): even items are turned, 0 to 100, an empty one counts as 3; Lewis
# & Sauro (2009): items 4 and 10 are of learnability.
PUBLISHED = {
    "nasa-tlx-raw": (6, 21, [("load", 6, 0, 0, 100)], False),
    "xai-trust": (8, 5, [("trust-mean", 8, 1, 1, 5)], False),
    "explanation-satisfaction-8": (8, 5, [("satisfaction", 8, 0, 1, 5)], False),
    "jian-trust": (12, 7, [("trust-total", 12, 5, 1, 7), ("distrust", 5, 0, 1, 7), ("trust-mean", 7, 0, 1, 7)], False),
    "sus": (
        10,
        5,
        [("usability-total", 10, 5, 0, 100), ("usability", 8, 5, 0, 100), ("learnability", 2, 5, 0, 100)],
        True,
    ),
}


def test_these_questionnaires_are_there():
    assert SCALES.keys() == PUBLISHED.keys()


@pytest.mark.parametrize("name", PUBLISHED)
def test_items_points_and_scores_are_the_published_ones(name):
    scale = SCALES[name]
    scores = [(s.name, len(s.items), len(s.reversed), s.least, s.most) for s in scale.scores]
    assert (len(scale.items), scale.points, scores, scale.middle_if_empty) == PUBLISHED[name]
    assert len(set(scale.items)) == len(scale.items)
    assert all({*score.items, *score.reversed} <= {*scale.items} for score in scale.scores)


@pytest.mark.parametrize("name", [name for name in PUBLISHED if "items" in ENGLISH[name]])
def test_each_item_has_its_text(name):
    assert tuple(ENGLISH[name]["items"]) == SCALES[name].items


def test_the_items_that_are_turned_are_those_of_the_papers():
    assert SCALES["xai-trust"].reversed == {"wary"}
    assert SCALES["jian-trust"].reversed == {f"item-{n}" for n in (1, 2, 3, 4, 5)}
    assert SCALES["sus"].reversed == {f"item-{n}" for n in (2, 4, 6, 8, 10)}
    assert SCALES["jian-trust"].scores[1].items == tuple(f"item-{n}" for n in range(1, 6))
    assert SCALES["sus"].scores[2].items == ("item-4", "item-10")
    assert not set(SCALES["sus"].scores[1].items) & {"item-4", "item-10"}
