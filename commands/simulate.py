"""Simulated participants take a served study."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import click

from commands.options import study_option, with_local_stimuli
from commands.progress import progress
from definition import Definition


@click.command()
@study_option
@click.option("--url", default="http://127.0.0.1:8000", show_default=True, help="Where the study is served.")
@click.option("--participants", default=72, show_default=True, type=click.IntRange(1))
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0))
def simulate(definition: Definition, url: str, participants: int, seed: int) -> None:
    """Let simulated participants take the study over HTTP, marked as simulated wherever their answers go.

    They know the truth from the stimulus set and err as docs/explanation/statistics.md states.

    Example: manage.py simulate --url http://127.0.0.1:8000 --participants 72 --seed 1
    """
    from study.rehearsal.simulated import run_participant

    with progress("Simulated participants") as report:
        for i, (choose, rng) in enumerate(simulated_people(definition, participants, seed)):
            report(i, participants)
            run_participant(url, definition.study.slug, choose, rng)
        report(participants, participants)
    click.echo(f"{participants} simulated participants finished.")


def simulated_people(definition: Definition, count: int, seed: int) -> Iterator[tuple[Callable[..., Any], Any]]:
    """(how one simulated person answers a trial, their random numbers), for `count` people."""
    import hashlib

    import numpy as np

    from analysis.simulation.psychometrics import Psychometrics, answer_discrimination, answer_trust, draw_participant
    from contracts.stimulus_set import read_stimuli

    shown = defaultdict(list)
    for stimulus in read_stimuli(with_local_stimuli(definition).stimuli.output):
        shown[stimulus.sha256].append(stimulus)
    first_network = {task.name: task.networks[0] for task in definition.tasks}
    for stream in np.random.SeedSequence(seed).spawn(count):
        rng = np.random.default_rng(stream)
        person = draw_participant(rng, Psychometrics(seed=seed))

        def choose(trial: dict[str, Any], images: list[bytes], rng: Any, person: Any = person) -> tuple[str, float]:
            # Different stimuli may look the same (an empty map; deconvolution through a network without max-pools):
            # then any of those that fit the question, as nobody could tell them apart.
            options = {option["value"] for option in trial["options"]}
            alike = shown[hashlib.sha256(images[0]).hexdigest()]
            is_trust = trial["kind"] == "trust"
            fitting = [s for s in alike if trial["task"] in s.tasks and (is_trust or {s.category, s.foil} == options)]
            left = fitting[rng.integers(len(fitting))]
            if not is_trust:
                return answer_discrimination(person, left.image_id, left.method, left.category, left.foil, rng)
            score, rt = answer_trust(person, left.image_id, left.method, rng)
            is_first = left.network == first_network[trial["task"]]
            if images[0] == images[1]:  # neither side is the better network's
                is_first = bool(rng.integers(2))
            return str(score if is_first else -score), rt

        yield choose, rng


COMMANDS = (simulate,)
