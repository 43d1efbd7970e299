"""`evaluate` on ten pictures and two tiny networks: records that are kept, the table, the page, columns of a set."""

import csv
import json
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import bootstrap

from contracts.metrics import MetricColumn, MetricsError, read_metrics
from contracts.stimulus_set import read_stimuli
from stimuli.config import StimuliConfig
from stimuli.errors import EvaluationError, GalleryError, StorageError
from stimuli.evaluate.asked_network import AskedNetwork
from stimuli.evaluate.columns import require_own_columns, write_columns
from stimuli.evaluate.metrics.metric import Best, Column, Curve, Measured, Metric
from stimuli.evaluate.metrics.registry import METRICS
from stimuli.evaluate.run import Asked, evaluate, forget_other_records
from stimuli.evaluate.summary import Resamples, summarised
from stimuli.evaluate_config import METRIC_NAMES, EvaluateConfig, Options
from stimuli.gallery.evaluation import write_evaluation
from stimuli.produce.launchers.launcher import launch_on
from stimuli.produce.storage import storage_at
from tests.stimuli import sample_set

METHODS = ("grad-cam", "guided-backprop")
CHOICES = EvaluateConfig(resamples=200)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return sample_set.pictures(tmp_path_factory.mktemp("photographs"))


def asked_of(images, metrics=("energy",), methods=METHODS):
    networks = {"strong": sample_set.loaded_networks()["strong"]}
    return Asked(images, sample_set.CATEGORIES, networks, {"strong": methods}, {}, metrics, {"root": "here"})


def run(folder, asked, choices=CHOICES):
    """The records, and how many photographs were computed."""
    told = []
    config = StimuliConfig(output=folder, device="cpu", batch_size=4)
    found = evaluate(config, choices, asked, storage_at(folder), launch_on("local"), lambda *done: told.append(done))
    return found, told[-1][1] - told[0][0]


@pytest.fixture(scope="module")
def records(tmp_path_factory, images):
    return run(tmp_path_factory.mktemp("set"), asked_of(images))[0]


def test_every_metric_has_its_options_under_its_name_and_what_the_page_shows():
    assert tuple(METRICS) == METRIC_NAMES
    choices = EvaluateConfig()
    for name, metric in METRICS.items():
        assert metric.name == name
        assert metric.about.endswith(".")
        assert all(sentence.endswith(".") for sentence in metric.chosen(choices.options_of(name)))
    names = [c.name for m in METRICS.values() for c in (*m.columns, *m.curves(choices.options_of(m.name)))]
    assert len(set(names)) == len(names)


def test_a_finished_run_is_not_computed_again_and_another_metric_alone_is(tmp_path, images, monkeypatch):
    first, computed = run(tmp_path, asked_of(images))
    assert computed == 10
    again, computed = run(tmp_path, asked_of(images))
    assert computed == 0
    assert list(again.rows("energy")) == list(first.rows("energy"))
    moved = [replace(images[0], objects=(replace(images[0].objects[0], box=(2, 2, 9, 9)),)), *images[1:]]
    assert run(tmp_path, asked_of(moved))[1] == 4  # its shard


def test_a_stopped_run_goes_on_and_comes_out_the_same(tmp_path, images, records, monkeypatch):
    asked = asked_of(images)
    config = StimuliConfig(output=tmp_path, device="cpu", batch_size=4)

    def stop(done, total):
        if done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(config, CHOICES, asked, storage_at(tmp_path), launch_on("local"), stop)
    found, computed = run(tmp_path, asked)
    assert 0 < computed < 10
    assert list(found.rows("energy")) == list(records.rows("energy"))


def test_records_of_other_networks_are_forgotten_and_own_ones_are_kept(tmp_path, images):
    storage = storage_at(tmp_path)
    run(tmp_path, asked_of(images, methods=("grad-cam",)))
    earlier = storage.names()
    found, _ = run(tmp_path, replace(asked_of(images), dataset={"root": "elsewhere"}))
    forget_other_records(storage, found)
    assert not storage.names() & earlier
    assert run(tmp_path, replace(asked_of(images), dataset={"root": "elsewhere"}))[1] == 0


