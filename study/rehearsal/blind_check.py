"""Takes a served study as participants do and judges what could be noticed; the truth comes from the database."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from study.database.db import Database
from study.database.find import find_study
from study.database.schema import ATTENTION, CONTROL, MAIN, Item, Stimulus
from study.database.schema import Trial as PlannedTrial
from study.definition import frozen_definition
from study.errors import BlindnessError
from study.rehearsal.blind_features import Observed, observe_json, observe_picture, observe_reply
from study.rehearsal.blind_judge import ObservedTrial, Verdict, judge
from study.rehearsal.simulated import Exchange, run_participant
from study.tasks.kinds import STUDY_KINDS

Person = list[Exchange]  # all that one participant's browser sent and got, in order
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22,}")
_SHORT = 5  # characters
_CATCH, _PAIR = "catch", "pair"


@dataclass(frozen=True)
class Report:
    """`named`: words that tell an arm, found in what a browser receives; `pages`: those that differ between people."""

    participants: int
    verdicts: tuple[Verdict, ...]
    named: tuple[str, ...]
    pages: tuple[str, ...]

    @property
    def leaks(self) -> tuple[str, ...]:
        """In words; empty when nothing but the pixels tells anything."""
        told = [f"{v.label} of {v.task!r}" for v in self.verdicts if v.leaks(len(self.verdicts))]
        return (*told, *self.named, *self.pages)


def blind_check(
    database: Database, base_url: str, slug: str, participants: int, seed: int, report: Callable[[int, int], None]
) -> Report:
    """Send simulated participants, then judge; `database` is the one that the server uses.

    Raises UnknownError, SimulationError, and BlindnessError when nothing can be judged.
    """
    with database.reading() as session:
        find_study(session, slug)
    people = list(crawl(base_url, slug, participants, seed, report))
    with database.reading() as session:
        trials = [trial for number, person in enumerate(people) for trial in observed_trials(session, number, person)]
        names = tuple(named(session, slug, people))
    verdicts = tuple(_verdicts(trials, np.random.default_rng(seed)))
    if not verdicts:
        raise BlindnessError("nothing can be judged: is DISCERN_DATABASE_URL the database of this server?")
    return Report(participants, verdicts, names, tuple(differing_pages(people)))


def crawl(
    base_url: str, slug: str, participants: int, seed: int, report: Callable[[int, int], None]
) -> Iterator[Person]:
    """Each answers at random, so that no answer tells a truth."""

    def choose(
        _trial: dict[str, Any], question: dict[str, Any], _images: list[bytes], rng: np.random.Generator
    ) -> tuple[str, float]:
        return str(rng.choice([option["value"] for option in question["options"]])), float(rng.uniform(400, 4000))

    for done, stream in enumerate(np.random.SeedSequence(seed).spawn(participants)):
        report(done, participants)
        seen: Person = []
        run_participant(base_url, slug, choose, np.random.default_rng(stream), seen.append)
        yield seen
    report(participants, participants)


def observed_trials(session: Session, number: int, person: Person) -> Iterator[ObservedTrial]:
    """What was seen of each trial that is no practice: its place in the plan, its pictures, the reply to its answer."""
    by_path = {exchange.path: exchange for exchange in person}
    planned = json.loads(next(exchange for exchange in person if exchange.path.endswith("/plan")).content)["trials"]
    replies: dict[str, list[Exchange]] = {}
    for exchange in person:
        if "/trials/" in exchange.path:
            replies.setdefault(exchange.path.rpartition("/")[2], []).append(exchange)
    kinds = {trial["task"]: trial["kind"] for trial in planned}
    labels = _labels(session, [trial["trial_token"] for trial in planned], kinds)
    for trial in planned:
        token = trial["trial_token"]
        if token not in labels:
            continue
        observed: Observed = {}
        for place, image in enumerate(trial["images"]):
            observed |= observe_picture(f"picture {place}", by_path[image["url"]])
        observed |= observe_json("plan", trial)
        for place, reply in enumerate(replies[token]):
            name = f"reply {place}"
            observed |= observe_reply(name, reply) | observe_json(name, json.loads(reply.content))
        yield ObservedTrial(number, trial["task"], observed, labels[token])


def _labels(session: Session, tokens: Sequence[str], kinds: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """trial token → what must not be told. Practice is left out: its truth is told afterwards."""
    left, right = aliased(Stimulus), aliased(Stimulus)
    rows = session.execute(
        select(PlannedTrial, Item, left.network, right.network)
        .join(Item, PlannedTrial.item_id == Item.id)
        .join(left, PlannedTrial.left_stimulus_id == left.id)
        .outerjoin(right, PlannedTrial.right_stimulus_id == right.id)
        .where(PlannedTrial.trial_token.in_(tokens), PlannedTrial.purpose.in_((MAIN, ATTENTION, CONTROL)))
    )
    return {
        trial.trial_token: {
            _CATCH: str(trial.purpose == ATTENTION),
            _PAIR: str(trial.purpose == CONTROL),
            "method": item.method,
            "network": left_network if right_network is None else f"{left_network} left",
            "truth": _place_of_truth(trial, STUDY_KINDS[kinds[trial.task]].truth(item)),
        }
        for trial, item, left_network, right_network in rows
    }


def _place_of_truth(trial: PlannedTrial, truth: Sequence[str]) -> str:
    return f"option {trial.option_order.index(truth[0]) + 1}" if truth else ""


def _verdicts(trials: Sequence[ObservedTrial], rng: np.random.Generator) -> Iterator[Verdict]:
    """One for each label of each task that has two values often enough."""
    by_task = sorted(trials, key=attrgetter("task"))
    for _, in_task in groupby(by_task, key=attrgetter("task")):
        of_task = list(in_task)
        unasked = [trial for trial in of_task if trial.labels[_CATCH] == str(False)]
        ratings = [trial for trial in unasked if trial.labels[_PAIR] == str(False)]
        asked = {label: ratings for label in ("method", "network", "truth")}
        asked |= {_PAIR: unasked, _CATCH: list(_without_first(of_task))}
        for label, judged in asked.items():
            if len({trial.labels[label] for trial in judged}) > 1:
                yield judge(judged, label, rng)


def _without_first(trials: Sequence[ObservedTrial]) -> Iterator[ObservedTrial]:
    """A check never comes first in its task, which is no secret; and its question says what it is.

    No further question follows a check, so where ratings have some, neither they nor the replies are compared.
    """
    has_further = any("plan.questions.1.name" in trial.observed for trial in trials)
    told = ("plan.questions.", "reply ") if has_further else ("plan.questions.0.text",)
    for _, of_person in groupby(trials, key=attrgetter("participant")):
        for trial in list(of_person)[1:]:
            hidden = {name: value for name, value in trial.observed.items() if not name.startswith(told)}
            yield ObservedTrial(trial.participant, trial.task, hidden, trial.labels)


def named(session: Session, slug: str, people: Iterable[Person]) -> Iterator[str]:
    """Names and ids of arms in texts, headers and addresses that a browser gets before the last page.

    Networks' names are words of every day, so pages of prose are not searched for them.
    """
    study = find_study(session, slug)
    rows = session.scalars(select(Stimulus).where(Stimulus.study_id == study.id)).all()
    ids = {text for row in rows for text in (row.method, row.stimulus_id, row.sha256, row.image_id)}
    networks = {name for task in frozen_definition(study).tasks for name in task.networks}
    found = {
        f"{word!r} in {exchange.method} {_TOKEN.sub('…', exchange.path)}"
        for person in people
        for exchange in person
        if not exchange.path.endswith("/finish")
        for word in _words(exchange, ids, networks)
    }
    yield from sorted(found)


def _stands(word: str, text: str) -> bool:
    """Anywhere; a short id, such as the image "04", as a whole value: dates, sizes and tokens hold it otherwise."""
    if len(word) >= _SHORT:
        return word in text
    return re.search(rf"""["'/=]{re.escape(word)}["'/?&]""", text) is not None


def _words(exchange: Exchange, ids: set[str], networks: set[str]) -> Iterator[str]:
    headers = " ".join(f"{name}: {value}" for name, value in exchange.headers)
    kind = next((value for name, value in exchange.headers if name.lower() == "content-type"), "")
    text = "" if kind.startswith("image/") else exchange.content.decode(errors="replace")
    everywhere = f"{exchange.path} {headers} {text}"
    yield from (word for word in ids if _stands(word, everywhere))
    searched = f"{exchange.path} {headers}" if kind.startswith("text/html") else everywhere
    yield from (word for word in networks if re.search(rf"\b{re.escape(word)}\b", searched))


def differing_pages(people: Sequence[Person]) -> Iterator[str]:
    """The study's page must be the same for everybody but for tokens."""
    pages = {
        _TOKEN.sub("…", exchange.content.decode(errors="replace"))
        for person in people
        for exchange in person
        if exchange.path.endswith("/study")
    }
    if len(pages) > 1:
        yield f"the study's page, of which there are {len(pages)}"


def table(report: Report) -> str:
    """The verdicts as plain text."""
    lines = [f"{'task':<16}{'label':<10}{'trials':>7}{'right':>9}{'chance':>9}{'p':>9}"]
    for verdict in report.verdicts:
        told = "  TOLD" if verdict.leaks(len(report.verdicts)) else ""
        lines.append(
            f"{verdict.task:<16}{verdict.label:<10}{verdict.trials:>7}{verdict.right:>8.1%}{verdict.chance:>9.1%}"
            f"{verdict.p:>9.4f}{told}"
        )
    lines.append(f"Names and ids of arms in what browsers receive: {', '.join(report.named) or 'none'}")
    lines.append(f"Pages that differ between participants: {', '.join(report.pages) or 'none'}")
    return "\n".join(lines)
