"""Generating a stimulus set: what it holds, that it resumes after kill -9, and what it refuses."""

import errno
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from contracts import stimulus_set
from models.errors import PhotographError
from models.transform import fitted
from stimuli.config import StimuliConfig
from stimuli.errors import GenerationError, SelectionError, StorageError
from stimuli.explain.engine import explain
from stimuli.produce.launchers import local
from stimuli.produce.render import render
from stimuli.produce.visualize import preprocess, read_image
from tests.stimuli.sample_set import CATEGORIES, REQUESTS, contents, loaded_networks, make, pictures

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]


@pytest.fixture
def images(tmp_path):
    return pictures(tmp_path / "pictures")


@pytest.fixture
def output(tmp_path):
    return tmp_path / "set"


def test_each_task_gets_the_rows_it_asked_for(output, images):
    stimuli = stimulus_set.read_stimuli(make(output, images))
    seeing = [s for s in stimuli if "seeing" in s.tasks]
    trusting = [s for s in stimuli if "trusting" in s.tasks]
    assert len(seeing) == 4 * 2 * 2  # images × categories × methods
    assert len(trusting) == 2 * 2 * 2  # images × methods × networks
    assert all(s.foil and s.foil != s.category for s in seeing)
    assert {s.foil for s in trusting if s.tasks == ("trusting",)} == {""}
    assert all(s.is_correct for s in trusting)
    by_image = {(s.image_id, s.method): set() for s in trusting}
    for s in trusting:
        by_image[s.image_id, s.method].add((s.network, s.category))
    assert all(
        {n for n, _ in both} == {"strong", "weak"} and len({c for _, c in both}) == 1 for both in by_image.values()
    )


@pytest.mark.parametrize("recipe", ["paper-v1", "overlay-v1"])
def test_every_picture_is_the_rendered_explanation_of_its_row(output, images, recipe):
    """Recomputed one at a time, without the pipeline: at most one level apart, for batches round differently."""
    config = StimuliConfig(output=output, device="cpu", batch_size=2, seed=1, recipe=recipe)
    make(output, images, config=config)
    paths = {image.image_id: image.path for image in images}
    for row in stimulus_set.read_stimuli(output):
        network = loaded_networks()[row.network]
        batch = preprocess(read_image(paths[row.image_id]), network.transform)[None]
        target = CATEGORIES.index(row.category)
        found = explain(network.module, batch, [[target]], [row.method], network.target_layer)
        photograph = fitted(read_image(paths[row.image_id]), network.transform)[None] / 255
        expected = render(found.maps[row.method], config.rendering_of(row.method), photograph)[0].numpy().astype(int)
        stored = np.asarray(Image.open(output / row.file)).astype(int)
        assert np.abs(stored - expected).max() <= 1
        assert (row.width, row.height) == (32, 32)
        assert row.logit == pytest.approx(found.logits[0, target].item(), abs=1e-5)
        assert row.probability == pytest.approx(1 / (1 + np.exp(-row.logit)))
        top = CATEGORIES[found.logits[0].argmax()]
        assert row.is_correct == (top in {i.image_id: i.categories for i in images}[row.image_id])


def _of_wide_convolutions():
    """The sample's networks with layers wide enough that mixed precision rounds them."""
    torch.manual_seed(2)
    wide = [
        nn.Conv2d(3, 48, 3, padding=1), nn.ReLU(), nn.Conv2d(48, 48, 3, padding=1), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(48, 5),
    ]  # fmt: skip
    return _with(module=nn.Sequential(*wide).eval().requires_grad_(False))


def test_the_precision_in_the_provenance_is_the_one_that_was_computed(tmp_path, images):
    """Mixed: the same scores, for the way forward is the same, and pictures that are nearly but not quite the same."""
    made = {}
    for precision in ("fp32", "mixed"):
        config = StimuliConfig(output=tmp_path / precision, device="cpu", batch_size=2, precision=precision)
        make(config.output, images, config=config, requests=REQUESTS[:1], **_of_wide_convolutions())
        assert stimulus_set.read_provenance(config.output)["precision"] == precision
        made[precision] = stimulus_set.read_stimuli(config.output)
    assert [s.logit for s in made["fp32"]] == [s.logit for s in made["mixed"]]
    pixels = {
        precision: np.stack([np.asarray(Image.open(tmp_path / precision / s.file)) for s in stimuli]).astype(int)
        for precision, stimuli in made.items()
    }
    difference = np.abs(pixels["fp32"] - pixels["mixed"]).mean()
    assert 0 < difference < 1


