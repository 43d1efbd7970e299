"""The table of deviations tells this study's own facts, and nothing that its export does not hold."""

from dataclasses import replace

from analysis.display.wording import ENGLISH, in_language
from analysis.paper import GRAD_CAM
from analysis.report.deviations import deviations


def here(export, translate=ENGLISH):
    return [ours for _, ours in deviations(export, GRAD_CAM, translate)]


def with_materials(small):
    tasks = [t | {"practice": 2, "attention_checks": 1} for t in small.definition["tasks"]]
    tasks = [t | ({"identical_pairs": 3} if t["kind"] == "trust" else {"confidence": True}) for t in tasks]
    dataset = {"root": "/data", "year": "2012", "split": "val", "categories": ["cat", "dog"]}
    provenance = {
        "networks": {"strong": {"architecture": "vgg16", "mean_average_precision": 0.8747}},
        "seed": 4,
        "selection": {"seeing": {"images": 8, "eligible": 148}},
    }
    return replace(small, definition=small.definition | {"tasks": tasks, "dataset": dataset}, provenance=provenance)


def test_each_study_s_table_holds_its_own_facts(small):
    people = small.participants.assign(observer_kind=["human"] * 5 + ["simulated"] * 7)
    rows = here(replace(with_materials(small), participants=people))
    assert "Photographs in VOC layout, year 2012, split “val”, 2 categories." in rows
    assert "“strong”: vgg16, 87.5% mAP" in rows
    assert "“seeing”: 8 of 148 eligible images, drawn with seed 4." in rows
    assert "5 people joined." in rows
    asked = "practice trials: 2, attention checks: 1, no comprehension questions"
    assert f"“seeing”: {asked}, confidence asked." in rows
    assert f"“trusting”: {asked}, identical pairs: 3." in rows
    assert any(row.startswith("“trusting”: 6 images, ratings an item: 6") for row in rows)


def test_what_the_export_does_not_hold_has_no_row(small):
    rows = here(small)
    assert not any("mAP" in row or "VOC" in row or "seed" in row for row in rows)
    assert "0 people joined." in rows
    assert all(rows)


def test_the_table_is_said_in_korean(small):
    full = with_materials(small)
    pairs = zip(deviations(full, GRAD_CAM, ENGLISH), deviations(full, GRAD_CAM, in_language("ko")), strict=True)
    same = {english[1] for english, korean in pairs if english[1] == korean[1]}
    assert same == {"“strong”: vgg16, 87.5% mAP"}
