"""Scores of questionnaires: published scoring, moderators against statsmodels."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from analysis.data.export import Export
from analysis.data.table_files import conform
from analysis.questionnaires import item_table, item_text, moderator_table, score_table
from analysis.simulation.simulated_study import simulate_export
from contracts.scales import SCALES
from tests.analysis.conftest import SMALL

LIKERT = {"kind": "likert", "points": 5}
OWN = {
    "name": "own",
    "items": [
        {"name": "up", "text": {"en": "Up?", "ko": "위?"}} | LIKERT,
        {"name": "down", "text": {"en": "Down?"}, "reversed": True} | LIKERT,
        {"name": "eyes", "kind": "choice", "text": {"en": "Eyes?"}, "options": {"yes": {"en": "Y"}, "no": {"en": "N"}}},
        {"name": "why", "kind": "text", "text": {"en": "Why?"}},
    ],
}


@pytest.fixture(scope="module")
def plain() -> Export:
    return simulate_export(np.random.default_rng(1), designs=SMALL, participants=12)


def answering(export: Export, section: dict[str, Any], given: list[dict[str, Any]], **config: Any) -> Export:
    """`export` in which the first people answered the questionnaire; None: left empty."""
    people = export.participants["participant_id"]
    kinds = {item["name"]: item["kind"] for item in section.get("items", ())}
    rows = [
        {
            "item_answer_id": f"{person}-{item}",
            "participant_id": person,
            "observer_kind": "human",
            "questionnaire": section["name"],
            "item": item,
            "kind": kinds.get(item, "likert"),
            "page": 1,
            "position": place + 1,
            "answer": None if answer is None else str(answer),
            "value": answer if kinds.get(item, "likert") == "likert" else None,
            "reversed": 0,
        }
        for person, answers in zip(people, given, strict=False)
        for place, (item, answer) in enumerate(answers.items())
    ]
    return replace(
        export,
        questionnaire=conform(pd.DataFrame(rows), "questionnaire"),
        definition=export.definition | {"questionnaires": [section]},
        config=export.config.model_copy(update=config),
    )


def everybody(export: Export) -> list[str]:
    return list(export.participants["participant_id"])


def scored(export: Export, scale: str, answers: list[int | None]) -> pd.DataFrame:
    items = dict(zip(SCALES[scale].items, answers, strict=True))
    found = score_table(answering(export, {"name": "q", "scale": scale}, [items]), everybody(export))
    return found.set_index("score")


@pytest.mark.parametrize(
    ("scale", "answers", "scores"),
    [
        ("nasa-tlx-raw", [1] * 6, {"load": 0}),
        ("nasa-tlx-raw", [21, 1, 11, 1, 11, 21], {"load": 50}),
        ("xai-trust", [5, 5, 5, 5, 5, 1, 5, 5], {"trust-mean": 5}),
        ("xai-trust", [4] * 8, {"trust-mean": (7 * 4 + 2) / 8}),
        ("jian-trust", [1] * 5 + [7] * 7, {"trust-total": 7, "distrust": 1, "trust-mean": 7}),
        # Odd items x − 1, even ones 5 − x: 22 together, × 2.5.
        ("sus", [5, 4, 2, 1, 2, 3, 2, 4, 5, 2], {"usability-total": 55}),
        ("sus", [5, 1] * 5, {"usability-total": 100, "usability": 100, "learnability": 100}),
        ("sus", [None] * 10, {"usability-total": 50}),
    ],
)
def test_scores_are_those_of_the_published_rules(scale, answers, scores, plain: Export) -> None:
    found = scored(plain, scale, answers)
    assert {name: found.value[name] for name in scores} == pytest.approx(scores)


def test_an_empty_item_gives_no_score_where_the_scale_has_no_rule_for_it(plain: Export) -> None:
    found = scored(plain, "xai-trust", [5] * 7 + [None])
    assert (found.people["trust-mean"], found.without_score["trust-mean"], np.isnan(found.value["trust-mean"])) == (
        0,
        1,
        True,
    )


def test_items_are_told_as_answered_and_scores_with_reversed_items_turned(plain: Export) -> None:
    ups, downs = [1, 2, 4, 5, 5], [5, 4, 2, 2, None]
    answers = [{"up": u, "down": d, "eyes": "no", "why": None} for u, d in zip(ups, downs, strict=True)]
    export = answering(plain, OWN, answers)
    items = item_table(export, everybody(plain)).set_index("item")
    said = items.distribution.str.replace("\u00a0", " ")
    assert said["up"] == "1: 1, 2: 1, 3: 0, 4: 1, 5: 2"
    assert (said["eyes"], said["why"]) == ("yes: 0, no: 5", "")
    assert (items["answered"]["down"], items["empty"]["down"], items["empty"]["why"]) == (4, 1, 5)
    assert items["mean"]["down"] == pytest.approx(13 / 4)
    (row,) = score_table(export, everybody(plain)).itertuples()
    own = np.array([(u + 6 - d) / 2 for u, d in zip(ups[:4], downs[:4], strict=True)])
    assert (row.people, row.without_score, row.value) == (4, 1, pytest.approx(own.mean()))
    assert (row.low, row.high) == pytest.approx(stats.t.interval(0.95, 3, own.mean(), stats.sem(own)))
    r = np.corrcoef(ups[:4], [6 - d for d in downs[:4]])[0, 1]
    assert (row.spearman_brown, np.isnan(row.alpha)) == (pytest.approx(2 * r / (1 + r)), True)
    assert item_table(export, everybody(plain)[:2])["answered"].max() == 2, "who is excluded is not counted"
    assert item_text(export.definition, "own", "up", "ko") == "위?"
    assert item_text(export.definition, "own", "down", "ko") == "Down?"


def test_a_moderator_is_the_slope_of_peoples_means_on_their_scores(plain: Export) -> None:
    """Oracle: statsmodels' OLS."""
    steps = [1, 5, 2, 4, 3, 3, 2, 5, 1, 4, 2, 5]
    given = [{"up": step, "down": 3} for step in steps]
    section = OWN | {"items": OWN["items"][:2]}
    export = answering(plain, section, given, moderators=("own",))
    found = moderator_table(export, export.trials).set_index("task")
    scores = pd.Series([(step + 3) / 2 for step in steps], everybody(plain))
    for task, value in (("seeing", "correct"), ("trusting", "score")):
        means = export.trials[export.trials["task"] == task].groupby("participant_id")[value].mean()
        both = pd.concat([scores.rename("s"), means.rename("m")], axis=1, join="inner").dropna()
        fit = sm.OLS(both["m"], sm.add_constant((both["s"] - both["s"].mean()) / both["s"].std())).fit()
        row = found.loc[task]
        assert row["people"] == len(both)
        assert (row["value"], row["p"]) == pytest.approx((fit.params["s"], fit.pvalues["s"]))
        assert (row["low"], row["high"]) == pytest.approx(tuple(fit.conf_int().loc["s"]))
    alike = answering(plain, section, [{"up": 3, "down": 3}] * 12, moderators=("own",))
    assert moderator_table(alike, alike.trials)["value"].isna().all()
