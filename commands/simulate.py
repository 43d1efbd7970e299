"""Simulated participants take a served study."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from commands.options import study_option, with_local_stimuli
from commands.progress import progress
from contracts.stimulus_set import Stimulus
from contracts.tasks import KINDS, OWN, RESPONSE, first_is_left
from definition import Definition

if TYPE_CHECKING:
    import numpy as np

    from analysis.tasks.psychometrics import SimulatedPerson


MOST_TURNED_AWAY = 100  # simulated people one after another


@click.command()
@study_option
@click.option("--url", default="http://127.0.0.1:8000", show_default=True, help="Where the study is served.")
@click.option("--participants", default=72, show_default=True, type=click.IntRange(1))
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0))
def simulate(definition: Definition, url: str, participants: int, seed: int) -> None:
    """Let simulated participants take the study over HTTP, marked as simulated wherever their answers go.

    Where the study is full before all have come, those who found no place are counted.

    They know the truth from the stimulus set and err as docs/explanation/statistics.md states.

    Example: ./manage.py simulate --url http://127.0.0.1:8000 --participants 72 --seed 1
    """
    from study.errors import NoPlaceLeftError, TurnedAwayError
    from study.rehearsal.simulated import run_participant

    finished = turned_away = 0
    with progress("Simulated participants") as report:
        for choose, rng in simulated_people(definition, participants, seed):
            report(finished, participants)
            take_part = partial(run_participant, url, definition.study.slug, choose, rng)
            try:
                turned_away += _times_turned_away(take_part)
            except (NoPlaceLeftError, TurnedAwayError):
                if finished == 0:
                    raise
                break  # more people were asked for than the study has places
            finished += 1
        report(finished, finished)
    missed = f"; the study is full, no place was left for {participants - finished}" if finished < participants else ""
    refused = f"; the screening turned {turned_away} others away" if turned_away else ""
    click.echo(f"{finished} simulated participants finished{refused}{missed}.")


def _times_turned_away(take_part: Callable[[], str]) -> int:
    """Let somebody take part, after others with other answers where the screening turns them away; how many others.

    Raises TurnedAwayError where it turns away everybody.
    """
    from study.errors import TurnedAwayError

    for others in range(MOST_TURNED_AWAY):
        with suppress(TurnedAwayError):
            take_part()
            return others
    raise TurnedAwayError(
        f"the screening turned {MOST_TURNED_AWAY} simulated participants away one after another; they answer at random:"
        " look at its questions and quotas"
    )


def simulated_people(definition: Definition, count: int, seed: int) -> Iterator[tuple[Callable[..., Any], Any]]:
    """(how one simulated person answers a question, their random numbers), for `count` people."""
    import numpy as np

    from analysis.tasks.psychometrics import Psychometrics, draw_participant
    from contracts.stimulus_set import read_stimuli

    shown: dict[str, list[Stimulus]] = defaultdict(list)
    for stimulus in read_stimuli(with_local_stimuli(definition).stimuli.output):
        shown[stimulus.sha256].append(stimulus)
    networks = {task.name: task.networks for task in definition.tasks}
    for stream in np.random.SeedSequence(seed).spawn(count):
        rng = np.random.default_rng(stream)
        learned: dict[str, str] = {}
        yield partial(_choose, draw_participant(rng, Psychometrics(seed=seed)), shown, networks, learned), rng


def _choose(
    person: "SimulatedPerson",
    shown: Mapping[str, Sequence[Stimulus]],
    networks: Mapping[str, Sequence[str]],
    learned: dict[str, str],
    trial: dict[str, Any],
    question: dict[str, Any],
    images: list[bytes],
    rng: "np.random.Generator",
) -> tuple[str, float | None]:
    """The value of an option and the response time in ms, as the trial's kind simulates them.

    `learned`: task → the method of the examples that this person has seen; what they learned is what they answer by.
    """
    from analysis.tasks.kind import Seen
    from analysis.tasks.kinds import ANALYSIS_KINDS

    simulation = ANALYSIS_KINDS[trial["kind"]].simulation
    if trial["purpose"] == "learning":
        alike = shown[hashlib.sha256(images[-1]).hexdigest()]
        learned[trial["task"]] = next(s.method for s in alike if trial["task"] in s.tasks)
        return question["options"][0]["value"], None
    main = next(asked for asked in trial["questions"] if asked["name"] == RESPONSE)
    first, options = ([o["value"] for o in asked["options"]] for asked in (main, question))
    judged = images[-1] if KINDS[trial["kind"]].shows_photograph else images[0]
    left = _one_of_those_alike(shown, trial, first, judged, rng)
    given = dict(zip((asked["name"] for asked in trial["questions"]), trial["answered"], strict=False))
    is_advised = not trial.get("advice") or bool(trial["advice"]["told"])
    method = learned.get(trial["task"], left.method)
    seen = Seen(left.image_id, method, left.category, left.foil, tuple(first), given.get(OWN, ""), is_advised)
    if question["name"] != RESPONSE:
        return simulation.further(person, seen, question["name"], options, rng)
    value, rt = simulation.answer(person, seen, rng)
    if not KINDS[trial["kind"]].compares_networks:
        return simulation.placed(value, True), rt
    right = _one_of_those_alike(shown, trial, first, images[1], rng)
    if images[0] == images[1] or left.network == right.network:  # neither side is the network's that is named first
        return simulation.placed(value, bool(rng.integers(2))), rt
    return simulation.placed(value, first_is_left(left.network, right.network, networks[trial["task"]])), rt


def _one_of_those_alike(
    shown: Mapping[str, Sequence[Stimulus]],
    trial: dict[str, Any],
    options: Sequence[str],
    picture: bytes,
    rng: "np.random.Generator",
) -> Stimulus:
    """A stimulus that looks like `picture` and fits the trial.

    Different stimuli may look the same (an empty map; deconvolution through a network without max-pools): then it is
    any of those that fit the options, as nobody could tell them apart.
    """
    from study.tasks.kinds import STUDY_KINDS

    kind, alike = STUDY_KINDS[trial["kind"]], shown[hashlib.sha256(picture).hexdigest()]
    is_fixed = bool(KINDS[trial["kind"]].questions[0].values)
    fitting = [s for s in alike if trial["task"] in s.tasks and (is_fixed or set(kind.options(s)) == set(options))]
    return fitting[int(rng.integers(len(fitting)))]


COMMANDS = (simulate,)
