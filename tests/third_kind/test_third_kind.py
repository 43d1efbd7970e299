"""A kind of task that no product file knows, from its definition to the report, beside the two that Discern has."""

import json
import pickle
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from sqlalchemy import update

from analysis.config import AnalysisConfig
from analysis.reading.consistency import check
from analysis.reading.load import load
from analysis.results import as_json, compute
from analysis.simulation.calibration import SCENARIOS, calibrate
from analysis.simulation.simulated_study import simulate_export
from analysis.tasks.design import TaskDesign
from commands.simulate import simulated_people
from contracts.stimulus_set import read_stimuli
from contracts.tasks import KINDS
from definition import DefinitionError, load_definition
from manage import cli
from models.photographs import AnnotatedObject, Photograph
from stimuli.config import StimulusRequest
from stimuli.produce.select import select
from stimuli.produce.shards import visualizations
from study import close_app, create_app
from study.conduct.actions import set_state
from study.conduct.admins import create_admin
from study.conduct.first_look import look
from study.database.db import connect
from study.database.find import find_study
from study.database.schema import Participant
from study.rehearsal.blind_check import observed_trials
from study.rehearsal.simulated import Exchange, run_participant
from tests.contracts.kind_names import in_python, in_script, in_template
from tests.contracts.test_kinds import READERS, product_files
from tests.drawing import drawn_only
from tests.serving import served
from tests.study.samples import NOW
from tests.study.visitor import hidden_fields
from tests.third_kind.facts import EASE, HALVES, KIND
from tests.third_kind.register import registered

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
FIRST = "first.pickle"  # what the first participant's browser sent and got
Once = Callable[[str, Callable[[Path], None]], Path]
DEFINITION, TASK = HERE / "study.toml", "halving"
PEOPLE = 8  # with the first of them alone: each item then has exactly its ratings
PASSWORD = "correct horse battery"
METHODS = ("guided-backprop", "guided-grad-cam")


def manage(*arguments: str) -> str:
    """A command of the product, in this process, where the kind is registered."""
    done = CliRunner(catch_exceptions=False).invoke(cli, arguments)
    assert done.exit_code == 0, done.output
    return done.output


def of_study(command: str, *options: str) -> str:
    return manage(command, "--study", str(DEFINITION), *options)


@dataclass(frozen=True)
class Taken:
    """A study that simulated people took; `first`: what the first one's browser sent and got."""

    folder: Path
    first: list[Exchange]

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder / 'study.sqlite3'}"

    def trials(self, export: str = "export") -> pd.DataFrame:
        """The third kind's ratings, by pandas alone."""
        (file,) = (self.folder / export / "data").glob("*trials_data.csv")
        rows = pd.read_csv(file, dtype={"trial_id": str})
        return rows[(rows["task"] == TASK) & (rows["purpose"] == "main") & (rows["state"] == "answered")]

    def ease(self) -> pd.Series:
        """Trial → how easy it was said to be."""
        (file,) = (self.folder / "export" / "data").glob("*answers_data.csv")
        rows = pd.read_csv(file, dtype={"trial_id": str})
        return rows[rows["question"] == EASE].set_index("trial_id")["response"]

    def results(self, report: str = "report") -> dict[str, Any]:
        return json.loads((self.folder / report / "results.json").read_text())["observers"]


def take(taken: Taken) -> None:
    """The whole study, from its scenes to its report."""
    of_study("make-scenes", "--train-images", "1", "--val-images", "40")
    of_study("generate-stimuli")
    manage("db", "upgrade")
    of_study("open-study")
    assert "NOT READY" not in of_study("check")
    app = create_app()
    with served(app) as url:
        definition = load_definition(DEFINITION)
        for choose, rng in simulated_people(definition, 1, seed=2):
            run_participant(url, definition.study.slug, choose, rng, taken.first.append)
        of_study("simulate", "--url", url, "--participants", str(PEOPLE - 1))
    close_app(app)
    (taken.folder / FIRST).write_bytes(pickle.dumps(taken.first))
    of_study("export", "--out", str(taken.folder / "export"))
    with drawn_only("as_svg"):  # all of a figure is drawn then
        manage("analyze", str(taken.folder / "export"), "--out", str(taken.folder / "report"), "--no-pdf")


@pytest.fixture(scope="module")
def taken(once: Once) -> Iterator[Taken]:
    """Taken by one of the processes that share the tests, and looked at by all."""
    with registered(), pytest.MonkeyPatch.context() as environment:
        environment.setenv("DISCERN_LANGUAGES", str(HERE / "languages"))
        environment.setenv("DISCERN_SECRET_KEY", "a secret that only this test knows and needs")

        def at(folder: Path) -> Taken:
            taken = Taken(folder, [])
            environment.setenv("DISCERN_DATABASE_URL", taken.url)
            environment.setenv("THIRD_KIND", str(folder))
            return taken

        taken = at(once("third-kind", lambda folder: take(at(folder))))
        taken.first.extend(pickle.loads((taken.folder / FIRST).read_bytes()))
        yield taken
    assert KIND.name not in KINDS


