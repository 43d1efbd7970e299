"""The kinds of task by name, as analysis/ knows them."""

from analysis.tasks.agreement.kind import KIND as AGREEMENT
from analysis.tasks.ai_check.kind import KIND as AI_CHECK
from analysis.tasks.class_discrimination.kind import KIND as CLASS_DISCRIMINATION
from analysis.tasks.cue_detection.kind import KIND as CUE_DETECTION
from analysis.tasks.distinction.kind import KIND as DISTINCTION
from analysis.tasks.guess_label.kind import KIND as GUESS_LABEL
from analysis.tasks.kind import AnalysisKind
from analysis.tasks.rating.kind import KIND as RATING
from analysis.tasks.reliance.kind import KIND as RELIANCE
from analysis.tasks.sentence_fit.kind import KIND as SENTENCE_FIT
from analysis.tasks.simulatability.kind import KIND as SIMULATABILITY
from analysis.tasks.trust.kind import KIND as TRUST

ANALYSIS_KINDS: dict[str, AnalysisKind] = {
    "class-discrimination": CLASS_DISCRIMINATION,
    "trust": TRUST,
    "agreement": AGREEMENT,
    "ai-check": AI_CHECK,
    "simulatability": SIMULATABILITY,
    "rating": RATING,
    "reliance": RELIANCE,
    "distinction": DISTINCTION,
    "cue-detection": CUE_DETECTION,
    "sentence-fit": SENTENCE_FIT,
    "guess-label": GUESS_LABEL,
}
