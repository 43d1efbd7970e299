"""From names for units to a study in which people choose the sentence that fits an explanation."""

import csv
import json

import pytest
import torch
from pydantic import ValidationError

from contracts.sentences import is_pair, names_in, sides, written
from contracts.tasks import KINDS
from definition import DefinitionError, load_definition
from stimuli.units.dissect import Unit
from stimuli.units.pairs import pairs
from stimuli.units.sentence import importances, strongest_names, targets_of
from study.config import TaskConfig
from study.tasks.wording import option_label, words_of
from tests.contracts.small_study import Study
from tests.drawing import drawn_only

pytestmark = pytest.mark.slow  # a study from pictures to the report

KIND = next(kind.name for kind in KINDS.values() if kind.offers_sentences)
NAMES = ("dog", "sky-other-merged", "cat", "car", "road", "grass-merged", "sea", "floor-wood")


def test_a_sentence_is_written_and_read_again():
    text = written(["dog", "grass"], ["sea"])
    assert (text, sides(text)) == ("dog, grass / sea", (["dog", "grass"], ["sea"]))
    assert written(["dog"], []) == written([], ["dog"]) == "", "both sides need a name"
    assert written(["dog"], ["a;b"]) == written(["a|b"], ["dog"]) == written(["a" * 200], ["b" * 60]) == ""
    assert names_in([f"{text}|sky / sea"]) == {"dog", "grass", "sea", "sky"}
    assert is_pair(f"{text}|sky / sea")
    assert not any(map(is_pair, (text, f"{text}|{text}", "a|b", "dog / |sky / sea", "a / b|c / d|e / f")))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"foil": "annotated", "foils": ""}, "`./manage.py name-units --make-study` writes one"),
        ({"foils": "image,foil\na,sky\nb,sea\n"}, "2 rows, the first of image 'a', have not two different sentences"),
        ({"attention_checks": 1}, "sentences are too long; remove them"),
    ],
)
def test_a_task_without_sentences_is_refused(changed, said):
    told = {
        "name": "t", "kind": KIND, "methods": ("grad-cam",), "networks": ("n",), "images": 9, "ratings_per_item": 1,
        "trials_per_participant": 1, "foil": "table", "foils": 'image,foil\na,"sky / sea|sea / sky"\n',
    }  # fmt: skip
    task = TaskConfig(**told)
    label = option_label(task, words_of(task, "de"), "dog, floor-wood / sea", "de")
    assert label == "Dafür: Hund, floor wood. Dagegen: sea."
    with pytest.raises(ValidationError, match=said):
        TaskConfig(**told | changed)


def units_of(network, _images=(), _device=None, _progress=None) -> tuple[Unit, ...]:
    """A name for every unit of the network's layer, by turns."""
    size = network.transform.image_size
    weights, _ = importances(network, torch.zeros(1, 3, size, size), [[0]])
    return tuple(Unit(n, NAMES[n % len(NAMES)], 0.2) for n in range(weights.shape[1]))


