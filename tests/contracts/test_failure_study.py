"""From the page of failures to a study in which people say whether the explanation makes the mistake understandable."""

import csv
import json

import pytest

from commands.made_study import write_study
from contracts.stimulus_set import read_stimuli
from definition import DefinitionError, load_definition
from languages.read import languages
from stimuli.failures.table import Filter, Row
from study.config import TaskConfig
from study.tasks.wording import words_of
from tests.contracts.small_study import Study
from tests.drawing import drawn_only

pytestmark = pytest.mark.slow  # a study from pictures to the report

LANGUAGES = ("en", "ko", "de")


@pytest.fixture(scope="module")
def page(made_study) -> Study:
    """The small study in three languages with a page of its failures."""
    made_study.of_study(
        "failures", "--out", str(made_study.folder / "failures"), "--method", "grad-cam", "--most", "40"
    )
    return made_study


def rows_of(study: Study) -> list[dict[str, str]]:
    with (study.folder / "failures" / "failures.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def made(study: Study, folder: str, *filters: str) -> str:
    out = ("--out", str(study.folder / "failures"), "--method", "grad-cam")
    return study.of_study("failures", *out, *filters, "--make-study", str(study.folder / folder))


def test_the_shown_failures_are_the_images_of_a_task_for_each_network(page):
    told = made(page, "all")
    study = load_definition(page.folder / "all" / "study.toml")
    wanted: dict[str, set[str]] = {}
    for row in rows_of(page):
        wanted.setdefault(row["network"], set()).add(row["image"])
    assert wanted
    assert {task.networks[0]: set(task.image_ids) for task in study.tasks} == wanted
    assert "Left out" not in told, "the networks know the study's categories and no others"
    assert {(task.kind, task.wording, task.methods) for task in study.tasks} == {("rating", "failure", ("grad-cam",))}
    assert study.study.languages == load_definition(page.definition).study.languages


def test_filters_choose_as_on_the_page(page):
    first = rows_of(page)[0]
    pair = ("--network", first["network"], "--true", first["true"], "--predicted", first["predicted"])
    made(page, "pair", *pair, "--confidence", "0.5", "2")
    (task,) = load_definition(page.folder / "pair" / "study.toml").tasks
    same = ("network", "true", "predicted")
    assert set(task.image_ids) == {
        row["image"]
        for row in rows_of(page)
        if all(row[k] == first[k] for k in same) and float(row["confidence"]) >= 0.5
    }


def test_it_generates_opens_and_is_taken_by_simulated_people(page, monkeypatch):
    made(page, "taken", "--network", "weak")
    path = page.folder / "taken" / "study.toml"
    for text in path.parent.glob("*.md"):
        text.write_text(text.read_text().replace("[", "").replace("]", ""))
    (task,) = load_definition(path).tasks
    page.manage("generate-stimuli", "--study", str(path))
    shown = {stimulus.image_id for stimulus in read_stimuli(path.parent / "stimuli")}
    assert shown == set(task.image_ids)
    page.manage("db", "upgrade")
    page.manage("open-study", "--study", str(path))
    assert "NOT READY" not in page.manage("check", "--study", str(path))
    people = -(-task.images * task.ratings_per_item // task.trials_per_participant)
    with page.served() as url:
        page.manage("simulate", "--study", str(path), "--url", url, "--participants", str(people))
    export, report = page.folder / "export", page.folder / "report"
    page.manage("export", "--study", str(path), "--out", str(export))
    (file,) = (export / "data").glob("*trials_data.csv")
    with file.open(newline="") as opened:
        answered = [row for row in csv.DictReader(opened) if row["state"] == "answered" and row["purpose"] == "main"]
    assert len(answered) >= task.images * task.ratings_per_item
    with drawn_only():
        page.manage("analyze", str(export), "--out", str(report), "--no-pdf")
    assert json.loads((report / "results.json").read_text())["headline"] is None


def test_nothing_is_overwritten_and_what_cannot_be_is_said(page):
    there = page.folder / "there"
    there.mkdir()
    (there / "study.toml").write_text("mine")
    out = ("--study", str(page.definition), "--out", str(page.folder / "failures"))
    done = page.run("failures", *out, "--make-study", str(there))
    assert done.exit_code == 1
    assert "is not empty; name a new folder" in done.stderr
    assert (there / "study.toml").read_text() == "mine"
    none = page.run("failures", *out, "--true", "nothing", "--make-study", str(page.folder / "none"))
    assert "no failure is left for a study; choose other filters" in none.stderr
    assert not (page.folder / "none").exists()
    elsewhere = page.run("failures", *out[:2], "--out", str(there), "--make-study", str(page.folder / "none"))
    assert "holds no page of failures of this version" in elsewhere.stderr


def test_ids_that_the_split_lacks_are_named(page):
    made(page, "lost")
    path = page.folder / "lost" / "study.toml"
    text = path.read_text()
    first = load_definition(path).tasks[0].image_ids[0]
    path.write_text(text.replace(json.dumps(first), '"lost-1"'))
    assert (
        "image_ids names 1 images that the split does not have, such as 'lost-1'"
        in page.run("check", "--study", str(path)).stdout
    )


def test_a_filter_compares_each_value_with_its_own():
    """A category may be called as a group is."""
    row = Row("i", "n", "size", "size", 0.5, "size", "size")
    assert Filter().shows(row)
    assert Filter(("n",), "size", "size", "size", (0.5, 0.9)).shows(row)
    for other in (Filter(("m",)), Filter(true="cat"), Filter(predicted="cat"), Filter(group="cat")):
        assert not other.shows(row)
    assert not Filter(confidence=(0.1, 0.5)).shows(row)


@pytest.mark.parametrize("code", LANGUAGES)
def test_each_language_asks_whether_the_mistake_is_understandable(code):
    task = TaskConfig(
        name="t", kind="rating", wording="failure", methods=("grad-cam",), networks=("n",), images=1,
        ratings_per_item=1, trials_per_participant=1, comprehension=True,
    )  # fmt: skip
    words = words_of(task, code)
    assert languages()[code].tasks["kinds"]["rating"]["wordings"]["failure"]["question"] == words.question
    assert len(words.options) == 5
    assert len(words.comprehension) == 2


@pytest.mark.parametrize("was_there", [False, True])
def test_a_study_that_cannot_be_written_leaves_the_folder_as_it_was(tmp_path, was_there):
    folder = tmp_path / "above" / "mine"
    if was_there:
        folder.mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    wrong = {"study": {"slug": "Wrong slug", "languages": ["en"]}}
    with pytest.raises(DefinitionError, match=rf"^{folder}"):
        write_study(folder, wrong, "?", "failures", lambda fresh: (fresh / "table.csv").touch())
    assert sorted(tmp_path.rglob("*")) == before
