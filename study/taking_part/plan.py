"""The plan that a participant's browser works through: nothing in it tells truth, method or network."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from contracts.tasks import TRUST_VALUES
from study.config import TaskConfig
from study.database.schema import ANSWERED, MAIN, PRACTICE, Item, Participant, Stimulus, Trial
from study.definition import FrozenDefinition, frozen_definition
from study.taking_part.comprehension import open_checks
from study.tasks.wording import CONFIDENCE, WORDINGS, Wording, attention_question, category_label


def plan(session: Session, participant: Participant, image_url: Callable[[str], str]) -> dict[str, Any]:
    """The JSON of `GET /p/<token>/plan`; `image_url` turns an image token into an address."""
    left, right = aliased(Stimulus), aliased(Stimulus)
    rows = session.execute(
        select(Trial, Item, left.width, left.height, right.width, right.height)
        .join(Item, Trial.item_id == Item.id)
        .join(left, Trial.left_stimulus_id == left.id)
        .outerjoin(right, Trial.right_stimulus_id == right.id)
        .where(Trial.participant_id == participant.id)
        .order_by(Trial.position)
    ).all()
    definition = frozen_definition(participant.study)
    checks = open_checks(session, participant, definition)
    return lay_out(definition, participant.language, rows, image_url, checks)


def lay_out(
    definition: FrozenDefinition,
    language: str,
    rows: Sequence[Any],
    image_url: Callable[[str], str],
    comprehension: Mapping[str, dict[str, Any]],
) -> dict[str, Any]:
    """The plan of these rows: (trial, item, width and height of the left image, and of the right one or None).

    `comprehension`: the checks that are still to be taken, by task.
    """
    planned = Counter(trial.task for trial, *_ in rows)
    tasks = {task.name: task for task in definition.tasks if planned[task.name]}
    wordings = {name: WORDINGS[task.kind, task.wording, language] for name, task in tasks.items()}
    trials = []
    for trial, item, *sizes in rows:
        if trial.state != ANSWERED:
            shown = _trial(trial, item, tasks[trial.task], wordings[trial.task], language)
            trials.append(shown | {"images": _images(trial, sizes, wordings[trial.task], image_url)})
    return {
        "language": language,
        "title": definition.study.title[language],
        "next_index": trials[0]["index"] if trials else None,
        "total": len(rows),
        "device": definition.participants.device.model_dump(),
        "tasks": [
            {
                "name": name,
                "kind": task.kind,
                "wording": task.wording,
                "instructions": list(wordings[name].instructions),
                "trials": planned[name],
                "break_every": task.break_every,
                "comprehension": comprehension.get(name),
            }
            for name, task in tasks.items()
        ],
        "trials": trials,
    }


def _trial(trial: Trial, item: Item, task: TaskConfig, wording: Wording, language: str) -> dict[str, Any]:
    labels = dict(zip(TRUST_VALUES, wording.option_labels, strict=True)) if wording.option_labels else {}
    options = [
        {"value": value, "label": labels.get(value) or category_label(value, language)} for value in trial.option_order
    ]
    question = wording.question
    if trial.expected_response is not None:
        asked = next(option["label"] for option in options if option["value"] == trial.expected_response)
        question = attention_question(language, asked)
    return {
        "trial_token": trial.trial_token,
        "index": trial.position,
        "task": trial.task,
        "kind": task.kind,
        "purpose": PRACTICE
        if trial.purpose == PRACTICE
        else MAIN,  # a check is told by its question, a control by its pixels
        "question": question,
        "prompt": wording.prompt and wording.prompt.format(category=category_label(item.category, language)),
        "options": options,
        "confidence": list(CONFIDENCE[language]) if task.confidence else None,
    }


def _images(
    trial: Trial, sizes: list[int | None], wording: Wording, image_url: Callable[[str], str]
) -> list[dict[str, Any]]:
    tokens = (trial.left_image_token, trial.right_image_token)
    return [
        {"url": image_url(token), "label": label, "width": width, "height": height, "alt": alt}
        for token, label, alt, width, height in zip(
            tokens, wording.image_labels, wording.image_alts, sizes[::2], sizes[1::2], strict=False
        )
        if token
    ]
