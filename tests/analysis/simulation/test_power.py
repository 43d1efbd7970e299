"""Planning: power as simulated agrees with what is known of it, and the advice says what the table says."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.config import AnalysisConfig, ContrastConfig, PlanningConfig
from analysis.simulation.planning import Plan, assumed, world_of
from analysis.simulation.power import COLUMNS, advice, in_words, power, power_curve, write_power
from analysis.tasks.design import TaskDesign
from analysis.tasks.psychometrics import Psychometrics, SimulationError
from contracts.own_files import NotOwnFileError

DESIGN = TaskDesign("seeing", "class-discrimination", ("cam", "grad-cam"), images=1, ratings=1)
COMPARED = AnalysisConfig(contrasts=(ContrastConfig(task="seeing", a="grad-cam", b="cam"),))
INDEPENDENT = Psychometrics(
    {"class-discrimination": {"cam": 0.5, "grad-cam": 0.65}}, participant_sd=0, image_sd=0, image_method_sd=0
)


def test_without_clusters_power_is_that_of_two_independent_shares():
    """Oracle: the normal approximation for 300 answers of each method, 50 against 65 %."""
    table = power(Plan(DESIGN, COMPARED, INDEPENDENT), [30], [5], [30], draws=300, seed=1)
    se = np.sqrt((0.5 * 0.5 + 0.65 * 0.35) / 300)
    expected = stats.norm.sf(stats.norm.ppf(0.975) - 0.15 / se)
    assert table["responses"].tolist() == [600]
    assert table["power"].iloc[0] == pytest.approx(expected, abs=3 * np.sqrt(expected * (1 - expected) / 300) + 0.01)


def test_without_an_effect_power_is_the_level():
    nothing = Psychometrics({"class-discrimination": {"cam": 0.55, "grad-cam": 0.55}})
    table = power(Plan(DESIGN, COMPARED, nothing), [24], [4], [24], draws=400, seed=2)
    assert table["power"].iloc[0] == pytest.approx(0.05, abs=0.035)


def test_more_images_find_more_and_comparisons_elsewhere_cost_power():
    world = Psychometrics({"class-discrimination": {"cam": 0.5, "grad-cam": 0.6}})
    few, many = power(Plan(DESIGN, COMPARED, world), [12, 48], [4], [24], draws=150, seed=3)["power"]
    assert few + 0.1 < many
    other = [ContrastConfig(task="elsewhere", a="x", b="y") for _ in range(9)]
    crowded = AnalysisConfig(contrasts=(*COMPARED.contrasts, *other))
    assert power(Plan(DESIGN, crowded, world), [48], [4], [24], draws=150, seed=3)["power"].iloc[0] < many


def test_a_trust_task_is_planned_alike_and_the_same_seed_gives_the_same_table():
    design = TaskDesign("trusting", "trust", ("cam", "grad-cam"), images=1, ratings=1)
    config = AnalysisConfig(contrasts=(ContrastConfig(task="trusting", a="grad-cam", b="cam"),))
    plan = Plan(design, config, Psychometrics({"trust": {"cam": 0.5, "grad-cam": 1.5}}))
    steps = []
    one = power(plan, [20], [6], [20], 30, 4, lambda done, total: steps.append((done, total)))
    assert one.equals(power(plan, [20], [6], [20], 30, 4))
    assert one["power"].iloc[0] > 0.8
    assert steps == [(1, 1)]


def test_a_point_that_cannot_be_assigned_says_why_and_the_advice_passes_over_it():
    table = power(Plan(DESIGN, COMPARED, INDEPENDENT), [30], [5, 90], [30], draws=20, seed=1)
    assert table["note"].iloc[0] == ""
    assert "360 ratings by different people; 30 are too few" in table["note"].iloc[1]
    assert "No point of the grid can be assigned" in advice(table.iloc[1:])
    with pytest.raises(SimulationError, match="names no comparison of task 'seeing'"):
        power(Plan(DESIGN, AnalysisConfig()), [30], [5], [30], 1, 1)


def grid(powers, task="seeing"):
    rows = [(i, 5, 60, i * 20, 20, task, "a", "b", 0.1, p, 0.01, p - 0.1, p + 0.1, 0.12, "") for i, p in powers.items()]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def test_a_comparison_without_an_assumed_difference_is_refused_with_the_remedies():
    with pytest.raises(SimulationError, match=r"no difference is assumed between grad-cam and cam .* give --effect"):
        power(Plan(DESIGN, COMPARED), [10], [2], [10], 1, 1)
    papers = AnalysisConfig(contrasts=COMPARED.contrasts, paper="grad-cam")
    with pytest.raises(SimulationError, match="no difference is assumed"):
        assumed(Plan(DESIGN, papers))  # neither method is the paper's


def test_the_difference_is_the_option_s_else_the_comparison_s_else_the_definition_s_else_the_paper_s():
    two = ("guided-grad-cam", "guided-backprop")
    design = TaskDesign("seeing", "class-discrimination", two, images=1, ratings=1)
    own = ContrastConfig(task="seeing", a=two[0], b=two[1], smallest_effect=0.04)
    bare = own.model_copy(update={"smallest_effect": None})
    cases = [
        (own, {"effect": 0.3}, 0.3, "--effect"),
        (own, {}, 0.04, "smallest effect of interest"),
        (bare, {"all": 0.1}, 0.1, "smallest effect of interest"),
        (bare, {}, 0.6123 - 0.4444, "paper"),
    ]
    for contrast, given, expected, source in cases:
        rules = AnalysisConfig(contrasts=(contrast,), smallest_effect=given.get("all"), paper="grad-cam")
        plan = Plan(design, rules, effect=given.get("effect"))
        means, said = plan.means(contrast)
        assert means[two[0]] - means[two[1]] == pytest.approx(expected)
        assert source in said
        assert f"+{100 * expected:.1f} percentage points" in assumed(plan)[1]


def test_on_a_score_an_effect_is_a_share_of_its_four_points():
    design = TaskDesign("trusting", "trust", ("cam", "grad-cam"), images=1, ratings=1)
    contrast = ContrastConfig(task="trusting", a="grad-cam", b="cam")
    means, _ = Plan(design, AnalysisConfig(contrasts=(contrast,)), effect=0.1).means(contrast)
    assert (means["cam"], means["grad-cam"]) == pytest.approx((0.8, 1.2))


def test_every_assumed_number_is_printed():
    planning = PlanningConfig(participant_sd=0.61, participant_method_sd=0.32, image_sd=0.73, image_method_sd=0.14)
    said = assumed(Plan(DESIGN, COMPARED, world_of(planning), 0.08, dropout=0.25))
    for number in ("0.61", "0.32", "0.73", "0.14", "25%", "+8.0 percentage points", "59.0% against 51.0%"):
        assert number in " ".join(said)


def test_a_difference_of_the_detectable_size_is_found_in_80_percent():
    """Oracle: power simulated at the difference that was said to be detectable."""
    first = power(Plan(DESIGN, COMPARED, effect=0.1), [24], [6], [24], draws=150, seed=5).iloc[0]
    again = power(Plan(DESIGN, COMPARED, effect=first["detectable"]), [24], [6], [24], draws=150, seed=6).iloc[0]
    assert again["power"] == pytest.approx(0.8, abs=3 * np.sqrt(0.8 * 0.2 / 150) + 0.02)
    said = in_words(pd.DataFrame([first]), "class-discrimination")[0]
    assert "24 people with up to 24 trials each, 576 responses" in said  # 4 cells × 24 images × 6 ratings / 24
    assert "detectable with 80%: +" in said


def test_the_band_is_the_power_under_smaller_and_larger_spreads():
    world = Psychometrics(participant_method_sd=0.6, image_method_sd=0.8)
    row = power(Plan(DESIGN, COMPARED, world, effect=0.2), [24], [6], [24], draws=100, seed=7).iloc[0]
    assert row["power_low"] + 0.1 < row["power"] < row["power_high"] - 0.05


def test_people_who_leave_cost_power():
    stay, leave = (
        power(Plan(DESIGN, COMPARED, INDEPENDENT, dropout=share), [30], [5], [30], draws=200, seed=8)["power"].iloc[0]
        for share in (0.0, 0.8)
    )
    assert leave + 0.05 < stay


def test_the_advice_names_the_smallest_study_that_suffices_or_the_best_there_is():
    assert (
        "20 images, 5 ratings an item, 60 participants with up to 20 trials each (trials_per_participant), 400 responses"
    ) in advice(grid({10: 0.5, 20: 0.83, 40: 0.97}))
    assert "Try more images first" in advice(grid({10: 0.5, 20: 0.6}))


def test_the_curve_and_the_table_are_written(tmp_path):
    table = grid({10: 0.5, 20: 0.83})
    files = write_power(table, tmp_path / "new")
    assert [f.name for f in files] == ["power.csv", "power.svg", "power.png"]
    assert pd.read_csv(files[0])["power"].tolist() == [0.5, 0.83]
    assert len(power_curve(table).axes[0].lines) == 3
    two = power_curve(pd.concat([table, grid({10: 0.3}, "trusting")])).axes[0]
    labels = [text.get_text() for text in two.get_legend().get_texts()]
    assert labels == ["seeing, 10 images", "seeing, 20 images", "trusting, 10 images"]
    assert len(two.collections) == 3
    assert write_power(table, tmp_path / "new") == files  # in the place of the earlier one


@pytest.mark.parametrize("name", ["power.csv", "power.svg", "power.png"])
def test_a_file_of_somebody_else_is_left_alone(tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(NotOwnFileError, match=rf"{name} exists, and Discern did not write it; name another place"):
        write_power(grid({10: 0.5}), tmp_path)
    assert [file.read_text() for file in tmp_path.iterdir()] == ["mine"]
