"""Section `[analysis]` of a study definition; it travels in the export."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from contracts.export import LONGEST_RT_MS
from contracts.tasks import KINDS

Effect = Annotated[float, Field(gt=0, lt=1)]
"""A difference as a share of the scale: 0.05 is 5 percentage points of accuracy, or 0.2 on a score from −2 to 2."""


def _one_or_by_task(effect: object) -> object:
    """Raises ValueError for a number that can be no share, and says how the other unit is written."""
    if isinstance(effect, int | float) and not 0 < effect < 1:
        raise ValueError(
            "one number for all tasks is a share of the scale, above 0 and below 1 (0.05 is 5 percentage points of"
            " accuracy, or 0.2 points of −2 to 2); in a task's own unit it is written by task: { seeing = 5, trusting ="
            " 0.2 }"
        )
    for task, size in effect.items() if isinstance(effect, dict) else ():
        if not isinstance(size, int | float) or isinstance(size, bool) or size <= 0:
            raise ValueError(f"the effect of {task} is a number above 0, in percentage points or points of the scale")
    return effect


EffectOrEffects = Annotated[Effect | dict[str, Annotated[float, Field(gt=0, le=100)]], BeforeValidator(_one_or_by_task)]
"""One share of the scale for all tasks; or by task, in percentage points of accuracy or points of the scale."""


class ContrastConfig(BaseModel):
    """A primary contrast, fixed before the data: the mean of method `a` minus that of method `b` in `task`; or of two
    conditions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: str = Field(description="name of a task")
    a: str = Field(description="method, or condition, whose mean is compared")
    b: str = Field(description="method, or condition, whose mean is subtracted")
    of: Literal["methods", "conditions"] = Field(
        "methods", description="what `a` and `b` name; conditions are compared over all that they show in the task"
    )
    smallest_effect: Effect | None = Field(
        None, description="the smallest difference of interest, as a share of the scale; none: that of [analysis]"
    )


class ExclusionsConfig(BaseModel):
    """Named rules by which participants or responses are left out of the primary analysis."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    incomplete: bool = Field(False, description="leave out participants who did not finish")
    failed_attention_checks: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        None, description="exclude participants who failed at least this number of attention checks"
    )
    failed_comprehension: bool = Field(False, description="leave out participants who failed a comprehension check")
    min_median_rt_ms: Annotated[float, Field(ge=0, le=LONGEST_RT_MS)] | None = Field(
        None, description="leave out participants whose median rt in a task is below this many milliseconds"
    )
    max_median_rt_ms: Annotated[float, Field(gt=0, le=LONGEST_RT_MS)] | None = Field(
        None, description="leave out participants whose median rt in a task is above this many milliseconds"
    )
    min_rt_ms: Annotated[float, Field(gt=0, le=LONGEST_RT_MS)] | None = Field(
        None, description="leave out responses that came in fewer milliseconds; the other responses of the person stay"
    )
    max_rt_ms: Annotated[float, Field(gt=0, le=LONGEST_RT_MS)] | None = Field(
        None, description="leave out responses that took more milliseconds; the other responses of the person stay"
    )
    same_side: Annotated[float, Field(gt=0.5, le=1)] | None = Field(
        None,
        description="leave out participants with at least this share of a task's answers on one side (first or second"
        " half of the options as shown, or the middle); tasks with fewer than 6 answers are not judged",
    )
    longest_run: Annotated[int, Field(ge=2, le=10_000)] | None = Field(
        None,
        description="leave out participants with at least this number of answers in a row on one side in a task; tasks"
        " with fewer than 6 answers are not judged",
    )


class SequentialConfig(BaseModel):
    """Looks at the data before they are complete, fixed before opening (analysis/estimation/sequential.py)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: Literal["group-sequential"] = Field(description="how the level is spent: O'Brien and Fleming's bounds")
    looks: tuple[Annotated[float, Field(gt=0, le=1)], ...] = Field(
        description="shares of the planned responses at which is looked, increasing, the last 1.0"
    )

    @field_validator("looks")
    @classmethod
    def _increasing(cls, looks: tuple[float, ...]) -> tuple[float, ...]:
        if len(looks) < 2 or list(looks) != sorted(set(looks)) or looks[-1] != 1:
            raise ValueError("at least two increasing shares of the planned responses, the last of them 1.0")
        return looks


Spread = Annotated[float, Field(ge=0, le=5)]


class PlanningConfig(BaseModel):
    """What `power` assumes of people and images; the differences are the smallest effects of interest."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    participant_sd: Spread = Field(0.5, description="standard deviation between people, in logits")
    participant_method_sd: Spread = Field(0.3, description="between people, by method, in logits")
    image_sd: Spread = Field(0.5, description="between images, in logits")
    image_method_sd: Spread = Field(0.3, description="between images, by method, in logits")
    dropout: Annotated[float, Field(ge=0, le=0.9)] = Field(
        0.0, description="share of people who leave at a random point and whom nobody replaces"
    )


class AnalysisConfig(BaseModel):
    """What is estimated and compared."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    contrasts: tuple[ContrastConfig, ...] = Field((), description="primary comparisons; p is adjusted over all (Holm)")
    exclusions: ExclusionsConfig = Field(ExclusionsConfig(), description="what the primary analysis leaves out")
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = Field(0.95, description="level of the intervals")
    sequential: SequentialConfig | None = Field(None, description="none: one look, when the data are complete")
    equivalence_margin: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.1, description="how far from the paper's figure still repeats it, as a share of the scale (of 100 %, of 4)"
    )
    smallest_effect: EffectOrEffects | None = Field(
        None,
        description="the smallest difference of interest: each comparison is tested for equivalence within it, and"
        " planned for it; none: neither. One number is a share of the scale for all tasks (0.05); by task it is in the"
        " task's own unit, percentage points of accuracy or points of the scale: { seeing = 5, trusting = 0.2 }",
    )
    planning: PlanningConfig = Field(PlanningConfig(), description="what `power` assumes of people and images")
    moderators: tuple[str, ...] = Field(
        (),
        description="questionnaires whose main score may go along with a person's mean: an exploratory regression each",
    )
    paper: Literal["grad-cam"] | None = Field(None, description="compare this paper's figures with the study's own")

    def smallest_effect_of(self, contrast: ContrastConfig, kind: str) -> float | None:
        """The contrast's own smallest difference of interest, else that of its task, else the one for all.

        As a share of the scale of its task's `kind`.
        """
        if contrast.smallest_effect is not None:
            return contrast.smallest_effect
        return self.smallest_effect_in(contrast.task, kind)

    def smallest_effect_in(self, task: str, kind: str) -> float | None:
        """That of a task, else the one for all, as a share of the scale of its `kind`."""
        if not isinstance(self.smallest_effect, dict):
            return self.smallest_effect
        effect = self.smallest_effect.get(task)
        return None if effect is None else effect / KINDS[kind].length_in_words

    @property
    def names_smallest_effect(self) -> bool:
        """Whether any comparison has a smallest difference of interest."""
        everywhere = self.smallest_effect
        by_task = (
            everywhere if isinstance(everywhere, dict) else dict.fromkeys((c.task for c in self.contrasts), everywhere)
        )
        return any(c.smallest_effect or by_task.get(c.task) for c in self.contrasts)
