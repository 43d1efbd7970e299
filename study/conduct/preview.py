"""A plan for a preview: made like a participant's, stored nowhere."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from study.database.schema import Stimulus, Study, Trial
from study.database.stimuli_folder import folder_of
from study.definition import frozen_definition
from study.errors import UnknownError
from study.taking_part.comprehension import questions
from study.taking_part.plan import lay_out
from study.taking_part.questionnaires import preview_pages
from study.taking_part.trials import choose_trials, trial_row


def preview_plan(
    session: Session, study: Study, language: str, rng: np.random.Generator, image_url: Callable[[str], str]
) -> dict[str, Any]:
    """The plan of the first participant of an empty study. `image_url` gets the stimulus's id, not a token."""
    definition = frozen_definition(study)
    sizes = {
        row.id: (row.stimulus_id, row.width, row.height)
        for row in session.execute(
            select(Stimulus.id, Stimulus.stimulus_id, Stimulus.width, Stimulus.height).where(
                Stimulus.study_id == study.id
            )
        )
    }
    rows = []
    for position, choice in enumerate(choose_trials(session, definition, study.id, {}, rng)):
        trial = Trial(**trial_row(choice, position, participant_id=None))
        trial.left_image_token, *left = sizes[trial.left_stimulus_id]
        right: list[int | None] = [None, None]
        if trial.right_stimulus_id is not None:
            trial.right_image_token, *right = sizes[trial.right_stimulus_id]
        rows.append((trial, choice.item, *left, *right))
    checks = {task.name: questions(task, language) for task in definition.tasks if task.comprehension}
    return lay_out(definition, language, rows, image_url, checks, {}, preview_pages(definition, language))


def preview_image(session: Session, study: Study, stimulus_id: str) -> tuple[str, str]:
    """(stimulus folder, file in it). Raises UnknownError."""
    file = session.scalar(
        select(Stimulus.file).where(Stimulus.study_id == study.id, Stimulus.stimulus_id == stimulus_id)
    )
    if file is None:
        raise UnknownError("there is no such image")
    return str(folder_of(study.stimuli_folder)), file
