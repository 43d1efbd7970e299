"""The plan that a participant's browser works through: nothing in it tells truth, method or network."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from contracts.tasks import KINDS, RESPONSE, WAIT, Question
from study.config import TaskConfig
from study.database.schema import (
    ANSWERED,
    ATTENTION,
    LEARNING,
    MAIN,
    PRACTICE,
    Item,
    Participant,
    Response,
    Stimulus,
    Trial,
)
from study.definition import FrozenDefinition, frozen_definition
from study.taking_part.advice import comes_later, is_told
from study.taking_part.comprehension import open_checks
from study.taking_part.questionnaire_answers import open_pages
from study.taking_part.sheets import in_sheets
from study.taking_part.tiles import tiles_of
from study.tasks.wording import (
    Wording,
    around,
    attention_question,
    category_label,
    further_question,
    instructions,
    option_labels,
    told_confidence,
    words_of,
)

BEFORE = frozenset({LEARNING, PRACTICE})
"""What comes before the trials that count."""

COLOURED = frozenset({"heat-v1", "overlay-v1"})
"""Recipes whose colours go from the least to the most."""


def plan(session: Session, participant: Participant, image_url: Callable[[str], str]) -> dict[str, Any]:
    """The JSON of `GET /p/<token>/plan`; `image_url` turns an image token into an address."""
    left, right = aliased(Stimulus), aliased(Stimulus)
    rows = session.execute(
        select(Trial, Item, left.probability, left.width, left.height, right.width, right.height)
        .join(Item, Trial.item_id == Item.id)
        .join(left, Trial.left_stimulus_id == left.id)
        .outerjoin(right, Trial.right_stimulus_id == right.id)
        .where(Trial.participant_id == participant.id)
        .order_by(Trial.position)
    ).all()
    definition = frozen_definition(participant.study).in_condition(participant.condition)
    checks = open_checks(session, participant, definition)
    begun = [trial.id for trial, *_ in rows if trial.state != ANSWERED and trial.questions_answered]
    pages = open_pages(session, participant, definition)
    return lay_out(definition, participant.language, rows, image_url, checks, _answers(session, begun), pages)


def _answers(session: Session, trial_ids: Sequence[int]) -> dict[int, dict[str, str]]:
    """trial id → question → answer."""
    found: dict[int, dict[str, str]] = {}
    if trial_ids:
        query = select(Response.trial_id, Response.question, Response.response)
        for trial_id, question, response in session.execute(query.where(Response.trial_id.in_(trial_ids))):
            found.setdefault(trial_id, {})[question] = response
    return found


def lay_out(
    definition: FrozenDefinition,
    language: str,
    rows: Sequence[Any],
    image_url: Callable[[str], str],
    comprehension: Mapping[str, dict[str, Any]],
    answers: Mapping[int, Mapping[str, str]],
    questionnaires: Sequence[dict[str, Any]],
    is_previewed: bool = False,
) -> dict[str, Any]:
    """The plan of these rows: (trial, item, the network's probability of the category in the left image or None, width
    and height of that image, and of the right one or None).

    `comprehension`: the checks that are still to be taken, by task. `answers`: trial id → question → answer, of trials
    that are not whole. `questionnaires`: the pages that are not answered. `is_previewed`: advice is told at
    once.
    """
    planned = Counter(trial.task for trial, *_ in rows)
    before = Counter((trial.task, trial.purpose) for trial, *_ in rows if trial.purpose in BEFORE)
    numbers = _numbers([trial for trial, *_ in rows])
    checks = _checks([trial for trial, *_ in rows])
    tasks = {task.name: task for task in definition.tasks if planned[task.name]}
    wordings = {name: words_of(task, language) for name, task in tasks.items()}
    trials = []
    for trial, item, sure, *sizes in rows:
        if trial.state != ANSWERED:
            task, given = tasks[trial.task], answers.get(trial.id, {})
            begun = [given[question.name] for question in task.questions if question.name in given]
            check = checks.get(trial.trial_token, 0)
            wording = told_confidence(wordings[trial.task], sure)
            shown = _trial(trial, item, task, wording, language, begun, check)
            images = _images(trial, sizes, task, wordings[trial.task], image_url)
            if len(images) > 1 and KINDS[task.kind].shows_photograph:
                images[-1]["scale"] = colour_scale(definition.recipes_of(task))
            if KINDS[task.kind].tiles:
                images[-1] |= tiles_of(trial.option_order, item.foil, wordings[trial.task], images[-1], language)
            if task.explanations > 1:
                images, shown["prompt"] = in_sheets(images, item.foil, wordings[trial.task], language), None
            if after := comes_later(task, trial.purpose):
                is_shown = is_previewed or is_told(task, trial.purpose, given)
                shown["advice"] = {"after": after, "told": _told(shown["prompt"], images) if is_shown else None}
                shown["prompt"] = None
                images[1:] = [image | {"url": None} for image in images[1:]]
            trials.append(shown | {"number": numbers[trial.trial_token], "images": images})
    return {
        "language": language,
        "title": definition.study.title[language],
        "next_index": trials[0]["index"] if trials else None,
        "total": len(rows) - before.total(),
        "device": definition.participants.device.model_dump(),
        "tasks": [
            {
                "name": name,
                "kind": task.kind,
                "wording": task.wording,
                **instructions(task, wordings[name], definition.recipes_of(task), image_url),
                "trials": planned[name],
                "practice": before[name, PRACTICE],
                "learning": before[name, LEARNING],
                "has_feedback": KINDS[task.kind].has_truth,
                "break_every": task.break_every,
                "comprehension": comprehension.get(name),
            }
            for name, task in tasks.items()
        ],
        "trials": trials,
        "questionnaires": questionnaires,
    }


def _told(prompt: Sequence[str] | None, images: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """As the acknowledgement of the answer before tells it."""
    return {"prompt": prompt or [], "url": images[1]["url"] if len(images) > 1 else None}


def _numbers(trials: Sequence[Trial]) -> dict[str, int]:
    """trial token → its number, from 1, as people read it: of its task's examples or practice, or of all others.

    Attention checks and controls are counted like the others, or their numbers would tell them.
    """
    counted: Counter[tuple[str, str]] = Counter()
    numbers = {}
    for trial in trials:
        among = (trial.task, trial.purpose) if trial.purpose in BEFORE else ("", MAIN)
        counted[among] += 1
        numbers[trial.trial_token] = counted[among]
    return numbers


def _checks(trials: Sequence[Trial]) -> dict[str, int]:
    """trial token of an attention check → its number among those of its task, from 0."""
    counted: Counter[str] = Counter()
    numbers = {}
    for trial in trials:
        if trial.purpose == ATTENTION:
            numbers[trial.trial_token] = counted[trial.task]
            counted[trial.task] += 1
    return numbers


def _trial(
    trial: Trial, item: Item, task: TaskConfig, wording: Wording, language: str, given: Sequence[str], check: int
) -> dict[str, Any]:
    """`given`: the answers to its first questions, where some have been given; `check`: the number of a check."""
    labels = option_labels(task, wording, trial.option_order, language)
    options = [{"value": value, "label": label} for value, label in zip(trial.option_order, labels, strict=True)]
    told = KINDS[task.kind].told(item.category, item.foil)
    category = category_label(told, language, wording.categories)
    said, prompt = wording.question, wording.prompt
    if trial.purpose == LEARNING and wording.learning:
        said, prompt = wording.learning.question, wording.learning.prompt
        options = [{"value": trial.option_order[0], "label": wording.learning.option}]
    text = said.replace("{category}", category)
    if trial.expected_response is not None:
        named = next(option["label"] for option in options if option["value"] == trial.expected_response)
        text = attention_question(wording, check, named)
    asked = task.asked(trial.purpose in (ATTENTION, LEARNING))
    main = {"name": task.main_question.name, "text": text, "options": options}
    if trial.purpose == ATTENTION and KINDS[task.kind].has_advice:
        prompt = None
    return {
        "trial_token": trial.trial_token,
        "index": trial.position,
        "task": trial.task,
        "kind": task.kind,
        # A check is told by its question, a control by its pixels.
        "purpose": trial.purpose if trial.purpose in BEFORE else MAIN,
        "prompt": prompt and around(prompt, category),
        "is_listed": bool(KINDS[task.kind].labels),
        "questions": [_asked(question, main, task, wording) for question in asked],
        "answered": given,
    }


def _asked(question: Question, main: dict[str, Any], task: TaskConfig, wording: Wording) -> dict[str, Any]:
    if question.name == RESPONSE:
        return main
    asked = further_question(question, wording, task.is_required(question))
    if question.is_of_item:
        asked["options"] = main["options"]
    wait = {"wait": task.advice_delay} if question.name == WAIT else {}
    return asked | wait


def colour_scale(recipes: frozenset[str]) -> str | None:
    """The recipe whose colours mean less or more; None for others, and for several, which would tell methods apart."""
    return next(iter(recipes)) if len(recipes) == 1 and recipes <= COLOURED else None


def _images(
    trial: Trial, sizes: list[int | None], task: TaskConfig, wording: Wording, image_url: Callable[[str], str]
) -> list[dict[str, Any]]:
    tokens = (trial.left_image_token, trial.right_image_token)
    labels: tuple[str | None, ...] = wording.image_labels or (None, None)
    shown = list(zip(tokens, sizes[::2], sizes[1::2], strict=True))
    if KINDS[task.kind].shows_photograph:
        shown.reverse()  # the photograph comes first
        alone = KINDS[task.kind].learns and not task.explained_tests and trial.purpose != LEARNING
        alone |= KINDS[task.kind].has_advice and trial.purpose == ATTENTION
        shown = [picture for picture in shown if picture[0]][: 1 if alone else None]
    if len(shown) == 1:
        labels = (None,)
    return [
        {"url": image_url(token), "label": label, "width": width, "height": height, "alt": alt}
        for (token, width, height), label, alt in zip(shown, labels, wording.image_alts, strict=False)
        if token
    ]
