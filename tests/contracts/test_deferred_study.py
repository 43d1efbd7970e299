"""AI check with deferral goes its whole way by its commands: sure labels are never shown, and the report counts them."""

import json
import re

import pandas as pd
import pytest

from tests.contracts.small_study import Study
from tests.drawing import drawn_only

pytestmark = pytest.mark.slow

DEFERRAL, METHODS, PEOPLE = 0.9, ("photograph", "grad-cam"), 8
SMALLER = {
    "images = 40 ": "images = 8 ",
    "ratings_per_item = 16": f"ratings_per_item = 2\ndeferral = {DEFERRAL}",
    "trials_per_participant = 20": "trials_per_participant = 4",
    "practice = 10": "practice = 2",
    ', "centred-blob"]': "]",
    '  { task = "checking", a = "grad-cam", b = "centred-blob" },\n': "",
    '[[conditions]]\nname = "control"\nmethods = { checking = ["centred-blob"] }\n': "",
}


@pytest.fixture(scope="module")
def export_and_report(made_study: Study):
    """The published study, smaller, on the scenes there are: made, opened, taken, exported and reported."""
    study, folder = made_study, made_study.folder
    study.manage("new-study", str(folder / "checked"), "--from", "ai-check", "--slug", "checked")
    path = folder / "checked" / "study.toml"
    source = path.read_text(encoding="utf-8").replace('root = "scenes"', f'root = "{folder / "scenes"}"')
    for old, new in SMALLER.items():
        assert old in source, old
        source = source.replace(old, new)
    path.write_text(source, encoding="utf-8")
    of = ("--study", str(path))
    study.manage("generate-stimuli", *of)
    study.manage("db", "upgrade")
    study.manage("open-study", *of)
    with study.served() as url:
        study.manage("simulate", *of, "--url", url, "--participants", str(PEOPLE))
    study.manage("export", *of, "--out", str(folder / "checked-export"))
    with drawn_only("as_svg"):
        study.manage("analyze", str(folder / "checked-export"), "--out", str(folder / "checked-report"), "--no-pdf")
    return folder / "checked-export", folder / "checked-report"


@pytest.fixture(scope="module")
def trials(export_and_report):
    (file,) = (export_and_report[0] / "data").glob("*trials_data.csv")
    rows = pd.read_csv(file, keep_default_na=False, na_values=[""])
    rows = rows[(rows["state"] == "answered") & (rows["purpose"] == "main")]
    is_right = rows["foil"] == "no"
    return rows.assign(is_right=is_right, judged=(rows["response"] == "yes") == is_right)


@pytest.fixture(scope="module")
def counted(export_and_report):
    told = next(export_and_report[0].rglob("provenance.json")).read_text(encoding="utf-8")
    return json.loads(told)["selection"]["checking"]["deferral"]


def test_nobody_saw_a_label_of_which_the_network_was_sure(trials, counted):
    assert len(trials) == 8 * 2 * 2
    assert (trials["network_confidence"] < DEFERRAL).all()
    assert all(counted[name] > 0 for name in ("right_accepted", "right_asked", "wrong_asked"))


def test_the_tables_of_deferral_are_those_of_pandas(export_and_report, trials, counted):
    """By hand: of each sort the share accepted without asking, and the share that people judged rightly of the rest."""
    told = json.loads((export_and_report[1] / "results.json").read_text(encoding="utf-8"))
    tables = told["observers"]["simulated"]["tasks"]["checking"]
    right, wrong = ([counted[f"{sort}_{end}"] for end in ("accepted", "asked")] for sort in ("right", "wrong"))
    total = sum(right) + sum(wrong)
    people = trials.groupby(["method", "is_right"])["judged"].mean()
    wanted, alone = {}, {}
    for method in METHODS:
        of_right = (right[0] + right[1] * people[method, True]) / sum(right)
        of_wrong = wrong[1] * people[method, False] / sum(wrong)
        wanted[method, "right and wrong labels alike"] = (of_right + of_wrong) / 2
        wanted[method, "labels as found in the photographs"] = (sum(right) * of_right + sum(wrong) * of_wrong) / total
    alone["right and wrong labels alike"] = (right[0] / sum(right) + wrong[1] / sum(wrong)) / 2
    alone["labels as found in the photographs"] = (right[0] + wrong[1]) / total
    rows = {(row["method"], row["mix"]): row for row in tables["deferred"]}
    assert {key: row["value"] for key, row in rows.items()} == pytest.approx(wanted)
    assert {key: row["network"] for key, row in rows.items()} == pytest.approx({key: alone[key[1]] for key in rows})
    assert all(row["low"] <= row["value"] <= row["high"] for row in rows.values())
    assert {row["threshold"] for row in tables["deferral"]} == {0.5, 0.6, 0.7, 0.8}, "nobody saw what is above"
    for row in tables["deferral"]:
        of_method = trials[trials["method"] == row["method"]]
        is_sure = of_method["network_confidence"] >= row["threshold"]
        rightly = of_method["judged"].where(~is_sure, of_method["is_right"])
        assert row["value"] == pytest.approx(rightly.groupby(of_method["is_right"]).mean().mean())
        assert row["deferred"] == pytest.approx(is_sure.groupby(of_method["is_right"]).mean().mean())


def test_the_report_prints_them(export_and_report, counted):
    page = re.sub(r"\s+", " ", (export_and_report[1] / "report.html").read_text(encoding="utf-8"))
    share = 100 * counted["right_accepted"] / (counted["right_accepted"] + counted["right_asked"])
    assert "labels of at least 90.0% confidence were accepted without asking" in page
    assert f"{share:.1f}% of the right and" in page
    assert "These are labels below 90.0% confidence; with those above it accepted without asking: " in page