def plan_of(taken: Taken) -> dict[str, Any]:
    return json.loads(next(exchange for exchange in taken.first if exchange.path.endswith("/plan")).content)


def test_no_product_file_knows_it():
    finders = {".py": in_python, ".html": in_template, ".js": in_script, ".css": in_script}
    for suffix in READERS:
        for file in product_files(suffix):
            assert not finders[suffix](file.read_text(encoding="utf-8"), {KIND.name}), file


def test_without_its_line_in_the_registry_a_definition_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("THIRD_KIND", str(tmp_path))
    with pytest.raises(DefinitionError, match=r'task 3 \("halving"\): kind: no kind of task is called so'):
        load_definition(DEFINITION)


def test_people_read_its_own_texts_and_are_asked_its_two_questions(taken):
    plan = plan_of(taken)
    (task,) = (task for task in plan["tasks"] if task["name"] == TASK)
    assert task["intro"].startswith("Say in which half of the picture the network found")
    assert (task["example"], task["has_feedback"]) == (None, True)
    assert task["comprehension"]["questions"][0]["text"] == "What do you look for?"
    trials = [trial for trial in plan["trials"] if trial["task"] == TASK]
    assert len(trials) == 6 + 1 + 1
    asked = [trial["questions"][0]["text"] for trial in trials]
    assert asked.count("In which half of the picture is what the network used?") == 7
    assert sum("attention check: choose “In the " in text for text in asked) == 1
    for trial in trials:
        first, *further = trial["questions"]
        assert [(o["value"], o["label"]) for o in first["options"]] == [
            ("upper", "In the upper half"),
            ("lower", "In the lower half"),
        ]
        is_check = "attention check" in first["text"]
        assert [(q["name"], q["text"], len(q["options"])) for q in further] == [(EASE, "How easy was it?", 5)][
            is_check:
        ]
        assert len(trial["images"]) == 1


def test_practice_says_what_was_right_in_its_words(taken):
    practice = next(t for t in plan_of(taken)["trials"] if t["task"] == TASK and t["purpose"] == "practice")
    replies = [
        json.loads(exchange.content) for exchange in taken.first if exchange.path.endswith(practice["trial_token"])
    ]
    assert [reply["feedback"] is None for reply in replies] == [True, False]
    assert re.fullmatch(r"(Correct|Not quite): it was “In the (upper|lower) half”\.", replies[1]["feedback"])


def test_an_answer_is_right_where_the_annotation_says_so(taken):
    trials = taken.trials()
    assert trials.groupby("item_id").size().tolist() == [3] * 16
    for row in trials.itertuples():
        annotation = taken.folder / "scenes/VOCdevkit/VOC2012/Annotations" / f"{row.image_id}.xml"
        scene = ElementTree.parse(annotation)
        boxes = [o.find("bndbox") for o in scene.iter("object") if o.findtext("name") == row.category]
        middles = [(float(box.findtext("ymin")) + float(box.findtext("ymax"))) / 2 for box in boxes]
        (upper,) = {middle <= float(scene.findtext("size/height")) / 2 for middle in middles}
        assert row.correct == (row.response == HALVES[not upper])
        assert row.option_order == "upper;lower"


def test_the_numbers_of_the_report_are_those_of_pandas(taken):
    trials, results = taken.trials(), taken.results()["simulated"]
    ease = trials["trial_id"].map(taken.ease())
    assert ease.notna().all()
    task = results["tasks"][TASK]
    assert task["responses"] == len(trials) == 48
    for name, values in (("halves", trials["correct"]), ("ease", ease)):
        means = values.groupby(trials["method"]).mean()
        assert {row["method"]: row["value"] for row in task[name]} == pytest.approx(means.to_dict())
        assert [row["responses"] for row in task[name]] == [24, 24]
    upper = next(row for row in task["biases"] if row["effect"] == "upper half chosen")
    assert upper["value"] == pytest.approx((trials["response"] == "upper").mean())
    by_person = trials.groupby("participant_id")["correct"].mean()
    assert {row["id"]: row["value"] for row in task["participants"]} == pytest.approx(by_person.to_dict())
    contrast = next(row for row in results["contrasts"] if row["task"] == TASK)
    means = trials.groupby("method")["correct"].mean()
    assert contrast["value"] == pytest.approx(means["guided-grad-cam"] - means["guided-backprop"])
    whole = [row for row in results["multiverse"] if row["task"] == TASK and row["primary"]]
    assert [row["value"] for row in whole] == pytest.approx([contrast["value"]])
    assert "share" not in " ".join(row["what"] for row in task["balance"])