def test_means_are_over_maps_and_intervals_over_photographs():
    """Two photographs, one with three maps of value 1, one with one of value 0: the mean of maps is .75."""
    metric = Metric("m", "M", "It.", lambda _s, _o: Measured(), (Column("x", "X", "share"),))
    rows = [("n", {"image": i, "category": str(c), "method": "grad-cam", "values": {"x": x}, "curves": {}})
            for i, x, count in (("a", 1.0, 3), ("b", 0.0, 1)) for c in range(count)]  # fmt: skip
    found = summarised(metric, Options(), rows, Resamples(2000, 1)).figures[0]
    assert found.estimate.value == 0.75
    assert (found.maps, found.images) == (4, 2)
    assert (found.estimate.low, found.estimate.high) == (0, 1)  # some samples hold one photograph alone
    alone = summarised(metric, Options(), rows[:3], Resamples(200, 1)).figures[0]
    assert (alone.estimate.value, alone.estimate.low) == (1, None)


def test_the_interval_is_that_of_the_usual_bootstrap():
    values = np.random.default_rng(3).normal(0.5, 0.2, 100)
    metric = Metric("m", "M", "It.", lambda _s, _o: Measured(), (Column("x", "X", "share"),))
    rows = [
        ("n", {"image": str(i), "category": "c", "method": "cam", "values": {"x": x}, "curves": {}})
        for i, x in enumerate(values)
    ]
    found = summarised(metric, Options(), rows, Resamples(2000, 1)).figures[0].estimate
    usual = bootstrap((values,), np.mean, n_resamples=2000, rng=2, method="percentile").confidence_interval
    assert found.low == pytest.approx(usual.low, abs=0.005)
    assert found.high == pytest.approx(usual.high, abs=0.005)


def test_one_threshold_is_the_best_of_the_whole_set_not_of_each_map():
    best = Best(MetricColumn("b", "B", "share"), ("c",))
    curve = Curve("c", "C", "share", (0.0, 0.5, 1.0), "threshold")
    metric = Metric("m", "M", "It.", lambda _s, _o: Measured(), curves=lambda _o: (curve,), best=(best,))
    shapes = ([1, 0, 0], [1, 1, 0], [0, 0, 1])
    rows = [
        ("n", {"image": str(i), "category": "c", "method": "cam", "values": {}, "curves": {"c": y}})
        for i, y in enumerate(shapes)
    ]
    found = summarised(metric, Options(), rows, Resamples(200, 1)).figures[0]
    assert found.estimate.value == pytest.approx(2 / 3)
    assert found.at == (0.0,)


def test_the_page_has_the_table_and_the_pictures_and_replaces_only_its_own(tmp_path, images, records):
    asked = asked_of(images)
    summary = summarised(METRICS["energy"], CHOICES.energy, records.rows("energy"), Resamples(200, 0))
    out = tmp_path / "page"
    write_evaluation(out, "Scenes", [summary], records, asked, CHOICES)
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "Energy in the box" in page
    assert "a map of one number" in page
    rows = list(csv.DictReader((out / "table.csv").read_text(encoding="utf-8").splitlines()))
    assert {row["method"] for row in rows} == {*METHODS, "uniform", "centre"}
    sources = re.findall('src="(pictures/[^"]+)"', page)
    assert len(sources) == 6 * len(METHODS)
    assert all((out / source).is_file() for source in sources)
    write_evaluation(out, "Scenes", [summary], records, asked, CHOICES)
    (out / "notes.txt").write_text("mine")
    with pytest.raises(GalleryError, match=r"notes\.txt"):
        write_evaluation(out, "Scenes", [summary], records, asked, CHOICES)


def test_columns_go_beside_the_set_whose_table_stays_as_it_is(tmp_path, images):
    folder = sample_set.make(tmp_path / "set", images)
    before = sample_set.contents(folder)
    found, _ = run(folder, asked_of(images, methods=("grad-cam", "guided-backprop", "guided-grad-cam")))
    said = write_columns(
        storage_at(folder), "r", [METRICS["energy"]], {"energy": found.rows("energy")}, {"choices": {}}
    )
    stimuli = read_stimuli(folder)
    assert f"of {len(stimuli)} stimuli" in said
    assert {name: (folder / name).read_bytes() for name in before} == before
    metrics = read_metrics(folder)
    strong = {s.stimulus_id for s in stimuli if s.network == "strong"}
    assert set(metrics.values) == strong
    maps = {(r["image"], r["category"], r["method"]): r["values"]["energy_in_box"] for _, r in found.rows("energy")}
    for stimulus in stimuli:
        if stimulus.stimulus_id in strong:
            told = metrics.values[stimulus.stimulus_id]["energy_in_box"]
            assert told == maps[stimulus.image_id, stimulus.category, stimulus.method]


