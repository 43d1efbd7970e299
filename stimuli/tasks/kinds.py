"""The kinds of task by name, as stimuli/ knows them."""

from stimuli.tasks import agreement, class_discrimination, rating, simulatability, trust
from stimuli.tasks.kind import StimuliKind

STIMULI_KINDS: dict[str, StimuliKind] = {
    "class-discrimination": class_discrimination.KIND,
    "trust": trust.KIND,
    "agreement": agreement.KIND,
    "simulatability": simulatability.KIND,
    "rating": rating.KIND,
}
