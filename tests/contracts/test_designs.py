"""Each definition of docs/explanation/designs.md loads, and the one of changed photographs makes its pictures and opens."""

import csv
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

import manage
from contracts.stimulus_set import read_provenance, read_stimuli
from contracts.tasks import ADVICE
from definition import load_definition
from study.conduct.opening import open_study
from study.database.db import connect
from study.database.schema import Item
from tests.browser.studies import empty_database
from tests.study.samples import NOW

PAGE = Path(__file__).parents[2] / "docs/explanation/designs.md"
SECTIONS = {
    heading: block
    for heading, block in re.findall(r"^## ([^\n]+)\n(?:(?!^## ).)*?^```toml\n(.*?)^```", PAGE.read_text(), re.M | re.S)
}
KINDS = {
    "Saliency maps and the prediction of a network": {"simulatability"},
    "Cognitive forcing": {"reliance"},
    "People alone beside a team": {"ai-check"},
    "A cue that people are told of, or not": {"rating"},
    "Counterfactual simulation": {"simulatability"},
}
WHOLE = "Counterfactual simulation"


def run(*arguments: str) -> str:
    done = CliRunner(catch_exceptions=False).invoke(manage.cli, arguments)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def written(tmp_path):
    """A heading's definition, in the sections of a study that is there."""

    def write(heading: str) -> Path:
        run("new-study", str(tmp_path / "s"), "--from", "hive-agreement", "--slug", "s")
        path, block = tmp_path / "s/study.toml", SECTIONS[heading]
        around = path.read_text().partition("\n[[tasks]]")[0].replace("[networks.weak]", "[networks.mine]")
        if heading == WHOLE:
            around = around.partition("\n[dataset]")[0]
        path.write_text(f'{around}\n{block}\n[participants]\nprovider = "plain"\n')
        return path

    return write


def test_every_definition_of_the_page_is_tried():
    assert set(SECTIONS) == set(KINDS)
    assert PAGE.read_text().count("```toml") == len(KINDS)


@pytest.mark.parametrize("heading", KINDS)
def test_the_definition_loads(heading, written):
    made = load_definition(written(heading))
    assert {task.kind for task in made.tasks} == KINDS[heading]
    if heading == "Cognitive forcing":
        assert {task.advice for task in made.tasks} == set(ADVICE)
        assert [condition.tasks for condition in made.conditions] == [(task.name,) for task in made.tasks]


def table(path: Path, *rows: dict[str, str]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def test_changed_photographs_are_asked_about_before_and_after(written, tmp_path):
    """What people choose rightly is what the table says the network answers after the change."""
    path = written(WHOLE)
    folder, names = path.parent, [f"{number}.png" for number in range(8)]
    answers = {name: ("cat", "dog")[place % 2] for place, name in enumerate(names)}
    (folder / "pairs").mkdir()
    for place, name in enumerate(names):
        Image.new("RGB", (64, 64), (30 * place, 90, 120)).save(folder / "pairs" / name)
        Image.new("RGB", (64, 64), (90, 30 * place, 20)).save(folder / f"lime-{name}")
    table(folder / "pairs.csv", *({"picture": name, "labels": "cat", "split": "val"} for name in names))
    row = {"network": "mine", "method": "lime"}
    files = ({"image": n, "category": a, "file": f"lime-{n}", "prediction": a} | row for n, a in answers.items())
    table(folder / "answers.csv", *files)
    run("generate-stimuli", "--study", str(path))
    made = load_definition(path)
    at = Path(made.stimuli.output)
    rows = read_stimuli(at)
    (tmp_path / "study.db").write_bytes(empty_database())
    database = connect(f"sqlite:///{tmp_path / 'study.db'}")
    with database.writing() as session:
        open_study(session, made.document, made.sha256, rows, read_provenance(at), at, NOW)
        session.commit()
    with database.reading() as session:
        items = session.query(Item).all()
        asked = {(item.task, item.image_id, item.category) for item in items}
    database.engine.dispose()
    assert asked == {(task, Path(n).stem, a) for task in ("before", "after") for n, a in answers.items()}
    assert {r.method for r in rows} == {"lime", "photograph"}