def test_columns_of_another_set_are_not_read_and_foreign_files_are_not_replaced(tmp_path, images):
    folder = sample_set.make(tmp_path / "set", images)
    assert read_metrics(folder) is None
    assert "other settings" in write_columns(storage_at(folder), "other", [], {}, {})
    write_columns(storage_at(folder), "r", [METRICS["energy"]], {"energy": []}, {})
    assert read_metrics(folder) is not None
    facts = json.loads((folder / "metrics.json").read_text())
    (folder / "metrics.json").write_text(json.dumps(facts | {"stimuli_sha256": "0"}))
    assert read_metrics(folder) is None
    (folder / "metrics.json").write_text("{")
    with pytest.raises(MetricsError, match="evaluate"):
        read_metrics(folder)
    (folder / "metrics.csv").write_text("my own\n")
    with pytest.raises(StorageError, match=r"metrics\.csv"):
        require_own_columns(storage_at(folder), folder)


def test_what_a_photograph_lacks_is_counted_and_the_others_are_measured(tmp_path, images):
    without = replace(images[9], objects=tuple(replace(o, box=None) for o in images[9].objects))
    found, _ = run(tmp_path, asked_of((*images[:9], without)))
    summary = summarised(METRICS["energy"], CHOICES.energy, found.rows("energy"), Resamples(200, 0))
    assert summary.missing == {"the photograph has no box of the category": 4}  # two categories, two methods
    assert all(figure.images == 9 for figure in summary.figures if figure.method == "uniform")


def test_a_method_that_the_network_cannot_answer_is_named_and_the_others_are_measured(tmp_path, images):
    network = replace(sample_set.loaded_networks()["strong"], target_layer="0")
    asked = replace(asked_of(images, methods=("cam", "grad-cam")), networks={"strong": network})
    found, _ = run(tmp_path, asked)
    summary = summarised(METRICS["energy"], CHOICES.energy, found.rows("energy"), Resamples(200, 0))
    assert [reason for reason in summary.missing if "global average pooling" in reason]
    assert "grad-cam" in {figure.method for figure in summary.figures}


def test_maps_of_nan_are_named_and_the_others_are_measured(tmp_path, images, monkeypatch):
    maps = AskedNetwork.maps

    def broken(self, pictures, targets, methods):
        found = maps(self, pictures, targets, methods)
        return found | {"grad-cam": found["grad-cam"] * torch.nan} if "grad-cam" in found else found

    monkeypatch.setattr(AskedNetwork, "maps", broken)
    found, _ = run(tmp_path, asked_of(images))
    summary = summarised(METRICS["energy"], CHOICES.energy, found.rows("energy"), Resamples(200, 0))
    assert [*summary.missing] == ["the map holds NaN or infinity"]
    assert "guided-backprop" in {figure.method for figure in summary.figures if figure.images}


def test_of_one_photograph_there_are_numbers_and_a_page(tmp_path, images):
    asked = asked_of(images[:1], METRIC_NAMES, ("grad-cam",))
    found, _ = run(tmp_path / "set", asked)
    resamples = Resamples(200, 0)
    told = [summarised(METRICS[n], CHOICES.options_of(n), found.rows(n), resamples) for n in METRIC_NAMES]
    write_evaluation(tmp_path / "page", "One", told, found, asked, CHOICES)
    page = (tmp_path / "page" / "index.html").read_text()
    for needed in ("the photograph has no mask of the category", "window of 45 px, stride 15 does not fit 32×32"):
        assert needed in page, "what seeds and rank correlation lack here; the others are there"
    assert "nan" not in re.sub(r"<style.*?</style>|base64,[^\"]+", "", page, flags=re.DOTALL).lower().split()


def test_a_study_without_its_categories_in_the_split_is_told_so(tmp_path, images):
    with pytest.raises(EvaluationError, match=r"dataset\.categories"):
        run(tmp_path, replace(asked_of(images), categories=("zebra",)))
