"""Simulated people answer by the stated model, and the accuracies asked for are the marginal ones."""

import numpy as np
import pytest
from scipy import integrate, stats

from analysis.paper import GRAD_CAM
from analysis.reading.consistency import check
from analysis.simulation.simulated_study import PAPER_SIZE, assign, simulate_export
from analysis.tasks.class_discrimination import simulate as choosing
from analysis.tasks.design import TaskDesign
from analysis.tasks.kind import Seen
from analysis.tasks.psychometrics import Psychometrics, SimulationError, draw_participant
from analysis.tasks.trust import simulate as trusting


@pytest.mark.parametrize("sd", [0.0, 0.7, 2.0])
@pytest.mark.parametrize("accuracy", [0.02, 0.4444, 0.5, 0.6123, 0.97])
def test_the_marginal_accuracy_is_the_one_asked_for(accuracy, sd):
    """Oracle: adaptive quadrature of the logistic over a normal."""
    world = Psychometrics({"class-discrimination": {"any": accuracy}}, participant_sd=sd, image_sd=0, image_method_sd=0)
    a = choosing.logit(world, "any")
    integral, _ = integrate.quad(lambda z: stats.norm.pdf(z) / (1 + np.exp(-(a + sd * z))), -12, 12)
    assert integral == pytest.approx(accuracy, abs=1e-7)


@pytest.mark.parametrize("sd", [0.0, 0.7, 2.0])
@pytest.mark.parametrize("score", [-1.5, 0.0, 1.0, 1.27])
def test_the_marginal_trust_score_is_the_one_asked_for(score, sd):
    b = trusting.logit(
        Psychometrics({"trust": {"any": score}}, participant_sd=sd, image_sd=0, image_method_sd=0), "any"
    )

    def mean_score(z):
        exceeds = 1 / (1 + np.exp(trusting.THRESHOLDS - b - sd * z))
        return stats.norm.pdf(z) * (exceeds.sum() - 2)

    assert integrate.quad(mean_score, -12, 12)[0] == pytest.approx(score, abs=1e-6)


@pytest.mark.parametrize(
    ("kind", "means"),
    [(choosing, {"class-discrimination": {"any": 1.0}}), (trusting, {"trust": {"any": 2.0}})],
)
def test_what_no_model_can_reach_is_refused(kind, means):
    with pytest.raises(SimulationError, match="must be between"):
        kind.logit(Psychometrics(means), "any")


def test_people_answer_the_paper_s_way_over_many_people_and_images():
    rng = np.random.default_rng(1)
    parameters = Psychometrics(seed=3)
    right, scores = {m: [] for m in GRAD_CAM.accuracies}, {m: [] for m in GRAD_CAM.trust_scores}
    for person in [draw_participant(rng, parameters) for _ in range(300)]:
        for method in right:
            image = f"i{rng.integers(3000)}"
            choice, rt = choosing.answer(person, Seen(image, method, "cat", "dog"), rng)
            assert choice in ("cat", "dog")
            assert rt > 0
            right[method].append(choice == "cat")
        for method in scores:
            scores[method].append(trusting.answer(person, Seen(f"i{rng.integers(3000)}", method, "cat", ""), rng)[0])
    for method, accuracy in GRAD_CAM.accuracies.items():
        assert np.mean(right[method]) == pytest.approx(accuracy, abs=4 * 0.5 / np.sqrt(300))
    for method, score in GRAD_CAM.trust_scores.items():
        assert np.mean(scores[method]) == pytest.approx(score, abs=4 * 1.3 / np.sqrt(300))
        assert set(scores[method]) <= {-2, -1, 0, 1, 2}


def test_an_image_is_as_easy_for_everybody_and_differs_with_the_seed():
    """With image effects alone, and strong ones, all people are right about an image or all are wrong."""
    rng = np.random.default_rng(2)

    def answers(seed):
        p = Psychometrics(participant_sd=0, image_sd=40, image_method_sd=0, seed=seed)
        return [
            choosing.answer(draw_participant(rng, p), Seen("photo", "guided-grad-cam", "a", "b"), rng)[0] == "a"
            for _ in range(20)
        ]

    unanimous = [given[0] for given in map(answers, range(10)) if len(set(given)) == 1]
    assert len(unanimous) >= 8  # an image whose effect happens to be small leaves room for chance
    assert set(unanimous) == {True, False}


@pytest.mark.parametrize("design", PAPER_SIZE, ids=lambda d: d.name)
def test_the_assignment_gives_every_item_its_ratings_and_nobody_an_image_twice(design):
    seats = assign(design, 72)
    items = seats.image * len(design.cells) + seats.cell
    assert np.bincount(items).tolist() == [design.ratings] * (design.images * len(design.cells))
    pairs = seats.image * 72 + seats.participant
    assert len(np.unique(pairs)) == len(pairs)
    assert np.ptp(np.bincount(seats.participant)) <= 1
    by_person = np.zeros((72, len(design.cells)), int)
    np.add.at(by_person, (seats.participant, seats.cell), 1)
    assert np.ptp(by_person, axis=1).max() <= 2


def test_more_ratings_of_an_image_than_people_are_refused():
    with pytest.raises(SimulationError, match="72 ratings by different people; 43 are too few"):
        assign(PAPER_SIZE[0], 43)


def test_the_same_seed_gives_the_same_study_and_it_is_a_consistent_export():
    design = (TaskDesign("seeing", "class-discrimination", ("cam",), 5, 2),)
    one, two = (simulate_export(np.random.default_rng(9), designs=design, participants=6) for _ in range(2))
    assert one.trials.equals(two.trials)
    check(one)
