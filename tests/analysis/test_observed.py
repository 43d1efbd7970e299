"""Answers of programs: scored as people's are, called by their name everywhere, never in a human column."""

import re

import numpy as np
import pytest

from analysis.data.export import ExportError
from analysis.observed import answered, write_together
from analysis.reading.load import load
from analysis.report.write import analyze
from analysis.simulation.simulated_study import simulate_export
from analysis.tasks.class_discrimination.estimates import accuracy
from contracts.observers import parse
from tests.analysis.conftest import CONFIG, SMALL, Report
from tests.analysis.exports import write_export
from tests.drawing import drawn_only

pytestmark = pytest.mark.slow

KINDS = ("machine:box-energy", "machine:box-energy+blank")


def human_plan():
    return simulate_export(
        np.random.default_rng(5), designs=SMALL, participants=12, config=CONFIG, observer_kind="human"
    )


def all_right(plan):
    right = plan.trials["category"].where(plan.trials["trial_type"] != "trust", "2")
    return dict(zip(plan.trials["trial_id"], right, strict=True))


@pytest.fixture
def plan():
    """Twelve human participants' trials (their answers are put aside)."""
    return human_plan()


@pytest.fixture(scope="module")
def mixed_folder(tmp_path_factory):
    """People, and a machine observer that is always right or always for the left, with its control."""
    plan, folder = human_plan(), tmp_path_factory.mktemp("mixed")
    machines = [answered(plan, kind, all_right(plan)) for kind in KINDS]
    return write_together([plan, *machines], write_export(plan, folder / "plan"), folder / "export")


@pytest.fixture(scope="module")
def mixed_report(mixed_folder):
    with drawn_only():
        return Report(analyze(mixed_folder, mixed_folder.parent / "report").parent)


def test_kinds_are_sorted_people_first_and_a_machine_before_its_controls():
    kinds = ["machine:b+x", "machine:b", "machine:a+y", "simulated", "human", "machine:a", "machine"]
    assert sorted(kinds, key=parse) == [
        "human", "simulated", "machine", "machine:a", "machine:a+y", "machine:b", "machine:b+x"
    ]  # fmt: skip
    assert [parse(kind) for kind in ("ghost", "human:ada", "machine:", "machine:a+", "")] == [None] * 5


def test_answers_are_scored_as_people_s_are(mixed_folder):
    export = load(mixed_folder)
    assert export.observer_kinds == ("human", *KINDS)
    machine = export.of(KINDS[0]).trials
    trust = machine[machine["trial_type"] == "trust"]
    assert (machine.loc[machine["trial_type"] != "trust", "correct"] == 1).all()
    assert (trust["score"] == np.where(trust["left_network"] == "strong", 2, -2)).all()
    assert machine["rt"].isna().all()


@pytest.mark.usefixtures("undrawn")
def test_people_s_numbers_are_what_they_are_without_machines(mixed_report, plan, tmp_path):
    alone = Report(analyze(write_export(plan, tmp_path / "people"), tmp_path / "alone").parent)
    assert mixed_report.results["observers"]["human"] == alone.results["observers"]["human"]


def test_nothing_of_a_machine_stands_beside_the_paper_s_figures_of_people(mixed_report):
    observers = mixed_report.results["observers"]
    for kind in KINDS:
        task = observers[kind]["tasks"]["seeing"]
        assert {row["paper"] for row in [*task["accuracy"], *observers[kind]["contrasts"]]} == {None}
        assert observers[kind]["equivalence"] == []
    assert {row["paper"] for row in observers["human"]["tasks"]["seeing"]["accuracy"]} != {None}


def test_every_table_and_figure_of_a_machine_names_it(mixed_report):
    html = mixed_report.html
    sections = dict(re.findall(r'<section id="([\w-]+)"(.*?)</section>', html, re.DOTALL))
    assert set(sections) == {"human", "machine-box-energy", "controls"}
    supplement = (mixed_report.folder / "supplement-machine.html").read_text()
    named = re.findall(r"<(?:fig)?caption>(.*?)</(?:fig)?caption>", supplement)
    assert named
    assert all("Machine observers: box-energy" in caption for caption in named)
    links = re.compile(r'<p class="links">.*?</p>', re.DOTALL)
    assert "Machine observers" not in links.sub("", sections["human"])
    for name, label in {
        "machine-box-energy": "Machine observers: box-energy",
        "controls": "Machine observers",
    }.items():
        captions = re.findall(r"<caption>(.*?)</caption>", sections[name])
        assert captions
        assert all(f'<span class="mark">{label}</span>' in caption for caption in captions)
    assert "box-energy, blank" in sections["controls"]
    assert "<figure>" not in sections["controls"]


def test_one_number_over_people_and_machines_is_refused_by_name(mixed_folder):
    with pytest.raises(ExportError, match=r"name one observer_kind .*: human, machine:box-energy, machine:box"):
        accuracy(load(mixed_folder))


def test_a_program_s_answers_cannot_be_called_human(plan):
    for kind in ("human", "ghost"):
        with pytest.raises(ExportError, match=f"'{kind}' is no kind of observer whose answers may be made"):
            answered(plan, kind, {})


def test_an_export_that_exists_is_left_alone(plan, mixed_folder):
    with pytest.raises(ExportError, match="exists"):
        write_together([plan], mixed_folder, mixed_folder)