def test_the_report_speaks_of_it_in_its_own_words(taken):
    page = (taken.folder / "report" / "report.html").read_text()
    (guided, backprop) = (f"{100 * v:.1f}%" for v in taken.trials().groupby("method")["correct"].mean()[::-1])
    assert "Which half: “halving”" in page
    assert re.search(rf"In “halving”, the right half was chosen with: .*{backprop}.*{guided}", page)
    assert "said in which half of it is what the network used" in page
    assert "How easy it was, from 1 (hard) to 5 (easy)." in page
    assert "Right halves by method. Dashed: guessing, 50%." in page
    assert "Differences of right halves are in percentage points." in page
    assert "In the tasks “seeing”, “trusting”, sides or the order of options were random." in page
    assert (taken.folder / "report/figures/simulated/halving-halves.svg").is_file()


def without(export: Any, kind: str) -> Any:
    """The same study as it would be without the tasks of one kind."""
    tasks = tuple(task for task in export.tasks if task.kind != kind)
    names = [task.name for task in tasks]
    document = export.definition | {"tasks": [t for t in export.definition["tasks"] if t["name"] in names]}
    contrasts = tuple(contrast for contrast in export.config.contrasts if contrast.task in names)
    return replace(
        export,
        trials=export.trials[export.trials["task"].isin(names)],
        tasks=tasks,
        definition=document,
        config=AnalysisConfig(contrasts=contrasts),
    )


def test_the_other_tasks_numbers_are_the_same_beside_it_as_without_it(taken):
    beside = as_json(compute(load(taken.folder / "export"))[0])
    alone = as_json(compute(without(load(taken.folder / "export"), KIND.name))[0])
    assert alone["tasks"].keys() == {"seeing", "trusting"}
    for name, task in alone["tasks"].items():
        assert beside["tasks"][name] == task
    in_family = {"p_holm", "rejected"}  # Holm's correction is over all contrasts of a study
    others = [
        {k: v for k, v in row.items() if k not in in_family} for row in beside["contrasts"] if row["task"] != TASK
    ]
    assert others == [{k: v for k, v in row.items() if k not in in_family} for row in alone["contrasts"]]
    assert [row for row in beside["multiverse"] if row["task"] != TASK] == alone["multiverse"]
    assert beside["odds-ratios"] == alone["odds-ratios"]


@pytest.mark.usefixtures("undrawn")
def test_machine_observers_leave_it_out_and_synthetic_people_answer_it(taken):
    options = ("--observers", "synthetic", "--observers", "machine:box-energy", "--runs", str(PEOPLE))
    of_study("observe", *options, "--out", str(taken.folder / "observed"))
    manage("analyze", str(taken.folder / "observed"), "--out", str(taken.folder / "observed-report"), "--no-pdf")
    results = taken.results("observed-report")
    trials = taken.trials("observed")
    means = trials.groupby("method")["correct"].mean()
    synthetic = results["simulated"]["tasks"][TASK]
    assert {row["method"]: row["value"] for row in synthetic["halves"]} == pytest.approx(means.to_dict())
    assert [row["value"] for row in synthetic["ease"]] == [None, None]
    assert results["machine:box-energy"]["tasks"][TASK]["responses"] == 0
    assert results["machine:box-energy"]["tasks"]["seeing"]["responses"] == 16
    assert len(results["simulated"]["contrasts"]) == 3
    page = (taken.folder / "observed-report" / "report-machine.html").read_text()
    told = ("Its evidence for a category is the share", "In class discrimination, it names", "In trust, it prefers")
    assert all(sentence in page for sentence in told)


def test_power_is_planned_from_its_own_simulation(taken):
    sizes = ("--images", "8", "--ratings", "3", "--participants", "8", "--draws", "4", "--effect", "0.2")
    said = of_study("power", "--task", TASK, *sizes, "--out", str(taken.folder / "power"))
    assert (
        "8 images × 3 ratings, 8 people with up to 6 trials each, 48 responses: guided-grad-cam − guided-backprop: power"
        in said
    )


@pytest.fixture
def known() -> Iterator[None]:
    with registered():
        yield


@pytest.mark.usefixtures("known")
def test_calibration_holds_its_intervals_against_its_own_truth():
    design = TaskDesign(TASK, KIND.name, METHODS, images=20, ratings=4)
    table = calibrate(8, 1, [design], participants=20, scenarios=dict([*SCENARIOS.items()][:1]))
    assert {"mean", "difference"} < set(table)
    assert "d-prime" not in table
    assert table["mean"].iloc[0] > 0.5


