"""How surely does a study rank more than two networks? Its comparisons of every pair simulated, ranked, counted.

Each simulated study is assigned as a real one would be, and ranked as it will be: Bradley–Terry with ties, two-way
clustered intervals. Neighbours in the order of the definition are equally far apart, and networks further apart by the
sum of the steps between them. A person leans towards a network, and an image shows it well or badly, alike in all its
pairs: half of each variance that is assumed belongs to either network of a pair, whatever the method.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.estimation.ranking import ranking
from analysis.simulation.conditions import assign_parts, divided, places_of, shown_in
from analysis.simulation.planning import Plan
from analysis.simulation.power import ENOUGH
from analysis.simulation.simulated_study import Assignment
from analysis.tasks.design import TaskDesign
from analysis.tasks.kind import Between
from analysis.tasks.kinds import ANALYSIS_KINDS
from analysis.tasks.psychometrics import SimulationError
from contracts.own_files import require_own
from contracts.tasks import KINDS

MANY = 3  # networks, from here on they are ranked
COLUMNS = ("images", "ratings", "participants", "responses", "task", "a", "b", "found", "error", "in_order", "note")


@dataclass(frozen=True)
class _Order:
    """Networks, the logits of one step in their order, the logit of neither, and spreads of one network's share."""

    networks: tuple[str, ...]
    step: float
    equal: float
    person_sd: float
    image_sd: float


def is_ranked(kind: str, networks: Sequence[str]) -> bool:
    """Whether the report ranks the networks of a task."""
    return ANALYSIS_KINDS[kind].simulation.between is not None and len(networks) >= MANY


def effect_of(plan: Plan) -> tuple[float, str]:
    """(difference of the mean between two neighbours, on the task's scale; who says so).

    Raises SimulationError where nobody does.
    """
    own = plan.analysis.smallest_effect_in(plan.design.name, plan.design.kind)
    share, source = (plan.effect, "--effect") if plan.effect else (own, "the smallest effect of interest")
    if share is None:
        raise SimulationError(
            f"no difference is assumed between neighbours in the ranking of task {plan.design.name!r}: give --effect,"
            " or smallest_effect in [analysis] (a share of the scale: 0.05 is 0.2 of a score from −2 to 2)"
        )
    return share * KINDS[plan.design.kind].length, source


