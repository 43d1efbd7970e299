"""Published studies to repeat: each is listed with its source, loads as it is written, and stands beside its numbers."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from markupsafe import escape
from scipy import stats

import manage
from analysis.data.export import Export
from analysis.display.wording import Translation
from analysis.questionnaires import answers_beside_original
from analysis.report.original_figure import _level, _pair, original_figures
from analysis.report.pages import _environment
from analysis.robustness.original import beside_original
from analysis.simulation.simulated_study import simulate_export
from analysis.tasks.design import TaskDesign
from analysis.tasks.kind import TaskRows
from analysis.tasks.kinds import ANALYSIS_KINDS
from commands.new_study import original_of, published_studies
from commands.study_pages import people
from contracts.tasks import KINDS
from definition import Definition, DefinitionError, load_definition
from study.config import TaskConfig
from study.definition import FrozenDefinition
from tests.drawing import drawn_only

NAMES = [
    "ai-check",
    "appropriate-reliance",
    "debugging",
    "forward-simulation",
    "gradcam-discrimination",
    "gradcam-trust",
    "guess-the-wrong-label",
    "hive-agreement",
    "hive-distinction",
    "meta-predictor",
]


def invoke(*arguments: str) -> str:
    done = CliRunner(catch_exceptions=False).invoke(manage.cli, arguments)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> dict[str, Path]:
    """Name → the definition that `new-study --from` writes."""
    folder = tmp_path_factory.mktemp("studies")
    for name in NAMES:
        invoke("new-study", str(folder / name), "--from", name, "--slug", name, "--language", "en", "--language", "ko")
    return {name: folder / name / "study.toml" for name in NAMES}


def test_every_study_is_listed_with_its_source_people_time_and_pay():
    told = invoke("studies")
    assert list(published_studies()) == NAMES
    for path in published_studies().values():
        original = original_of(path)
        assert original.source in told
        assert original.measures in told
    assert told.count("not told") == 12, (
        "neither time nor pay of three studies, of Colin et al. and of Shen and Huang, no time of Hase and Bansal and of"
        " Nguyen et al."
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_study_loads_as_it_is_written_and_says_what_was_told_and_what_was_chosen(name, written):
    made = load_definition(written[name])
    assert made.original.told
    assert made.original.chosen
    assert made.analysis.names_smallest_effect, "power plans for it"
    repeated = {task.repeats for task in made.tasks}  # what was published is the change
    assert {cell.task for cell in made.original.cells} == {task.name for task in made.tasks} - repeated
    assert all(network.checkpoint.exists() for network in made.networks.values()), "it runs without training"


def test_the_page_of_designs_is_what_the_command_prints_and_marks_what_is_not_first_hand():
    page = (Path(__file__).parents[2] / "docs/reference/studies.md").read_text(encoding="utf-8")
    assert page == invoke("studies", "--as", "markdown"), (
        "./manage.py studies --as markdown > docs/reference/studies.md"
    )
    for path in published_studies().values():
        original = original_of(path)
        assert all(f"- {said}\n" in page for said in (*original.told, *original.chosen))
        assert all(f"| {n.label} | {n.value:g} |" in page for n in (*original.cells, *original.answers))
    assert sum(line.endswith("| 2nd |") for line in page.splitlines()) == page.count("2nd |") > 0


def test_what_is_told_of_a_study_is_plain_text():
    """Reports and sheets print it as it is: the mark of the numbers and marks of Markdown explain nothing there."""
    for told in map(original_of, published_studies().values()):
        texts = (told.name, told.source, told.measures, told.people, told.time, told.cost, *told.told, *told.chosen)
        assert not [text for text in texts if text and ("`" in text or "[2nd]" in text)]


@pytest.mark.parametrize(("name", "task", "wanted"), [("hive-agreement", "agreeing", 40), ("meta-predictor", "session-1", 176), ("forward-simulation", "before", 45)])  # fmt: skip
def test_the_page_says_how_many_people_give_all_ratings(name, task, wanted, written):
    made = load_definition(written[name])
    (found,) = (people(each, list(made.conditions)) for each in made.tasks if each.name == task)
    assert found == wanted, "as `check` says of the same definition"


def design(task: TaskConfig, people: int) -> TaskDesign:
    """The task with ten images, and with as many ratings as this number of people can give."""
    items = KINDS[task.kind].items_per_image(len(task.methods), len(task.networks))
    return TaskDesign(task.name, task.kind, task.methods, 10, people // items, task.networks)


def taken_in_memory(made: Definition) -> Export:
    """By 40 simulated people, in the study's conditions where it has some."""
    by_condition = FrozenDefinition(made.study, made.tasks, made.participants, made.conditions).by_condition
    groups = {
        name: [design(task, 40 // len(by_condition)) for task in part.tasks] for name, part in by_condition if name
    }
    whole = [design(task, 40) for task in made.tasks]
    rng = np.random.default_rng(1)
    export = simulate_export(rng, designs=whole, participants=40, config=made.analysis, conditions=groups)
    tasks = [task.model_dump(mode="json") for task in made.tasks]
    return replace(export, definition=export.definition | {"tasks": tasks})


def tables_of(export: Export) -> dict[str, dict[str, pd.DataFrame]]:
    """Of each task: its own, and those over all tasks of its kind."""
    trials = export.trials
    of_study = {k: ANALYSIS_KINDS[k].study_tables(trials, export) for k in {task.kind for task in export.tasks}}
    rows = {
        t: TaskRows(trials[trials["task"] == t.name], trials.iloc[:0], export.answers, t, 0.95) for t in export.tasks
    }
    return {task.name: of_study[task.kind] | ANALYSIS_KINDS[task.kind].tables(rows[task]) for task in export.tasks}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_each_published_number_stands_beside_the_study_s_own(name, written):
    """Taken in memory by simulated people: every cell finds the one row of this study that estimates the same."""
    made = load_definition(written[name])
    tables = tables_of(taken_in_memory(made))
    table = beside_original(made.original, tables, {task.name: task.kind for task in made.tasks}, 0.95)
    assert len(table) == len(made.original.cells)
    assert table[["value", "low", "high"]].notna().all(axis=None)
    assert table["is_difference"].tolist() == [
        cell.table in ("changes", "gain", "explained") for cell in made.original.cells
    ]
    assert (table["published_low"].notna() == table["sd"].notna()).all()
    with drawn_only("as_svg"):
        figures = original_figures(
            SimpleNamespace(tables={"original": table}, observer_kind="simulated"), Translation("en")
        )
    drawn = " ".join(figure.alternative for figure in figures)
    assert all(f"{cell.label} (published)" in drawn for cell in made.original.cells)
    of_tasks = {cell.task for cell in made.original.cells}
    assert {figure.caption.startswith("“") for figure in figures} == {len(of_tasks) > 1}, "each says of which task"


@pytest.mark.parametrize("code", ["de", "ko"])
@pytest.mark.parametrize("name", NAMES)
def test_reports_tell_of_a_study_in_their_language(name, code, written):
    """What a researcher adds stays as it is written, and so does the source."""
    translate = Translation(code)
    original = load_definition(written[name]).original
    own = original.model_copy(update={"chosen": ("We asked 12 people.", *original.chosen)})
    html = _environment(translate).get_template("original.html").module.choices(own)
    assert "<li>We asked 12 people.</li>" in html
    assert str(escape(original.source)) in html
    english = [line for line in (*original.told, *original.chosen) if f"<li>{escape(line)}</li>" in html]
    assert english == []
    first, here = (str(row["method"]) for row in _pair(cell_row(original.cells[0]), translate))
    assert translate(original.cells[0].label) in first
    assert translate(original.cells[0].label) in here


def cell_row(cell):
    """As the table of published numbers has it."""
    numbers = dict.fromkeys(("published_low", "published_high", "value", "low", "high"), 0.5)
    return SimpleNamespace(label=cell.label, published=cell.value, **numbers)


def test_the_line_of_no_effect_is_called_what_it_is():
    assert _level("rating", None, Translation("en")).null_label == "middle"
    assert _level("agreement", None, Translation("en")).null_label == "chance level"


def test_a_published_interval_is_student_s_over_people(written):
    """HIVE, ImageNet, wrong predictions: 44.8 ± 31.6 % over 50 people."""
    original = load_definition(written["hive-agreement"]).original
    cell = next(c for c in original.cells if c.label == "Grad-CAM, ImageNet, wrong predictions")
    assert (cell.value, cell.sd, cell.people) == (0.448, 0.316, 50)
    low, high = stats.t.interval(0.95, 49, cell.value, cell.sd / np.sqrt(50))
    row = beside_original(original, {"agreeing": {}}, {"agreeing": "agreement"}, 0.95).iloc[1]
    assert (row["published_low"], row["published_high"]) == pytest.approx((low, high))
    assert np.isnan(row["value"]), "there is no table to take it from"


def test_published_answers_stand_beside_the_mean_of_this_study_s_people(written):
    """HIVE, distinction: 5.3 ± 7.3 points over 50 people, and three people who typed 80, 82 and 90 per cent."""
    original = load_definition(written["hive-distinction"]).original
    people = ["p1", "p2", "p3", "p4"]
    typed = pd.DataFrame({"participant_id": people, "value": [80.0, 82.0, 90.0, 60.0]})
    typed = typed.assign(questionnaire="tradeoff", item="low-risk")
    table = answers_beside_original(original, typed, people[:3], 0.95)
    assert len(table) == len(original.answers) == 6
    row = table[table["label"].str.endswith("low risk")].iloc[0]
    assert (row["published_low"], row["published_high"]) == pytest.approx(
        stats.t.interval(0.95, 49, 5.3, 7.3 / np.sqrt(50))
    )
    own = np.array([4.0, 6.0, 14.0])
    assert (row["value"], row["answered"]) == (own.mean(), 3)
    assert (row["low"], row["high"]) == pytest.approx(stats.t.interval(0.95, 2, own.mean(), stats.sem(own)))
    others = table[~table["label"].str.endswith("low risk")]
    assert others["value"].isna().all()
    assert others["answered"].eq(0).all(), "nobody was asked, or answered"


@pytest.mark.parametrize(
    ("line", "instead", "message"),
    [
        (
            'questionnaire = "understanding-before"',
            'questionnaire = "belief"',
            r"answer 1 .*no question 'understanding' with numbers in questionnaire 'belief'; there are understanding-be",
        ),
        ('\nitem = "understanding"', "", "questionnaire and item name one question together"),
        ('task = "agreeing"\ntable', 'task = "agreing"\ntable', r"cell 1 .*no task 'agreing'; there are agreeing"),
        ("people = 50\n", "", "sd is over people; say also how many people"),
        ('name = "HIVE: agreement"\n', "", "name and source of the published study are needed"),
    ],
)
def test_a_number_without_its_task_people_or_source_is_refused(line, instead, message, written):
    path = written["hive-agreement"].with_name("changed.toml")
    text = written["hive-agreement"].read_text(encoding="utf-8")
    assert line in text
    path.write_text(text.replace(line, instead, 1), encoding="utf-8")
    with pytest.raises(DefinitionError, match=message):
        load_definition(path)