@pytest.fixture(scope="module")
def made(made_study) -> Study:
    """The small study with a study of its units, in which every unit has a name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stimuli.units.dissect.dissect", units_of)
        out = ("--out", str(made_study.folder / "units"), "--show", "0", "--network", "strong", "--most", "12")
        made_study.of_study("name-units", *out, "--make-study", str(made_study.folder / "sentences"))
    return made_study


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_right_is_the_sentence_of_the_units_and_wrong_another_one_of_the_same_names(made):
    from models.catalogue import load_network, preprocess
    from models.image_files import read_image
    from models.sources import open_split

    definition = load_definition(made.definition)
    dataset, network = definition.dataset, definition.networks["strong"]
    loaded = load_network("strong", network, dataset.categories)
    images = list(open_split(dataset, dataset.split))[:3]
    found = pairs(loaded, units_of(loaded), images, dataset.categories, torch.device("cpu"))
    assert found == pairs(loaded, units_of(loaded), images, dataset.categories, torch.device("cpu")), "always the same"
    for image, pair in zip(images, found, strict=True):
        inputs = preprocess(read_image(image.path), loaded.transform)[None]
        targets = targets_of(loaded, inputs, [loaded.categories.index(c) for c in dataset.categories])
        weights, _ = importances(loaded, inputs, targets)
        plain = {"sky-other-merged": "sky", "grass-merged": "grass"}
        high, low = ([plain.get(n, n) for n in side] for side in strongest_names(units_of(loaded), weights[0]))
        assert pair.right == f"{', '.join(high)} / {', '.join(low)}"
        assert pair.wrong != pair.right
        assert names_in([pair.foil]) <= {plain.get(name, name) for name in NAMES}


def test_it_is_made_opened_taken_exported_and_reported(made):
    path = made.folder / "sentences" / "study.toml"
    (task,) = load_definition(path).tasks
    table = {row["image"]: row["foil"] for row in rows_of(path.parent / "sentences-strong.csv")}
    assert (task.kind, task.images, task.methods) == (KIND, len(table), ("grad-cam", "shuffled-grad-cam"))
    for text in path.parent.glob("*.md"):
        text.write_text(text.read_text().replace("[", "").replace("]", ""))
    made.manage("generate-stimuli", "--study", str(path))
    made.manage("db", "upgrade")
    made.manage("open-study", "--study", str(path))
    assert "NOT READY" not in made.manage("check", "--study", str(path))
    people = -(-task.images * 2 * task.ratings_per_item // task.trials_per_participant)
    with made.served() as url:
        made.manage("simulate", "--study", str(path), "--url", url, "--participants", str(people))
    export, report = made.folder / "export", made.folder / "report"
    made.manage("export", "--study", str(path), "--out", str(export))
    (file,) = (export / "data").glob("*trials_data.csv")
    answered = [row for row in rows_of(file) if row["state"] == "answered" and row["purpose"] == "main"]
    assert {row["foil"] for row in answered} <= set(table.values())
    assert all(table[row["image_id"]] == row["foil"] for row in answered)
    right = [row["response"] == row["foil"].split("|")[1] for row in answered]
    assert [row["correct"] in ("true", "True", "1") for row in answered] == right
    first = [row["option_order"].split(";")[0] == row["foil"].split("|")[1] for row in answered]
    assert sum(first) == pytest.approx(len(first) / 2, abs=people), "either sentence is first half of the time"
    with drawn_only():
        made.manage("analyze", str(export), "--out", str(report), "--no-pdf")
    of = [is_so for is_so, row in zip(right, answered, strict=True) if row["method"] == "grad-cam"]
    (shown,) = (report / "tables").rglob("*-fits.csv")
    shares = {row["method"]: float(row["value"]) for row in rows_of(shown)}
    assert shares["grad-cam"] == pytest.approx(sum(of) / len(of))
    assert json.loads((report / "results.json").read_text())["definition_sha256"]


def test_what_cannot_be_is_said(made, monkeypatch):
    path = made.folder / "sentences" / "study.toml"
    text = path.read_text()
    words = "".join(f'[tasks.words.{code}.categories]\nfloor-wood = "wood"\n\n' for code in ("en", "ko", "de"))
    path.write_text(text.replace("[participants]", f"{words}[participants]"))
    assert load_definition(path).tasks[0].words["ko"].categories == {"floor-wood": "wood"}
    path.write_text(path.read_text().replace("floor-wood =", "wood ="))
    with pytest.raises(DefinitionError, match="no category 'wood' in the study"):
        load_definition(path)
    path.write_text(text)
    again = ("--study", str(made.definition), "--out", str(made.folder / "units"), "--network", "strong")
    refused = made.run("name-units", *again, "--make-study", str(path.parent)).output
    assert "is not empty; name a new folder" in refused
    monkeypatch.setattr("stimuli.units.dissect.dissect", lambda *_: (Unit(0, "sky", 0.2),))
    few = made.run("name-units", *again, "--show", "0", "--make-study", str(made.folder / "few"))
    assert "Left out: strong, of which 0 photographs have two sentences" in few.output
    assert "no network has 4 photographs with two different sentences" in few.output
