"""The kinds of task by name, as study/ knows them."""

from study.tasks import (
    agreement,
    ai_check,
    class_discrimination,
    cue_detection,
    distinction,
    guess_label,
    rating,
    reliance,
    sentence_fit,
    simulatability,
    trust,
)
from study.tasks.kind import StudyKind

STUDY_KINDS: dict[str, StudyKind] = {
    "class-discrimination": class_discrimination.KIND,
    "trust": trust.KIND,
    "agreement": agreement.KIND,
    "ai-check": ai_check.KIND,
    "simulatability": simulatability.KIND,
    "rating": rating.KIND,
    "reliance": reliance.KIND,
    "distinction": distinction.KIND,
    "cue-detection": cue_detection.KIND,
    "sentence-fit": sentence_fit.KIND,
    "guess-label": guess_label.KIND,
}
