"""Which images of a task are shown together, where a trial shows several."""

from collections.abc import Mapping, Sequence

from contracts.sheets import Sheet
from models.photographs import Photograph
from stimuli.config import StimulusRequest
from stimuli.errors import SelectionError
from stimuli.produce.candidate import Candidate
from stimuli.tasks.kind import Predictions
from stimuli.tasks.kinds import STIMULI_KINDS

Held = tuple[tuple[Photograph, str], ...]
Sheets = Mapping[tuple[str, str], Held]
"""(id of the first image, network) → the images that a picture holds, each with its category."""


def sheets_of(request: StimulusRequest, chosen: Sequence[Candidate], predictions: Predictions) -> Sheets:
    """The images in the order of their choice, `request.explanations` for each sheet; none where a trial shows one.

    The choice takes categories by turns, so that a sheet has as many as there are. All networks have the same sheets.
    """
    if request.explanations == 1:
        return {}
    explains = STIMULI_KINDS[request.kind].eligible(request, predictions).explains

    def of(candidate: Candidate, network: str) -> tuple[Photograph, str]:
        return candidate.image, next(c for c in candidate.categories if explains(candidate.image, c, network))

    starts = range(0, len(chosen), request.explanations)
    groups = [chosen[start : start + request.explanations] for start in starts]
    return {
        (group[0].image.image_id, network): tuple(of(candidate, network) for candidate in group)
        for group in groups
        for network in request.networks
    }


def foils_of_sheets(request: StimulusRequest, sheets: Sheets) -> dict[tuple[str, str, str], str]:
    """(id of the first image, its category, network) → what the sheet holds. Raises SelectionError where a name does
    not fit."""
    told = {
        (image, held[0][1], network): Sheet(tuple((name, one.image_id) for one, name in held))
        for (image, network), held in sheets.items()
    }
    if fault := next((sheet.fault for sheet in told.values() if sheet.fault), ""):
        raise SelectionError(
            f"task {request.task!r} shows {request.explanations} photographs together, and {fault}; rename them"
        )
    return {key: str(sheet) for key, sheet in told.items()}