def ranking_power(
    plan: Plan,
    images: Sequence[int],
    ratings: Sequence[int],
    participants: Sequence[int],
    draws: int,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """A row for each point of the grid and pair of networks, those named first being the better ones.

    `found`: the share of simulated studies whose interval for the pair is on the right side of 0, with its Monte-Carlo
    standard error; `in_order`: the share in which all networks are ranked as assumed. Points that no assignment can
    give have neither, and a note. Raises SimulationError where no difference is assumed.
    """
    order = _order(plan)
    grid = list(product(images, ratings, participants))
    rows = []
    for done, (n_images, n_ratings, people) in enumerate(grid):
        rng = np.random.default_rng([seed, n_images, n_ratings, people])
        rows += _point(plan, replace(plan.design, images=n_images, ratings=n_ratings), order, people, draws, rng)
        if progress:
            progress(done + 1, len(grid))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _order(plan: Plan) -> _Order:
    between, world = _between(plan.design), plan.world
    return _Order(
        networks=plan.design.networks,
        step=between.logits(world, effect_of(plan)[0]),
        equal=between.equal,
        person_sd=float(np.hypot(world.participant_sd, world.participant_method_sd) / np.sqrt(2)),
        image_sd=float(np.hypot(world.image_sd, world.image_method_sd) / np.sqrt(2)),
    )


def _between(design: TaskDesign) -> Between:
    between = ANALYSIS_KINDS[design.kind].simulation.between
    assert between is not None
    return between


def _point(
    plan: Plan, design: TaskDesign, order: _Order, people: int, draws: int, rng: np.random.Generator
) -> list[tuple[object, ...]]:
    parts, pairs = shown_in(design, plan.conditions), list(combinations(order.networks, 2))
    point = design.images, design.ratings, people, sum(map(places_of, parts)), design.name
    try:
        places = assign_parts(design, parts, divided(parts, people))
    except SimulationError as error:
        return [(*point, a, b, np.nan, np.nan, np.nan, str(error)) for a, b in pairs]
    found, in_order = np.zeros(len(pairs)), 0
    for _ in range(draws):
        strengths, told = ranking(_compared(plan, design, order, places, rng), order.networks, plan.analysis.confidence)
        found += told["low"].to_numpy(float) > 0
        in_order += strengths["network"].tolist() == [*order.networks] and bool(strengths["rank"].notna().all())
    shares = found / draws
    return [
        (*point, a, b, share, float(np.sqrt(share * (1 - share) / draws)), in_order / draws, "")
        for (a, b), share in zip(pairs, shares, strict=True)
    ]


def _compared(
    plan: Plan, design: TaskDesign, order: _Order, assigned: tuple[Assignment, np.ndarray], rng: np.random.Generator
) -> pd.DataFrame:
    """The trials of one simulated study, as `ranking` takes them; the better network is on the left."""
    places, condition = assigned
    first, second = (_codes(design, order.networks, side)[places.cell] for side in (0, 1))
    people, of = int(places.participant.max()) + 1, len(order.networks)
    leaning, shown = (
        rng.normal(0, sd, (rows, of)) for sd, rows in ((order.person_sd, people), (order.image_sd, design.images))
    )
    logits = (
        order.equal
        + order.step * (second - first)
        + (leaning[places.participant, first] - leaning[places.participant, second])
        + (shown[places.image, first] - shown[places.image, second])
    )
    names = np.array(order.networks)
    trials = pd.DataFrame(
        {
            "left_network": names[first],
            "right_network": names[second],
            "response": ANALYSIS_KINDS[design.kind].simulation.draw(logits, rng),
            "participant_id": places.participant,
            "image_id": places.image,
            "condition": condition,
        }
    )
    return trials[_answered(plan.dropout, people, rng, places.participant)]


def _codes(design: TaskDesign, networks: tuple[str, ...], side: int) -> np.ndarray:
    """Of each cell's pair, the place of a side's network in the order; the one that is named first is side 0."""
    return np.array([networks.index(shown[side]) for *_, shown in design.cells])


def _answered(dropout: float, people: int, rng: np.random.Generator, participant: np.ndarray) -> np.ndarray:
    """Which trials are answered where a share `dropout` of people leave at a random point."""
    share = np.where(rng.random(people) < dropout, rng.random(people), 1.0)
    return rng.random(len(participant)) < share[participant]


def assumed_order(plan: Plan) -> str:
    """What the ranking's simulation rests on, in a sentence."""
    scale, (effect, source) = ANALYSIS_KINDS[plan.design.kind].scale, effect_of(plan)
    return (
        f"Assumed for the ranking in “{plan.design.name}”: {' > '.join(plan.design.networks)}, neighbours apart by"
        f" {scale.difference(effect)} {scale.unit} ({source}); half of each variance belongs to either network of a"
        " pair. Intervals are those of the report, without a correction."
    )


def ranking_in_words(table: pd.DataFrame) -> list[str]:
    """A line for each point of the grid, and the smallest at which each pair is told apart in 80 % of studies."""
    lines, enough = [], []
    for keys, rows in table.groupby(["responses", "images", "ratings", "participants"]):
        responses, images, ratings, people = map(int, keys)
        size = f"{images} images × {ratings} ratings, {people} people, {responses:,} responses"
        if note := rows["note"].iloc[0]:
            lines.append(f"{size}: {note}")
            continue
        pairs = ", ".join(f"{row.a} > {row.b} {row.found:.2f}" for row in rows.itertuples())
        lines.append(f"{size}: ranked in this order {rows['in_order'].iloc[0]:.2f}; interval above 0: {pairs}")
        enough += [size] if rows["found"].min() >= ENOUGH else []
    least = f"the smallest of the grid is {enough[0]}." if enough else "none of the grid is; try more images first."
    return [*lines, f"Large enough to tell every pair apart in at least {ENOUGH:.0%} of studies: {least}"]


def ranking_file(folder: Path) -> Path:
    """Where `write_ranking` writes. Raises NotOwnFileError where another file is there."""
    file = folder / "ranking.csv"
    require_own({file: ",".join(COLUMNS[:4]).encode()})
    return file


def write_ranking(table: pd.DataFrame, folder: Path) -> Path:
    """`ranking.csv` into `folder` (made if need be)."""
    file = ranking_file(folder)
    folder.mkdir(parents=True, exist_ok=True)
    table.to_csv(file, index=False)
    return file