def test_the_set_is_sound_opaque_and_nothing_else_lies_in_the_folder(output, images):
    make(output, images)
    assert stimulus_set.verify(output) == len(stimulus_set.read_stimuli(output))
    named = {s.file for s in stimulus_set.read_stimuli(output)}
    assert contents(output).keys() == named | {stimulus_set.TABLE, stimulus_set.PROVENANCE}
    assert not (output / ".unfinished").exists()
    assert not any(word in " ".join(named) for word in ("strong", "guided", *CATEGORIES))


def test_provenance_tells_what_the_set_was_made_from(output, images):
    make(output, images)
    provenance = stimulus_set.read_provenance(output)
    assert provenance["request_sha256"] == "r"
    assert provenance["networks"]["weak"] == {
        "checkpoint_sha256": "b" * 64,
        "architecture": "gap-like",
        "target_layer": "3",
        "layout": None,
        "categories": list(CATEGORIES),
        "mean_average_precision": 0.5,
        "transform": {"image_size": 32, "mean": [0.5] * 3, "std": [0.25] * 3},
    }
    assert provenance["library_versions"]["torch"] == torch.__version__.split("+")[0]
    assert provenance["selection"]["seeing"]["images"] == 4
    assert provenance["selection"]["seeing"]["eligible"] == 6
    assert provenance["selection"]["seeing"]["foil"] == "annotated"


def test_the_same_input_gives_the_same_bytes(tmp_path, images):
    assert contents(make(tmp_path / "one", images)) == contents(make(tmp_path / "two", images))


