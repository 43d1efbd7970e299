"""What simulated people are like is what the report says: known effects through the real server, export and analysis.

People answer over HTTP by a model whose marginal accuracies are the paper's (0.5333, 0.4444, 0.6037, 0.6123, and mean
scores 1.00 and 1.27); the study is exported, read back and analysed, and the report's own numbers are held against
the truth.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from analysis.paper import GRAD_CAM
from analysis.reading.load import load
from analysis.results import as_json, compute
from analysis.tasks.kind import Seen
from analysis.tasks.kinds import ANALYSIS_KINDS
from analysis.tasks.psychometrics import Psychometrics, draw_participant
from contracts.stimulus_set import Stimulus
from study import close_app, create_app
from study.database.db import connect, upgrade
from study.export.files import export_study
from study.rehearsal.simulated import run_participant
from tests.serving import served
from tests.study.samples import SECRET, document, open_sample, seeing, stimuli, trusting

PEOPLE, SEEDS = 16, range(4)
TASKS = (seeing(images=10, k=2), trusting(images=8, k=8))


def choices(shown: dict[str, Stimulus], world: Psychometrics, rng: np.random.Generator) -> Callable[..., Any]:
    """How one simulated person answers: they know each picture by its bytes."""
    person = draw_participant(rng, world)

    def choose(
        trial: dict[str, Any], _question: Any, images: list[bytes], rng: np.random.Generator
    ) -> tuple[str, float]:
        left = shown[hashlib.sha256(images[0]).hexdigest()]
        simulation = ANALYSIS_KINDS[trial["kind"]].simulation
        value, rt = simulation.answer(person, Seen(left.image_id, left.method, left.category, left.foil), rng)
        return simulation.placed(value, left.network == "strong"), rt

    return choose


def run_study(folder: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the report says of one study of sixteen people, served, answered, exported and analysed."""
    drawn = np.random.SeedSequence([seed, PEOPLE])
    seeded = SimpleNamespace(default_rng=lambda: np.random.default_rng(drawn.spawn(1)[0]))
    monkeypatch.setattr("study.views.participant.main_path.np", SimpleNamespace(random=seeded))
    folder.mkdir()
    url = f"sqlite:///{folder / 'discern.db'}"
    upgrade(url)
    database = connect(url)
    with database.writing() as session:
        open_sample(session, folder / "stimuli", document(*TASKS))
    shown = {stimulus.sha256: stimulus for stimulus in stimuli(folder / "stimuli", list(TASKS))}
    app = create_app({"DATABASE_URL": url, "SECRET_KEY": SECRET, "TESTING": True})
    world = Psychometrics(seed=seed)
    with served(app) as address:
        for stream in np.random.SeedSequence(seed).spawn(PEOPLE):
            rng = np.random.default_rng(stream)
            run_participant(address, "demo", choices(shown, world, rng), rng)
    close_app(app)
    with database.snapshot() as session:
        export_study(session, "demo", folder / "export")
    database.engine.dispose()
    (observer,) = compute(load(folder / "export"))
    return as_json(observer)


@pytest.mark.calibration
def test_the_truth_lies_in_the_intervals_at_the_rate_they_promise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four studies with six intervals each; were each to cover 92 %, fewer than 19 of 24 had a chance below 2 %."""
    covered, answered = [], []
    for seed in SEEDS:
        observer = run_study(tmp_path / str(seed), seed, monkeypatch)
        answered += [task["responses"] for task in observer["tasks"].values()]
        assert observer["flow"][-1]["participants_left"] == PEOPLE
        rows = [(r, GRAD_CAM.accuracies[r["method"]]) for r in observer["tasks"]["seeing"]["accuracy"]]
        rows += [(r, GRAD_CAM.trust_scores[r["method"]]) for r in observer["tasks"]["trusting"]["scores"]]
        covered += [row["low"] <= truth <= row["high"] for row, truth in rows]
    assert answered == [160, 128] * len(SEEDS)
    least = 19
    assert stats.binom.cdf(least - 1, 24, 0.92) < 0.02
    assert len(covered) == 24
    assert sum(covered) >= least