@pytest.mark.usefixtures("known")
def test_a_simulated_study_of_it_is_a_consistent_export_and_is_analysed():
    design = TaskDesign(TASK, KIND.name, METHODS, images=10, ratings=8)
    export = simulate_export(np.random.default_rng(3), designs=[design], participants=40)
    check(export)
    (results,) = compute(export)
    right = {row.method: (row.low, row.high) for row in results.tasks[0].tables["halves"].itertuples()}
    for method, truth in (("guided-backprop", 0.6), ("guided-grad-cam", 0.8)):
        assert right[method][0] < truth < right[method][1]


@pytest.fixture
def researcher(taken: Taken, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlaskClient]:
    """Logged in at a server with a copy of the study."""
    shutil.copy(taken.folder / "study.sqlite3", tmp_path / "copy.sqlite3")
    monkeypatch.setenv("DISCERN_DATABASE_URL", f"sqlite:///{tmp_path / 'copy.sqlite3'}")
    database = connect(f"sqlite:///{tmp_path / 'copy.sqlite3'}")
    with database.writing() as session:
        create_admin(session, "ada", PASSWORD, NOW)
        session.commit()
    app = create_app()
    client = app.test_client()
    form = hidden_fields(client.get("/researcher/login").text)
    client.post("/researcher/login", data=form | {"name": "ada", "password": PASSWORD, "next": ""})
    yield client
    close_app(app)
    database.engine.dispose()


def test_researchers_see_its_progress_without_a_balance_that_it_does_not_have(researcher):
    page = researcher.get("/researcher/studies/halves?kind=simulated").text
    article = page[page.index("Task “halving”") :].split("</article>")[0]
    assert "which half, 16 items × 3 ratings" in article
    assert re.search(r"<strong>48</strong> of 48 ratings", article)
    assert "irst" not in re.findall(r"<thead>.*?</thead>", article, re.DOTALL)[-1]
    quality = researcher.get("/researcher/studies/halves/quality?kind=simulated")
    assert quality.status_code == 200
    assert TASK in quality.text


def test_the_preview_shows_it_as_participants_see_it(researcher):
    page = researcher.get("/researcher/studies/halves/preview/plan").get_json()
    trial = next(trial for trial in page["trials"] if trial["task"] == TASK)
    assert [question["name"] for question in trial["questions"]] == ["response", EASE]
    image = researcher.get(trial["images"][0]["url"])
    assert image.data.startswith(b"\x89PNG")


def test_a_first_look_gives_its_share_of_right_answers(taken, tmp_path):
    """Of people: in a copy of the database the simulated ones are called so."""
    shutil.copy(taken.folder / "study.sqlite3", tmp_path / "copy.sqlite3")
    database = connect(f"sqlite:///{tmp_path / 'copy.sqlite3'}")
    with database.writing() as session:
        session.execute(update(Participant).values(observer_kind="human"))
        set_state(session, "halves", "closed", "ada", NOW)
        found = {e.method: e for e in look(session, "halves", "ada", NOW) if e.task == TASK}
    database.engine.dispose()
    for method, mean in taken.trials().groupby("method")["correct"].mean().items():
        assert (found[method].mean, found[method].ratings, found[method].towards) == (pytest.approx(mean), 24, "")
        assert found[method].text == f"{100 * mean:.1f} %"


def test_the_check_of_blindness_knows_where_its_truth_stands(taken):
    database = connect(taken.url)
    with database.reading() as session:
        assert find_study(session, "halves")
        labels = [t.labels["truth"] for t in observed_trials(session, 0, taken.first) if t.task == TASK]
    database.engine.dispose()
    assert len(labels) == 6 + 1
    assert set(labels) == {"option 1", "option 2"}


def test_a_picture_with_two_wrong_options_is_two_stimuli_of_one_file(taken):
    """Class discrimination and this kind name different wrong options for one picture, if they share an image."""
    objects = (AnnotatedObject("cat", (1, 1, 20, 20)), AnnotatedObject("dog", (1, 70, 90, 90)))
    image = Photograph("both", Path("both.jpg"), 100, 100, objects)
    kinds = {"seeing": "class-discrimination", TASK: KIND.name}
    requests = [StimulusRequest(task, kind, 1, METHODS[:1], ("strong",)) for task, kind in kinds.items()]
    cat, dog = visualizations(select(requests, [image], ["cat", "dog"], {}, seed=0))
    assert (cat.foil, cat.tasks) == ("dog", ("seeing",))
    assert [(use.foil, use.tasks) for use in cat.further] == [("lower", (TASK,))]
    assert (dog.foil, dog.tasks, dog.further) == ("cat", ("seeing",), ())
    rows = read_stimuli(taken.folder / "stimuli")
    assert {row.foil for row in rows if TASK in row.tasks} == set(HALVES)