def test_runs_killed_at_random_moments_of_every_stage_finish_to_the_same_bytes(tmp_path):
    seed, moments_each = 11, 2
    command = [sys.executable, "-m", "tests.stimuli.produce.killed_runs", str(tmp_path), str(seed), str(moments_each)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert outcome["different"] == []
    assert set(outcome["killed"].values()) == {moments_each}


class Stopped(Exception):
    """Raised by a test in the middle of a run."""


@pytest.fixture
def read_pictures(monkeypatch):
    """The photographs that were read, in the order of reading."""
    seen = []
    monkeypatch.setattr("stimuli.produce.visualize.read_image", lambda path: seen.append(path) or read_image(path))
    return seen


@pytest.mark.parametrize("interruption", [Stopped, KeyboardInterrupt])
def test_a_resumed_run_does_again_only_what_was_not_done(
    tmp_path, output, images, read_pictures, monkeypatch, interruption
):
    for name in ("FEWEST_THREADS", "MOST_THREADS"):
        monkeypatch.setattr(local, name, 2)  # more would have computed everything before the first is written
    predictions = 2 * len(images)

    def stop_early(done, total):
        if done > predictions:
            raise interruption

    whole = contents(make(tmp_path / "whole", images))
    photographs = len(read_pictures) - predictions
    with pytest.raises(interruption):
        make(output, images, progress=stop_early)
    read_pictures.clear()
    assert contents(make(output, images)) == whole
    assert 0 < len(read_pictures) < photographs


@pytest.mark.parametrize("writes", [0, 3, 9, 30])
def test_a_full_disk_is_told_with_the_remedy_and_the_next_run_goes_on(tmp_path, output, images, monkeypatch, writes):
    whole = contents(make(tmp_path / "whole", images))
    synchronise, free = os.fsync, iter(range(writes))

    def fsync(descriptor):
        if next(free, None) is None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        synchronise(descriptor)

    with monkeypatch.context() as full:
        full.setattr(os, "fsync", fsync)
        with pytest.raises(StorageError, match=rf"cannot write {output}.*No space left on device; .* start again"):
            make(output, images)
    assert not (output / stimulus_set.TABLE).exists()
    assert not list(output.rglob("*.part"))
    assert contents(make(output, images)) == whole


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_the_set_does_not_depend_on_the_number_of_threads(tmp_path, images, monkeypatch, threads):
    whole = contents(make(tmp_path / "whole", images))
    monkeypatch.setattr(local, "FEWEST_THREADS", threads)
    monkeypatch.setattr(local, "MOST_THREADS", threads)
    assert contents(make(tmp_path / "set", images)) == whole


def test_an_error_that_nobody_expected_says_which_network_and_images_it_came_from(output, images, monkeypatch):
    def broken(_pixels):
        raise MemoryError("out of memory")

    monkeypatch.setattr("stimuli.produce.pictures.encode_png", broken)
    with pytest.raises(MemoryError) as raised:
        make(output, images)
    assert re.fullmatch(r"in network 'strong', images picture\d, picture\d", raised.value.__notes__[0])


def test_a_device_without_enough_memory_is_named_with_the_remedy(output, images, monkeypatch):
    def full(*_arguments, **_options):
        raise torch.OutOfMemoryError("tried to allocate 20 GiB")

    monkeypatch.setattr("stimuli.produce.visualize.explain", full)
    with pytest.raises(GenerationError, match=r"network 'strong' .*memory of cpu is too small; lower .*batch_size"):
        make(output, images)


def test_a_part_whose_picture_was_damaged_is_done_again(output, images):
    def stop_at_the_end(done, total):
        if done == total:
            raise Stopped

    with pytest.raises(Stopped):
        make(output, images, progress=stop_at_the_end)
    damaged = sorted(output.rglob("*.png"))[0]
    damaged.write_bytes(damaged.read_bytes()[:50])
    make(output, images)
    assert stimulus_set.verify(output)


def test_a_finished_set_is_left_as_it_is(output, images):
    make(output, images)
    before = {file: file.stat().st_mtime_ns for file in output.rglob("*")}
    told = []
    make(output, images, progress=lambda *step: told.append(step))
    assert {file: file.stat().st_mtime_ns for file in output.rglob("*")} == before
    assert told == []


@pytest.mark.parametrize("damage", ["picture", "table", "retrained"])
def test_a_set_that_lost_a_picture_or_whose_network_was_retrained_is_made_again(output, images, damage):
    whole = contents(make(output, images))
    networks = loaded_networks()
    if damage == "picture":
        next(output.rglob("*.png")).unlink()
    elif damage == "table":
        (output / stimulus_set.TABLE).unlink()
    else:
        networks["weak"] = replace(networks["weak"], sha256="c" * 64)
    again = contents(make(output, images, networks=networks))
    assert stimulus_set.verify(output)
    assert (again == whole) == (damage != "retrained")
    assert (output / stimulus_set.SUPERSEDED).exists() == (damage == "retrained")


def test_a_set_of_another_request_does_not_mix_with_the_new_one(tmp_path, output, images):
    """The new set is what it would be in a fresh folder; the earlier table and its pictures are put aside, whole."""
    make(output, images, request_sha256="earlier", requests=REQUESTS[:1])
    table = (output / stimulus_set.TABLE).read_bytes()
    earlier = {s.file: (output / s.file).read_bytes() for s in stimulus_set.read_stimuli(output)}
    fresh, again = contents(make(tmp_path / "fresh", images)), contents(make(output, images))
    assert fresh.items() <= again.items()
    (superseded,) = (output / stimulus_set.SUPERSEDED).iterdir()
    assert superseded.read_bytes() == table
    assert again.keys() == fresh.keys() | earlier.keys() | {f"{stimulus_set.SUPERSEDED}/{superseded.name}"}
    assert earlier.items() <= again.items()


def test_the_old_set_stays_whole_until_the_new_one_is_finished(output, images):
    before = contents(make(output, images, request_sha256="earlier"))
    with pytest.raises(SelectionError):
        make(output, images, requests=[replace(REQUESTS[0], images=99)])
    images[5].path.write_bytes(b"no picture")
    with pytest.raises(PhotographError):
        make(output, images)
    assert stimulus_set.verify(output)
    assert before.items() <= contents(output).items()


def test_files_that_discern_did_not_write_are_left_where_they_are(output, images):
    """The folder may be one with pictures and downloads of somebody's own."""
    mine = {"images/holiday.png": b"1", "images/ab/holiday.png": b"2", "film.part": b"3", ".unfinished/novel.txt": b"4"}
    for name, content in mine.items():
        (output / name).parent.mkdir(parents=True, exist_ok=True)
        (output / name).write_bytes(content)
    make(output, images, request_sha256="earlier", requests=REQUESTS[:1])
    assert mine.items() <= contents(make(output, images)).items()


@pytest.mark.parametrize("name", [stimulus_set.TABLE, stimulus_set.PROVENANCE])
def test_a_table_or_provenance_of_somebody_else_is_not_overwritten(output, images, name):
    output.mkdir()
    (output / name).write_text("word,colour\n")
    with pytest.raises(StorageError, match=rf"set holds a {name} that Discern did not write .* stimuli\.output"):
        make(output, images)
    assert contents(output) == {name: b"word,colour\n"}


def test_a_file_in_the_place_of_the_folder_is_told(output, images):
    output.write_text("mine")
    with pytest.raises(StorageError, match="Not a directory"):
        make(output, images)
    assert output.read_text() == "mine"


def test_progress_counts_up_to_the_total(output, images):
    steps = []
    make(output, images, progress=lambda *step: steps.append(step))
    done = [d for d, _ in steps]
    assert done == sorted(done)
    assert steps[-1][0] == steps[-1][1] == 2 * len(images) + len(stimulus_set.read_stimuli(output))


@pytest.mark.parametrize("damage", ["missing", "truncated", "text"])
def test_a_broken_picture_is_named_and_nothing_half_written_remains(output, images, damage):
    broken = images[5].path
    if damage == "missing":
        broken.unlink()
    else:
        broken.write_bytes(broken.read_bytes()[:300] if damage == "truncated" else b"not a picture")
    with pytest.raises(PhotographError, match=r"picture5\.png"):
        make(output, images)
    assert not (output / stimulus_set.TABLE).exists()
    assert not list(output.rglob("*.part"))
    pictures(broken.parent)
    assert stimulus_set.verify(make(output, images))


def _with(**changes):
    return {"networks": {name: replace(n, **changes) for name, n in loaded_networks().items()}}


def _without_relu():
    module = nn.Sequential(
        nn.Conv2d(3, 5, 3), nn.Identity(), nn.Identity(), nn.Identity(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    )
    return _with(module=module.eval())


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        (_without_relu(), GenerationError, r"network 'strong' \(gap-like\): this network has no ReLU"),
        (_with(target_layer="conv5"), GenerationError, "network 'strong' .* has no layer 'conv5'"),
        (_with(categories=("cat", "cow", "dog", "horse", "bird")), GenerationError, "'strong' was not trained on sheep"),
        (_with(sha256="a" * 64), GenerationError, "strong, weak are one checkpoint"),
        ({"networks": {"strong": loaded_networks()["strong"]}}, GenerationError, "no network weak is loaded"),
        ({"requests": []}, GenerationError, "no task asks for stimuli"),
        ({"requests": [replace(REQUESTS[0], images=7)]}, SelectionError, "asks for 7 images, but 6 of 10 are eligible"),
        ({"requests": [replace(REQUESTS[0], methods=("cam", "grad_cam"))]}, GenerationError, "unknown method grad_cam"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_before_anything_is_written(output, images, changes, error, message):
    with pytest.raises(error, match=message):
        make(output, images, **changes)
    assert not list(output.rglob("*.png"))


def test_networks_with_pictures_of_two_sizes_are_refused(output, images):
    networks = loaded_networks()
    networks["weak"] = replace(networks["weak"], transform=replace(networks["weak"].transform, image_size=48))
    with pytest.raises(GenerationError, match="set the same image_size, crop and resize for strong, weak"):
        make(output, images, networks=networks)


def test_a_device_that_is_not_there_is_refused_with_the_remedy(output, images):
    config = StimuliConfig(output=output, device="cuda:7")
    with pytest.raises(GenerationError, match=r"stimuli.device = 'cuda:7' cannot be used .*auto"):
        make(output, images, config=config)


def test_a_broken_network_is_refused_by_name(output, images):
    networks = loaded_networks()
    networks["strong"].module[0].weight.data.fill_(torch.nan)
    with pytest.raises(GenerationError, match=r"network 'strong' .*scores are NaN"):
        make(output, images, networks=networks)


def test_torchvision_is_loaded_for_its_networks_alone(loaded_by_stimuli):
    assert {"models.catalogue", "stimuli.evaluate.filling"} <= loaded_by_stimuli
    assert "torchvision" not in loaded_by_stimuli
