"""A plan for a preview: made like a participant's, stored nowhere."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sqlalchemy import false, select
from sqlalchemy.orm import Session

from study.database.schema import Item, Stimulus, Study, Trial
from study.database.stimuli_folder import folder_of
from study.definition import frozen_definition
from study.errors import UnknownError
from study.taking_part.comprehension import questions
from study.taking_part.plan import lay_out
from study.taking_part.questionnaire_answers import preview_pages
from study.taking_part.trials import choose_trials, trial_row


def preview_plan(
    session: Session,
    study: Study,
    language: str,
    rng: np.random.Generator,
    image_url: Callable[[str], str],
    condition: str = "",
    task: str = "",
) -> dict[str, Any]:
    """The plan of the first participant of an empty study, of one condition and one task where they are named.

    `image_url` gets the stimulus's id, not a token.
    """
    sizes = {
        row.id: (row.stimulus_id, row.probability, row.width, row.height)
        for row in session.execute(
            select(Stimulus.id, Stimulus.stimulus_id, Stimulus.probability, Stimulus.width, Stimulus.height).where(
                Stimulus.study_id == study.id
            )
        )
    }
    left_out = _left_out(session, study, condition, task)
    choices = choose_trials(session, frozen_definition(study), study.id, left_out, rng)
    definition = frozen_definition(study).in_condition(choices[0].item.condition)
    rows = []
    for position, choice in enumerate(choices):
        trial = Trial(**trial_row(choice, position, participant_id=None))
        trial.left_image_token, *left = sizes[trial.left_stimulus_id]
        right: list[int | None] = [None, None]
        if trial.right_stimulus_id is not None:
            trial.right_image_token, _, *right = sizes[trial.right_stimulus_id]
        rows.append((trial, choice.item, *left, *right))
    checks = {task.name: questions(task, language) for task in definition.tasks if task.comprehension}
    return lay_out(
        definition, language, rows, image_url, checks, {}, preview_pages(definition, language), is_previewed=True
    )


def _left_out(session: Session, study: Study, condition: str, task: str) -> dict[int, int]:
    """Item → its ratings, as if all were there, of the items that are not looked at."""
    others = (Item.condition != condition) if condition else false()
    others |= (Item.task != task) if task else false()
    found = session.execute(select(Item.id, Item.ratings_wanted).where(Item.study_id == study.id, others))
    return {item: ratings for item, ratings in found}


def preview_image(session: Session, study: Study, stimulus_id: str) -> tuple[str, str]:
    """(stimulus folder, file in it). Raises UnknownError."""
    file = session.scalar(
        select(Stimulus.file).where(Stimulus.study_id == study.id, Stimulus.stimulus_id == stimulus_id)
    )
    if file is None:
        raise UnknownError("there is no such image")
    return str(folder_of(study.stimuli_folder)), file
