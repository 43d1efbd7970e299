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
    assert "Images in VOC layout, year 2012, split “val”, 2 categories." in rows
    assert "“strong”: vgg16, 87.5% mAP" in rows
    assert "“seeing”: 8 of 148 eligible images, drawn with seed 4." in rows
    assert "5 people joined." in rows
    asked = "practice trials: 2, attention checks: 1, no comprehension questions"
    assert f"“seeing”: {asked}, confidence asked." in rows
    assert f"“trusting”: {asked}, identical pairs: 3." in rows
    assert any(row.startswith("“trusting”: 6 images, ratings per item: 6") for row in rows)


def test_what_the_export_does_not_hold_has_no_row(small):
    rows = here(small)
    assert not any("mAP" in row or "VOC" in row or "seed" in row for row in rows)
    assert "Joined: 12 simulated participants." in rows
    assert all(rows)


def test_the_table_is_said_in_korean(small):
    full = with_materials(small)
    pairs = zip(deviations(full, GRAD_CAM, ENGLISH), deviations(full, GRAD_CAM, in_language("ko")), strict=True)
    same = {english[1] for english, korean in pairs if english[1] == korean[1]}
    assert same == {"“strong”: vgg16, 87.5% mAP"}


def test_rows_about_the_90_pairs_stand_against_class_discrimination_alone(small):
    selection = {name: {"images": 8, "eligible": 148} for name in ("seeing", "trusting")}
    full = replace(with_materials(small), provenance={"seed": 4, "selection": selection})
    rows = deviations(full, GRAD_CAM, ENGLISH)
    beside = {ours: theirs for theirs, ours in rows}
    assert beside["“seeing”: 8 of 148 eligible images, drawn with seed 4."].endswith("90 image–category pairs.")
    assert "both networks predict" in beside["“trusting”: 8 of 148 eligible images, drawn with seed 4."]
    assert [theirs for theirs, ours in rows if "90 image" in theirs and "trusting" in ours] == []


def test_nothing_is_concluded_from_what_the_paper_does_not_tell_and_ours_is_counted(small):
    rows = dict(deviations(small, GRAD_CAM, ENGLISH))
    assert not any("repeatedly" in theirs for theirs in rows)
    pairs = len(small.trials.drop_duplicates(["participant_id", "task", "image_id"]))
    counted = f"Nobody rated an image twice in a task (counted: {pairs} pairs of a participant and an image)."
    assert rows["Not known: how often a worker saw an image."] == counted
    image = small.trials.loc[small.trials["participant_id"] == "p00000", "image_id"].iloc[0]
    hers = (small.trials["participant_id"] == "p00000") & (small.trials["task"] == "seeing")
    twice = replace(small, trials=small.trials.assign(image_id=small.trials["image_id"].mask(hers, image)))
    assert (
        "1 were rated more than once."
        in dict(deviations(twice, GRAD_CAM, ENGLISH))["Not known: how often a worker saw an image."]
    )


def test_the_independent_replication_stands_beside_the_paper_s_figures(small_report):
    html = small_report.html
    table = html[html.index("An independent replication of the trust study: 36 people") :].split("</table>")[0]
    for row in (("1.00", "0.44", "0.02\u00a0–\u00a00.83"), ("+0.27", "−0.16", "[−0.68,\u00a0+0.32]")):
        place = [table.index(f">{value}<") for value in row]
        assert place == sorted(place)
