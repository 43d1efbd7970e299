"""The kind in the product's registries, as a line in each of them would put it there."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from analysis.tasks.kinds import ANALYSIS_KINDS
from contracts.tasks import KINDS
from stimuli.tasks.kinds import STIMULI_KINDS
from study.tasks.kinds import STUDY_KINDS
from tests.third_kind import facts, stimuli, study
from tests.third_kind.analysis import kind as analysis

REGISTRIES: tuple[tuple[dict[str, Any], Any], ...] = (
    (KINDS, facts.KIND),
    (STIMULI_KINDS, stimuli.KIND),
    (STUDY_KINDS, study.KIND),
    (ANALYSIS_KINDS, analysis.KIND),
)


@contextmanager
def registered() -> Iterator[None]:
    """Inside, the product has the kind; behind it the registries are as they were."""
    before = [dict(registry) for registry, _ in REGISTRIES]
    for registry, part in REGISTRIES:
        registry[facts.KIND.name] = part
    try:
        yield
    finally:
        for (registry, _), earlier in zip(REGISTRIES, before, strict=True):
            registry.clear()
            registry.update(earlier)
